"""A commit whose wait for the synchronous standby is cut short: PostgreSQL calls it done, and we may not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.stockage.base import Base, est_indisponible
from app.stockage.embarque import PostgresEmbarque, postgres_embarque
from app.stockage.ouverture import preparer

PATIENCE_S = 10
_ECRIRE = "UPDATE registre SET generation = generation + 1 RETURNING generation"
_ATTENDENT = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'traces-postes'"


@pytest.fixture(scope="module")
def seul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresEmbarque]:
    """A primary of its own whose synchronous standby is never there: each commit waits until something cuts that."""
    with postgres_embarque(tmp_path_factory.mktemp("seul"), reglages={"fsync": "off"}) as serveur:
        preparer(serveur)
        asyncio.run(_regler(serveur, "absent"))
        yield serveur


async def _regler(serveur: PostgresEmbarque, secours: str) -> None:
    connexion = await asyncpg.connect(serveur.url())
    try:
        await connexion.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{secours}'")
        await connexion.execute("SELECT pg_reload_conf()")
    finally:
        await connexion.close()


@pytest.fixture
async def base(seul: PostgresEmbarque) -> AsyncIterator[Base]:
    lui = Base(seul.url(utilisateur="traces_postes_service"), pool_taille=2, delai_s=60)
    yield lui
    await lui.fermer()


async def _pendant(serveur: PostgresEmbarque, acte: Awaitable[object], couper: str) -> None:
    """Does it, and cuts its wait short by this function of PostgreSQL."""
    surveillant = await asyncpg.connect(serveur.url())
    tache = asyncio.ensure_future(acte)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if (pid := await surveillant.fetchval(_ATTENDENT)) is not None:
                    break
                await asyncio.sleep(0.01)
            assert not tache.done()
            await surveillant.execute(f"SELECT {couper}({pid})")
            await tache
    finally:
        tache.cancel()
        await surveillant.close()


async def _par_le_pilote(base: Base) -> None:
    """As the writer of traces does: a statement that is its own transaction."""
    connexion = await base.connecter()
    try:
        await connexion.fetchval(_ECRIRE)
    finally:
        ouverte = not connexion.is_closed()
        await connexion.close()
    assert ouverte, "a connection that said so must not be used again"


async def _par_la_session(base: Base) -> None:
    """As all other routes do: a transaction of SQLAlchemy."""
    async with base.ecriture() as session:
        await session.execute(text(_ECRIRE))


async def _par_execute(base: Base) -> None:
    """As the writer notes doublons and refusals."""
    connexion = await base.connecter()
    try:
        await connexion.execute("UPDATE registre SET generation = generation + $1", 1)
    finally:
        await connexion.close()


@pytest.mark.parametrize("couper", ["pg_cancel_backend", "pg_terminate_backend"])
@pytest.mark.parametrize("ecrire", [_par_le_pilote, _par_la_session, _par_execute])
async def test_un_commit_dont_l_attente_est_coupee_n_est_pas_acquis(
    seul: PostgresEmbarque, base: Base, ecrire: Callable[[Base], Awaitable[None]], couper: str
) -> None:
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError)) as erreur:
        await _pendant(seul, ecrire(base), couper)
    assert est_indisponible(erreur.value)


async def test_postgresql_le_dirait_acquis(seul: PostgresEmbarque) -> None:
    """What the test above is for: a plain connection is told that all went well."""
    connexion = await asyncpg.connect(seul.url(), server_settings={"application_name": "traces-postes"})
    try:
        await _pendant(seul, connexion.fetchval(_ECRIRE), "pg_cancel_backend")
    finally:
        await connexion.close()


async def test_aucun_reglage_du_serveur_ne_fait_taire_l_avertissement(postgres: PostgresEmbarque) -> None:
    """By which an unreplicated commit is known."""
    role = "traces_postes_service"
    proprietaire = await asyncpg.connect(postgres.url())
    await proprietaire.execute(f"ALTER ROLE {role} SET client_min_messages = 'error'")
    try:
        base = Base(postgres.url(utilisateur=role), pool_taille=2, delai_s=5)
        connexion = await base.connecter()
        try:
            assert await connexion.fetchval("SHOW client_min_messages") == "warning"
        finally:
            await connexion.close()
            await base.fermer()
    finally:
        await proprietaire.execute(f"ALTER ROLE {role} RESET client_min_messages")
        await proprietaire.close()
