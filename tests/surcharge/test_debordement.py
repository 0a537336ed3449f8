"""More than the service can do: the rest is refused at once, what was accepted is kept, and the client delivers all."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

from app.poste.client import ClientPoste
from app.stockage.embarque import postgres_embarque
from tests.outils import PRESERIE, Corps, trace
from tests.processus.lancement import Serveur, attendre
from tests.supervision.releves import lire
from tests.surcharge.aides import POIDS_MAX, table_retenue

EN_PLUS = 30
AUSSITOT_S = 3.0
"""On a machine that does other things; what is held takes 10 s."""


@dataclass
class Envois:
    """What many senders were answered."""

    acquittees: list[str] = field(default_factory=list)
    statuts: Counter[int] = field(default_factory=Counter)
    refus: list[tuple[float, httpx.Response]] = field(default_factory=list)

    async def envoyer(self, client: httpx.AsyncClient, corps: Corps | list[Corps]) -> None:
        debut = time.monotonic()
        reponse = await client.post("/traces", json=corps)
        self.statuts[reponse.status_code] += 1
        if reponse.is_success:
            self.acquittees += [une["id"] for une in (corps if isinstance(corps, list) else [corps])]
        else:
            self.refus.append((time.monotonic() - debut, reponse))

    async def remplir(self, groupe: asyncio.TaskGroup, client: httpx.AsyncClient) -> list[asyncio.Task[None]]:
        """Sends until one is refused; heads that are read before any body is whole all come in."""
        envois: list[asyncio.Task[None]] = []
        while not self.refus:
            envois += [groupe.create_task(self.envoyer(client, trace())) for _ in range(20)]
            await asyncio.sleep(0.1)
        return envois


async def test_ce_qui_est_de_trop_est_refuse_aussitot_et_le_reste_garde(service: Serveur, cle: str) -> None:
    """Also of what comes in an array."""
    envois = Envois()
    async with _client(service, cle) as client, asyncio.TaskGroup() as groupe, table_retenue(service):
        retenus = await envois.remplir(groupe, client)
        async with asyncio.TaskGroup() as tard:
            for rang in range(EN_PLUS):
                tard.create_task(envois.envoyer(client, [trace()] * (1 + rang % 3)))
        assert [tache.done() for tache in retenus].count(False) >= 10
    assert envois.statuts.keys() == {201, 503}
    assert len(envois.refus) >= EN_PLUS
    assert all(duree < AUSSITOT_S for duree, _ in envois.refus)
    for _, reponse in envois.refus:
        _verifier_refus(reponse)
    assert await _ids(service) >= set(envois.acquittees)


async def test_qui_revient_sans_attendre_n_est_plus_ecoute_aussitot(service: Serveur, cle: str) -> None:
    """On its own connection only; and what it sent is answered all the same."""
    async with _client(service, cle) as autres, _client(service, cle) as presse:
        async with asyncio.TaskGroup() as groupe, table_retenue(service):
            await Envois().remplir(groupe, autres)
            envois = Envois()
            for _ in range(9):
                await envois.envoyer(presse, trace())
            durees = [duree for duree, _ in envois.refus]
            assert len(durees) == 9
            assert sum(durees) >= 0.05 + 0.1 + 0.2 + 4 * 0.4
            assert max(durees) < AUSSITOT_S
            async with _client(service, cle) as nouveau:
                await envois.envoyer(nouveau, trace())
            assert envois.refus[-1][0] < AUSSITOT_S
        assert (await presse.post("/traces", json=trace())).status_code == 201


def _verifier_refus(reponse: httpx.Response) -> None:
    probleme: dict[str, Any] = reponse.json()
    assert (reponse.status_code, probleme["type"]) == (503, "urn:traces-postes:probleme:surcharge")
    assert reponse.headers["content-type"] == "application/problem+json"
    assert probleme["instance"] == f"urn:uuid:{reponse.headers['x-request-id']}"
    assert 1 <= int(reponse.headers["retry-after"]) <= 30


def _client(service: Serveur, cle: str) -> httpx.AsyncClient:
    entetes = {"Authorization": f"Bearer {cle}"}
    return httpx.AsyncClient(base_url=service.url, headers=entetes, timeout=30, limits=httpx.Limits())


async def _ids(service: Serveur) -> set[str]:
    with postgres_embarque(service.dossier) as postgres:
        connexion = await asyncpg.connect(postgres.url())
        try:
            return {str(ligne["id"]) for ligne in await connexion.fetch("SELECT id FROM trace")}
        finally:
            await connexion.close()


async def test_les_clients_de_reference_livrent_tout_sous_une_surcharge(service: Serveur, cle: str) -> None:
    """The others send without ever waiting, for as long as the clients need."""
    envois, fini = Envois(), asyncio.Event()
    avant = _enregistrees(service, cle)

    async def deborder(client: httpx.AsyncClient) -> None:
        while not fini.is_set():
            await envois.envoyer(client, [trace() for _ in range(50)])

    async def livrer() -> int:
        async with ClientPoste(service.url, cle) as client:
            resultat = await client.envoyer([trace() for _ in range(1_200)])
        assert resultat.restantes == 0
        return resultat.enregistrees + resultat.doublons

    async with _client(service, cle) as client, asyncio.TaskGroup() as groupe:
        for _ in range(20):
            groupe.create_task(deborder(client))
        livraisons = [groupe.create_task(livrer()) for _ in range(3)]
        livrees = [await livraison for livraison in livraisons]
        fini.set()
    assert livrees == [1_200] * 3
    assert envois.statuts[503] > 0
    assert _enregistrees(service, cle) == avant + 3_600 + len(envois.acquittees)
    releve = lire(service.appeler("GET", "/metrics", cle).text)
    assert releve.valeur("traces_postes_problemes_total", code="surcharge") >= envois.statuts[503]
    assert releve["traces_postes_receptions_max_bytes"] == POIDS_MAX
    # What was last seen may be of the overload itself, with one body beyond the bound.
    attendre(lambda: lire(service.appeler("GET", "/metrics", cle).text)["traces_postes_receptions_bytes"] == 0)


def _enregistrees(service: Serveur, cle: str) -> int:
    bilan = service.appeler("GET", f"/bilan/preseries/{PRESERIE}", cle).json()
    nombre: int = bilan["traces"]["enregistrees"]
    return nombre


async def test_un_corps_qui_attend_qu_on_le_demande_est_refuse_sans_etre_envoye(service: Serveur, cle: str) -> None:
    async with _client(service, cle) as client, asyncio.TaskGroup() as groupe, table_retenue(service):
        await Envois().remplir(groupe, client)
        lecteur, ecrivain = await asyncio.open_connection("127.0.0.1", service.port)
        ecrivain.write(b"POST /traces HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
        reponse = await asyncio.wait_for(lecteur.read(), 5)
        ecrivain.close()
    assert reponse.startswith(b"HTTP/1.1 503 ")
    assert json.loads(reponse.partition(b"\r\n\r\n")[2])["status"] == 503
