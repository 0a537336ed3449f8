"""What must hold after a fault, read from the database by its owner and by the service's own recount."""

import asyncio
from collections.abc import Set as AbstractSet

import asyncpg

from app.recompte import service
from app.stockage.base import Base
from tests.outils import PRESERIE, vider_les_traces
from tests.pannes.terrain import Terrain
from tests.proprietes.recompte import ecarts


def constater(terrain: Terrain, acquittees: AbstractSet[str], attendues: AbstractSet[str] | None = None) -> list[str]:
    """What is wrong. ``attendues``: that and nothing else is there, since nobody sends any more."""
    return asyncio.run(_constater(terrain, acquittees, attendues))


async def _constater(terrain: Terrain, acquittees: AbstractSet[str], attendues: AbstractSet[str] | None) -> list[str]:
    connexion = await asyncpg.connect(terrain.url_du_proprietaire)
    try:
        async with connexion.transaction(isolation="repeatable_read"):
            ids = [ligne[0] for ligne in await connexion.fetch("SELECT id::text FROM trace")]
            faux = await ecarts(connexion)
    finally:
        await connexion.close()
    gardees = set(ids)
    fautes = []
    if perdues := acquittees - gardees:
        fautes.append(f"{len(perdues)} traces acquittées sont perdues")
    if len(ids) > len(gardees):
        fautes.append(f"{len(ids) - len(gardees)} traces sont en double")
    if attendues is not None and gardees != attendues:
        fautes.append(f"{len(attendues - gardees)} traces manquent à la fin, {len(gardees - attendues)} sont en trop")
    fautes += [f"{table} diffère de son recompte par {len(lignes)} lignes" for table, lignes in faux.items()]
    return fautes + await _recompter(terrain)


async def _recompter(terrain: Terrain) -> list[str]:
    """As ``traces-postes recompter`` does, without the start of a process."""
    base = Base(terrain.url_du_service, pool_taille=2, delai_s=60)
    try:
        (voulue,) = await service.a_recompter(base, PRESERIE)
        recompte = await service.recompter(base, voulue, lambda: None, 10)
    finally:
        await base.fermer()
    assert recompte is not None
    return [f"recompter : {recompte.differents} lignes diffèrent"] if recompte.differents else []


def vider(terrain: Terrain) -> None:
    """The traces of the faults before would be counted again after each one."""

    async def agir() -> None:
        connexion = await asyncpg.connect(terrain.url_du_proprietaire)
        try:
            await vider_les_traces(connexion)
        finally:
            await connexion.close()

    asyncio.run(agir())
