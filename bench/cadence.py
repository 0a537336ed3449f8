"""The load generator at a constant rate: `python -m bench.cadence`, single traces, arrivals on a fixed schedule.

An arrival takes the connection that has been free for longest, or waits for one; its latency counts from the instant
at which it was due, so that a stall of the service counts for all that should have come meanwhile. What this generator
is late by itself (it shares the cores) is in there too, and told apart: `retard_*`.
"""

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import cast

import uvloop

from bench.charge import ReponseIllisibleError, centile, lire_reponse
from bench.corps import Cible, Gabarit, gabarits

_GABARITS = 6_400
_BATTEMENT_S = 0.001
_ATTENTE_FIN_S = 20.0


@dataclass(frozen=True)
class Latences:
    """What one load at a constant rate saw; percentiles of the arrivals due in the timed part."""

    debit: float
    arrivees: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    envoyees: int
    enregistrees: int
    premier_refus: str | None
    sans_connexion: int
    """Arrivals that found every connection busy."""
    retard_p99_ms: float
    """How late the generator itself looked at its schedule."""
    retard_max_ms: float
    processeur: float
    """Part of one core that the generator used."""


class Horaire:
    """The schedule, the free connections, and what came of each arrival."""

    def __init__(self, modeles: Sequence[Gabarit], *, debit: float, echauffement_s: float, duree_s: float) -> None:
        self.termine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.latences: list[float] = []
        self.retards: list[float] = []
        self.envoyees = self.enregistrees = self.sans_connexion = 0
        self.premier_refus: str | None = None
        self.libres: deque[Prise] = deque()
        self._attente: deque[float] = deque()
        self._modeles = modeles
        self._pas = 1 / debit
        self._echauffement_s, self._duree_s = echauffement_s, duree_s
        self._rang = self._en_vol = 0

    def commencer(self) -> None:
        self._zero = self._due = time.perf_counter() + 0.05
        self._debut = self._zero + self._echauffement_s
        self._fin = self._debut + self._duree_s
        self._battre()

    def _battre(self) -> None:
        maintenant = time.perf_counter()
        while self._due <= maintenant and self._due < self._fin:
            if self._due >= self._debut:
                self.retards.append(maintenant - self._due)
            if self.libres:
                self._envoyer(self.libres.popleft(), self._due)
            else:
                self.sans_connexion += 1
                self._attente.append(self._due)
            self._rang += 1
            self._due = self._zero + self._rang * self._pas
        if self._due < self._fin:
            # At least one beat: uvloop takes less than half a millisecond for none, and would spin.
            asyncio.get_running_loop().call_later(max(_BATTEMENT_S, self._due - maintenant), self._battre)
        else:
            self._clore()

    def _envoyer(self, prise: "Prise", due: float) -> None:
        self.envoyees += 1
        self._en_vol += 1
        prise.envoyer(self._modeles[self.envoyees % len(self._modeles)].requete(self.envoyees), due)

    def repondue(self, prise: "Prise", due: float, statut: int, corps: bytes) -> None:
        self._en_vol -= 1
        if self._debut <= due:
            self.latences.append(time.perf_counter() - due)
        if 200 <= statut < 300:
            self.enregistrees += int(json.loads(corps)["enregistrees"])
        else:
            self.premier_refus = self.premier_refus or f"{statut} {corps[:600].decode(errors='replace')}"
        if self._attente:
            self._envoyer(prise, self._attente.popleft())
        else:
            self.libres.append(prise)
            self._clore()

    def _clore(self) -> None:
        if self._due >= self._fin and not self._en_vol and not self._attente and not self.termine.done():
            self.termine.set_result(None)

    def echouer(self, cause: Exception) -> None:
        if not self.termine.done():
            self.termine.set_exception(cause)


class Prise(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, horaire: Horaire) -> None:
        self._horaire = horaire
        self._tampon = b""
        self._due = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._horaire.libres.append(self)

    def envoyer(self, requete: bytes, due: float) -> None:
        self._due = due
        self._transport.write(requete)

    def data_received(self, data: bytes) -> None:
        self._tampon += data
        try:
            reponse = lire_reponse(self._tampon)
            if reponse is not None:
                self._tampon = b""
                self._horaire.repondue(self, self._due, *reponse)
        except (ReponseIllisibleError, ValueError, KeyError) as cause:
            self._horaire.echouer(cause)

    def connection_lost(self, exc: Exception | None) -> None:
        self._horaire.echouer(exc or ConnectionError("the server closed a connection"))


async def cadencer(
    cible: Cible, modeles: Sequence[Gabarit], *, debit: float, connexions: int, echauffement_s: float, duree_s: float
) -> Latences:
    boucle = asyncio.get_running_loop()
    horaire = Horaire(modeles, debit=debit, echauffement_s=echauffement_s, duree_s=duree_s)
    transports = []
    try:
        for _ in range(connexions):
            transport, _ = await boucle.create_connection(lambda: Prise(horaire), cible.hote, cible.port)
            transports.append(transport)
        avant, debut = time.process_time(), time.perf_counter()
        horaire.commencer()
        await asyncio.wait_for(horaire.termine, echauffement_s + duree_s + _ATTENTE_FIN_S)
        processeur = (time.process_time() - avant) / (time.perf_counter() - debut)
    finally:
        for transport in transports:
            transport.abort()
    latences, retards = sorted(horaire.latences), sorted(horaire.retards)
    p50, p90, p99, p999 = (centile(latences, part) for part in (0.5, 0.9, 0.99, 0.999))
    return Latences(
        *(debit, len(latences), p50, p90, p99, p999, centile(latences, 1)),
        envoyees=horaire.envoyees,
        enregistrees=horaire.enregistrees,
        premier_refus=horaire.premier_refus,
        sans_connexion=horaire.sans_connexion,
        retard_p99_ms=centile(retards, 0.99),
        retard_max_ms=centile(retards, 1),
        processeur=processeur,
    )


def main() -> None:
    analyseur = argparse.ArgumentParser(prog="python -m bench.cadence", description=__doc__)
    analyseur.add_argument("--hote", default="127.0.0.1")
    analyseur.add_argument("--port", type=int, required=True)
    analyseur.add_argument("--debit", type=float, required=True, help="traces per second, one per request")
    analyseur.add_argument("--connexions", type=int, default=256)
    analyseur.add_argument("--echauffement", type=float, default=2.0, help="seconds before the timed part")
    analyseur.add_argument("--duree", type=float, default=6.0, help="seconds of the timed part")
    arguments = analyseur.parse_args()
    cible = Cible(port=arguments.port, cle=os.environ.get("BENCH_CLE"), hote=arguments.hote)
    modeles = gabarits(cible, taille=1, nombre=_GABARITS, graine=int.from_bytes(os.urandom(8)))
    gc.collect()
    gc.disable()
    latences = uvloop.run(
        cadencer(
            cible,
            modeles,
            debit=arguments.debit,
            connexions=arguments.connexions,
            echauffement_s=arguments.echauffement,
            duree_s=arguments.duree,
        )
    )
    json.dump(asdict(latences), sys.stdout)


if __name__ == "__main__":
    main()
