"""PURE. Accepts or refuses one trace, for the first reason of the contract that applies."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from app.nir import contient_nir
from app.preseries.annuaire import Affectation, Annuaire, LogicielConnu
from app.preseries.cycle import EtatTraces
from app.traces.controles import Faute, faute_illisible, faute_personnelle, hors_referentiel, incoherence
from app.traces.empreintes import empreinte, pseudonyme
from app.traces.lecture import INCONNUE, Illisible, Provenance
from app.traces.refus import DETAILS, Refus
from app.traces.schemas import TraceRecue

AVANCE_TOLEREE = timedelta(minutes=5)
SANS_PILOTE = 0
CleTrace = tuple[int, int]
"""What identifies a trace: its présérie and its id, as an integer: that is hashed and compared several times."""


class Ligne(NamedTuple):
    """A trace as it is stored: the attributes of the type ``ligne_trace``, columns of table ``trace``."""

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
        return self.preserie_id, self.id.int


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


class Admise(NamedTuple):
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


def trier(
    element: TraceRecue | Illisible, annuaire: Annuaire, emetteur: Emetteur, maintenant: datetime
) -> Admise | Rejet:
    """The outcome of one item of a body, but for what only the database can say (doublon, identifiant réutilisé)."""
    if isinstance(element, Illisible):
        connu = annuaire.get(element.logiciel or "")
        return _rejeter(faute_illisible(element), element.id, element.provenance, connu, element.numero_am, emetteur)
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
        incoherence(element, emise_le)
        or hors_referentiel(element, suivie)
        or faute_personnelle(element)
        or interdite
        or _faute_de_preserie(affectation)
    )
    if faute is not None or affectation is None or affectation.preserie.cle is None:
        provenance = Provenance(element.get("poste"), element.get("sequence"), element["version"])
        return _rejeter(faute or _NON_OUVERTE, str(element["id"]), provenance, logiciel, numero_am, emetteur)
    ligne = _ligne(element, emise_le, affectation, affectation.preserie.cle, emetteur.cle_id)
    return Admise(ligne, affectation.preserie.etat, _decalage(emise_le, affectation, maintenant))


_NON_OUVERTE = Faute(Refus.PRESERIE_NON_OUVERTE)


def _rejeter(
    faute: Faute,
    id_trace: str | None,
    provenance: Provenance,
    logiciel: LogicielConnu | None,
    numero_am: str | None,
    emetteur: Emetteur,
) -> Rejet:
    """Counts the refusal to the présérie of the pilote, else to the logiciel's only open one (CONTRACT, « Bilan »).

    To the pilote itself only where the key may speak for it: another's must not make a silent pilote look alive.
    """
    detail = faute.detail or DETAILS[faute.refus]
    affectation = logiciel.affectations.get(numero_am) if logiciel is not None and numero_am is not None else None
    if logiciel is None or (affectation is None and logiciel.seule_ouverte is None):
        return Rejet(faute.refus, id_trace, faute.champ, detail, None, None)
    parle = _parle_pour(emetteur, logiciel, numero_am)
    gardee = _a_garder(provenance) if parle else INCONNUE
    if affectation is None:
        compte = (logiciel.seule_ouverte.id, SANS_PILOTE) if logiciel.seule_ouverte is not None else None
        return Rejet(faute.refus, id_trace, faute.champ, detail, compte, None, gardee)
    # Whether a présérie of another éditeur is open is not the sender's to know.
    etat = affectation.preserie.etat if emetteur.editeur in (None, logiciel.editeur) else None
    compte = (affectation.preserie.id, affectation.pilote.id if parle else SANS_PILOTE)
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


def _faute_d_acces(logiciel: LogicielConnu | None, numero_am: str, emetteur: Emetteur) -> Faute | None:
    if logiciel is None:
        return Faute(Refus.LOGICIEL_INCONNU, "logiciel")
    if emetteur.editeur not in (None, logiciel.editeur):
        return Faute(Refus.LOGICIEL_INTERDIT, "logiciel")
    if emetteur.numero_am not in (None, numero_am):
        return Faute(Refus.PILOTE_INTERDIT, "numero_am")
    return None


def _faute_de_preserie(affectation: Affectation | None) -> Faute | None:
    """A présérie switched off may still recognise a doublon, as long as its key is there."""
    if affectation is None:
        return Faute(Refus.PILOTE_INCONNU, "numero_am")
    if affectation.preserie.etat is EtatTraces.INACTIVES:
        return _NON_OUVERTE
    if affectation.preserie.cle is None:
        return Faute(Refus.TRACES_DESACTIVEES)
    return None


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
