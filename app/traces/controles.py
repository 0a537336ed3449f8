"""PURE. What is wrong with a trace by itself, or by the référentiel of its présérie: fault by fault."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.formes import ANNEES
from app.nir import contient_nir
from app.preseries.annuaire import PreserieConnue
from app.referentiels import HORS_PERIMETRE
from app.traces.lecture import Illisible
from app.traces.refus import Refus
from app.traces.schemas import ErreurRecue, TraceRecue


@dataclass(frozen=True, slots=True)
class Faute:
    """Why a trace is refused, and the field that a correction starts with."""

    refus: Refus
    champ: str | None = None
    detail: str | None = None


def faute_illisible(element: Illisible) -> Faute:
    if element.type_prescription in HORS_PERIMETRE:
        return Faute(Refus.HORS_PERIMETRE, "type_prescription")
    return Faute(Refus.TRACE_INVALIDE, element.champ, element.detail)


def incoherence(trace: TraceRecue, emise_le: datetime) -> Faute | None:
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


def hors_referentiel(trace: TraceRecue, preserie: PreserieConnue | None) -> Faute | None:
    """What some référentiel lists, but not that of the trace's présérie."""
    if preserie is None:
        return None
    if trace["operation"] not in preserie.operations:
        return _non_admis("operation", preserie.operations)
    type_prescription = trace.get("type_prescription")
    if type_prescription is not None and type_prescription not in preserie.types_prescription:
        return _non_admis("type_prescription", preserie.types_prescription)
    return None


def _non_admis(champ: str, admis: Iterable[str]) -> Faute:
    return _invalide(champ, f"hors du référentiel de la présérie ; valeurs admises : {', '.join(sorted(admis))}")


def _invalide(champ: str, message: str) -> Faute:
    return Faute(Refus.TRACE_INVALIDE, champ, f"{champ} : {message}.")


def faute_personnelle(trace: TraceRecue) -> Faute | None:
    champ = _champ_avec_nir(trace)
    return Faute(Refus.DONNEE_PERSONNELLE, champ) if champ is not None else None


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
