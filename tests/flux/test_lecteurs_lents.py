"""Who does not read is cut off; the others go on, and nothing piles up."""

import asyncio
import socket
import tracemalloc
from typing import Any

import pytest

from app.flux import reponse, service
from app.flux.evenements import Evenement, rediger
from app.observabilite import mesures
from tests.flux.aides import CHEMIN, PATIENCE_S, ouverts, suivre
from tests.outils import Service, trace

TAILLE = 256 * 1024
"""Of an event here: a bilan of a few KiB would take a while to fill what the kernel keeps back."""
ENVOI_S = 5.0


@pytest.fixture
def gros(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every event is large, they follow one another closely, and little time is given to take them."""

    def grossir(bilan: Any) -> Evenement:
        lu = rediger(bilan)
        return Evenement(lu.id, lu.editeur, lu.texte.replace(b"event:", b":" + b" " * TAILLE + b"\nevent:"))

    monkeypatch.setattr(service, "rediger", grossir)
    monkeypatch.setattr(service, "_PERIODE_S", 0.02)
    monkeypatch.setattr(reponse, "ENVOI_S", ENVOI_S)


def _rompus() -> float:
    valeur = mesures.REGISTRE.get_sample_value("traces_postes_flux_rompus_total")
    assert valeur is not None
    return valeur


def ne_pas_lire(port: int, cle: str | None) -> socket.socket:
    prise = socket.socket()
    prise.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    prise.connect(("127.0.0.1", port))
    prise.sendall(f"GET {CHEMIN} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {cle}\r\n\r\n".encode())
    return prise


def _finie(prise: socket.socket) -> bool:
    """Whether the server cut the connection: what is left in the kernel's buffers is read, then the end comes."""
    prise.settimeout(PATIENCE_S)
    try:
        while prise.recv(65536):
            pass
    except ConnectionResetError:
        return True
    return False  # an orderly end: the reader was given all


@pytest.mark.usefixtures("gros")
async def test_qui_ne_lit_pas_est_deconnecte_et_les_autres_continuent(cnam: Service, autre: Service, port: int) -> None:
    rompus = _rompus()
    async with suivre(port, cnam) as flux:
        await flux.suivant()
        lents = [ne_pas_lire(port, cnam.cle) for _ in range(5)]
        await ouverts(autre.application, 6)
        tracemalloc.start()
        debut = asyncio.get_running_loop().time()
        vus = 0
        while autre.application.state.diffusion.ouverts > 1:
            vus += 1
            await cnam.poster(trace())
            await flux.jusqu_a(lambda bilan, n=vus: bilan["traces"]["enregistrees"] == n, PATIENCE_S)  # type: ignore[misc]
            flux.autres.clear()  # or the test would keep them all
            assert asyncio.get_running_loop().time() - debut < ENVOI_S + 60
        sommet = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert _rompus() == rompus + 5
        assert sommet < 40 * TAILLE  # five times what it is as a rule; with queues, each event of each reader
        for prise in lents:
            assert await asyncio.to_thread(_finie, prise)
            prise.close()
        await cnam.poster(trace())
        await flux.jusqu_a(lambda bilan: bilan["traces"]["enregistrees"] == vus + 1)


async def test_qui_raccroche_est_oublie_aussitot(cnam: Service, autre: Service, port: int) -> None:
    prises = [ne_pas_lire(port, cnam.cle) for _ in range(3)]
    await ouverts(autre.application, 3)
    for prise in prises:
        prise.close()
    async with asyncio.timeout(reponse.BATTEMENT_S - 3):  # the next sign of life would find nobody there
        await ouverts(autre.application, 0)
