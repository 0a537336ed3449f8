"""The settings of a sending, and the passing of time, which tests replace."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from app.poste.erreurs import ReglageInvalide
from app.poste.lots import TRACES_MAX
from app.poste.reprise import Attentes


@dataclass(frozen=True, slots=True)
class Reglages:
    """What a workstation may choose. A lot is not tried again past `patience_s` seconds of failures."""

    connexions: int = 1
    taille_lot: int = 500
    patience_s: float = 120.0
    delai_reponse_s: float = 30.0
    base_s: float = 0.5
    plafond_s: float = 60.0

    def __post_init__(self) -> None:
        if not 1 <= self.taille_lot <= TRACES_MAX:
            raise ReglageInvalide(f"La taille des lots doit être comprise entre 1 et {TRACES_MAX} traces.")
        if self.connexions < 1:
            raise ReglageInvalide("Le nombre de connexions doit être d'au moins 1.")
        if self.delai_reponse_s <= 0:
            raise ReglageInvalide("Le délai de réponse doit être de plus de 0 seconde.")
        if min(self.patience_s, self.base_s, self.plafond_s) < 0:
            raise ReglageInvalide("La patience et les attentes ne peuvent pas être négatives.")

    @property
    def attentes(self) -> Attentes:
        return Attentes(self.base_s, self.plafond_s)


def _maintenant() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Temps:
    """Where time and chance come from."""

    horloge: Callable[[], float] = time.monotonic
    maintenant: Callable[[], datetime] = _maintenant
    dormir: Callable[[float], Awaitable[None]] = asyncio.sleep
    hasard: Callable[[], float] = random.random
