"""PURE. How French pages write numbers, shares and instants, and the spaces that its punctuation wants."""

from datetime import date, datetime
from math import ceil, floor

from app.bilan.criteres import pourcentage
from app.francais import jour
from app.preseries.annuaire import PARIS

FINE = "\u202f"
INSECABLE = "\u00a0"
ABSENT = "—"
_MOTS = {
    "execution": "exécution",
    "teleservice": "téléservice",
    "reseau": "réseau",
    "medicaments": "médicaments",
    "dispositifs_medicaux": "dispositifs médicaux",
    "kinesitherapie": "kinésithérapie",
    "pedicurie": "pédicurie",
}


def nombre(valeur: int) -> str:
    return f"{valeur:,}".replace(",", FINE)


def mot(code: str) -> str:
    """A code of the domain as people write it."""
    return _MOTS.get(code, code.replace("_", " "))


def part(partie: int, tout: int) -> str:
    """A share as the bilan writes it: cut, not rounded."""
    return typographier(pourcentage(partie, tout)) if tout else ABSENT


def intervalle(bornes: tuple[float, float]) -> tuple[str, str]:
    """An interval's ends, rounded outwards: what is shown holds what was worked out."""
    bas, haut = floor(bornes[0] * 10_000), ceil(bornes[1] * 10_000)
    return part(bas, 10_000), part(haut, 10_000)


def moyenne(valeur: float | None) -> str:
    return ABSENT if valeur is None else f"{valeur:.2f}".replace(".", ",")


def le_jour(le: date | None) -> str:
    return ABSENT if le is None else jour(le)


def instant(le: datetime | None) -> str:
    """In Paris, to the second."""
    return ABSENT if le is None else f"{le.astimezone(PARIS):%d/%m/%Y %H:%M:%S}"


def typographier(texte: str) -> str:
    """Our own sentences, with the spaces that never end a line."""
    for signe in (";", "!", "?", "%"):
        texte = texte.replace(f" {signe}", f"{FINE}{signe}")
    return texte.replace(" :", f"{INSECABLE}:").replace("« ", f"«{INSECABLE}").replace(" »", f"{INSECABLE}»")
