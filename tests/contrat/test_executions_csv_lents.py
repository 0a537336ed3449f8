"""Readers of the executions' file who take their time keep nobody from theirs: few at a time, and none for ever."""

import asyncio
import logging
import socket
import time
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from starlette.types import Message

from app.bilan import export
from app.stockage import dependances
from app.stockage.base import Base
from tests.contrat.aides import verifier_probleme
from tests.contrat.fichiers import EN_CSV, NOMBRE, recevoir, remplir
from tests.flux.aides import en_ecoute
from tests.outils import PRESERIE, Service

CHEMIN = f"/executions?preserie={PRESERIE}"
PATIENCE_S = 30.0


async def test_un_fichier_de_trop_est_refuse_puis_servi(cnam: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    exports: asyncio.Semaphore = cnam.application.state.exports
    lu = asyncio.Event()

    async def lentement(_: Message) -> None:
        await lu.wait()

    async with asyncio.TaskGroup() as groupe:
        for _ in range(max(1, cnam.application.state.base.pool_taille // 4)):
            groupe.create_task(recevoir(cnam, lentement))
        async with asyncio.timeout(PATIENCE_S):
            while not exports.locked():  # noqa: ASYNC110 — the service tells nobody
                await asyncio.sleep(0.01)
        monkeypatch.setattr(dependances, "ATTENTE_S", 0.1)
        refus = await cnam.appeler("GET", CHEMIN, headers=EN_CSV)
        verifier_probleme(refus, 503, "surcharge")
        assert refus.headers["retry-after"] == "1"
        assert (await cnam.lire(CHEMIN))["elements"] == []
        monkeypatch.setattr(dependances, "ATTENTE_S", PATIENCE_S)
        attente = groupe.create_task(cnam.appeler("GET", CHEMIN, headers=EN_CSV))
        await asyncio.sleep(0.1)
        lu.set()
    assert attente.result().status_code == 200


async def _libre(base: Base) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while base.connexions_prises:  # noqa: ASYNC110 — nor of this
            await asyncio.sleep(0.02)


def _lire(prise: socket.socket, pause_s: float) -> bytes:
    """What comes until the end, so many bytes at a time; raises ConnectionResetError where it was cut off."""
    recus = bytearray()
    fin = time.monotonic() + PATIENCE_S
    while morceau := prise.recv(16_384):
        assert time.monotonic() < fin
        recus += morceau
        time.sleep(pause_s)
    return bytes(recus)


@pytest.mark.parametrize("borne", ["PATIENCE_S", "ENTIER_S"])
async def test_un_lecteur_trop_lent_est_coupe_sans_passer_pour_une_panne(
    cnam: Service,
    proprietaire: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    borne: str,
) -> None:
    """One takes nothing; the other takes each piece in time, and the whole never."""
    await remplir(cnam, proprietaire)
    monkeypatch.setattr(export, borne, 1.0)
    base: Base = cnam.application.state.base
    async with en_ecoute(cnam.application) as port:
        caplog.set_level(logging.WARNING, "uvicorn.error")
        with socket.socket() as prise:
            prise.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            prise.settimeout(PATIENCE_S)
            prise.connect(("127.0.0.1", port))
            entetes = f"Host: x\r\nAccept: text/csv\r\nAuthorization: Bearer {cnam.cle}"
            prise.sendall(f"GET {CHEMIN} HTTP/1.1\r\n{entetes}\r\n\r\n".encode())
            assert (await asyncio.to_thread(prise.recv, 1024)).startswith(b"HTTP/1.1 200")
            if borne == "PATIENCE_S":
                await _libre(base)
            with pytest.raises(ConnectionResetError):
                await asyncio.to_thread(_lire, prise, 0.05)
        await _libre(base)
    assert [ligne for ligne in caplog.records if ligne.name.startswith("uvicorn")] == []


async def test_un_lecteur_lent_dans_les_bornes_a_tout(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await remplir(cnam, proprietaire)
    async with en_ecoute(cnam.application) as port:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as prise:
            entetes = f"Host: x\r\nConnection: close\r\nAccept: text/csv\r\nAuthorization: Bearer {cnam.cle}"
            prise.sendall(f"GET {CHEMIN} HTTP/1.1\r\n{entetes}\r\n\r\n".encode())
            recus = await asyncio.to_thread(_lire, prise, 0.002)
    assert recus.endswith(b"\r\n0\r\n\r\n")
    assert recus.count(b";dispositifs_medicaux;") == NOMBRE


async def test_un_fichier_d_avant_ne_prend_aucune_connexion_aux_autres(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    """It is worked out again from the traces, under the delay that holds for that."""
    await remplir(cnam, proprietaire)
    await proprietaire.execute("UPDATE trace SET recue_le = recue_le - interval '1 minute'")
    etat = cnam.application.state
    prises: list[tuple[int, int]] = []

    async def noter(_: Message) -> None:
        prises.append(tuple(reserve.connexions_prises for reserve in etat.reserves.par_nom.values()))

    au = (datetime.now(UTC) - timedelta(seconds=10)).isoformat()
    await recevoir(cnam, noter, au=au)
    assert (0, 1) in prises
    assert {courantes for courantes, _ in prises} == {0}
