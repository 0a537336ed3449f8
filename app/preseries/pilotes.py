"""PURE. Where a pilote stands: installed, and silent when nothing comes from it any more (DOMAIN, « Modalités »)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from app.preseries.annuaire import PARIS


class EtatPilote(StrEnum):
    """``silencieux`` are some of the ``installe``."""

    INSTALLE = "installe"
    SILENCIEUX = "silencieux"


@dataclass(frozen=True, slots=True)
class Suivi:
    """What a pilote's état follows from.

    ``attendues_depuis``: since when its présérie takes traces (its start, or when they were switched on again), None
    while it takes none.
    """

    installe_le: date | None
    retire_le: date | None
    derniere_reception: datetime | None
    attendues_depuis: datetime | None

    def etats(self, maintenant: datetime, silence: timedelta) -> list[EtatPilote]:
        """Its états at an instant; silence counts from the latest of installation, start and last reception."""
        if self.retire_le is not None or self.installe_le is None:
            return []
        installation = datetime.combine(self.installe_le, time(), PARIS)
        if installation > maintenant:
            return []
        if self.attendues_depuis is None:
            return [EtatPilote.INSTALLE]
        depuis = max(installation, self.attendues_depuis, self.derniere_reception or installation)
        muet = maintenant - depuis > silence
        return [EtatPilote.INSTALLE, EtatPilote.SILENCIEUX] if muet else [EtatPilote.INSTALLE]
