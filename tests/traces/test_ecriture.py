"""The group-commit writer on a real PostgreSQL: what shares a statement, what is bounded, what each trace is told."""

import asyncio

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app.acces.roles import Role
from app.erreurs import BaseIndisponible, Surcharge
from app.main import create_app
from app.reglages import Reglages
from app.traces.ecriture import Ecrivain
from app.traces.refus import Issue
from tests.outils import PRESERIE, Service, trace
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


async def test_les_demandes_qui_attendent_partagent_un_seul_ordre(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    """One statement for the first, and one for the 50 that came while it ran."""
    base = BaseObservee(reglages)
    async with ecrivain(base) as lui:
        async with table_retenue(proprietaire):
            premiere = asyncio.create_task(ecrire(lui, a_ecrire([0])))
            await attendre_un_bloque(proprietaire)
            suivantes = [asyncio.create_task(ecrire(lui, a_ecrire([2 * n, 2 * n + 1]))) for n in range(1, 51)]
            await asyncio.sleep(0)
        assert await premiere == [Issue.ENREGISTREE]
        assert await asyncio.gather(*suivantes) == [[Issue.ENREGISTREE] * 2] * 50
        assert await base.verbes() == ["WITH", "WITH"]
    assert len(await ids_enregistres(proprietaire)) == 101
    assert await ecarts(proprietaire) == {}


async def test_un_lot_sans_conflit_est_exactement_un_ordre_sans_transaction(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    base = BaseObservee(reglages)
    async with ecrivain(base) as lui:
        for debut in range(0, 3000, 1000):
            assert await ecrire(lui, a_ecrire(range(debut, debut + 1000))) == [Issue.ENREGISTREE] * 1000
            assert await base.verbes() == ["WITH"] * (1 + debut // 1000)
    assert await ecarts(proprietaire) == {}


async def test_un_lot_ne_depasse_pas_sa_borne_mais_n_est_jamais_coupe(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    base = BaseObservee(reglages)
    async with ecrivain(base, lot_max=10) as lui:
        demandes = [a_ecrire(range(n, n + taille)) for n, taille in ((0, 6), (100, 4), (200, 1), (300, 25), (400, 3))]
        issues = await asyncio.gather(*(ecrire(lui, demande) for demande in demandes))
        assert issues == [[Issue.ENREGISTREE] * len(demande) for demande in demandes]
        tailles = [len(ordre.args[0]) for ordre in base.ordres]
        assert tailles == [10, 1, 25, 3]


async def test_doublons_et_ids_reutilises_se_departagent_dans_un_meme_lot(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    """Against what is stored, within one request, and between requests of the same batch."""
    base = BaseObservee(reglages)
    async with ecrivain(base) as lui:
        assert await ecrire(lui, a_ecrire([1, 2])) == [Issue.ENREGISTREE] * 2
        async with table_retenue(proprietaire):
            occupe = asyncio.create_task(ecrire(lui, a_ecrire([99])))
            await attendre_un_bloque(proprietaire)
            memes = asyncio.create_task(ecrire(lui, [*a_ecrire([1, 3, 3]), *a_ecrire([3, 2], version="autre")]))
            autres = asyncio.create_task(ecrire(lui, [*a_ecrire([3, 4]), *a_ecrire([4], duree_ms=1)]))
            await asyncio.sleep(0)
        await occupe
        assert await memes == [
            Issue.DOUBLON,
            Issue.ENREGISTREE,
            Issue.DOUBLON,
            Issue.REUTILISEE,
            Issue.REUTILISEE,
        ]
        assert await autres == [Issue.DOUBLON, Issue.ENREGISTREE, Issue.REUTILISEE]
        assert (await base.verbes())[2:] == ["WITH", "SELECT", "WITH"]
    comptes = await proprietaire.fetch("SELECT issue, nombre FROM compteur_trace WHERE issue <> 'enregistree'")
    assert {ligne["issue"]: ligne["nombre"] for ligne in comptes} == {"doublon": 3, "identifiant-reutilise": 3}
    assert await ecarts(proprietaire) == {}


async def test_une_demande_abandonnee_par_son_client_ne_gene_pas_les_autres(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    async with ecrivain(BaseObservee(reglages)) as lui:
        async with table_retenue(proprietaire):
            taches = [asyncio.create_task(ecrire(lui, a_ecrire([n]))) for n in range(3)]
            await attendre_un_bloque(proprietaire)
            taches += [asyncio.create_task(ecrire(lui, a_ecrire([n]))) for n in range(3, 6)]
            await asyncio.sleep(0)
            for abandonnee in taches[::2]:
                abandonnee.cancel()
        issues = await asyncio.gather(*taches, return_exceptions=True)
        assert [issue for issue in issues if isinstance(issue, list)] == [[Issue.ENREGISTREE]] * 3
        assert await ecrire(lui, a_ecrire([1, 50])) == [Issue.DOUBLON, Issue.ENREGISTREE]
    assert await ecarts(proprietaire) == {}


async def test_a_l_arret_ce_qui_attend_est_refuse_sans_etre_perdu(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    base = BaseObservee(reglages)
    async with table_retenue(proprietaire):
        async with ecrivain(base) as lui:
            en_cours = asyncio.create_task(ecrire(lui, a_ecrire([1])))
            await attendre_un_bloque(proprietaire)
            en_attente = asyncio.create_task(ecrire(lui, a_ecrire([2])))
            await asyncio.sleep(0)
        for tache in (en_cours, en_attente):
            with pytest.raises(BaseIndisponible):
                await tache
        with pytest.raises(BaseIndisponible):
            await ecrire(lui, a_ecrire([3]))
    assert await ids_enregistres(proprietaire) in ([], [1])


async def test_la_file_est_bornee_et_se_vide(proprietaire: asyncpg.Connection, reglages: Reglages) -> None:
    async with ecrivain(BaseObservee(reglages), file_max=1000) as lui:
        async with table_retenue(proprietaire):
            acceptee = asyncio.create_task(ecrire(lui, a_ecrire(range(600))))
            await attendre_un_bloque(proprietaire)
            with pytest.raises(Surcharge):
                await ecrire(lui, a_ecrire(range(1000, 1600)))
            petite = asyncio.create_task(ecrire(lui, a_ecrire(range(2000, 2300))))
            await asyncio.sleep(0)
        assert await acceptee == [Issue.ENREGISTREE] * 600
        assert await petite == [Issue.ENREGISTREE] * 300
        assert await ecrire(lui, a_ecrire(range(1000, 1600))) == [Issue.ENREGISTREE] * 600
    assert await ecarts(proprietaire) == {}


async def test_la_plus_petite_file_reglable_prend_un_tableau_de_mille(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    """Else an array that the contract allows would be answered 503 for ever."""
    file_max = next(m.ge for m in Reglages.model_fields["ecriture_file_max"].metadata if hasattr(m, "ge"))
    async with ecrivain(BaseObservee(reglages), file_max=file_max) as lui:
        assert await ecrire(lui, a_ecrire(range(1000))) == [Issue.ENREGISTREE] * 1000


async def test_une_surcharge_est_un_503_qui_dit_de_revenir_dans_une_seconde(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    application: FastAPI = create_app(reglages.model_copy(update={"ecriture_file_max": 1000}))
    transport = httpx.ASGITransport(application)
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        cnam = await Service(client, application).en(Role.CNAM)
        await cnam.inscrire()
        lots = [[trace() for _ in range(600)] for _ in range(2)]
        async with table_retenue(proprietaire):
            premier = asyncio.create_task(cnam.poster(lots[0]))
            await attendre_un_bloque(proprietaire)
            refus = await cnam.poster(lots[1])
        assert refus.status_code == 503
        assert refus.headers["retry-after"] == "1"
        assert refus.json()["type"] == "urn:traces-postes:probleme:surcharge"
        assert (await premier).json()["enregistrees"] == 600
        assert (await cnam.poster(lots[1])).json()["enregistrees"] == 600
        assert (await cnam.lire(f"/bilan/preseries/{PRESERIE}"))["executions"]["total"] == 1200
    assert await ecarts(proprietaire) == {}


async def test_sans_rien_a_ecrire_rien_n_est_demande_a_la_base(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    base = BaseObservee(reglages)
    async with ecrivain(base) as lui:
        assert await ecrire(lui, []) == []
        assert await base.verbes() == []
    assert isinstance(lui, Ecrivain)
