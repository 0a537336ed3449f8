"""Connections that drop: refused, closed before the answer, closed within it."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from app.poste import ClientPoste, Reglages, ServiceInjoignable
from tests.poste.conftest import Horloge, traces
from tests.poste.distant import CLE

AVANT, APRES, PENDANT = "avant", "apres", "pendant"


@asynccontextmanager
async def service_qui_coupe(coupures: list[str]) -> AsyncIterator[str]:
    """Drops one connection for each entry, then answers."""

    async def repondre(lecteur: asyncio.StreamReader, ecrivain: asyncio.StreamWriter) -> None:
        coupure = coupures.pop(0) if coupures else None
        if coupure != AVANT:
            entetes = (await lecteur.readuntil(b"\r\n\r\n")).decode().lower()
            taille = int(entetes.split("content-length:")[1].split("\r\n")[0])
            corps = await lecteur.readexactly(taille)
            lues = json.loads(gzip.decompress(corps) if "content-encoding: gzip" in entetes else corps)
            if coupure != APRES:
                ecrivain.write(_reponse(len(lues))[: 40 if coupure == PENDANT else None])
                await ecrivain.drain()
        ecrivain.close()
        await ecrivain.wait_closed()

    serveur = await asyncio.start_server(repondre, "127.0.0.1", 0)
    async with serveur:
        yield f"http://127.0.0.1:{serveur.sockets[0].getsockname()[1]}"


def _reponse(nombre: int) -> bytes:
    accuse = {
        "recues": nombre,
        "enregistrees": nombre,
        "doublons": 0,
        "rejetees": 0,
        "rejets": [],
        "avertissements": [],
        "traces_postes": "actives",
    }
    corps = json.dumps(accuse).encode()
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(corps), corps)


@pytest.mark.parametrize("coupures", [[AVANT], [APRES], [PENDANT], [AVANT, PENDANT, APRES, AVANT]])
async def test_une_connexion_coupee_est_reprise(http: httpx.AsyncClient, horloge: Horloge, coupures: list[str]) -> None:
    nombre = len(coupures)
    async with service_qui_coupe(coupures) as url:
        client = ClientPoste(url, CLE, http=http, temps=horloge.temps)
        resultat = await client.envoyer(traces(20))
    assert (resultat.recues, resultat.enregistrees, resultat.reprises) == (20, 20, nombre)


async def test_un_service_absent_est_dit_sans_montrer_les_traces(http: httpx.AsyncClient, horloge: Horloge) -> None:
    async with service_qui_coupe([]) as url:
        pass
    client = ClientPoste(url, CLE, http=http, temps=horloge.temps, reglages=Reglages(patience_s=5))
    with pytest.raises(ServiceInjoignable, match=r"ConnectError.*à conserver : 3\.") as erreur:
        await client.envoyer(traces(3))
    assert erreur.value.__context__ is None
