"""When PostgreSQL refuses, is lost, is slow or can't commit: nothing acknowledged is lost, or counted twice."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from app.acces.roles import Role
from app.erreurs import BaseIndisponible
from app.reglages import Reglages
from app.traces.refus import Issue
from tests.outils import PRESERIE, Service, ensemble, trace
from tests.proprietes.recompte import ecarts
from tests.traces.ecrivains import (
    BaseObservee,
    a_ecrire,
    attendre_un_bloque,
    ecrire,
    ecrivain,
    ids_enregistres,
    table_retenue,
)

POISON = "poison"
_DECLENCHEUR = """
CREATE FUNCTION refuser() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.version = 'poison' THEN RAISE EXCEPTION 'refus' USING ERRCODE = '{code}'; END IF;
  RETURN NEW;
END $$;
CREATE {sorte} TRIGGER refuser {moment} INSERT ON {table} {report} FOR EACH ROW EXECUTE FUNCTION refuser()
"""


@asynccontextmanager
async def declencheur(
    proprietaire: asyncpg.Connection, table: str, code: str, *, au_commit: bool = False
) -> AsyncIterator[None]:
    """Rows of the poisoned version raise this SQLSTATE, at once or at the commit."""
    formes = {
        "sorte": "CONSTRAINT" if au_commit else "",
        "moment": "AFTER" if au_commit else "BEFORE",
        "report": "DEFERRABLE INITIALLY DEFERRED" if au_commit else "",
    }
    await proprietaire.execute(_DECLENCHEUR.format(table=table, code=code, **formes))
    try:
        yield
    finally:
        await proprietaire.execute("DROP FUNCTION refuser CASCADE")


@pytest.fixture
async def cnam(service: Service) -> Service:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    return cnam


async def tuer(proprietaire: asyncpg.Connection, pids: list[int]) -> None:
    for pid in pids:
        await proprietaire.execute("SELECT pg_terminate_backend($1)", pid)


async def test_une_trace_que_la_base_refuse_est_refusee_seule(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await proprietaire.execute(f"ALTER TABLE trace ADD CONSTRAINT poison CHECK (version <> '{POISON}') NOT VALID")
    try:
        lots = [[trace() for _ in range(40)] for _ in range(4)]
        lots[1][17] = trace(version=POISON)
        lots[2][0] = trace(version=POISON)
        lots[2][39] = trace(version=POISON)
        reponses = await ensemble(*(cnam.poster(lot) for lot in lots))
        accuses = [reponse.json() for reponse in reponses]
        assert [accuse["enregistrees"] for accuse in accuses] == [40, 39, 38, 40]
        rejets = [[(rejet["index"], rejet["code"]) for rejet in accuse["rejets"]] for accuse in accuses]
        assert rejets == [[], [(17, "trace-invalide")], [(0, "trace-invalide"), (39, "trace-invalide")], []]
        seule = await cnam.poster(lots[1][17])
        assert seule.status_code == 422
        assert POISON not in seule.text
    finally:
        await proprietaire.execute("ALTER TABLE trace DROP CONSTRAINT poison")
    assert await ecarts(proprietaire) == {}
    assert (await cnam.lire(f"/bilan/preseries/{PRESERIE}"))["traces"]["rejetees"] == 4
    assert (await cnam.poster(lots[1][17])).status_code == 201


@pytest.mark.parametrize("table", ["trace", "execution", "compteur_execution"])
@pytest.mark.parametrize("au_commit", [False, True])
async def test_un_declencheur_qui_refuse_une_version_n_en_arrete_pas_d_autres(
    proprietaire: asyncpg.Connection, reglages: Reglages, table: str, *, au_commit: bool
) -> None:
    async with (
        declencheur(proprietaire, table, "P0001", au_commit=au_commit),
        ecrivain(BaseObservee(reglages)) as lui,
    ):
        empoisonnees = a_ecrire([5], version=POISON, ordonnance="ORD-SEULE")
        issues = await ecrire(lui, [*a_ecrire(range(4)), *empoisonnees, *a_ecrire(range(6, 20))])
        assert issues == [*[Issue.ENREGISTREE] * 4, Issue.IMPOSSIBLE, *[Issue.ENREGISTREE] * 14]
        assert await ecrire(lui, a_ecrire([5])) == [Issue.ENREGISTREE]
    assert await ecarts(proprietaire) == {}


async def test_l_id_d_une_trace_impossible_reste_libre_dans_le_meme_envoi(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    """DOMAIN: a refused trace leaves its id free, so the one that follows it under the same id is recorded."""
    async with declencheur(proprietaire, "trace", "P0001"), ecrivain(BaseObservee(reglages)) as lui:
        issues = await ecrire(lui, [*a_ecrire([1], version=POISON), *a_ecrire([1, 1, 2])])
        assert issues == [Issue.IMPOSSIBLE, Issue.ENREGISTREE, Issue.DOUBLON, Issue.ENREGISTREE]
    assert await ecarts(proprietaire) == {}


@pytest.mark.parametrize("code", ["53100", "40001", "XX000", "57014"])
async def test_un_commit_qui_echoue_n_est_jamais_acquitte(
    proprietaire: asyncpg.Connection, reglages: Reglages, code: str
) -> None:
    """The statement itself has succeeded by then: only what follows it says that nothing was kept."""
    async with ecrivain(BaseObservee(reglages)) as lui:
        demande = [*a_ecrire([1, 2]), *a_ecrire([3], version=POISON)]
        async with declencheur(proprietaire, "trace", code, au_commit=True):
            with pytest.raises(BaseIndisponible):
                await ecrire(lui, demande)
            assert await ids_enregistres(proprietaire) == []
        assert await ecrire(lui, demande) == [Issue.ENREGISTREE] * 3
    assert await ecarts(proprietaire) == {}


async def test_un_commit_qui_echoue_est_un_503(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    une = trace(version=POISON)
    async with declencheur(proprietaire, "trace", "53100", au_commit=True):
        for envoi in (une, [une, trace()]):
            reponse = await cnam.poster(envoi)
            assert reponse.status_code == 503
            assert int(reponse.headers["retry-after"]) >= 1
    assert (await cnam.poster(une)).status_code == 201
    assert (await cnam.lire(f"/bilan/preseries/{PRESERIE}"))["traces"]["enregistrees"] == 1


async def test_une_connexion_perdue_est_au_pire_un_503(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    une, autre = trace(), trace()
    async with table_retenue(proprietaire):
        envois = [asyncio.create_task(cnam.poster(une))]
        pids = await attendre_un_bloque(proprietaire)
        envois.append(asyncio.create_task(cnam.poster([une, autre])))
        await asyncio.sleep(0.05)
        await tuer(proprietaire, pids)
        perdue = await envois[0]
    assert perdue.status_code == 503
    assert int(perdue.headers["retry-after"]) >= 1
    assert (await envois[1]).json()["enregistrees"] == 2
    assert (await cnam.poster(une)).status_code == 200
    assert await ecarts(proprietaire) == {}


async def test_une_connexion_tuee_au_repos_se_rouvre(proprietaire: asyncpg.Connection, reglages: Reglages) -> None:
    base = BaseObservee(reglages)
    async with ecrivain(base) as lui:
        for numero in range(5):
            try:
                assert await ecrire(lui, a_ecrire([numero])) == [Issue.ENREGISTREE]
            except BaseIndisponible:
                assert await ecrire(lui, a_ecrire([numero])) == [Issue.ENREGISTREE]
            await tuer(proprietaire, [base.ouvertes[-1].get_server_pid()])
    assert await ids_enregistres(proprietaire) == list(range(5))
    assert await ecarts(proprietaire) == {}


async def test_un_commit_trop_long_est_un_503_puis_un_doublon_ou_une_trace(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    async with ecrivain(BaseObservee(reglages, delai_s=0.3)) as lui:
        async with table_retenue(proprietaire):
            with pytest.raises(BaseIndisponible):
                await ecrire(lui, a_ecrire([1, 2]))
        assert await ecrire(lui, a_ecrire([1, 2])) in ([Issue.ENREGISTREE] * 2, [Issue.DOUBLON] * 2)
    assert await ids_enregistres(proprietaire) == [1, 2]
    assert await ecarts(proprietaire) == {}


async def test_sous_des_pertes_de_connexion_repetees_rien_n_est_perdu_ni_compte_deux_fois(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    """Eight callers that try again as the contract says, while the service's connections are killed at random."""
    hasard = random.Random(3)
    lots = [[trace(ordonnance=f"ORD{hasard.randrange(40)}") for _ in range(25)] for _ in range(64)]
    recus: Counter[str] = Counter()
    fini = asyncio.Event()

    async def servir(siens: list[list[dict[str, object]]]) -> None:
        for lot in siens:
            reponse = await renvoyer(cnam, lot)
            accuse = reponse.json()
            recus.update(enregistrees=accuse["enregistrees"], doublons=accuse["doublons"])
            assert accuse["rejetees"] == 0

    async def saboter() -> int:
        tues = 0
        while not fini.is_set():
            vivantes = "SELECT pid FROM pg_stat_activity WHERE application_name = 'traces-postes'"
            pids = [ligne["pid"] for ligne in await proprietaire.fetch(vivantes)]
            visees = hasard.sample(pids, k=min(2, len(pids)))
            await tuer(proprietaire, visees)
            tues += len(visees)
            await asyncio.sleep(0.03)
        return tues

    async with asyncio.TaskGroup() as groupe:
        sabotage = groupe.create_task(saboter())
        await ensemble(*(servir(lots[i::8]) for i in range(8)))
        fini.set()
    assert sabotage.result() >= 4
    assert recus["enregistrees"] + recus["doublons"] == 64 * 25
    assert len(await ids_enregistres(proprietaire)) == 64 * 25
    assert await ecarts(proprietaire) == {}


async def renvoyer(cnam: Service, lot: object) -> httpx.Response:
    """The answer other than 503; each 503 is a problem that says when to come back."""
    async with asyncio.timeout(30):
        while True:
            reponse = await cnam.poster(lot)
            if reponse.status_code != 503:
                assert reponse.status_code == 200, reponse.text
                return reponse
            assert reponse.headers["content-type"] == "application/problem+json"
            assert "retry-after" in reponse.headers
            await asyncio.sleep(0.01)
