"""Runs migrations over asyncpg, as the owner of the schema; ``app.stockage.schema`` hands over the URL."""

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import app.acces.modeles
import app.anomalies.modeles
import app.arretes.modeles
import app.bilan.modeles
import app.journal.modeles
import app.preseries.histoire
import app.questionnaire.modeles
import app.recompte.modeles
import app.traces.modeles  # noqa: F401  — these fill the metadata
from app.reglages import ReglageInvalide
from app.stockage.base import url_asyncpg
from app.stockage.hotes import Hotes
from app.stockage.tables import Table

_VERSION_MIN = 180_000
VERROU = 7_206_021  # any number, the same for all: two migrations at once run one after the other


def _exiger_le_serveur(connexion: Connection) -> None:
    """What the code relies on, said before anything is made: RETURNING old, and texts as people write them."""
    version, codage = connexion.exec_driver_sql(
        "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')"
    ).one()
    if version < _VERSION_MIN:
        raise ReglageInvalide(f"PostgreSQL {version // 10_000} est trop ancien : prenez la version 18 ou une suivante.")
    if codage != "UTF8":
        raise ReglageInvalide(
            f"Cette base est codée en {codage} : recréez-la vide, en UTF-8 (CREATE DATABASE … ENCODING 'UTF8' "
            "TEMPLATE template0)."
        )


def _migrer(connexion: Connection) -> None:
    _exiger_le_serveur(connexion)
    context.configure(connection=connexion, target_metadata=Table.metadata, transaction_per_migration=False)
    with context.begin_transaction():
        connexion.exec_driver_sql(f"SELECT pg_advisory_xact_lock({VERROU})")
        context.run_migrations()


async def _ouvrir_et_migrer() -> None:
    hotes = Hotes(url_asyncpg(context.config.attributes["url"]))  # SQLAlchemy does not know several
    moteur = create_async_engine("postgresql+asyncpg://", async_creator=hotes.connecter, poolclass=NullPool)
    try:
        async with moteur.connect() as connexion:
            await connexion.run_sync(_migrer)
            await connexion.commit()
    finally:
        await moteur.dispose()


asyncio.run(_ouvrir_et_migrer())
