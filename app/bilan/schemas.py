"""Wire forms of the bilan (CONTRACT, « Bilan »)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.anomalies.schemas import AnomalieLue
from app.preseries.modalites import EtatModalite
from app.preseries.pilotes import EtatPilote
from app.questionnaire.schemas import NotesLues


class Etat(StrEnum):
    """Of a criterion."""

    ATTEINT = "atteint"
    NON_ATTEINT = "non_atteint"
    INDETERMINE = "indetermine"


class Verdict(StrEnum):
    """What the criteria propose; the Assurance Maladie and the éditeur decide."""

    FAVORABLE = "favorable"
    DEFAVORABLE = "defavorable"
    EN_ATTENTE = "en_attente"


class ListeLue(BaseModel):
    """A list behind a figure: the pages of ``lien`` hold ``nombre`` elements."""

    libelle: str
    nombre: int
    lien: str


class Critere(BaseModel):
    """What the five have in common; the lists add up to what the criterion counts."""

    code: str
    etat: Etat
    explication: str
    listes: list[ListeLue]


class TauxAvecEcartees(BaseModel):
    """Criterion 1 had no execution been set aside."""

    etat: Etat
    mesure: float | None
    executions: int
    enregistrees: int


class CritereEnregistrement(Critere):
    code: Literal["enregistrement"] = "enregistrement"
    mesure: float | None
    seuil: float
    intervalle: tuple[float, float] | None
    solidite: Literal["solide", "fragile"] | None
    executions_restantes: int | None
    sensible_aux_pilotes: list[str]
    avec_ecartees: TauxAvecEcartees | None


class CritereAnomalies(Critere):
    """``bloquantes`` are open and ``ecartees`` set aside; with these counted as well it would be ``etat_avec``."""

    code: Literal["anomalies"] = "anomalies"
    bloquantes: list[AnomalieLue]
    operations_a_observer: list[str]
    ecartees: list[AnomalieLue]
    etat_avec_ecartees: Etat


class ScorAvecEcartees(BaseModel):
    """Criterion 3 had no execution been set aside."""

    etat: Etat
    mesure: float | None
    non_conformes: int


class CritereScor(Critere):
    code: Literal["scor"] = "scor"
    mesure: float | None
    seuil: float
    non_conformes: int
    avec_ecartees: ScorAvecEcartees | None


class PrerequisJuge(BaseModel):
    code: str
    libelle: str
    valide_le: date | None


class CriterePrerequis(Critere):
    """``identifies_le`` is None until the list of the prerequisites is complete."""

    code: Literal["prerequis"] = "prerequis"
    identifies_le: date | None
    prerequis: list[PrerequisJuge]


class CritereSatisfaction(Critere):
    """``taux_reponse``: answers over invited pilotes; ``freins_leves`` by the Cnam, with a reason."""

    code: Literal["satisfaction"] = "satisfaction"
    invites: int
    reponses: int
    reponses_min: int
    taux_reponse: float | None
    satisfaction: NotesLues
    operations: dict[str, NotesLues]
    freins_ouverts: int
    freins_leves: int


CritereLu = Annotated[
    CritereEnregistrement | CritereAnomalies | CritereScor | CriterePrerequis | CritereSatisfaction,
    Field(discriminator="code"),
]


class AFaire(BaseModel):
    """What a criterion still lacks, who can bring it about, and by when: the planned end."""

    critere: str
    quoi: str
    qui: list[Literal["cnam", "editeur", "pilotes"]]
    avant_le: date | None


class ReferentielLu(BaseModel):
    code: str
    version: str


class TracesLues(BaseModel):
    """Receptions; ``derniere_le`` is when the last one came."""

    enregistrees: int
    doublons: int
    rejetees: int
    derniere_le: datetime | None


class ExecutionsLues(BaseModel):
    total: int
    enregistrees: int
    tentatives: int


class ScorPhase1(BaseModel):
    conforme: int
    piece_manquante: int
    en_attente: int


class ScorPhase2(BaseModel):
    conforme: int
    double_envoi: int
    piece_manquante: int
    en_attente: int


class ScorLu(BaseModel):
    phase_1: ScorPhase1
    phase_2: ScorPhase2


class Ensemble(BaseModel):
    """The same figures of all executions since the start, where the criteria look at a part of them."""

    executions: ExecutionsLues
    scor: ScorLu


class ModaliteLue(BaseModel):
    code: str
    etat: EtatModalite
    explication: str


class Chiffres(BaseModel):
    """The figures of one présérie, or the sums over several."""

    traces: TracesLues
    executions: ExecutionsLues
    scor: ScorLu
    ensemble: Ensemble | None


class Entete(BaseModel):
    """Which présérie, and as known when."""

    preserie: str
    editeur: str
    module: str
    logiciel: str
    categorie_ps: str
    statut: str
    referentiel: ReferentielLu
    calcule_le: datetime
    au: datetime | None
    debut_le: datetime | None
    observee_depuis: date | None


class BilanLu(Chiffres, Entete):
    criteres: list[CritereLu]
    modalites: list[ModaliteLue]
    verdict: Verdict
    a_faire: list[AFaire]


class BilanEditeur(Chiffres):
    """Sums over an éditeur's préséries, and a page of these."""

    editeur: str
    preseries: list[BilanLu]
    suivant: str | None


class BilanModule(Chiffres):
    """Sums over the préséries of the logiciels that use a module, and a page of these."""

    module: str
    preseries: list[BilanLu]
    suivant: str | None


class LigneVentilee(BaseModel):
    cle: str
    executions: int
    enregistrees: int
    tentatives: int


class Axe(StrEnum):
    """What a breakdown goes by."""

    PILOTE = "pilote"
    VERSION = "version"
    TYPE_PRESCRIPTION = "type_prescription"
    JOUR = "jour"


class Ventilation(BaseModel):
    par: Axe
    lignes: list[LigneVentilee]


class PiloteSuiviLu(BaseModel):
    """Whether a pilote is installed today, and whether traces still come from it."""

    numero_am: str
    installe_le: date | None
    retire_le: date | None
    derniere_reception_le: datetime | None
    etats: list[EtatPilote]
