"""The database of the journal, as the service sees it, emptied."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.reglages import Reglages
from app.stockage.base import Base


@pytest.fixture
async def base(proprietaire: asyncpg.Connection, reglages: Reglages) -> AsyncIterator[Base]:
    url = reglages.database_url
    assert url is not None
    base = Base(url.get_secret_value(), pool_taille=5, delai_s=10)
    try:
        yield base
    finally:
        await base.fermer()
