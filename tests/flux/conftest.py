"""Two instances of the service on one database: one is written to, the other streams over a real socket."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import httpx
import pytest

from app.acces.roles import Role
from app.main import create_app
from app.reglages import Reglages
from tests.flux.aides import en_ecoute
from tests.outils import Service


@pytest.fixture
async def cnam(service: Service) -> Service:
    """The instance that is written to, with the example's registry."""
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    return cnam


@pytest.fixture
async def autre(cnam: Service, proprietaire: asyncpg.Connection, reglages: Reglages) -> AsyncIterator[Service]:
    """The instance that streams, with the same key."""
    application = create_app(reglages)
    async with AsyncExitStack() as pile:
        await pile.enter_async_context(application.router.lifespan_context(application))
        client = httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://test")
        yield Service(await pile.enter_async_context(client), application, cnam.cle)


@pytest.fixture
async def port(autre: Service) -> AsyncIterator[int]:
    async with en_ecoute(autre.application) as port:
        yield port
