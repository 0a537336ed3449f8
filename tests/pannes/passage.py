"""Between the clients and the service: passes every byte on, and loses answers when it is asked to."""

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Passage:
    """A TCP proxy in a thread of its own; ``a_couper`` answers are still to be cut, at a random byte each."""

    def __init__(self, vers: int) -> None:
        self._vers = vers
        self.port = 0
        self.a_couper = 0

    async def servir(self, pret: threading.Event, arret: asyncio.Event) -> None:
        serveur = await asyncio.start_server(self._relier, "127.0.0.1", 0)
        self.port = serveur.sockets[0].getsockname()[1]
        pret.set()
        await arret.wait()
        serveur.close()

    async def _relier(self, du_client: asyncio.StreamReader, au_client: asyncio.StreamWriter) -> None:
        try:
            du_service, au_service = await asyncio.open_connection("127.0.0.1", self._vers)
        except OSError:
            au_client.transport.abort()
            return
        sens = [
            asyncio.ensure_future(_verser(du_client, au_service)),
            asyncio.ensure_future(self._repondre(du_service, au_client)),
        ]
        await asyncio.wait(sens, return_when=asyncio.FIRST_COMPLETED)
        for un in sens:
            un.cancel()
        await asyncio.wait(sens)
        for ecrivain in (au_service, au_client):
            ecrivain.close()

    async def _repondre(self, du_service: asyncio.StreamReader, au_client: asyncio.StreamWriter) -> None:
        """The service has done what it was asked before its answer is lost."""
        with suppress(OSError):
            while recu := await du_service.read(65_536):
                if self.a_couper:
                    self.a_couper -= 1
                    au_client.write(recu[: random.randint(0, len(recu) - 1)])
                    if random.random() < 0.5:
                        au_client.transport.abort()
                    return
                au_client.write(recu)
                await au_client.drain()


async def _verser(depuis: asyncio.StreamReader, vers: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while recu := await depuis.read(65_536):
            vers.write(recu)
            await vers.drain()


@contextmanager
def passage(vers: int) -> Iterator[Passage]:
    lui, pret, arret = Passage(vers), threading.Event(), asyncio.Event()
    boucle = asyncio.new_event_loop()

    async def tourner() -> None:
        await lui.servir(pret, arret)
        restantes = asyncio.all_tasks() - {asyncio.current_task()}
        for tache in restantes:
            tache.cancel()
        await asyncio.gather(*restantes, return_exceptions=True)

    fil = threading.Thread(target=lambda: boucle.run_until_complete(tourner()))
    fil.start()
    assert pret.wait(10)
    try:
        yield lui
    finally:
        boucle.call_soon_threadsafe(arret.set)
        fil.join()
        boucle.close()
