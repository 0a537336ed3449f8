"""PURE. What the page and the PDF show alike: texts that are ready to be read, and tables of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

LIGNES_MAX = 300
"""A table shows so many rows, and says how many there are."""


@dataclass(frozen=True, slots=True)
class Cellule:
    """``lien`` opens what is counted."""

    texte: str
    lien: str | None = None


@dataclass(frozen=True, slots=True)
class Tableau:
    """``nombres``: the columns that are aligned as numbers."""

    titre: str
    colonnes: Sequence[str]
    lignes: Sequence[Sequence[Cellule]]
    nombres: Sequence[int] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    code: str
    titre: str
    phrases: Sequence[str] = ()
    tableaux: Sequence[Tableau] = ()


@dataclass(frozen=True, slots=True)
class CritereMontre:
    """``etat`` is its word, ``signe`` its sign, ``code_etat`` what the style goes by."""

    nom: str
    code_etat: str
    etat: str
    signe: str
    mesure: str
    seuil: str
    explication: str
    details: Sequence[str]


@dataclass(frozen=True, slots=True)
class Figure:
    svg: str
    alternative: str
    legende: str


@dataclass(frozen=True, slots=True)
class Rapport:
    """``fichier`` is what to call it on a disk, ``le`` the instant of the facts that it tells."""

    fichier: str
    le: datetime
    titre: str
    resume: str
    entete: Sequence[tuple[str, str]]
    code_verdict: str
    verdict: str
    verdict_dit: str
    criteres: Sequence[CritereMontre]
    manque: Section
    figure: Figure | None
    jours: Tableau
    sections: Sequence[Section]
    listes: Section


def tableau(
    titre: str,
    colonnes: Sequence[str],
    lignes: Sequence[Sequence[str | Cellule]],
    nombres: Sequence[int] = (),
) -> Tableau:
    """A table of texts and cells, cut where it would be too long."""
    note = f"Les {LIGNES_MAX} premières lignes sont montrées, sur {len(lignes)}." if len(lignes) > LIGNES_MAX else None
    montrees = [[c if isinstance(c, Cellule) else Cellule(c) for c in ligne] for ligne in lignes[:LIGNES_MAX]]
    return Tableau(titre, colonnes, montrees, tuple(nombres), note)
