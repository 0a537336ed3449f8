"""Where the service reads: the database itself, or a standby of it that is not too far behind.

How old a standby's answer may be is known without trusting two clocks: looks at the primary say up to which place of
its log everything had been written at an instant of ours, and the standby says up to which place it has replayed.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from typing import NamedTuple

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.stockage.base import ERREURS_DE_BASE, Base, instantane
from app.stockage.generation import Generation

AGE_MAX_S = 2.0
"""A standby further behind is not read: what a scrape keeps for three seconds more is five seconds old at most."""
_ATTENTE_S = 0.3
"""How long a standby may take to catch up with what is asked of it, rather than have the primary asked."""
_REGARD_S = 0.01
_PATIENCE_S = 1.0
_REPIT_S = 2.0
"""A standby that was not there, or had not caught up in its time, is left alone for so long."""
AGE_S = "traces_postes.age_s"
"""Where a session, and the request that read it, bear the age of what they show, in seconds."""
_PLACE = """
SELECT pg_is_in_recovery(), coalesce((SELECT numero FROM chronologie), 0), generation,
       coalesce(pg_last_wal_replay_lsn(), '0/0')
FROM registre
"""
_journal = structlog.get_logger(__name__)


class Repli(StrEnum):
    """Why the primary was read instead."""

    ABSENT = "absent"
    EN_RETARD = "en_retard"
    PROMU = "promu"


class _Place(NamedTuple):
    suit: bool
    chronologie: int
    generation: int
    rejouee: int

    def atteint(self, chronologie: int, generation: int, rejouee: int) -> bool:
        """Whether this log goes on from there; nothing is known of one of another timeline."""
        return self.chronologie == chronologie and self.generation >= generation and self.rejouee >= rejouee


class _Ouverte(NamedTuple):
    connexion: AsyncConnection
    age_s: float
    rendre: AsyncExitStack


class Secondaire:
    """A standby; a session of it shows all of the registry that was committed before it was asked for."""

    def __init__(self, base: Base, generation: Generation, noter: Callable[[Repli], None]) -> None:
        self.base = base
        self._generation = generation
        self._noter = noter
        self._motif = Repli.ABSENT
        self._evite_jusqu_a = float("-inf")
        self._suivie = True

    async def ouvrir(self, *, complete: bool) -> _Ouverte | None:
        """A connection whose snapshot, yet to be taken, will be recent enough; None: ask the primary.

        With ``complete``, it will show all that was committed before this call.
        """
        if time.monotonic() < self._evite_jusqu_a:
            self._noter(self._motif)
            return None
        if not self._suivie:  # one looks whether it is back, the others read the primary meanwhile
            self._evite_jusqu_a = time.monotonic() + _REPIT_S
        if not await self._generation.confirmer():
            self._noter(Repli.ABSENT)
            return None
        attendue = (*self._generation.etat, self._generation.ecrite if complete else 0)
        async with AsyncExitStack() as pile:
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    connexion = await pile.enter_async_context(self.base.moteur.connect())
                    place = await self._attendre(connexion, attendue)
            except ERREURS_DE_BASE as erreur:
                self._eviter(Repli.ABSENT, type(erreur).__name__)
                return None
            if not place.suit:
                await connexion.invalidate()  # another host may follow by now
                self._eviter(Repli.PROMU)
                return None
            age_s = self._generation.age_s(place.rejouee)
            if not place.atteint(*attendue) or age_s > AGE_MAX_S:
                self._eviter(Repli.EN_RETARD)
                return None
            self._suivie, self._evite_jusqu_a = True, float("-inf")
            return _Ouverte(connexion, age_s, pile.pop_all())

    async def _attendre(self, connexion: AsyncConnection, attendue: tuple[int, int, int]) -> _Place:
        """Where the standby is, once it is there or has had its time; asked before the snapshot is taken."""
        brute = (await connexion.get_raw_connection()).driver_connection
        assert isinstance(brute, asyncpg.Connection)  # noqa: S101 — what ``connecter`` gave
        limite = time.monotonic() + _ATTENTE_S
        while True:
            try:
                lue = await brute.fetchrow(_PLACE)
            except BaseException:
                brute.terminate()  # closed politely, a frozen one would take its time
                raise
            assert lue is not None  # noqa: S101 — the migrations leave one row
            place = _Place(*lue)
            if place.atteint(*attendue) or not place.suit or time.monotonic() > limite:
                return place
            await asyncio.sleep(_REGARD_S)

    def _eviter(self, motif: Repli, erreur: str | None = None) -> None:
        if self._suivie:
            _journal.warning("lecture_secondaire_delaissee", motif=motif.value, erreur=erreur)
        self._suivie, self._motif = False, motif
        self._evite_jusqu_a = time.monotonic() + _REPIT_S
        self._noter(motif)


class Lectures:
    """Gives sessions to read on one snapshot, of the standby where there is one."""

    def __init__(self, base: Base, secondaire: Secondaire | None) -> None:
        self._base = base
        self.secondaire = secondaire

    @asynccontextmanager
    async def lecture(self, *, complete: bool = False) -> AsyncIterator[AsyncSession]:
        """``complete``: nothing may be missing that was committed before; else traces may, for ``AGE_MAX_S``."""
        ouverte = await self.secondaire.ouvrir(complete=complete) if self.secondaire is not None else None
        if ouverte is None:
            async with self._base.lecture() as session:
                yield session
            return
        async with ouverte.rendre, instantane(ouverte.connexion) as session:
            session.info[AGE_S] = ouverte.age_s
            yield session


def age_de(session: AsyncSession) -> float | None:
    """How old what this session shows may be, in seconds; None where it reads the primary."""
    age_s: float | None = session.info.get(AGE_S)
    return age_s
