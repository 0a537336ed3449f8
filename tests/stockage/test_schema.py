"""Migrations on databases of their own, the models against them, and what the service's user may not do."""

import asyncio

import asyncpg
import pytest
from alembic import command
from sqlalchemy.ext.asyncio import create_async_engine

import app.acces.modeles
import app.anomalies.modeles
import app.arretes.modeles
import app.bilan.modeles
import app.journal.modeles
import app.preseries.histoire
import app.questionnaire.modeles
import app.traces.modeles  # noqa: F401  — these fill the metadata
from app.reglages import ReglageInvalide
from app.stockage.base import Base
from app.stockage.embarque import PostgresEmbarque
from app.stockage.schema import configuration, est_pret, migrer, revenir, revisions_du_code
from app.stockage.tables import ROLE_SERVICE, Table
from app.traces.tri import Ligne
from tests.processus.lancement import environnement, executer

_CATALOGUE = """
SELECT 'colonne', c.relname, a.attname, a.attnum::text, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
       a.attgenerated::text, a.attidentity::text, pg_get_expr(d.adbin, d.adrelid)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'contrainte', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', '', '', ''
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', tablename, indexname, indexdef, '', '', '', '', '' FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'table', relname, coalesce(array_to_string(reloptions, ','), ''), relkind::text, '', '', '', '', ''
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 'S'
"""
_ATTRIBUTS = """
SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute
WHERE attrelid = to_regclass($1) AND attnum > 0 ORDER BY attnum
"""


async def catalogue(url: str) -> set[tuple[str | None, ...]]:
    """Every column, constraint, index and storage option, but for Alembic's own table."""
    connexion = await asyncpg.connect(url)
    try:
        lignes = {tuple(ligne) for ligne in await connexion.fetch(_CATALOGUE)}
    finally:
        await connexion.close()
    return {ligne for ligne in lignes if "alembic_version" not in " ".join(filter(None, ligne))}


async def pret(url: str) -> bool:
    base = Base(url, pool_taille=2, delai_s=5)
    try:
        async with base.lecture() as session:
            return await est_pret(session)
    finally:
        await base.fermer()


async def test_monter_descendre_remonter_redonne_le_meme_schema(neuve: str) -> None:
    await asyncio.to_thread(migrer, neuve)
    premier = await catalogue(neuve)
    assert {ligne[1] for ligne in premier if ligne[0] == "table"} >= set(Table.metadata.tables)
    await asyncio.to_thread(revenir, neuve)
    assert await catalogue(neuve) == set()
    await asyncio.to_thread(migrer, neuve)
    assert await catalogue(neuve) == premier


async def test_les_modeles_sont_le_schema(neuve: str) -> None:
    await asyncio.to_thread(migrer, neuve)
    await asyncio.to_thread(command.check, configuration(neuve))


async def test_les_modeles_creent_le_schema_des_migrations_au_detail_pres(
    neuve: str, postgres: PostgresEmbarque
) -> None:
    """What Alembic's own comparison overlooks too: checks, generated columns, nulls in unique indexes, fillfactors."""
    moteur = create_async_engine(neuve.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with moteur.begin() as connexion:
        await connexion.run_sync(Table.metadata.create_all)
    await moteur.dispose()
    crees, migres = await catalogue(neuve), await catalogue(postgres.url())
    migrees = {_sans_rang(ligne) for ligne in migres}
    assert {ligne for ligne in migrees if ligne[3] != "c"} == {_sans_rang(ligne) for ligne in crees}


async def test_une_ligne_a_ecrire_a_la_forme_et_les_types_de_la_table_des_traces(postgres: PostgresEmbarque) -> None:
    connexion = await asyncpg.connect(postgres.url())
    try:
        forme, table = [
            {ligne["attname"]: ligne["type"] for ligne in await connexion.fetch(_ATTRIBUTS, relation)}
            for relation in ("ligne_trace", "trace")
        ]
    finally:
        await connexion.close()
    assert tuple(forme) == Ligne._fields
    assert table.pop("recue_le") == "timestamp with time zone"
    assert forme == table


def _sans_rang(ligne: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """A column wherever it stands in its table."""
    return (*ligne[:3], None, *ligne[4:]) if ligne[0] == "colonne" else ligne


async def test_des_migrations_simultanees_s_attendent(neuve: str) -> None:
    """As when several instances start with --migrate."""
    env = environnement(migration_url=neuve, database_url=neuve)
    finies = await asyncio.gather(*(asyncio.to_thread(executer, "migrer", env=env) for _ in range(3)))
    assert [finie.returncode for finie in finies] == [0, 0, 0], finies
    assert await pret(neuve)


async def test_est_pret_au_schema_du_code_ou_a_un_plus_recent(neuve: str) -> None:
    assert not await pret(neuve)
    await asyncio.to_thread(migrer, neuve)
    assert await pret(neuve)
    connexion = await asyncpg.connect(neuve)
    try:
        await connexion.execute("UPDATE alembic_version SET version_num = 'ffff'")
        assert await pret(neuve)
        await connexion.execute("DELETE FROM alembic_version")
        assert not await pret(neuve)
        await connexion.execute("INSERT INTO alembic_version VALUES ($1)", revisions_du_code()[0])
    finally:
        await connexion.close()
    await asyncio.to_thread(revenir, neuve)
    assert not await pret(neuve)


_INTERDITS = (
    "CREATE TABLE intruse (n int)",
    "CREATE FUNCTION intruse() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA intrus",
    "CREATE ROLE intrus",
    "CREATE INDEX ON trace (poste)",
    "CREATE TRIGGER t BEFORE INSERT ON trace EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "COPY trace TO PROGRAM 'true'",
    "UPDATE trace SET version = 'autre'",
    "UPDATE alembic_version SET version_num = 'ffff'",
    "SELECT * FROM trace FOR UPDATE",
)


_INTERDITS_PARTOUT = (
    "DELETE FROM {}",
    "TRUNCATE {}",
    "DROP TABLE {}",
    "ALTER TABLE {} ADD COLUMN intruse int",
    "ALTER TABLE {} DISABLE TRIGGER ALL",
)
_EFFACABLES = ("DELETE FROM journal_personnel",)


async def _refuse(connexion: asyncpg.Connection, ordre: str) -> bool:
    try:
        await connexion.execute(ordre)
    except asyncpg.InsufficientPrivilegeError:
        return True
    return False


@pytest.mark.parametrize("utilisateur", [ROLE_SERVICE, "traces_postes"])
async def test_le_service_n_altere_ni_n_efface_rien(
    proprietaire: asyncpg.Connection, postgres: PostgresEmbarque, utilisateur: str
) -> None:
    """Connected as its own user, or as the owner: every connection takes the lesser role."""
    base = Base(postgres.url(utilisateur=utilisateur), pool_taille=2, delai_s=5)
    connexion = await base.connecter()
    try:
        ordres = list(_INTERDITS)
        for table in Table.metadata.tables:
            ordres += [ordre.format(table) for ordre in _INTERDITS_PARTOUT]
        assert [ordre for ordre in ordres if not await _refuse(connexion, ordre)] == [*_EFFACABLES]
    finally:
        await connexion.close()
        await base.fermer()


async def test_l_utilisateur_du_service_ne_prend_pas_le_role_du_proprietaire(
    proprietaire: asyncpg.Connection, postgres: PostgresEmbarque
) -> None:
    connexion = await asyncpg.connect(postgres.url(utilisateur=ROLE_SERVICE))
    try:
        assert await _refuse(connexion, "SET ROLE traces_postes")
        assert await _refuse(connexion, "SET ROLE pg_read_server_files")
        assert await _refuse(connexion, f"ALTER ROLE {ROLE_SERVICE} SUPERUSER")
        await connexion.execute("RESET ROLE")
        assert await _refuse(connexion, "DELETE FROM trace")
    finally:
        await connexion.close()


async def test_une_base_qui_n_est_pas_en_utf_8_est_refusee_avant_tout(
    postgres: PostgresEmbarque, proprietaire: asyncpg.Connection
) -> None:
    await proprietaire.execute(
        "CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"
    )
    try:
        with pytest.raises(ReglageInvalide, match="SQL_ASCII : recréez-la vide, en UTF-8"):
            await asyncio.to_thread(migrer, postgres.url("ascii"))
        connexion = await asyncpg.connect(postgres.url("ascii"))
        try:
            assert await connexion.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        finally:
            await connexion.close()
    finally:
        await proprietaire.execute("DROP DATABASE ascii WITH (FORCE)")
