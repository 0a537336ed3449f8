"""URLs of a database in every accepted spelling, and which failures mean that it is away."""

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, InterfaceError, ProgrammingError
from sqlalchemy.exc import TimeoutError as AttenteDeConnexion

from app.reglages import ReglageInvalide
from app.stockage.base import est_indisponible, url_asyncpg

SUITES = [
    "u:p@db/x",
    "u:p%40ss@db:5433/x?sslmode=require",
    "u@a:5432,b:5433/x?target_session_attrs=primary",
    "/x?host=/run/pg&port=5432",
    "u:p@[::1]:5432/x",
]


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("schema", ["postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg"])
def test_tous_les_schemas_de_postgresql_sont_acceptes(schema: str, suite: str) -> None:
    assert url_asyncpg(f"{schema}://{suite}") == f"postgresql://{suite}"


@pytest.mark.parametrize("url", ["mysql://db/x", "sqlite:///x.db", "http://db/x", "db/x", "", "postgresql", "pg://x"])
def test_toute_autre_url_est_refusee_en_francais(url: str) -> None:
    with pytest.raises(ReglageInvalide, match="postgresql://"):
        url_asyncpg(url)


def _de_sqlalchemy(cause: Exception) -> DBAPIError:
    """As SQLAlchemy wraps an error of asyncpg: the driver's own, in the dialect's, in its own."""
    dialecte = Exception()
    dialecte.__cause__ = cause
    return ProgrammingError("SELECT", {}, dialecte)


ABSENCES: list[Exception] = [
    asyncpg.ConnectionDoesNotExistError(),
    asyncpg.TooManyConnectionsError(),
    asyncpg.CannotConnectNowError(),
    asyncpg.AdminShutdownError(),
    asyncpg.QueryCanceledError(),
    asyncpg.DiskFullError(),
    asyncpg.ReadOnlySQLTransactionError(),
    asyncpg.DeadlockDetectedError(),
    asyncpg.SerializationError(),
    asyncpg.InterfaceError(""),
    asyncpg.InternalClientError(""),
    ConnectionRefusedError(),
    TimeoutError(),
]
FAUTES: list[Exception] = [
    asyncpg.UniqueViolationError(),
    asyncpg.UndefinedTableError(),
    asyncpg.InsufficientPrivilegeError(),
    asyncpg.CharacterNotInRepertoireError(),
    ValueError(),
]


@pytest.mark.parametrize("erreur", ABSENCES, ids=lambda e: type(e).__name__)
def test_une_base_absente_est_reconnue(erreur: Exception) -> None:
    assert est_indisponible(erreur)
    assert est_indisponible(_de_sqlalchemy(erreur))


@pytest.mark.parametrize("erreur", FAUTES, ids=lambda e: type(e).__name__)
def test_une_base_qui_refuse_n_est_pas_absente(erreur: Exception) -> None:
    assert not est_indisponible(erreur)
    assert not est_indisponible(_de_sqlalchemy(erreur))


def test_une_attente_de_connexion_trop_longue_est_une_absence() -> None:
    assert est_indisponible(AttenteDeConnexion())
    invalide = InterfaceError("SELECT", {}, Exception(), connection_invalidated=True)
    assert est_indisponible(invalide)
