"""A database of a test's own, also an empty one, and two instances of the service on one database."""

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app.acces.roles import Role
from app.main import create_app
from app.reglages import Reglages
from app.stockage.base import Base
from app.stockage.embarque import PostgresEmbarque
from tests.outils import Service
from tests.traces.ecrivains import BaseObservee

_numeros = itertools.count()


@pytest.fixture
async def base(proprietaire: asyncpg.Connection, reglages: Reglages) -> AsyncIterator[Base]:
    base = BaseObservee(reglages)
    yield base
    for connexion in base.ouvertes:
        await connexion.close()
    await base.fermer()


@pytest.fixture
async def instances(proprietaire: asyncpg.Connection, reglages: Reglages) -> AsyncIterator[tuple[Service, Service]]:
    """Two instances of the service on one database, each with a caller of role cnam."""
    async with AsyncExitStack() as pile:
        services = []
        for _ in range(2):
            application: FastAPI = create_app(reglages)
            await pile.enter_async_context(application.router.lifespan_context(application))
            client = httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://test")
            services.append(Service(await pile.enter_async_context(client), application))
        premiere = await services[0].en(Role.CNAM)
        yield premiere, Service(services[1].client, services[1].application, premiere.cle)


@pytest.fixture
async def neuve(postgres: PostgresEmbarque) -> AsyncIterator[str]:
    """The owner's URL of an empty database."""
    nom = f"neuve_{next(_numeros)}"
    connexion = await asyncpg.connect(postgres.url())
    try:
        await connexion.execute(f"CREATE DATABASE {nom}")
        yield postgres.url(nom)
        await connexion.execute(f"DROP DATABASE {nom} WITH (FORCE)")
    finally:
        await connexion.close()
