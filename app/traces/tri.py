"""PURE. Accepts or refuses one trace, for the first reason of the contract that applies."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from app.formes import ANNEES
from app.preseries.annuaire import Affectation, Annuaire, LogicielConnu, PreserieConnue
from app.preseries.cycle import EtatTraces
from app.referentiels import HORS_PERIMETRE
from app.traces.empreintes import empreinte, pseudonyme
from app.traces.lecture import INCONNUE, Illisible, Provenance
from app.traces.nir import contient_nir
from app.traces.refus import DETAILS, Refus
from app.traces.schemas import ErreurRecue, TraceRecue

AVANCE_TOLEREE = timedelta(minutes=5)
SANS_PILOTE = 0
CleTrace = tuple[int, UUID]
"""What identifies a trace: its présérie and its id."""


class Ligne(NamedTuple):
    """A trace as it is stored: the columns of table ``trace``, in the order of the statement that writes it."""

    preserie_id: int
    id: UUID
    emise_le: datetime
    cle_id: int
    pilote_id: int
    poste: str | None
    sequence: int | None
    version: str
    operation: str
    pseudonyme: bytes | None
    numero_execution: int
    type_prescription: str | None
    succes: bool
    erreur_code: str | None
    erreur_origine: str | None
    erreur_bloquante: bool | None
    erreur_message: str | None
    scor_envoye: bool | None
    duree_ms: int | None
    empreinte: bytes

    @property
    def cle(self) -> CleTrace:
        return self.preserie_id, self.id


class SansSuite(NamedTuple):
    """A reception that stores no trace: the columns of table ``reception_sans_suite``, in the order of its statement.

    ``issue`` is ``doublon`` or the code of a refusal, ``champ`` the name of the faulty field. ``sequence`` is there so
    that a trace which was refused does not pass for one that was lost.
    """

    preserie_id: int
    pilote_id: int
    cle_id: int
    issue: str
    champ: str | None
    trace_id: UUID | None
    poste: str | None
    sequence: int | None
    version: str | None


@dataclass(frozen=True, slots=True)
class Rejet:
    """A refused trace: why, the (présérie, pilote) to which the refusal is counted, and that présérie's state.

    Both are None where it names no présérie. ``provenance`` is what may be kept of its workstation.
    """

    refus: Refus
    id: str | None
    champ: str | None
    detail: str
    compte: tuple[int, int] | None
    etat: EtatTraces | None
    provenance: Provenance = INCONNUE


@dataclass(frozen=True, slots=True)
class Admise:
    """A trace fit to be written; with ``arretee`` (traces switched off) only a doublon of it is still welcome."""

    ligne: Ligne
    etat: EtatTraces
    avertissement: str | None = None

    @property
    def arretee(self) -> bool:
        return self.etat is EtatTraces.DESACTIVEES


@dataclass(frozen=True, slots=True)
class Emetteur:
    """What the sender's key allows: ``None`` is no bound."""

    cle_id: int
    editeur: str | None
    numero_am: str | None


@dataclass(frozen=True, slots=True)
class _Faute:
    """Why a trace is refused, and the field that a correction starts with."""

    refus: Refus
    champ: str | None = None
    detail: str | None = None


def trier(
    element: TraceRecue | Illisible, annuaire: Annuaire, emetteur: Emetteur, maintenant: datetime
) -> Admise | Rejet:
    """The outcome of one item of a body, but for what only the database can say (doublon, identifiant réutilisé)."""
    if isinstance(element, Illisible):
        connu = annuaire.get(element.logiciel or "")
        return _rejeter(_faute_illisible(element), element.id, element.provenance, connu, element.numero_am, emetteur)
    try:
        emise_le = element["emise_le"].astimezone(UTC)
    except OverflowError:
        emise_le = datetime.max.replace(tzinfo=UTC)
    numero_am = element["numero_am"]
    logiciel = annuaire.get(element["logiciel"])
    affectation = logiciel.affectations.get(numero_am) if logiciel is not None else None
    interdite = _faute_d_acces(logiciel, numero_am, emetteur)
    # What another éditeur's présérie admits is not the sender's to know.
    suivie = affectation.preserie if affectation is not None and interdite is None else None
    faute = (
        _incoherence(element, emise_le)
        or _hors_referentiel(element, suivie)
        or _faute_personnelle(element)
        or interdite
        or _faute_de_preserie(affectation)
    )
    if faute is not None or affectation is None or affectation.preserie.cle is None:
        provenance = Provenance(element.get("poste"), element.get("sequence"), element["version"])
        return _rejeter(faute or _NON_OUVERTE, str(element["id"]), provenance, logiciel, numero_am, emetteur)
    ligne = _ligne(element, emise_le, affectation, affectation.preserie.cle, emetteur.cle_id)
    return Admise(ligne, affectation.preserie.etat, _decalage(emise_le, affectation, maintenant))


_NON_OUVERTE = _Faute(Refus.PRESERIE_NON_OUVERTE)


def _rejeter(
    faute: _Faute,
    id_trace: str | None,
    provenance: Provenance,
    logiciel: LogicielConnu | None,
    numero_am: str | None,
    emetteur: Emetteur,
) -> Rejet:
    """Counts the refusal to the présérie of the pilote, else to the logiciel's only open one (CONTRACT, « Bilan »)."""
    detail = faute.detail or DETAILS[faute.refus]
    affectation = logiciel.affectations.get(numero_am) if logiciel is not None and numero_am is not None else None
    if logiciel is None or (affectation is None and logiciel.seule_ouverte is None):
        return Rejet(faute.refus, id_trace, faute.champ, detail, None, None)
    gardee = _a_garder(provenance) if _parle_pour(emetteur, logiciel, numero_am) else INCONNUE
    if affectation is None:
        compte = (logiciel.seule_ouverte.id, SANS_PILOTE) if logiciel.seule_ouverte is not None else None
        return Rejet(faute.refus, id_trace, faute.champ, detail, compte, None, gardee)
    # Whether a présérie of another éditeur is open is not the sender's to know.
    etat = affectation.preserie.etat if emetteur.editeur in (None, logiciel.editeur) else None
    compte = (affectation.preserie.id, affectation.pilote.id)
    return Rejet(faute.refus, id_trace, faute.champ, detail, compte, etat, gardee)


def _parle_pour(emetteur: Emetteur, logiciel: LogicielConnu, numero_am: str | None) -> bool:
    """Whether a key may say what a workstation sent: another's must neither fill gaps nor make any."""
    return emetteur.editeur in (None, logiciel.editeur) and emetteur.numero_am in (None, numero_am)


def _a_garder(dite: Provenance) -> Provenance:
    """Without the texts that hold a NIR, and without a number that would then be another workstation's."""
    version = None if contient_nir(dite.version or "") else dite.version
    if contient_nir(dite.poste or ""):
        return Provenance(version=version)
    return dite._replace(version=version)


def _faute_illisible(element: Illisible) -> _Faute:
    if element.type_prescription in HORS_PERIMETRE:
        return _Faute(Refus.HORS_PERIMETRE, "type_prescription")
    return _Faute(Refus.TRACE_INVALIDE, element.champ, element.detail)


def _faute_d_acces(logiciel: LogicielConnu | None, numero_am: str, emetteur: Emetteur) -> _Faute | None:
    if logiciel is None:
        return _Faute(Refus.LOGICIEL_INCONNU, "logiciel")
    if emetteur.editeur not in (None, logiciel.editeur):
        return _Faute(Refus.LOGICIEL_INTERDIT, "logiciel")
    if emetteur.numero_am not in (None, numero_am):
        return _Faute(Refus.PILOTE_INTERDIT, "numero_am")
    return None


def _faute_de_preserie(affectation: Affectation | None) -> _Faute | None:
    """A présérie switched off may still recognise a doublon, as long as its key is there."""
    if affectation is None:
        return _Faute(Refus.PILOTE_INCONNU, "numero_am")
    if affectation.preserie.etat is EtatTraces.INACTIVES:
        return _NON_OUVERTE
    if affectation.preserie.cle is None:
        return _Faute(Refus.TRACES_DESACTIVEES)
    return None


def _incoherence(trace: TraceRecue, emise_le: datetime) -> _Faute | None:
    if emise_le.year not in ANNEES:
        return _invalide("emise_le", "instant hors de bornes : réglez l'horloge du poste")
    if trace["operation"] == "execution":
        for champ in ("ordonnance", "type_prescription"):
            if trace.get(champ) is None:
                return _invalide(champ, "champ requis pour une exécution")
    if trace["resultat"] == "echec" and trace.get("erreur") is None:
        return _invalide("erreur", "champ requis quand « resultat » vaut echec")
    if trace["resultat"] == "succes" and trace.get("erreur") is not None:
        return _invalide("erreur", "champ réservé aux échecs : retirez-le, ou donnez echec pour « resultat »")
    return None


def _hors_referentiel(trace: TraceRecue, preserie: PreserieConnue | None) -> _Faute | None:
    """What some référentiel lists, but not that of the trace's présérie."""
    if preserie is None:
        return None
    if trace["operation"] not in preserie.operations:
        return _non_admis("operation", preserie.operations)
    type_prescription = trace.get("type_prescription")
    if type_prescription is not None and type_prescription not in preserie.types_prescription:
        return _non_admis("type_prescription", preserie.types_prescription)
    return None


def _non_admis(champ: str, admis: Iterable[str]) -> _Faute:
    return _invalide(champ, f"hors du référentiel de la présérie ; valeurs admises : {', '.join(sorted(admis))}")


def _invalide(champ: str, message: str) -> _Faute:
    return _Faute(Refus.TRACE_INVALIDE, champ, f"{champ} : {message}.")


def _faute_personnelle(trace: TraceRecue) -> _Faute | None:
    champ = _champ_avec_nir(trace)
    return _Faute(Refus.DONNEE_PERSONNELLE, champ) if champ is not None else None


def _champ_avec_nir(trace: TraceRecue) -> str | None:
    if contient_nir(trace["version"]):
        return "version"
    poste = trace.get("poste")
    if poste is not None and contient_nir(poste):
        return "poste"
    erreur = trace.get("erreur")
    return _erreur_avec_nir(erreur) if erreur is not None else None


def _erreur_avec_nir(erreur: ErreurRecue) -> str | None:
    if contient_nir(erreur["code"]):
        return "erreur.code"
    return "erreur.message" if contient_nir(erreur.get("message") or "") else None


def _ligne(trace: TraceRecue, emise_le: datetime, affectation: Affectation, cle: bytes, cle_id: int) -> Ligne:
    ordonnance = trace.get("ordonnance")
    erreur = trace.get("erreur")
    return Ligne(
        affectation.preserie.id,
        trace["id"],
        emise_le,
        cle_id,
        affectation.pilote.id,
        trace.get("poste"),
        trace.get("sequence"),
        trace["version"],
        trace["operation"],
        pseudonyme(cle, ordonnance) if ordonnance is not None else None,
        trace.get("numero_execution") or 1,
        trace.get("type_prescription"),
        trace["resultat"] == "succes",
        erreur["code"] if erreur else None,
        erreur["origine"] if erreur else None,
        (erreur.get("bloquante") or False) if erreur else None,
        erreur.get("message") if erreur else None,
        trace.get("scor_envoye"),
        trace.get("duree_ms"),
        empreinte(cle, trace, emise_le),
    )


def avance(emise_le: datetime, maintenant: datetime) -> str | None:
    """What is to be said of a clock that is ahead of ours; None of one that is not."""
    if emise_le > maintenant + AVANCE_TOLEREE:
        return "L'horloge du poste avance de plus de 5 minutes sur la nôtre : réglez-la."
    return None


def _decalage(emise_le: datetime, affectation: Affectation, maintenant: datetime) -> str | None:
    if emise_le < affectation.pilote.accord:
        return "La trace est datée d'avant l'accord de principe du pilote : vérifiez l'horloge du poste."
    return avance(emise_le, maintenant)
