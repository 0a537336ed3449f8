"""Answers sent piece by piece: who no longer reads is cut off, and what the server hands over for that."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

from starlette.types import Receive, Send

from app.erreurs import ErreurMetier

EXTENSION = "traces_postes.connexion"
"""Under which ``app.serveur`` hands over the connection of a request."""


class LecteurLent(Exception):
    """The reader no longer reads, or takes too long."""


class Arret(Protocol):
    """An event that happens once."""

    async def wait(self) -> Any: ...


class Connexion(Protocol):
    """The connection of one request."""

    def ouvrir_flux(self) -> Arret:
        """Hardly anything is kept back for a reader from here on; gives what tells that the server stops."""

    def rompre(self) -> None:
        """Ends it at once, whatever was not read."""


class Sortie:
    """The transport as an answer sees it: its head waits for the body's beginning, to go out in one system call."""

    def __init__(self, transport: asyncio.Transport, boucle: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._boucle = boucle
        self._retenu = b""

    def write(self, octets: bytes) -> None:
        if octets.startswith(b"HTTP/1.1 ") and not self._retenu:
            self._retenu = octets
            self._boucle.call_soon(self.vider)
        else:
            octets, self._retenu = self._retenu + octets, b""
            self._transport.write(octets)

    def vider(self) -> None:
        """What was not followed by anything within this turn of the loop goes out alone."""
        if self._retenu and not self._transport.is_closing():
            self._transport.write(self._retenu)
        self._retenu = b""

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self.vider()
        self._transport.close()


def connexion_de(scope: MutableMapping[str, Any]) -> Connexion | None:
    """None where the application is called without a server, or its caller has gone."""
    connexion: Connexion | None = scope.get("extensions", {}).get(EXTENSION, {}).get("connexion")
    return connexion


@asynccontextmanager
async def delai(secondes: float) -> AsyncIterator[None]:
    """Raises LecteurLent where the block takes longer; a TimeoutError of the block's own stays what it is."""
    try:
        async with asyncio.timeout(secondes) as minuterie:
            yield
    except TimeoutError:
        if minuterie.expired():
            raise LecteurLent from None
        raise


async def envoyer(send: Send, octets: bytes, delai_s: float, *, encore: bool = True) -> None:
    """Raises LecteurLent where there is no room for it in time."""
    async with delai(delai_s):
        await send({"type": "http.response.body", "body": octets, "more_body": encore})
        if encore:  # a server waits before it writes: only the next call tells that this piece found no room
            await send({"type": "http.response.body", "body": b"", "more_body": True})


async def rompre(connexion: Connexion | None, receive: Receive) -> None:
    """Cuts off a reader, and returns once it has gone: the server then knows that no answer is missing."""
    if connexion is not None:
        connexion.rompre()
        await depart(receive)


async def depart(receive: Receive) -> None:
    """Returns when the reader has gone."""
    with suppress(ErreurMetier):  # a body that comes too slowly, or is too large
        while (await receive())["type"] != "http.disconnect":
            pass
