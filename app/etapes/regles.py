"""PURE. What a decision asks for: a prolongation that prolongs, a validation on the conditions of DOMAIN."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Protocol

from app.bilan.schemas import Etat
from app.francais import enumerer, jour

_ARRETER = "POST /bilan/preseries/{code}/arretes, par la Cnam ou l'éditeur"
_APPROUVER = "POST /bilan/arretes/{arrete}/approbations"
BILAN_APPROUVE = (
    f"un bilan arrêté ({_ARRETER}), au verdict favorable, approuvé par la Cnam et par l'éditeur ({_APPROUVER})"
)
_PARTIES: Mapping[str, str] = MappingProxyType({"cnam": "la Cnam", "editeur": "l'éditeur"})
_CRITERES: Mapping[str, str] = MappingProxyType(
    {
        "enregistrement": "l'enregistrement des exécutions",
        "anomalies": "l'absence d'anomalie bloquante",
        "scor": "l'arrêt de l'envoi par SCOR",
        "prerequis": "l'identification des prérequis techniques",
        "satisfaction": "la satisfaction des utilisateurs",
    }
)


@dataclass(frozen=True, slots=True)
class Termes:
    """What a prolongation sets: the most pilotes, the planned end, the first day that the criteria count."""

    pilotes_max: int | None
    fin_prevue_le: date | None
    observee_depuis: date | None

    @property
    def vides(self) -> bool:
        return self == Termes(None, None, None)


def prolongee(presents: Termes, voulus: Termes) -> Termes:
    """The terms once prolonged: what is not said stays."""
    return Termes(
        voulus.pilotes_max if voulus.pilotes_max is not None else presents.pilotes_max,
        voulus.fin_prevue_le or presents.fin_prevue_le,
        voulus.observee_depuis or presents.observee_depuis,
    )


def refus_de_prolonger(presents: Termes, voulus: Termes) -> str | None:
    """Why these terms prolong nothing, in French; None where they do."""
    if voulus.pilotes_max is not None and voulus.pilotes_max < (presents.pilotes_max or 0):
        return f"Le maximum est déjà de {presents.pilotes_max} pilotes : une prolongation ne l'abaisse pas."
    if voulus.fin_prevue_le is not None and presents.fin_prevue_le and voulus.fin_prevue_le < presents.fin_prevue_le:
        return f"La fin est déjà prévue le {jour(presents.fin_prevue_le)} : une prolongation ne l'avance pas."
    if prolongee(presents, voulus) == presents:
        return (
            "Cette prolongation ne change rien : donnez une fin prévue plus tardive (fin_prevue_le), un maximum de "
            f"pilotes au-dessus de {presents.pilotes_max} (pilotes_max), ou une autre fenêtre (observee_depuis)."
        )
    return None


@dataclass(frozen=True, slots=True)
class CritereScelle:
    """What a validation reads of a criterion that was sealed, in whichever form of the bilan."""

    code: str
    etat: str
    explication: str


class CritereJuge(Protocol):
    """What a validation looks at of a criterion."""

    @property
    def code(self) -> str: ...
    @property
    def etat(self) -> str: ...
    @property
    def explication(self) -> str: ...


def manquants_a_la_validation(
    criteres: Iterable[CritereJuge], approbations: Mapping[str, str] | None, *, depasse: bool = False
) -> list[str]:
    """Every criterion that is not met, then what the sealed bilan lacks, and who can bring it.

    ``criteres`` are those of the sealed bilan where there is one, else those of now. ``approbations``: what each side
    made of it, None without a sealed bilan, which a prolongation undoes (``depasse``).
    """
    manques = [
        f"{_CRITERES[critere.code]} (critère {critere.code}) : {critere.explication.rstrip('.')}"
        for critere in criteres
        if critere.etat != Etat.ATTEINT
    ]
    if approbations is None:
        return [*manques, f"{BILAN_APPROUVE}, depuis la dernière prolongation" if depasse else BILAN_APPROUVE]
    if manques:
        return [*manques, f"{BILAN_APPROUVE} : celui qui est arrêté n'a pas un verdict favorable"]
    refus = [nom for partie, nom in _PARTIES.items() if approbations.get(partie) == "refuse"]
    if refus:
        return [f"{BILAN_APPROUVE} : le dernier a été refusé par {enumerer(refus)}"]
    return [
        f"l'approbation du bilan arrêté par {nom} ({_APPROUVER}, avec une clé {partie})"
        for partie, nom in _PARTIES.items()
        if partie not in approbations
    ]
