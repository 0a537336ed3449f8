"""Writers of several workers on one database: no deadlock, every id recorded once, whatever they share."""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack

import asyncpg
import pytest

from app.reglages import Reglages
from app.traces.ecriture import Ecrivain
from app.traces.refus import Issue
from app.traces.tri import Admise
from tests.outils import ensemble
from tests.proprietes.recompte import ecarts
from tests.traces.ecrivains import BaseObservee, a_ecrire, ecrire, ecrivain, ids_enregistres

TACHES = 8
IDS = 600


async def ouvrir(pile: AsyncExitStack, reglages: Reglages, nombre: int) -> tuple[list[Ecrivain], list[BaseObservee]]:
    bases = [BaseObservee(reglages) for _ in range(nombre)]
    return [await pile.enter_async_context(ecrivain(base)) for base in bases], bases


async def envoyer(lui: Ecrivain, lots: list[list[Admise]]) -> Counter[Issue]:
    """What became of the traces of these requests, sent one after the other."""
    issues: Counter[Issue] = Counter()
    for lot in lots:
        issues.update(await ecrire(lui, lot))
    return issues


def aucune_reprise(bases: list[BaseObservee]) -> bool:
    """Whether no statement met a deadlock, nor any other error."""
    return all(ordre.exception is None for base in bases for ordre in base.ordres)


def decouper(admises: list[Admise], hasard: random.Random) -> list[list[Admise]]:
    lots = []
    while admises:
        coupe = hasard.randint(1, 120)
        lots.append(admises[:coupe])
        admises = admises[coupe:]
    return lots


@pytest.mark.parametrize("graine", range(3))
async def test_deux_ecrivains_aux_memes_ids_dans_des_ordres_contraires(
    proprietaire: asyncpg.Connection, reglages: Reglages, graine: int
) -> None:
    """Each of the tasks sends the same traces: of every id one is recorded, and all others are doublons of it."""
    hasard = random.Random(graine)
    async with AsyncExitStack() as pile:
        ecrivains, bases = await ouvrir(pile, reglages, 2)
        envois = []
        for tache in range(TACHES):
            siens = a_ecrire(range(IDS) if tache % 2 else range(IDS - 1, -1, -1))
            if tache > 3:
                hasard.shuffle(siens)
            envois.append(envoyer(ecrivains[tache % 2], decouper(siens, hasard)))
        issues: Counter[Issue] = sum(await ensemble(*envois), Counter())
        assert issues == {Issue.ENREGISTREE: IDS, Issue.DOUBLON: (TACHES - 1) * IDS}
        await asyncio.sleep(0)
        assert aucune_reprise(bases)
    assert await ids_enregistres(proprietaire) == list(range(IDS))
    assert await doublons_comptes(proprietaire) == (TACHES - 1) * IDS
    assert await ecarts(proprietaire) == {}


async def test_des_contenus_differents_sous_un_meme_id_un_seul_est_retenu(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    hasard = random.Random(5)
    async with AsyncExitStack() as pile:
        ecrivains, bases = await ouvrir(pile, reglages, 3)
        envois = []
        for tache in range(TACHES):
            siens = a_ecrire(range(IDS // 2), duree_ms=tache)
            hasard.shuffle(siens)
            envois.append(envoyer(ecrivains[tache % 3], decouper(siens, hasard)))
        issues: Counter[Issue] = sum(await ensemble(*envois), Counter())
        assert issues == {Issue.ENREGISTREE: IDS // 2, Issue.REUTILISEE: (TACHES - 1) * IDS // 2}
        await asyncio.sleep(0)
        assert aucune_reprise(bases)
    assert await ids_enregistres(proprietaire) == list(range(IDS // 2))
    assert await ecarts(proprietaire) == {}


async def test_des_ids_distincts_se_plient_dans_les_memes_executions(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    """All of the contention is on executions and counters."""
    hasard = random.Random(8)
    async with AsyncExitStack() as pile:
        ecrivains, bases = await ouvrir(pile, reglages, 4)
        envois = []
        for tache in range(TACHES):
            siens = a_ecrire(range(tache, TACHES * IDS, TACHES))
            hasard.shuffle(siens)
            envois.append(envoyer(ecrivains[tache % 4], decouper(siens, hasard)))
        issues: Counter[Issue] = sum(await ensemble(*envois), Counter())
        assert issues == {Issue.ENREGISTREE: TACHES * IDS}
        await asyncio.sleep(0)
        assert aucune_reprise(bases)
    executions = await proprietaire.fetchrow("SELECT count(*) AS n, sum(tentatives) AS traces FROM execution")
    assert executions is not None
    assert (executions["n"], executions["traces"]) == (13, TACHES * IDS)
    assert await ecarts(proprietaire) == {}


async def doublons_comptes(proprietaire: asyncpg.Connection) -> int:
    somme = await proprietaire.fetchval("SELECT sum(nombre) FROM compteur_trace WHERE issue = 'doublon'")
    return int(somme)
