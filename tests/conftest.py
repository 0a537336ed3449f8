"""A real PostgreSQL for the whole run, migrated by the real migrations and emptied before each test that uses it."""

import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from hypothesis import settings
from pydantic import SecretStr

from app.main import create_app
from app.reglages import Reglages
from app.stockage.embarque import PostgresEmbarque, postgres_embarque
from app.stockage.ouverture import preparer
from app.stockage.secrets_locaux import en_texte
from app.stockage.tables import Table
from tests.outils import Service, debut_des_flux

CLE_MAITRESSE = bytes(range(32))
CLE_SIGNATURE = bytes(range(32, 64))
# A busy machine is slow, which is no fault of what is tested.
settings.register_profile("sans_delai", deadline=None)
settings.load_profile("sans_delai")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresEmbarque]:
    """One cluster for the run; without fsync, since nothing here outlives it (durability has tests of its own)."""
    dossier: Path = tmp_path_factory.mktemp("postgres")
    with postgres_embarque(dossier, reglages={"fsync": "off", "synchronous_commit": "off"}) as serveur:
        preparer(serveur)
        yield serveur


@pytest.fixture(scope="session")
def reglages(postgres: PostgresEmbarque) -> Reglages:
    return Reglages(
        database_url=SecretStr(postgres.url(utilisateur="traces_postes_service")),
        cle_maitresse=SecretStr(en_texte(CLE_MAITRESSE)),
        cle_signature=SecretStr(en_texte(CLE_SIGNATURE)),
        niveau_journal="ERROR",
    )


@pytest.fixture
async def proprietaire(postgres: PostgresEmbarque) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the schema's owner, on an emptied database."""
    connexion = await asyncpg.connect(postgres.url())
    try:
        tables = ", ".join(table for table in Table.metadata.tables if table != "registre")
        await connexion.execute("SET session_replication_role = replica")  # no trigger: the journal refuses this
        await connexion.execute(f"TRUNCATE {tables} RESTART IDENTITY")
        await connexion.execute("RESET session_replication_role")
        await connexion.execute(
            "UPDATE registre SET generation = generation + 1, journal_numero = 0, journal_empreinte = ''"
        )
        yield connexion
    finally:
        await connexion.close()


@asynccontextmanager
async def _demarre(application: FastAPI) -> AsyncIterator[None]:
    async with application.router.lifespan_context(application):
        yield
    gc.unfreeze()  # a service takes itself for the last one of its process


@pytest.fixture
async def application(proprietaire: asyncpg.Connection, reglages: Reglages) -> AsyncIterator[FastAPI]:
    """The service within this process, its writer and caches running."""
    application = create_app(reglages)
    async with _demarre(application):
        yield application


@pytest.fixture
async def service(application: FastAPI) -> AsyncIterator[Service]:
    """A caller of the service, with keys of every role at hand (``service.en(role, …)``)."""
    transport = httpx.ASGITransport(debut_des_flux(application))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield Service(client, application)
