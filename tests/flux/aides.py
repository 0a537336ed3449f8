"""What the tests of the streams share: an application behind a real socket, and readers of its streams."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from uvicorn.server import ServerState

from app.serveur import Protocole
from tests.outils import PRESERIE, Corps, Service

CHEMIN = f"/bilan/preseries/{PRESERIE}/flux"
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Recu:
    """One event as a client gets it."""

    id: str
    bilan: Corps


@dataclass
class Flux:
    """An open stream; ``autres`` are the lines that are no event: comments, and when to come back."""

    reponse: httpx.Response
    _lignes: AsyncIterator[str]
    autres: list[str] = field(default_factory=list)

    async def suivant(self, delai_s: float = PATIENCE_S) -> Recu:
        """The next event; raises TimeoutError, or StopAsyncIteration at the end."""
        champs: dict[str, str] = {}
        async with asyncio.timeout(delai_s):
            while True:
                ligne = await anext(self._lignes)
                if not ligne and "data" in champs:
                    assert champs["event"] == "bilan"
                    return Recu(champs["id"], json.loads(champs["data"]))
                nom, separateur, valeur = ligne.partition(": ")
                if separateur and nom in ("event", "id", "data"):
                    champs[nom] = valeur
                elif ligne:
                    self.autres.append(ligne)

    async def jusqu_a(self, voulu: Callable[[Corps], bool], delai_s: float = PATIENCE_S) -> Recu:
        async with asyncio.timeout(delai_s):
            while not voulu((recu := await self.suivant()).bilan):
                pass
        return recu

    async def fin(self, delai_s: float = PATIENCE_S) -> list[Recu]:
        """What still comes until the server ends the stream."""
        recus = []
        async with asyncio.timeout(delai_s):
            while True:
                try:
                    recus.append(await self.suivant())
                except StopAsyncIteration:
                    return recus


@asynccontextmanager
async def en_ecoute(application: FastAPI) -> AsyncIterator[int]:
    """The started application behind a socket, as ``serve`` has it; gives its port."""
    config = uvicorn.Config(application, http=Protocole, ws="none", lifespan="off", log_config=None)
    config.load()
    etat = ServerState()
    boucle = asyncio.get_running_loop()
    serveur = await boucle.create_server(lambda: Protocole(config, etat, {}), "127.0.0.1", 0)
    try:
        yield serveur.sockets[0].getsockname()[1]
    finally:
        serveur.close()
        for connexion in list(etat.connections):
            connexion.shutdown()
        async with asyncio.timeout(PATIENCE_S):
            while etat.tasks:  # noqa: ASYNC110 — uvicorn tells nobody
                await asyncio.sleep(0.01)


@asynccontextmanager
async def suivre(port: int, service: Service, dernier: str | None = None, chemin: str = CHEMIN) -> AsyncIterator[Flux]:
    """A stream opened with the key of this caller."""
    entetes = {"Authorization": f"Bearer {service.cle}"} | ({} if dernier is None else {"Last-Event-ID": dernier})
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=httpx.Timeout(PATIENCE_S, read=None)) as client,
        client.stream("GET", chemin, headers=entetes) as reponse,
    ):
        assert reponse.status_code == 200, await reponse.aread()
        yield Flux(reponse, reponse.aiter_lines())


async def ouverts(application: FastAPI, nombre: int) -> None:
    """Waits until the service has this many streams."""
    diffusion: Any = application.state.diffusion
    async with asyncio.timeout(PATIENCE_S):
        while diffusion.ouverts != nombre:  # noqa: ASYNC110 — nor does the service
            await asyncio.sleep(0.01)
