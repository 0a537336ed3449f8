"""Makes « as known at » final: before it is read, every write that may bear an earlier reception has ended."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.erreurs import CorpsInvalide, EcritureEnCours
from app.stockage.base import Base

RECUL_MIN = timedelta(seconds=5)
"""How far back an instant must lie: a writer takes its locks long before, and a reception's instant comes first."""
_PATIENCE_S = 5.0
_PAUSE_S = 0.02
_ECRIVAINS = text("""
SELECT clock_timestamp(), ARRAY(
  SELECT virtualtransaction FROM pg_locks
  WHERE locktype = 'relation' AND mode = 'RowExclusiveLock'
    AND relation = ANY ('{trace, reception_sans_suite, compteur_trace, registre}'::regclass[])
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
""")
"""Transactions that write traces or change the registry, or wait to: each locks one of these tables first."""


async def attendre_les_ecritures(base: Base, au: datetime) -> None:
    """Waits for the writers of now, which alone may still commit a reception of before ``au``.

    Raises CorpsInvalide (422) where ``au`` is less than 5 seconds past, EcritureEnCours (503) where a writer stays.
    """
    async with base.lecture() as session:
        maintenant, presents = await _ecrivains(session)
        if maintenant - au < RECUL_MIN:
            message = "instant trop récent : donnez-en un d'au moins 5 secondes passé"
            raise CorpsInvalide(f"au : {message}.", erreurs=[{"champ": "au", "message": message}])
        limite = asyncio.get_running_loop().time() + _PATIENCE_S
        while presents:
            if asyncio.get_running_loop().time() > limite:
                raise EcritureEnCours
            await asyncio.sleep(_PAUSE_S)
            presents &= (await _ecrivains(session))[1]


async def _ecrivains(session: AsyncSession) -> tuple[datetime, set[str]]:
    maintenant, transactions = (await session.execute(_ECRIVAINS)).one()
    return maintenant, set(transactions)
