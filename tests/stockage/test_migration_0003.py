"""The migration that brings the journal: beside a service at work, and never back over what must stay."""

import asyncio

import asyncpg
import pytest
from alembic.util import CommandError

from app.stockage.schema import migrer, revenir
from tests.contrat.aides import cas
from tests.stockage.test_schema import catalogue, pret

_PATIENCE_S = 10
_JOURNAL = """INSERT INTO journal (numero, le, role, action, objet, precedente, empreinte)
VALUES (1, now(), 'console', 'creation', 'cle', '', '')"""
_DECISION = """INSERT INTO decision (preserie_id, cle_id, sens, motif) VALUES (1, 1, 'prolongation', 'À revoir.')
RETURNING prise_le"""
_ATTEND = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND database = $1)"


async def test_une_ecriture_du_registre_en_cours_et_la_migration_ne_se_bloquent_pas(neuve: str) -> None:
    await asyncio.to_thread(migrer, neuve, "0002")
    connexion = await asyncpg.connect(neuve)
    try:
        ici = await connexion.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
        async with asyncio.timeout(_PATIENCE_S):
            async with connexion.transaction():
                await connexion.execute("UPDATE registre SET generation = generation + 1")
                migration = asyncio.create_task(asyncio.to_thread(migrer, neuve))
                while not await connexion.fetchval(_ATTEND, ici):  # noqa: ASYNC110 — another process's lock
                    await asyncio.sleep(0.02)
                await connexion.execute("UPDATE preserie SET traces_actives = traces_actives")
            await migration
    finally:
        await connexion.close()
    assert await pret(neuve)


async def test_revenir_en_arriere_n_efface_ni_le_journal_ni_une_decision(neuve: str) -> None:
    await asyncio.to_thread(migrer, neuve)
    avant = await catalogue(neuve)
    connexion = await asyncpg.connect(neuve)
    try:
        await connexion.execute("SET session_replication_role = replica")  # neither triggers nor foreign keys
        for table, ajouter in (("journal", _JOURNAL), ("decision", _DECISION)):
            with cas(table):
                await connexion.execute(ajouter)
                with pytest.raises(CommandError, match=rf"\({table}\)"):
                    await asyncio.to_thread(revenir, neuve, "0002")
                assert await catalogue(neuve) == avant
                assert await connexion.fetchval(f"DELETE FROM {table} RETURNING 1") == 1  # noqa: S608 — a name above
    finally:
        await connexion.close()
    await asyncio.to_thread(revenir, neuve, "0002")


async def test_une_decision_porte_l_instant_ou_elle_est_prise(proprietaire: asyncpg.Connection) -> None:
    """Not that at which its transaction began to wait for the registry: two would bear an order that was not theirs."""
    async with proprietaire.transaction():
        await proprietaire.execute("SET LOCAL session_replication_role = replica")
        debut = await proprietaire.fetchval("SELECT now()")
        premiere, seconde = await proprietaire.fetchval(_DECISION), await proprietaire.fetchval(_DECISION)
    assert debut < premiere < seconde
