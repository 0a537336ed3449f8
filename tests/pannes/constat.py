"""What must hold after a fault, read from the database by its owner and by the service's own recount."""

import asyncio
from collections.abc import Set as AbstractSet
from typing import Protocol

import asyncpg

from app.recompte import service
from app.stockage.base import Base
from tests.outils import PRESERIE, vider_les_traces
from tests.pannes.carnet import Carnet
from tests.proprietes.recompte import ecarts


class Lieu(Protocol):
    """Where the database is, and what the clients noted."""

    carnet: Carnet

    @property
    def url_du_proprietaire(self) -> str: ...

    @property
    def url_du_service(self) -> str: ...


def constater(terrain: Lieu, acquittees: AbstractSet[str]) -> list[str]:
    """What is wrong while clients send."""
    gardees, fautes = asyncio.run(_constater(terrain))
    if perdues := acquittees - gardees:
        fautes.append(f"{len(perdues)} traces acquittées sont perdues")
    return fautes


def constater_la_fin(terrain: Lieu) -> list[str]:
    """What is wrong once they have delivered all they had: nothing else is there."""
    carnet = terrain.carnet
    gardees, fautes = asyncio.run(_constater(terrain))
    if manquent := (carnet.gardees | carnet.acquittees) - gardees:
        fautes.append(f"{len(manquent)} traces gardées sur le disque d'un poste manquent à la fin")
    if en_trop := gardees - carnet.emises | gardees & carnet.perdues:
        fautes.append(f"{len(en_trop)} traces sont en trop à la fin")
    return fautes


async def _constater(terrain: Lieu) -> tuple[set[str], list[str]]:
    connexion = await asyncpg.connect(terrain.url_du_proprietaire)
    try:
        async with connexion.transaction(isolation="repeatable_read"):
            lignes = await connexion.fetch("SELECT id::text, poste, sequence FROM trace")
            faux = await ecarts(connexion)
    finally:
        await connexion.close()
    ids, numeros = {ligne["id"] for ligne in lignes}, {(ligne["poste"], ligne["sequence"]) for ligne in lignes}
    fautes = [f"{table} diffère de son recompte par {len(ecarts)} lignes" for table, ecarts in faux.items()]
    if len(ids) < len(lignes):
        fautes.append(f"{len(lignes) - len(ids)} traces sont en double")
    if len(numeros) < len(lignes):
        fautes.append(f"{len(lignes) - len(numeros)} numéros de poste sont donnés deux fois")
    return ids, fautes + await _recompter(terrain)


async def _recompter(terrain: Lieu) -> list[str]:
    """As ``traces-postes recompter`` does, without the start of a process."""
    base = Base(terrain.url_du_service, pool_taille=2, delai_s=60)
    try:
        (voulue,) = await service.a_recompter(base, PRESERIE)
        recompte = await service.recompter(base, voulue, lambda: None, 10)
    finally:
        await base.fermer()
    assert recompte is not None
    return [f"recompter : {recompte.differents} lignes diffèrent"] if recompte.differents else []


def vider(terrain: Lieu) -> None:
    """The traces of the faults before would be counted again after each one."""

    async def agir() -> None:
        connexion = await asyncpg.connect(terrain.url_du_proprietaire)
        try:
            await vider_les_traces(connexion)
        finally:
            await connexion.close()

    asyncio.run(agir())
