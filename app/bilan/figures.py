"""PURE. Cells of counters, and the figures that they add up to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from app.bilan.conformite import CONFORMITES, Conformite, conformite


@dataclass(frozen=True, slots=True)
class Cellule:
    """Executions alike in all that a criterion looks at."""

    pilote: str
    phase: int
    dans_la_fenetre: bool
    enregistree: bool
    scor_succes: bool | None
    scor_echec: bool | None
    executions: int
    tentatives: int
    version: str = ""
    """Of the first trace; empty where versions are not told apart."""

    @property
    def otee(self) -> "Cellule":
        """The same executions, taken off a sum."""
        return replace(self, executions=-self.executions, tentatives=-self.tentatives)

    @property
    def conformite(self) -> Conformite:
        return conformite(self.phase, self.enregistree, self.scor_succes, self.scor_echec)


@dataclass(frozen=True, slots=True)
class Taux:
    """Executions: how many, of which registered, and how many traces they took."""

    total: int
    enregistrees: int
    tentatives: int


Scor = Mapping[int, Mapping[Conformite, int]]
"""Executions by phase and conformité, every cell present."""


def taux(cellules: Iterable[Cellule]) -> Taux:
    total = enregistrees = tentatives = 0
    for cellule in cellules:
        total += cellule.executions
        enregistrees += cellule.executions if cellule.enregistree else 0
        tentatives += cellule.tentatives
    return Taux(total, enregistrees, tentatives)


def taux_par_pilote(cellules: Iterable[Cellule]) -> dict[str, Taux]:
    par_pilote: defaultdict[str, list[Cellule]] = defaultdict(list)
    for cellule in cellules:
        par_pilote[cellule.pilote].append(cellule)
    return {pilote: taux(siennes) for pilote, siennes in sorted(par_pilote.items())}


def scor(cellules: Iterable[Cellule]) -> Scor:
    matrice = {phase: dict.fromkeys(codes, 0) for phase, codes in CONFORMITES.items()}
    for cellule in cellules:
        matrice[cellule.phase][cellule.conformite] += cellule.executions
    return matrice
