"""One request over a raw socket: sends its pieces, reads what comes back, and keeps the connection where it may."""

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.fuzz.requetes import Demande

PATIENCE_S = 15.0
_DE_PLUS_S = 0.05
"""How long to wait for an answer that may but need not come."""
_OISIVE_S = 2.0


@dataclass(frozen=True, slots=True)
class Reponse:
    """One answer as it came."""

    statut: int
    entetes: dict[str, str]
    brute: bytes
    corps: bytes
    duree_s: float

    def json(self) -> Any:
        return json.loads(self.corps)


class Fil:
    """A connection that is used again after a request that leaves it in order."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._lecteur: asyncio.StreamReader | None = None
        self._ecrivain: asyncio.StreamWriter | None = None
        self._derniere = 0.0

    async def fermer(self) -> None:
        if self._ecrivain is not None:
            self._ecrivain.close()
            with suppress(ConnectionError):
                await self._ecrivain.wait_closed()
        self._lecteur = self._ecrivain = None

    async def echanger(self, demande: Demande) -> list[Reponse]:
        """Every answer to the request; raises ConnectionError or TimeoutError where one that is due does not come."""
        if time.monotonic() - self._derniere > _OISIVE_S:
            await self.fermer()
        lecteur, ecrivain = await self._ouvrir()
        envoi = asyncio.create_task(_envoyer(ecrivain, demande))
        reponses: list[Reponse] = []
        debut = time.monotonic()
        try:
            minimum, maximum = demande.reponses
            while len(reponses) < maximum:
                due = len(reponses) < minimum
                reponse = await _lire_ou_rien(lecteur, debut, due=due)
                if reponse is None:
                    break
                reponses.append(reponse)
        finally:
            envoi.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await envoi
            if not _reste_en_ordre(demande, reponses):
                await self.fermer()
            self._derniere = time.monotonic()
        return reponses

    async def _ouvrir(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._lecteur is None or self._ecrivain is None:
            self._lecteur, self._ecrivain = await asyncio.open_connection("127.0.0.1", self._port, limit=2**21)
        return self._lecteur, self._ecrivain


def _reste_en_ordre(demande: Demande, reponses: list[Reponse]) -> bool:
    """Whether both sides agree on where the next request begins."""
    if demande.fin or demande.reponses[0] != demande.reponses[1] or len(reponses) != demande.reponses[0]:
        return False
    return all(r.statut in (200, 201, 403, 409, 410, 415, 422) and "connection" not in r.entetes for r in reponses)


async def _envoyer(ecrivain: asyncio.StreamWriter, demande: Demande) -> None:
    with suppress(ConnectionError):
        for rang, morceau in enumerate(demande.morceaux):
            if rang and demande.pause_s:
                await asyncio.sleep(demande.pause_s)
            ecrivain.write(morceau)
            await ecrivain.drain()
        if demande.fin == "ecriture":
            ecrivain.write_eof()
        elif demande.fin == "abandon":
            ecrivain.transport.abort()


async def _lire_ou_rien(lecteur: asyncio.StreamReader, debut: float, *, due: bool) -> Reponse | None:
    try:
        async with asyncio.timeout(PATIENCE_S if due else _DE_PLUS_S):
            return await _lire(lecteur, debut)
    except (TimeoutError, ConnectionError):
        if due:
            raise
    except asyncio.IncompleteReadError as coupee:
        if due or coupee.partial:
            raise ConnectionError(f"{len(coupee.partial)} octets, puis plus rien") from None
    return None


async def _lire(lecteur: asyncio.StreamReader, debut: float) -> Reponse:
    tete = await lecteur.readuntil(b"\r\n\r\n")
    if tete.startswith(b"HTTP/1.1 100 "):
        tete = await lecteur.readuntil(b"\r\n\r\n")
    ligne, *autres = tete.decode("latin-1").split("\r\n")
    entetes = {nom.strip().lower(): valeur.strip() for nom, _, valeur in (autre.partition(":") for autre in autres)}
    corps = await lecteur.readexactly(int(entetes.get("content-length", "0")))
    return Reponse(int(ligne.split(" ")[1]), entetes, tete + corps, corps, time.monotonic() - debut)
