"""PURE. When the raw data of a présérie that has ended are due to go."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.referentiels import VERSIONS


@dataclass(frozen=True, slots=True)
class Terminee:
    """A présérie that has ended, some of whose raw data may still be there."""

    id: int
    code: str
    editeur: str
    categorie_ps: str
    referentiel_version: str
    terminee_le: datetime

    @property
    def echeance(self) -> datetime:
        """From when on its raw data go, by the référentiel that it started under."""
        regles = VERSIONS[self.categorie_ps, self.referentiel_version].donnees
        return self.terminee_le + timedelta(days=regles.conservation_jours)


@dataclass(frozen=True, slots=True)
class Comptes:
    """Raw data of a présérie."""

    traces: int
    receptions: int

    @property
    def total(self) -> int:
        return self.traces + self.receptions


def echoir(terminees: Iterable[Terminee], maintenant: datetime) -> tuple[list[Terminee], Terminee | None]:
    """Those that are due at an instant, the longest first, and the one that will be next."""
    triees = sorted(terminees, key=lambda t: (t.echeance, t.code))
    dues = [t for t in triees if t.echeance <= maintenant]
    return dues, triees[len(dues)] if len(dues) < len(triees) else None
