"""The bilan, live: what one instance acknowledged comes within a second to who follows it on another."""

import asyncio
import statistics
import time
from typing import Any

import asyncpg
import httpx
import pytest

from app.acces import depot
from app.acces.roles import Role
from app.flux import reponse
from app.stockage.base import Base
from tests.contrat.aides import pilote, verifier_probleme
from tests.contrat.test_nombre_d_ordres import ordres
from tests.flux.aides import CHEMIN, PATIENCE_S, Flux, Recu, ouverts, suivre
from tests.outils import PILOTES, PRESERIE, Corps, Service, trace

DELAI_S = 1.0
"""From the acknowledgement to the event, as a rule."""
LIMITE_S = 10.0
"""At worst, on a busy machine; what nobody was told would only show after a minute."""
SILENCE_S = 1.0


def enregistrees(nombre: int) -> Any:
    return lambda bilan: bilan["traces"]["enregistrees"] == nombre


def calculs(ordres: list[str]) -> list[str]:
    """Those that read a bilan."""
    return [ordre for ordre in ordres if "compteur_execution" in ordre]


def sans_instant(bilan: Corps) -> Corps:
    return bilan | {"calcule_le": None}


async def test_ce_qu_une_instance_acquitte_vient_en_une_seconde_a_qui_suit_l_autre(
    cnam: Service, autre: Service, port: int
) -> None:
    async with suivre(port, cnam) as flux:
        assert flux.reponse.headers["content-type"].split(";")[0] == "text/event-stream"
        assert flux.reponse.headers["cache-control"] == "no-store"
        assert flux.reponse.headers["x-accel-buffering"] == "no"
        premier = await flux.suivant()
        assert flux.autres[0] == "retry: 2000"
        assert sans_instant(premier.bilan) == sans_instant(await cnam.lire(f"/bilan/preseries/{PRESERIE}"))
        vus = {premier.id}
        delais = []

        async def attendre(champ: str, nombre: int) -> Recu:
            debut = time.monotonic()
            recu = await flux.jusqu_a(lambda bilan: bilan["traces"][champ] == nombre, LIMITE_S)
            delais.append(time.monotonic() - debut)
            vus.add(recu.id)
            return recu

        for rang in range(5):
            une = trace()
            for statut, champ in ((201, "enregistrees"), (200, "doublons")):
                assert (await cnam.poster(une)).status_code == statut
                await attendre(champ, rang + 1)
            refusee = await cnam.poster(une | {"version": "9"})
            verifier_probleme(refusee, 409, "identifiant-reutilise")
            recu = await attendre("rejetees", rang + 1)
        assert len(vus) == 16
        assert statistics.median(delais) < DELAI_S
        assert sans_instant(recu.bilan) == sans_instant(await cnam.lire(f"/bilan/preseries/{PRESERIE}"))


async def test_un_changement_du_registre_vient_aussi(cnam: Service, port: int) -> None:
    await cnam.poster([trace(scor_envoye=True), trace(scor_envoye=True)])
    async with suivre(port, cnam) as flux:
        avant = await flux.jusqu_a(enregistrees(2), LIMITE_S)
        assert avant.bilan["scor"]["phase_2"]["double_envoi"] == 2
        corps = pilote(phase_2_le=None)
        assert (await cnam.appeler("PUT", f"/preseries/{PRESERIE}/pilotes/{PILOTES[0]}", json=corps)).is_success
        await flux.jusqu_a(lambda bilan: bilan["scor"]["phase_2"]["double_envoi"] == 0, LIMITE_S)


async def test_qui_revient_avec_le_dernier_id_ne_recoit_que_ce_qui_a_change(cnam: Service, port: int) -> None:
    async with suivre(port, cnam) as flux:
        premier = await flux.suivant()
    async with suivre(port, cnam, premier.id) as flux:
        with pytest.raises(TimeoutError):
            await flux.suivant(SILENCE_S)
        assert flux.autres  # it is there, and says so
    await cnam.poster(trace())
    async with suivre(port, cnam, premier.id) as flux:
        second = await flux.jusqu_a(enregistrees(1), LIMITE_S)
    assert second.id != premier.id
    async with suivre(port, cnam, "inconnu") as flux:
        assert (await flux.suivant(DELAI_S)).id == second.id


async def test_l_id_est_le_meme_dans_toutes_les_instances(cnam: Service, autre: Service, port: int) -> None:
    un = await cnam.appeler("GET", CHEMIN)
    async with suivre(port, cnam) as flux:
        assert f"id: {(await flux.suivant()).id}\n" in un.text


@pytest.mark.parametrize("comment", ["coupe", "muette"])
async def test_ce_qui_change_pendant_que_l_ecoute_est_coupee_vient_ensuite(
    cnam: Service, autre: Service, port: int, proprietaire: asyncpg.Connection, comment: str
) -> None:
    """The connections of all instances are cut; or what was said while nobody listened."""
    async with suivre(port, cnam) as flux:
        await flux.suivant()
        await proprietaire.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'traces-postes' AND datname = current_database() AND query LIKE $1",
            "%pg_notify%" if comment == "muette" else "%",
        )
        fin = time.monotonic() + PATIENCE_S
        while (await cnam.poster(trace())).status_code not in (200, 201):
            assert time.monotonic() < fin
        await flux.jusqu_a(lambda bilan: bilan["traces"]["enregistrees"] >= 1, PATIENCE_S)
        await cnam.poster(trace())
        await flux.jusqu_a(lambda bilan: bilan["traces"]["enregistrees"] >= 2, PATIENCE_S)


async def test_cent_lecteurs_ne_coutent_qu_un_calcul_par_changement(
    cnam: Service, autre: Service, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tous(flux: list[Flux], nombre: int) -> set[str]:
        recus = await asyncio.gather(*(un.jusqu_a(enregistrees(nombre)) for un in flux))
        return {recu.id for recu in recus}

    async def lire(barriere: asyncio.Barrier, pretes: list[Flux], fini: asyncio.Event) -> None:
        async with suivre(port, cnam) as flux:
            await flux.suivant()
            pretes.append(flux)
            await barriere.wait()
            await fini.wait()

    barriere, fini = asyncio.Barrier(101), asyncio.Event()
    pretes: list[Flux] = []
    async with asyncio.TaskGroup() as groupe:
        for _ in range(100):
            groupe.create_task(lire(barriere, pretes, fini))
        await barriere.wait()
        for rang in range(1, 4):
            await asyncio.sleep(0.5)
            with ordres(autre) as envoyes:
                await cnam.poster(trace())
                assert len(await tous(pretes, rang)) == 1
            assert 1 <= len(calculs(envoyes)) <= 2  # a second one where something of before was announced late
            assert len(envoyes) < 10  # whatever else the service does meanwhile; of each reader, nothing
        fini.set()
    await ouverts(autre.application, 0)


async def test_une_rafale_ne_coute_que_deux_calculs_par_seconde(cnam: Service, autre: Service, port: int) -> None:
    async with suivre(port, cnam) as flux:
        await flux.suivant()
        with ordres(autre) as envoyes:
            debut = time.monotonic()
            for _ in range(100):
                await cnam.poster(trace())
            await flux.jusqu_a(enregistrees(100))
            duree = time.monotonic() - debut
        assert 1 <= len(calculs(envoyes)) <= 2 + duree / 0.4


async def test_ecrire_n_envoie_pas_un_ordre_de_plus(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    """The writer's connection knows nothing of streams: its one statement, and no other, is what it sent last."""
    await cnam.poster(trace())
    ecrivain: Any = cnam.application.state.ecrivain
    vus: list[str] = []
    connexion: asyncpg.Connection = ecrivain._connexion  # noqa: SLF001 — what it sends is the question
    connexion.add_query_logger(lambda ordre: vus.append(ordre.query))
    for _ in range(20):
        await cnam.poster(trace())
    await asyncio.sleep(0)
    assert len(vus) == 20
    assert all("INSERT INTO trace" in ordre and "notify" not in ordre for ordre in vus)


async def test_une_cle_revoquee_termine_le_flux_sans_attendre_le_prochain_battement(
    cnam: Service, autre: Service, port: int
) -> None:
    lecture = await cnam.en(Role.LECTURE)
    base: Base = cnam.application.state.base
    async with suivre(port, lecture) as flux, suivre(port, cnam) as temoin:
        await flux.suivant()
        await temoin.suivant()
        async with base.ecriture() as session:
            identifiant = max(cle.id for cle in await depot.lister(session))
            assert await depot.revoquer(session, identifiant)
        assert await flux.fin(reponse.BATTEMENT_S - 3) == []
        await cnam.poster(trace())
        await temoin.jusqu_a(enregistrees(1), LIMITE_S)
    await ouverts(autre.application, 0)


async def test_une_cle_expiree_termine_le_flux(cnam: Service, port: int, proprietaire: asyncpg.Connection) -> None:
    lecture = await cnam.en(Role.LECTURE)
    await proprietaire.execute(
        "UPDATE cle_acces SET expire_le = clock_timestamp() + interval '4 s' WHERE role = 'lecture'"
    )
    async with suivre(port, lecture) as flux:
        await flux.suivant()
        assert await flux.fin(reponse.BATTEMENT_S - 3) == []


async def test_une_preserie_d_autrui_est_introuvable(cnam: Service) -> None:
    for appelant in (await cnam.en(Role.EDITEUR, editeur="rival"), await cnam.en(Role.LECTURE, preseries=frozenset())):
        verifier_probleme(await appelant.appeler("GET", CHEMIN), 404, "introuvable")
    verifier_probleme(await cnam.appeler("GET", "/bilan/preseries/absente/flux"), 404, "introuvable")


async def test_au_dela_du_maximum_de_flux_le_service_refuse(
    cnam: Service, autre: Service, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autre.application.state.diffusion, "_flux_max", 2)
    async with suivre(port, cnam) as un, suivre(port, cnam):
        await un.suivant()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            refus = await client.get(CHEMIN, headers={"Authorization": f"Bearer {cnam.cle}"})
        verifier_probleme(refus, 503, "surcharge")
        assert refus.headers["retry-after"] == "1"
    await ouverts(autre.application, 0)
    async with suivre(port, cnam) as flux:
        await flux.suivant()


async def test_un_battement_vient_quand_rien_ne_change(
    cnam: Service, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reponse, "BATTEMENT_S", 0.1)
    async with suivre(port, cnam) as flux:
        await flux.suivant()
        with pytest.raises(TimeoutError):
            await flux.suivant(2)
        assert flux.autres.count(":") >= 5


async def test_aucune_connexion_de_la_reserve_n_est_tenue_par_un_flux(cnam: Service, autre: Service, port: int) -> None:
    base: Base = autre.application.state.base
    async with suivre(port, cnam) as flux:
        await flux.suivant()
        async with asyncio.timeout(PATIENCE_S):
            while base.connexions_prises:  # noqa: ASYNC110 — one is due back from the reading
                await asyncio.sleep(0.01)
    await ouverts(autre.application, 0)
    assert not autre.application.state.diffusion._suivies  # noqa: SLF001 — nothing is left of it
