"""The load generator of `bench.surcharge`, a process of its own: arrivals at a constant rate, whatever the answers.

Each arrival takes the connection that has been free for longest, so that all of them are used; one that finds none
is counted as never sent. The numbers of the requests that were acknowledged go to a file: with them the database
is asked for each of their traces. The key comes in the environment variable `BENCH_CLE`, the measure leaves
as JSON on stdout.
"""

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

import uvloop

from bench.charge import ReponseIllisibleError, lire_reponse
from bench.corps import Cible, Gabarit, gabarits

PREMIER = 10**11
"""The number of the first request: those of a warm-up are smaller."""
_TRACES_EN_GABARITS = 6_400
_PAS_S = 0.002
_FIN_S = 30.0
_RETARD_MAX_S = 0.1
"""Beyond it the generator itself was held up: what it owes is dropped, and counted."""


@dataclass(frozen=True)
class Latences:
    """Of the answers of one sort, in milliseconds from the write of the request."""

    nombre: int
    p50_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def de(cls, durees: Sequence[float]) -> "Latences":
        triees = sorted(durees) or [0.0]
        p50, p99 = (triees[min(len(triees) - 1, int(part * len(triees)))] for part in (0.5, 0.99))
        return cls(len(durees), *(round(duree * 1000, 1) for duree in (p50, p99, triees[-1])))


@dataclass(frozen=True)
class Debordement:
    """What one overload saw."""

    duree_s: float
    envoyees: int
    non_envoyees: int
    """Arrivals that found every connection busy, or that the generator could not make in time."""
    statuts: dict[str, int]
    acceptees: Latences
    refusees: Latences
    sans_retry_after: int
    coupees: int
    """Connections that ended under a request: its fate is not known."""
    processeur: float
    """Part of one core that the generator used."""


@dataclass
class Arrivees:
    """The connections, and what came of the requests."""

    modeles: Sequence[Gabarit]
    cible: Cible
    libres: deque["Connexion"] = field(default_factory=deque)
    statuts: Counter[int] = field(default_factory=Counter)
    acceptees: list[float] = field(default_factory=list)
    refusees: list[float] = field(default_factory=list)
    acquittees: list[int] = field(default_factory=list)
    envoyees: int = 0
    non_envoyees: int = 0
    sans_retry_after: int = 0
    coupees: int = 0
    en_vol: int = 0

    async def ouvrir(self, connexions: int) -> None:
        boucle = asyncio.get_running_loop()
        for debut in range(0, connexions, 50):
            nombre = min(50, connexions - debut)
            await asyncio.gather(
                *(
                    boucle.create_connection(lambda: Connexion(self), self.cible.hote, self.cible.port)
                    for _ in range(nombre)
                )
            )

    async def envoyer(self, rythme: float, duree_s: float) -> None:
        debut = time.perf_counter()
        dues = 0
        while (ecoule := time.perf_counter() - debut) < duree_s:
            retard = int(ecoule * rythme) - dues
            trop = max(0, retard - max(1, int(rythme * _RETARD_MAX_S)))
            self.non_envoyees += trop
            for _ in range(retard - trop):
                self._envoyer_une()
            dues += retard
            await asyncio.sleep(_PAS_S)

    def _envoyer_une(self) -> None:
        if not self.libres:
            self.non_envoyees += 1
            return
        self.envoyees += 1
        self.libres.popleft().envoyer(PREMIER + self.envoyees, self.modeles[self.envoyees % len(self.modeles)])

    def noter(self, statut: int, numero: int, duree: float, *, attente_dite: bool) -> None:
        self.statuts[statut] += 1
        if 200 <= statut < 300:
            self.acceptees.append(duree)
            self.acquittees.append(numero)
        else:
            self.refusees.append(duree)
            self.sans_retry_after += not attente_dite

    async def finir(self) -> None:
        fin = time.perf_counter() + _FIN_S
        while self.en_vol and time.perf_counter() < fin:  # noqa: ASYNC110 (each connection ends by itself)
            await asyncio.sleep(0.05)


class Connexion(asyncio.Protocol):
    """One request at a time; a connection that the server closed is opened again."""

    def __init__(self, arrivees: Arrivees) -> None:
        self._arrivees = arrivees
        self._tampon = b""
        self._numero = 0
        self._parti = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it
        self._arrivees.libres.append(self)

    def envoyer(self, numero: int, modele: Gabarit) -> None:
        self._numero = numero
        self._parti = time.perf_counter()
        self._arrivees.en_vol += 1
        self._transport.write(modele.requete(numero))

    def data_received(self, data: bytes) -> None:
        tampon = self._tampon + data if self._tampon else data
        try:
            reponse = lire_reponse(tampon)
        except ReponseIllisibleError:
            self._transport.abort()
            return
        if reponse is None:
            self._tampon = tampon
            return
        self._tampon = b""
        lui = self._arrivees
        attente_dite = reponse[0] < 300 or b"\r\nretry-after:" in tampon.lower()
        lui.noter(reponse[0], self._numero, time.perf_counter() - self._parti, attente_dite=attente_dite)
        lui.en_vol -= 1
        self._numero = 0
        lui.libres.append(self)

    def connection_lost(self, _: Exception | None) -> None:
        lui = self._arrivees
        if self._numero:
            lui.en_vol -= 1
            lui.coupees += 1
        elif self in lui.libres:
            lui.libres.remove(self)
        _garder(asyncio.ensure_future(_rouvrir(lui)))


_reouvertures: set[asyncio.Future[None]] = set()


def _garder(tache: asyncio.Future[None]) -> None:
    _reouvertures.add(tache)
    tache.add_done_callback(_reouvertures.discard)


async def _rouvrir(arrivees: Arrivees) -> None:
    try:
        await arrivees.ouvrir(1)
    except OSError:
        await asyncio.sleep(0.5)
        _garder(asyncio.ensure_future(_rouvrir(arrivees)))


async def deborder(arrivees: Arrivees, *, connexions: int, rythme: float, duree_s: float) -> Debordement:
    await arrivees.ouvrir(connexions)
    processeur = time.process_time()
    await arrivees.envoyer(rythme, duree_s)
    processeur = time.process_time() - processeur
    await arrivees.finir()
    return Debordement(
        duree_s=duree_s,
        envoyees=arrivees.envoyees,
        non_envoyees=arrivees.non_envoyees,
        statuts={str(statut): nombre for statut, nombre in sorted(arrivees.statuts.items())},
        acceptees=Latences.de(arrivees.acceptees),
        refusees=Latences.de(arrivees.refusees),
        sans_retry_after=arrivees.sans_retry_after,
        coupees=arrivees.coupees,
        processeur=round(processeur / duree_s, 2),
    )


def _arguments() -> argparse.Namespace:
    analyseur = argparse.ArgumentParser(prog="python -m bench.debordement", description=__doc__)
    analyseur.add_argument("--hote", default="127.0.0.1")
    analyseur.add_argument("--port", type=int, required=True)
    analyseur.add_argument("--taille", type=int, default=1, help="traces per request; 1 sends an object")
    analyseur.add_argument("--connexions", type=int, default=1000)
    analyseur.add_argument("--rythme", type=float, required=True, help="requests per second")
    analyseur.add_argument("--duree", type=float, default=60.0)
    analyseur.add_argument("--acquittees", type=Path, required=True, help="where the acknowledged numbers go")
    return analyseur.parse_args()


def main() -> None:
    arguments = _arguments()
    cible = Cible(port=arguments.port, cle=os.environ.get("BENCH_CLE"), hote=arguments.hote)
    nombre = max(16, _TRACES_EN_GABARITS // arguments.taille)
    modeles = gabarits(cible, taille=arguments.taille, nombre=nombre, graine=int.from_bytes(os.urandom(8)))
    arrivees = Arrivees(modeles, cible)
    gc.collect()
    gc.disable()
    mesure = uvloop.run(
        deborder(arrivees, connexions=arguments.connexions, rythme=arguments.rythme, duree_s=arguments.duree)
    )
    arguments.acquittees.write_text("\n".join(map(str, arrivees.acquittees)))
    json.dump(asdict(mesure), sys.stdout)


if __name__ == "__main__":
    main()
