"""What the tests of overload share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from app.stockage.embarque import postgres_embarque
from tests.processus.lancement import Serveur

POIDS_MAX = 64 * 1024
"""The least that can be set: some fourteen traces alone."""


@asynccontextmanager
async def table_retenue(service: Serveur) -> AsyncIterator[None]:
    """A database that writes nothing until the block ends."""
    with postgres_embarque(service.dossier) as postgres:
        connexion = await asyncpg.connect(postgres.url())
        try:
            async with connexion.transaction():
                await connexion.execute("LOCK TABLE trace IN EXCLUSIVE MODE")
                yield
        finally:
            await connexion.close()
