"""Telling every worker which préséries changed: one connection of each worker says it, and hears what all say.

The transaction that writes traces does not: commits that notify wait for each other, in all workers. A worker killed
between its commit and its word is made up for by whoever listens, who looks again now and then anyway.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import asyncpg
import structlog

from app.stockage.base import ERREURS_DE_BASE, Base
from app.stockage.generation import CANAL, TOUT

PERIODE_S = 0.2
"""Between two words, whatever is written meanwhile."""
_VEILLE_S = 5.0
"""A listener that has silently died looks just like a quiet database: it is asked this often."""
_REPRISE_S = 1.0
_DELAI_S = 2.0
_NOMMEES_MAX = 500
"""PostgreSQL takes less than 8,000 bytes at once; beyond so many, all are meant."""
_DIRE = "SELECT pg_notify($1, charge) FROM unnest($2::text[]) AS charge"
_journal = structlog.get_logger(__name__)


class Annonces:
    """``entendre`` is told the ids of préséries that changed, in any worker; None where it may be any of them."""

    def __init__(self, base: Base, entendre: Callable[[Collection[int] | None], None]) -> None:
        self._base = base
        self._entendre = entendre
        self._a_dire: set[int] = set()
        self._reveil = asyncio.Event()
        self._connexion: asyncpg.Connection | None = None
        self._visible = True

    def dire(self, preseries: Collection[int]) -> None:
        """What was committed will be told; the caller waits for nothing."""
        self._a_dire.update(preseries)
        self._reveil.set()

    async def tourner(self) -> None:
        """Says and hears until cancelled; what could not be said is kept until the database is back."""
        try:
            while True:
                try:
                    await self._parler(await self._ecouter())
                except ERREURS_DE_BASE as erreur:
                    if self._visible:
                        _journal.warning("annonces_interrompues", erreur=type(erreur).__name__)
                    self._visible = False
                    self._fermer()
                    await asyncio.sleep(_REPRISE_S)
        finally:
            self._fermer()

    async def _ecouter(self) -> asyncpg.Connection:
        """What was said while nobody listened is lost: anything may have changed."""
        self._connexion = connexion = await self._base.connecter()
        connexion.add_termination_listener(self._perdre)
        await connexion.add_listener(CANAL, self._recevoir)
        self._visible = True
        self._entendre(None)
        return connexion

    async def _parler(self, connexion: asyncpg.Connection) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_VEILLE_S):
                    await self._reveil.wait()
            self._reveil.clear()
            dites, self._a_dire = self._a_dire, set()
            try:
                await connexion.execute(_DIRE, CANAL, [_charge(dites)] if dites else [], timeout=_DELAI_S)
            except ERREURS_DE_BASE:
                self.dire(dites)
                raise
            await asyncio.sleep(PERIODE_S)

    def _recevoir(self, _connexion: Any, _pid: int, _canal: str, charge: object) -> None:
        self._entendre(None if charge == TOUT else [int(numero) for numero in str(charge).split(",")])

    def _perdre(self, _connexion: Any) -> None:
        self._reveil.set()

    def _fermer(self) -> None:
        if self._connexion is not None:
            self._connexion.remove_termination_listener(self._perdre)
            self._connexion.terminate()
            self._connexion = None


def _charge(preseries: Collection[int]) -> str:
    return TOUT if len(preseries) > _NOMMEES_MAX else ",".join(map(str, sorted(preseries)))
