"""PURE. The registration rate of each version of a logiciel, and whether it fell from one version to the next."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.bilan.faits import Faits
from app.bilan.figures import Cellule, Taux, taux
from app.bilan.statistiques import surement_moindre

AU_PLUS = 10
"""Versions are named by callers: a label may take so many values, and one more."""
AUTRE = "autre"
_SANS_DATE = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Version:
    """Executions of the criteria's window whose first trace bore this version."""

    nom: str
    total: int
    enregistrees: int
    en_recul: bool
    """Whether its rate is below that of the version before, beyond chance."""


def versions(faits: Faits) -> list[Version]:
    """Those that have executions, in the order in which they appeared; the oldest beyond ``AU_PLUS`` in one."""
    parues = {o.version: o.premiere_le for o in faits.operations if o.nom == "execution"}
    cellules: defaultdict[str, list[Cellule]] = defaultdict(list)
    for cellule in faits.comptees:
        if cellule.dans_la_fenetre:
            cellules[cellule.version].append(cellule)
    ordre = sorted(cellules, key=lambda nom: (parues.get(nom, _SANS_DATE), nom))
    lues = _comparees((nom, taux(cellules[nom])) for nom in ordre)
    nommees = [version for version in lues if version.nom != AUTRE][-AU_PLUS:]
    reste = [version for version in lues if version not in nommees]
    return [*_en_une(reste), *nommees]


def _comparees(comptees: Iterable[tuple[str, Taux]]) -> list[Version]:
    avant: Taux | None = None
    lues = []
    for nom, sommes in comptees:
        if sommes.total:
            recul = avant is not None and surement_moindre(_paire(sommes), _paire(avant))
            lues.append(Version(nom, sommes.total, sommes.enregistrees, recul))
            avant = sommes
    return lues


def _paire(sommes: Taux) -> tuple[int, int]:
    return sommes.enregistrees, sommes.total


def _en_une(reste: Sequence[Version]) -> Iterator[Version]:
    if reste:
        yield Version(AUTRE, sum(v.total for v in reste), sum(v.enregistrees for v in reste), en_recul=False)
