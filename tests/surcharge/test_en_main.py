"""What is in hand is what is being worked on: no more for who was refused, no less for who has gone."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.outils import trace
from tests.processus.lancement import Serveur, attendre
from tests.supervision.releves import lire
from tests.surcharge.aides import POIDS_MAX, table_retenue

PATIENCE_S = 15.0
SEULE = json.dumps(trace()).encode()


@dataclass
class Client:
    """One connection, of which each byte is decided here."""

    lecteur: asyncio.StreamReader
    ecrivain: asyncio.StreamWriter
    cle: str

    def dire(self, octets: bytes) -> None:
        self.ecrivain.write(octets)

    def tete(self, longueur: int, *entetes: str) -> bytes:
        lignes = ("POST /traces HTTP/1.1", "Host: x", f"Content-Length: {longueur}", *entetes)
        return "".join(f"{ligne}\r\n" for ligne in lignes).encode() + b"\r\n"

    def tete_signee(self, longueur: int) -> bytes:
        return self.tete(longueur, f"Authorization: Bearer {self.cle}")

    def rompre(self) -> None:
        """So that the server learns at once that nobody listens."""
        prise = self.ecrivain.get_extra_info("socket")
        prise.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.ecrivain.transport.abort()

    async def statut(self) -> tuple[int, dict[str, str]]:
        """Of the next answer, with its headers; its body is read, too."""
        async with asyncio.timeout(PATIENCE_S):
            premiere, *lignes = (await self.lecteur.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            entetes = dict(ligne.lower().split(": ", 1) for ligne in lignes)
            await self.lecteur.readexactly(int(entetes["content-length"]))
        return int(premiere.split()[1]), entetes


@asynccontextmanager
async def _client(service: Serveur, cle: str) -> AsyncIterator[Client]:
    lecteur, ecrivain = await asyncio.open_connection("127.0.0.1", service.port)
    try:
        yield Client(lecteur, ecrivain, cle)
    finally:
        ecrivain.close()


@pytest.fixture(autouse=True)
def _rien_ne_reste(service: Serveur, cle: str) -> Iterator[None]:
    """After each test nothing is in hand, as the gauge has it once it was set anew."""
    yield
    time.sleep(1.5)
    attendre(lambda: lire(service.appeler("GET", "/metrics", cle).text)["traces_postes_receptions_bytes"] == 0)


async def _remplir(pile: AsyncExitStack, service: Serveur, cle: str) -> list[Client]:
    """As many senders of one trace each as it takes for one to be refused; they wait for the database."""
    retenus: list[Client] = []
    for _ in range(40):
        client = await pile.enter_async_context(_client(service, cle))
        corps = json.dumps(trace()).encode()
        client.dire(client.tete_signee(len(corps)) + corps)
        try:
            async with asyncio.timeout(0.3):
                assert (await client.statut())[0] == 503
                return retenus
        except TimeoutError:
            retenus.append(client)
    raise AssertionError("nobody was refused")


@pytest.mark.parametrize(("signee", "attendu"), [(False, 401), (True, 413)])
async def test_le_reste_d_un_corps_deja_refuse_n_est_pas_en_main(
    service: Serveur, cle: str, signee: bool, attendu: int
) -> None:
    """The answer leaves with the head alone; of what follows nothing is kept, nor counted."""
    reste = bytes(5_000_000)
    async with _client(service, cle) as refuse:
        refuse.dire(refuse.tete_signee(len(reste)) if signee else refuse.tete(len(reste)))
        assert (await refuse.statut())[0] == attendu
        refuse.dire(reste)
        await refuse.ecrivain.drain()
        refuse.dire(refuse.tete_signee(len(SEULE)) + SEULE)
        assert (await refuse.statut())[0] in (200, 201)
        assert service.appeler("POST", "/traces", cle, json=trace()).status_code == 201


async def test_qui_raccroche_laisse_son_travail_en_main(service: Serveur, cle: str) -> None:
    """Else a client that hangs up and comes back would have it done over and over."""
    async with AsyncExitStack() as pile, table_retenue(service):
        retenus = await _remplir(pile, service, cle)
        for client in retenus:
            client.rompre()
        await asyncio.sleep(0.2)
        async with _client(service, cle) as suivant:
            suivant.dire(suivant.tete_signee(len(SEULE)) + SEULE)
            assert (await suivant.statut())[0] == 503


async def test_des_corps_qui_finissent_ensemble_ne_passent_pas_tous(service: Serveur, cle: str) -> None:
    """Their heads had all come in while nothing was in hand."""
    async with AsyncExitStack() as pile:
        clients = [await pile.enter_async_context(_client(service, cle)) for _ in range(40)]
        for client in clients:
            corps = json.dumps(trace()).encode()
            client.dire(client.tete_signee(len(corps)) + corps[:-1])
        await asyncio.sleep(0.5)
        async with table_retenue(service):
            for client in clients:
                client.dire(b"}")
            reponses = [asyncio.create_task(client.statut()) for client in clients]
            faites, retenues = await asyncio.wait(reponses, timeout=1)
            assert {tache.result()[0] for tache in faites} == {503}
            assert all(tache.result()[1]["retry-after"] == "1" for tache in faites)
            assert 1 <= len(retenues) <= POIDS_MAX // 4096
        assert {(await tache)[0] for tache in retenues} == {201}


async def test_mille_refus_d_un_coup_sont_mille_503(service: Serveur, cle: str) -> None:
    """In one packet, so that nothing else is read before the last."""
    async with AsyncExitStack() as pile, table_retenue(service):
        await _remplir(pile, service, cle)
        async with _client(service, cle) as presse:
            presse.dire(b"POST /traces HTTP/1.1\r\nContent-Length: 0\r\n\r\n" * 1_100)
            assert [(await presse.statut())[0] for _ in range(1_100)] == [503] * 1_100


async def test_un_corps_refuse_qui_ne_finit_pas_recoit_son_503(service: Serveur, cle: str) -> None:
    async with AsyncExitStack() as pile, table_retenue(service):
        await _remplir(pile, service, cle)
        async with _client(service, cle) as lent:
            lent.dire(lent.tete_signee(1_000) + b"[")
            statut, entetes = await lent.statut()
            assert (statut, entetes["connection"]) == (503, "close")
            assert int(entetes["retry-after"]) >= 1
            assert await asyncio.wait_for(lent.lecteur.read(), PATIENCE_S) == b""


async def test_des_requetes_a_la_suite_sont_toutes_servies_et_rendues(service: Serveur, cle: str) -> None:
    """Sent before the first was answered: each is in hand in its turn."""
    async with _client(service, cle) as client:
        for _ in range(50):
            corps = json.dumps(trace()).encode()
            client.dire(client.tete_signee(len(corps)) + corps)
        assert [(await client.statut())[0] for _ in range(50)] == [201] * 50


async def test_qui_raccroche_avant_ses_autres_reponses_ne_laisse_rien_en_main(service: Serveur, cle: str) -> None:
    async with table_retenue(service), _client(service, cle) as client:
        for _ in range(10):
            corps = json.dumps(trace()).encode()
            client.dire(client.tete_signee(len(corps)) + corps)
        await client.ecrivain.drain()
        await asyncio.sleep(0.3)
        client.rompre()
