"""Connections to PostgreSQL: one way to connect, reads on one snapshot, writes in one commit before the answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as AttenteDeConnexion
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import QueuePool

from app.reglages import ReglageInvalide
from app.stockage.hotes import Hotes
from app.stockage.tables import ROLE_SERVICE

_ETATS_INDISPONIBLES = ("08", "25006", "40", "53", "57", "58")
"""Class 40: this transaction was given up for another's sake (a deadlock); sent again, it passes."""


class Base:
    """The database of the service. Every connection takes the role that may not alter tables."""

    def __init__(self, url: str, *, pool_taille: int, delai_s: float, avec: "Base | None" = None) -> None:
        """``avec``: one for the same database, which tells this one where the primary has gone."""
        self.hotes: Hotes = Hotes(url_asyncpg(url)) if avec is None else avec.hotes
        self._delai_s = delai_s
        self.pool_taille = pool_taille
        self.moteur: AsyncEngine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self.connecter,
            pool_size=pool_taille,
            max_overflow=0,
            pool_timeout=delai_s,
            pool_pre_ping=True,
            hide_parameters=True,
        )

    @property
    def connexions_prises(self) -> int:
        """Connections of the pool that are in use."""
        reserve = self.moteur.pool
        assert isinstance(reserve, QueuePool)  # noqa: S101 — what the engine above was made with
        return reserve.checkedout()

    async def connecter(self) -> asyncpg.Connection:
        """A new connection; the caller closes it."""
        return await self.hotes.connecter(
            command_timeout=self._delai_s,
            server_settings={
                "role": ROLE_SERVICE,
                "application_name": "traces-postes",
                "timezone": "UTC",
                "client_min_messages": "warning",  # ``Connexion`` hears of unreplicated commits by one
            },
        )

    @asynccontextmanager
    async def lecture(self) -> AsyncIterator[AsyncSession]:
        """Reads on one snapshot, so that the parts of an answer add up."""
        async with self.moteur.connect() as connexion, instantane(connexion) as session:
            yield session

    @asynccontextmanager
    async def ecriture(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with AsyncSession(self.moteur, expire_on_commit=False) as session, session.begin():
            yield session

    @asynccontextmanager
    async def brute(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the pool as the driver knows it, for what is written for the driver."""
        async with self.moteur.connect() as connexion:
            brute = (await connexion.get_raw_connection()).driver_connection
            assert isinstance(brute, asyncpg.Connection)  # noqa: S101 — what ``connecter`` gave
            yield brute

    async def fermer(self) -> None:
        await self.moteur.dispose()


@asynccontextmanager
async def instantane(connexion: AsyncConnection) -> AsyncIterator[AsyncSession]:
    """A session on one snapshot, which begins with its first statement."""
    await connexion.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    async with AsyncSession(connexion, expire_on_commit=False) as session:
        yield session


def url_asyncpg(url: str, reglage: str = "TRACES_POSTES_DATABASE_URL") -> str:
    """A ``postgresql://`` URL for asyncpg itself; SQLAlchemy's spelling of the driver is accepted too."""
    nom, separateur, reste = url.partition("://")
    if not separateur or nom.split("+", 1)[0] not in ("postgresql", "postgres"):
        raise ReglageInvalide(f"L'adresse d'une base commence par postgresql:// : corrigez {reglage}.")
    return f"postgresql://{reste}"


def est_indisponible(erreur: BaseException) -> bool:
    """Whether the database could not be reached or could not work this time, rather than refused what it was told."""
    if isinstance(erreur, DBAPIError):
        if erreur.connection_invalidated or erreur.orig is None:
            return True
        return est_indisponible(erreur.orig.__cause__ or erreur.orig)
    if isinstance(erreur, AttenteDeConnexion | OSError | asyncpg.InterfaceError | asyncpg.InternalClientError):
        return True
    if isinstance(erreur, asyncpg.PostgresError):
        return str(erreur.sqlstate).startswith(_ETATS_INDISPONIBLES)
    return False


ERREURS_DE_BASE = (
    SQLAlchemyError,
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""Everything that talking to the database may raise; ``TimeoutError`` is an ``OSError``."""
