"""PURE. Accepts or refuses one trace, for the first reason of the contract that applies."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from app.preseries.annuaire import Affectation, Annuaire
from app.preseries.cycle import EtatTraces
from app.referentiels import HORS_PERIMETRE
from app.traces.empreintes import empreinte, pseudonyme
from app.traces.lecture import Illisible
from app.traces.nir import contient_nir
from app.traces.refus import DETAILS, Refus
from app.traces.schemas import ErreurRecue, TraceRecue

AVANCE_TOLEREE = timedelta(minutes=5)
SANS_PILOTE = 0
_ANNEE_MAX = 9998  # PostgreSQL and Paris can still name the day after


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


@dataclass(frozen=True, slots=True)
class Rejet:
    """A refused trace: why, the (présérie, pilote) to which the refusal is counted, and that présérie's state.

    Both are None where it names no présérie.
    """

    refus: Refus
    id: str | None
    champ: str | None
    detail: str
    compte: tuple[int, int] | None
    etat: EtatTraces | None


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


def trier(
    element: TraceRecue | Illisible, annuaire: Annuaire, emetteur: Emetteur, maintenant: datetime
) -> Admise | Rejet:
    """The outcome of one item of a body, but for what only the database can say (doublon, identifiant réutilisé)."""
    if isinstance(element, Illisible):
        return _trier_illisible(element, annuaire)
    try:
        emise_le = element["emise_le"].astimezone(UTC)
    except OverflowError:
        emise_le = datetime.max.replace(tzinfo=UTC)
    faute = _incoherence(element, emise_le)
    if faute is not None:
        return _rejeter(Refus.TRACE_INVALIDE, element, annuaire, *faute)
    if (champ := _champ_avec_nir(element)) is not None:
        return _rejeter(Refus.DONNEE_PERSONNELLE, element, annuaire, champ)
    logiciel = annuaire.get(element["logiciel"])
    if logiciel is None:
        return _rejeter(Refus.LOGICIEL_INCONNU, element, annuaire, "logiciel")
    if emetteur.editeur is not None and logiciel.editeur != emetteur.editeur:
        return _rejeter(Refus.LOGICIEL_INTERDIT, element, annuaire, "logiciel")
    if emetteur.numero_am is not None and element["numero_am"] != emetteur.numero_am:
        return _rejeter(Refus.PILOTE_INTERDIT, element, annuaire, "numero_am")
    affectation = logiciel.affectations.get(element["numero_am"])
    if affectation is None:
        return _rejeter(Refus.PILOTE_INCONNU, element, annuaire, "numero_am")
    cle = affectation.preserie.cle
    if cle is None or affectation.preserie.etat is EtatTraces.INACTIVES:
        refus = (
            Refus.TRACES_DESACTIVEES
            if affectation.preserie.etat is EtatTraces.DESACTIVEES
            else Refus.PRESERIE_NON_OUVERTE
        )
        return _rejeter(refus, element, annuaire, None)
    ligne = _ligne(element, emise_le, affectation, cle, emetteur.cle_id)
    avertissement = _decalage(emise_le, affectation, maintenant)
    return Admise(ligne, affectation.preserie.etat, avertissement)


def _rejet(
    refus: Refus,
    id_trace: str | None,
    champ: str | None,
    detail: str,
    nomme: tuple[Annuaire, str | None, str | None],
) -> Rejet:
    """Counts the refusal to the présérie of the pilote, else to the logiciel's only open one (CONTRACT, « Bilan »)."""
    annuaire, logiciel, numero_am = nomme
    connu = annuaire.get(logiciel) if logiciel is not None else None
    affectation = connu.affectations.get(numero_am) if connu is not None and numero_am is not None else None
    if affectation is not None:
        preserie = affectation.preserie
        return Rejet(refus, id_trace, champ, detail, (preserie.id, affectation.pilote.id), preserie.etat)
    ouverte = connu.seule_ouverte if connu is not None else None
    if ouverte is not None:
        return Rejet(refus, id_trace, champ, detail, (ouverte.id, SANS_PILOTE), None)
    return Rejet(refus, id_trace, champ, detail, None, None)


def _trier_illisible(element: Illisible, annuaire: Annuaire) -> Rejet:
    nomme = (annuaire, element.logiciel, element.numero_am)
    if element.type_prescription in HORS_PERIMETRE:
        detail = DETAILS[Refus.HORS_PERIMETRE]
        return _rejet(Refus.HORS_PERIMETRE, element.id, "type_prescription", detail, nomme)
    return _rejet(Refus.TRACE_INVALIDE, element.id, element.champ, element.detail, nomme)


def _rejeter(
    refus: Refus, trace: TraceRecue, annuaire: Annuaire, champ: str | None, detail: str | None = None
) -> Rejet:
    nomme = (annuaire, trace["logiciel"], trace["numero_am"])
    return _rejet(refus, str(trace["id"]), champ, detail or DETAILS[refus], nomme)


def _incoherence(trace: TraceRecue, emise_le: datetime) -> tuple[str, str] | None:
    if emise_le.year > _ANNEE_MAX:
        return "emise_le", "emise_le : instant hors de bornes : réglez l'horloge du poste."
    if trace["operation"] == "execution":
        for champ in ("ordonnance", "type_prescription"):
            if trace.get(champ) is None:
                return champ, f"{champ} : champ requis pour une exécution."
    if trace["resultat"] == "echec" and trace.get("erreur") is None:
        return "erreur", "erreur : champ requis quand « resultat » vaut echec."
    if trace["resultat"] == "succes" and trace.get("erreur") is not None:
        return "erreur", "erreur : champ réservé aux échecs : retirez-le, ou donnez echec pour « resultat »."
    return None


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


def _decalage(emise_le: datetime, affectation: Affectation, maintenant: datetime) -> str | None:
    if emise_le > maintenant + AVANCE_TOLEREE:
        return "L'horloge du poste avance de plus de 5 minutes sur la nôtre : réglez-la."
    if emise_le < affectation.pilote.accord:
        return "La trace est datée d'avant l'accord de principe du pilote : vérifiez l'horloge du poste."
    return None
