"""How caches know that they are old: the registry's generation, looked at several times a second.

A cache may only ever say yes, and only while the last look is less than a second old. A no needs a look that began
after the question; many who ask at once share one. Polling one row was chosen over LISTEN/NOTIFY: a listener that has
silently died looks just like a quiet registry.
"""

import asyncio
import time
from collections import deque
from collections.abc import Hashable
from contextlib import suppress
from typing import Generic, TypeVar

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.stockage.base import ERREURS_DE_BASE, Base

FRAICHEUR_MAX_S = 0.9
CANAL = "bilans"
TOUT = "*"
"""Where changes are told for bilans that are followed live, and that any présérie may have changed."""
_AVANCER = text("""
WITH avancee AS (UPDATE registre SET generation = generation + 1 RETURNING clock_timestamp()::text AS instant)
SELECT pg_notify(:canal, :tout), set_config('traces_postes.instant', instant, true) FROM avancee
""").bindparams(canal=CANAL, tout=TOUT)
"""``garder_la_version`` dates all versions of a change by this one instant, that at which the row was locked."""
_REGARD = """
SELECT generation, ecrite, ('x' || left(pg_walfile_name(ecrite), 8))::bit(32)::int4, (SELECT numero FROM chronologie)
FROM registre, pg_current_wal_flush_lsn() AS ecrite
"""
_INSCRIRE = text("""
INSERT INTO chronologie AS c (numero) VALUES (:numero)
ON CONFLICT (unique_ligne) DO UPDATE SET numero = excluded.numero WHERE c.numero <> excluded.numero
""")
"""Once a promotion, for standbys to show whose log they follow: places in logs of two timelines do not compare."""
_MEMOIRE_S = 3.0
_journal = structlog.get_logger(__name__)


class Generation:
    """The registry's generation as last seen, and when; on a connection of its own, which no slow read can hold up."""

    def __init__(self, base: Base, periode_s: float, *, pour_secondaire: bool = False) -> None:
        self._base = base
        self._periode_s = periode_s
        self._pour_secondaire = pour_secondaire
        self._un_regard = asyncio.Lock()
        self._vue_a = self._tentee_a = float("-inf")
        self._reperes: deque[tuple[float, int]] = deque()
        self._connexion: asyncpg.Connection | None = None
        self._visible = True
        self.numero = -1
        self.chronologie = 0
        """The timeline of the primary's log."""
        self._inscrite: int | None = None

    @property
    def etat(self) -> tuple[int, int]:
        """What tells one state of the registry from all others, also across the loss of a primary."""
        return self.chronologie, self.numero

    @property
    def sure(self) -> bool:
        return time.monotonic() - self._vue_a < FRAICHEUR_MAX_S

    @property
    def ecrite(self) -> int:
        """Up to which place of the log everything had been written at the last look; 0 where that is not known."""
        return self._reperes[-1][1] if self._reperes else 0

    def age_s(self, rejouee: int) -> float:
        """How old at most is what a standby shows that has replayed the log up to this place; inf: older than known."""
        lus = (vu_a for vu_a, ecrite in reversed(self._reperes) if ecrite <= rejouee)
        return time.monotonic() - next(lus, float("-inf"))

    async def confirmer(self) -> bool:
        """Has ``numero`` be that of a look which began after this call; False where the database did not say.

        All who ask while a look is under way share the next one, or its failure.
        """
        demande = time.monotonic()
        async with self._un_regard:
            if self._tentee_a <= demande:
                await self._regarder()
        return self._vue_a > demande

    async def suivre(self) -> None:
        """Looks until cancelled; while the database is away, caches simply stop being trusted."""
        try:
            while True:
                if await self.confirmer() and self._pour_secondaire and self._inscrite != self.chronologie:
                    await self._inscrire()
                await asyncio.sleep(self._periode_s)
        finally:
            self._fermer()

    async def _regarder(self) -> None:
        """Reads it once. Its age counts from before the question: the answer may be older than its arrival."""
        debut = time.monotonic()
        try:
            if self._connexion is None or self._connexion.is_closed():
                self._connexion = await self._base.connecter()
            regard = await self._connexion.fetchrow(_REGARD, timeout=FRAICHEUR_MAX_S)
            assert regard is not None  # noqa: S101 — the migrations leave one row
            self.numero, ecrite, self.chronologie, self._inscrite = regard
            self._reperer(debut, ecrite)
            self._vue_a = debut
            self._visible = True
        except ERREURS_DE_BASE as erreur:
            if self._visible:
                _journal.warning("generation_illisible", erreur=type(erreur).__name__)
            self._visible = False
            self._fermer()
        self._tentee_a = debut

    async def _inscrire(self) -> None:
        with suppress(*ERREURS_DE_BASE):  # tried again after the next look
            async with asyncio.timeout(FRAICHEUR_MAX_S), self._base.ecriture() as session:
                await session.execute(_INSCRIRE, {"numero": self.chronologie})

    def _reperer(self, vu_a: float, ecrite: int) -> None:
        self._reperes.append((vu_a, ecrite))
        while self._reperes[0][0] < vu_a - _MEMOIRE_S:
            self._reperes.popleft()

    def _fermer(self) -> None:
        """Another primary may be found next, whose log has gone on from elsewhere."""
        self._reperes.clear()
        if self._connexion is not None:
            self._connexion.terminate()
            self._connexion = None


async def avancer(session: AsyncSession) -> None:
    """Opens a change of the registry: the row's lock makes changes follow one another, in every replica."""
    await session.execute(_AVANCER)


C = TypeVar("C", bound=Hashable)
V = TypeVar("V")


class Memoire(Generic[C, V]):
    """What was read from the registry under one generation; emptied as soon as it is asked under a newer one."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._etat = (0, -1)
        self._valeurs: dict[C, V] = {}

    @property
    def etat(self) -> tuple[int, int]:
        return self._generation.etat

    async def confirmer(self) -> bool:
        """Whether what is known, from now on and until the next await, may be trusted for a no as well."""
        return await self._generation.confirmer()

    def lire(self, cle: C) -> V | None:
        """What is known, if it may be trusted now."""
        self._oublier_le_passe()
        return self._valeurs.get(cle) if self._generation.sure else None

    def garder(self, cle: C, valeur: V, lu_sous: tuple[int, int]) -> None:
        """Keeps what was read while ``lu_sous`` was the generation; drops it if that is no longer so."""
        if lu_sous != self._generation.etat:
            return
        self._oublier_le_passe()
        self._valeurs[cle] = valeur

    def _oublier_le_passe(self) -> None:
        """A key that was destroyed must not stay in memory until something else is kept."""
        if self._etat != self._generation.etat:
            self._etat = self._generation.etat
            self._valeurs.clear()
