"""A reading of the database that scrapes share: one at a time, kept for a second, still shown for five.

A reading that takes longer than a scrape may wait is made ahead of the next ones, for as long as scrapes come.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from app.observabilite.journaux import trajet

FRAICHE_S = 1.0
MONTRABLE_S = 5.0
ATTENTE_S = 0.7
LENTE_S = 0.4
ASSIDUITE_S = 60.0
"""How long after a scrape another one is expected."""

_journal = structlog.get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lue(Generic[T]):
    """``valeur`` is None once it is too old to be shown; ``age_s`` is NaN before the first reading."""

    valeur: T | None
    age_s: float


class Lecture(Generic[T]):
    """Asks ``lire`` when what it has is no longer fresh; a reading that hangs goes on without its askers."""

    def __init__(self, lire: Callable[[], Awaitable[tuple[T, float]]]) -> None:
        """``lire`` gives the value, and how old it was when it was asked for, in seconds."""
        self._lire = lire
        self._valeur: T | None = None
        self._lue_a = float("nan")
        self._demandee_a = float("-inf")
        self._en_cours: asyncio.Task[None] | None = None
        self._prochaine: asyncio.TimerHandle | None = None

    async def demander(self, attente_s: float = ATTENTE_S) -> Lue[T]:
        """What is known, after waiting at most so long for it to be fresh."""
        self._demandee_a = time.monotonic()
        if not self._age() <= FRAICHE_S:
            await asyncio.wait([self._commencer()], timeout=max(0.0, attente_s))
        age = self._age()
        return Lue(self._valeur if age <= MONTRABLE_S else None, age)

    async def fermer(self) -> None:
        if self._prochaine is not None:
            self._prochaine.cancel()
        if self._en_cours is not None:
            self._en_cours.cancel()
            await asyncio.wait([self._en_cours])

    def _age(self) -> float:
        return time.monotonic() - self._lue_a

    def _commencer(self) -> asyncio.Task[None]:
        if self._en_cours is None:
            self._en_cours = asyncio.create_task(self._relire())
            self._en_cours.add_done_callback(self._finir)
        return self._en_cours

    async def _relire(self) -> None:
        """Its age counts from before the question: the answer may be older than its arrival."""
        debut = time.monotonic()
        self._valeur, age_s = await self._lire()
        self._lue_a = debut - age_s
        if (duree := time.monotonic() - debut) > LENTE_S:
            self._anticiper(duree)

    def _anticiper(self, duree_s: float) -> None:
        """The next reading is there before this one is too old to be shown."""
        if self._prochaine is not None:
            self._prochaine.cancel()
        if time.monotonic() - self._demandee_a < ASSIDUITE_S:
            delai = max(FRAICHE_S, MONTRABLE_S - 2 * duree_s - FRAICHE_S)
            self._prochaine = asyncio.get_running_loop().call_later(delai, self._commencer, context=Context())

    def _finir(self, tache: asyncio.Task[None]) -> None:
        self._en_cours = None
        if not tache.cancelled() and (erreur := tache.exception()) is not None:
            _journal.error(
                "lecture_metier_impossible", erreur=type(erreur).__name__, trajet=trajet(erreur.__traceback__)
            )
