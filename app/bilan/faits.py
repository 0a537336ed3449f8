"""PURE. What is known of a présérie, as read in one statement: all that its bilan and its metrics are made of."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.anomalies.regles import Occurrences, Suite, anomalies
from app.anomalies.schemas import AnomalieLue
from app.bilan.figures import Cellule
from app.preseries.annuaire import PARIS
from app.preseries.contraintes import PiloteJuge
from app.preseries.cycle import EtatTraces, Statut, etat_traces
from app.preseries.pilotes import EtatPilote, Suivi
from app.questionnaire.regles import Reponse
from app.referentiels import VERSIONS, Referentiel


@dataclass(frozen=True, slots=True)
class Dossier:
    """A présérie with the codes of what it is about, and the instant of the snapshot."""

    id: int
    preserie: str
    logiciel: str
    module: str
    editeur: str
    categorie_ps: str
    referentiel_version: str
    statut: str
    traces_actives: bool
    traces_depuis_le: datetime | None
    demarree_le: datetime | None
    observee_depuis: date | None
    cpam: Sequence[str]
    fin_prevue_le: date | None
    pilotes_max: int | None
    solution_sesam_vitale: bool
    cnda_le: date | None
    purgee_le: datetime | None
    lu_le: datetime

    @property
    def referentiel(self) -> Referentiel:
        """The rules that the présérie started under, whatever is in force now."""
        return VERSIONS[self.categorie_ps, self.referentiel_version]

    @property
    def attend_des_traces(self) -> bool:
        return etat_traces(Statut(self.statut), self.traces_actives) is EtatTraces.ACTIVES


@dataclass(frozen=True, slots=True)
class Reception:
    """Receptions of one pilote (0: of no known one) with one outcome, and when the last came."""

    pilote_id: int
    issue: str
    nombre: int
    derniere_le: datetime


@dataclass(frozen=True, slots=True)
class Operation:
    """Distinct traces of one operation in one version, and the first emission."""

    nom: str
    version: str
    succes: int
    echecs: int
    premiere_le: datetime


@dataclass(frozen=True, slots=True)
class PiloteInscrit(PiloteJuge):
    """A pilote as the registry knows it."""

    id: int


@dataclass(frozen=True, slots=True)
class PrerequisConnu:
    """A technical prerequisite of deployment."""

    code: str
    libelle: str
    valide_le: date | None


@dataclass(frozen=True, slots=True)
class Faits:
    """One présérie; ``au`` is the instant as of which receptions are counted, None for now.

    ``cellules`` hold all executions, ``ecartees`` those of them that the Cnam set aside. ``reponses``: the latest of
    each pilote; ``invites``: how many were asked. ``jours_phase_2``: phase 2 executions by day. ``ailleurs``: N° AM of
    the pilotes in the other open préséries of its logiciel and catégorie. These two are empty where not asked for.
    """

    dossier: Dossier
    au: datetime | None
    cellules: Sequence[Cellule]
    ecartees: Sequence[Cellule]
    receptions: Sequence[Reception]
    operations: Sequence[Operation]
    occurrences: Sequence[Occurrences]
    suites: Sequence[Suite]
    pilotes: Sequence[PiloteInscrit]
    jalons: Mapping[str, date]
    prerequis: Sequence[PrerequisConnu]
    reponses: Sequence[Reponse]
    invites: int
    jours_phase_2: Mapping[date, int]
    ailleurs: Collection[str]

    @property
    def instant(self) -> datetime:
        """That of which it is told."""
        return self.au or self.dossier.lu_le

    @property
    def comptees(self) -> list[Cellule]:
        """What the criteria count of all executions: those that were set aside are taken off."""
        return [*self.cellules, *(cellule.otee for cellule in self.ecartees)]

    @property
    def debut_le(self) -> datetime | None:
        """The first execution, by emission."""
        return min((o.premiere_le for o in self.operations if o.nom == "execution"), default=None)

    @property
    def succes(self) -> Mapping[str, int]:
        """Successful traces by operation."""
        sommes: Counter[str] = Counter()
        for operation in self.operations:
            sommes[operation.nom] += operation.succes
        return sommes

    @property
    def anomalies(self) -> list[AnomalieLue]:
        vues: dict[str, datetime] = {}
        for o in self.operations:
            vues[o.version] = min(o.premiere_le, vues.get(o.version, o.premiere_le))
        return anomalies(self.occurrences, self.suites, vues)

    @property
    def aujourd_hui(self) -> date:
        return self.instant.astimezone(PARIS).date()

    def suivi(self, pilote: PiloteInscrit) -> Suivi:
        siennes = [r.derniere_le for r in self.receptions if r.pilote_id == pilote.id]
        attendues = self.dossier.traces_depuis_le if self.dossier.attend_des_traces else None
        return Suivi(pilote.installe_le, pilote.retire_le, max(siennes, default=None), attendues)

    def etats(self, pilote: PiloteInscrit, maintenant: datetime) -> list[EtatPilote]:
        """Where a pilote stands at an instant, by the silence that its référentiel allows."""
        silence = timedelta(days=self.dossier.referentiel.pilotes.silence_jours)
        return self.suivi(pilote).etats(maintenant, silence)
