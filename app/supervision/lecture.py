"""A reading of the database that scrapes share: one at a time, kept for a second, still shown for five."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from app.observabilite.journaux import trajet

FRAICHE_S = 1.0
MONTRABLE_S = 5.0
ATTENTE_S = 0.7

_journal = structlog.get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lue(Generic[T]):
    """``valeur`` is None once it is too old to be shown; ``age_s`` is NaN before the first reading."""

    valeur: T | None
    reussie: bool
    age_s: float


class Lecture(Generic[T]):
    """Asks ``lire`` when what it has is no longer fresh; a reading that hangs goes on without its askers."""

    def __init__(self, lire: Callable[[], Awaitable[T]]) -> None:
        self._lire = lire
        self._valeur: T | None = None
        self._lue_a = float("nan")
        self._en_cours: asyncio.Task[None] | None = None

    async def demander(self, attente_s: float = ATTENTE_S) -> Lue[T]:
        """What is known, after waiting at most so long for it to be fresh."""
        if not self._age() <= FRAICHE_S:
            if self._en_cours is None:
                self._en_cours = asyncio.create_task(self._relire())
                self._en_cours.add_done_callback(self._finir)
            await asyncio.wait([self._en_cours], timeout=max(0.0, attente_s))
        age = self._age()
        return Lue(self._valeur if age <= MONTRABLE_S else None, age <= FRAICHE_S, age)

    async def fermer(self) -> None:
        if self._en_cours is not None:
            self._en_cours.cancel()
            await asyncio.wait([self._en_cours])

    def _age(self) -> float:
        return time.monotonic() - self._lue_a

    async def _relire(self) -> None:
        """Its age counts from before the question: the answer may be older than its arrival."""
        debut = time.monotonic()
        self._valeur = await self._lire()
        self._lue_a = debut

    def _finir(self, tache: asyncio.Task[None]) -> None:
        self._en_cours = None
        if not tache.cancelled() and (erreur := tache.exception()) is not None:
            _journal.error(
                "lecture_metier_impossible", erreur=type(erreur).__name__, trajet=trajet(erreur.__traceback__)
            )
