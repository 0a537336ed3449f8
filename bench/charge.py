"""The load generator: a process of its own, `python -m bench.charge`, cheap because it shares the cores.

Each connection has one request in flight; a request is one write of bytes made by `corps.py`, an answer is
a status line, a content length and a body. Every answer counts for what it says was recorded
(`enregistrees`) and no more; equal bodies are parsed once. The key comes in the environment variable
`BENCH_CLE`, the measure leaves as JSON on stdout.
"""

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import cast

import uvloop

from bench.corps import Cible, Gabarit, gabarits
from bench.corps_influx import gabarits_influx
from bench.corps_otlp import gabarits_otlp

_TRACES_EN_GABARITS = 6_400
_ATTENTE_FIN_S = 15.0
_BILLETS_CONNUS = 256
_FORMES = {"traces": gabarits, "influx": gabarits_influx, "otlp": gabarits_otlp}


@dataclass(frozen=True)
class Mesure:
    """What one load saw. The counts of requests and traces include the warm-up, `mesure_traces` does not."""

    mesure_traces: int
    """Traces whose recording was acknowledged during the timed part."""
    mesure_s: float
    p50_ms: float
    p99_ms: float
    envoyees: int
    enregistrees: int
    reponses_2xx: int
    reponses_autres: int
    premier_refus: str | None
    processeur: float
    """Part of one core that the generator itself used during the timed part."""

    @property
    def par_seconde(self) -> float:
        return self.mesure_traces / self.mesure_s


class ReponseIllisibleError(Exception):
    """The server answered something that this generator does not read."""


def lire_reponse(tampon: bytes) -> tuple[int, bytes] | None:
    """Status and body of a complete answer, None while it is not complete."""
    fin_entete = tampon.find(b"\r\n\r\n")
    if fin_entete < 0:
        return None
    entete = tampon[:fin_entete].lower()
    if entete.startswith(b"http/1.1 204"):
        return 204, b""
    position = entete.find(b"\r\ncontent-length:")
    if not entete.startswith(b"http/1.1 ") or position < 0:
        raise ReponseIllisibleError(repr(tampon[:200]))
    longueur = int(entete[position + 17 :].split(b"\r\n", 1)[0])
    corps = tampon[fin_entete + 4 :]
    if len(corps) < longueur:
        return None
    if len(corps) > longueur:
        raise ReponseIllisibleError("more bytes than one answer")
    return int(entete[9:12]), corps


class Releve:
    """Counts of all the connections, and when to stop."""

    def __init__(self, modeles: Sequence[Gabarit], *, echauffement_s: float, duree_s: float) -> None:
        self.modeles = modeles
        self.debut = time.perf_counter() + echauffement_s
        self.fin = self.debut + duree_s
        self.numero = 0
        self.envoyees = self.enregistrees = self.mesurees = 0
        self.reponses_2xx = self.reponses_autres = 0
        self.premier_refus: str | None = None
        self.latences: list[float] = []
        self.en_vol = 0
        self.termine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._connus: dict[bytes, int] = {}

    def prochaine(self) -> bytes:
        modele = self.modeles[self.numero % len(self.modeles)]
        self.numero += 1
        self.envoyees += modele.taille
        return modele.requete(self.numero)

    def noter(self, statut: int, corps: bytes, parti: float, arrive: float) -> None:
        if 200 <= statut < 300:
            self.reponses_2xx += 1
            # No content: the whole request is acknowledged.
            enregistrees = self._enregistrees(corps) if corps else self.modeles[0].taille
            self.enregistrees += enregistrees
        else:
            self.reponses_autres += 1
            enregistrees = 0
            self.premier_refus = self.premier_refus or f"{statut} {corps[:600].decode(errors='replace')}"
        if self.debut <= arrive < self.fin:
            self.mesurees += enregistrees
            self.latences.append(arrive - parti)

    def _enregistrees(self, corps: bytes) -> int:
        connu = self._connus.get(corps)
        if connu is None:
            connu = int(json.loads(corps)["enregistrees"])
            if len(self._connus) < _BILLETS_CONNUS:
                self._connus[corps] = connu
        return connu

    def echouer(self, cause: Exception) -> None:
        if not self.termine.done():
            self.termine.set_exception(cause)

    def parti(self) -> None:
        self.en_vol -= 1
        if self.en_vol == 0 and not self.termine.done():
            self.termine.set_result(None)


class Connexion(asyncio.Protocol):
    """One keep-alive connection, one request in flight."""

    def __init__(self, releve: Releve) -> None:
        self._releve = releve
        self._tampon = b""
        self._parti = 0.0
        self._finie = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it
        self._releve.en_vol += 1
        self._envoyer(time.perf_counter())

    def _envoyer(self, maintenant: float) -> None:
        self._parti = maintenant
        self._transport.write(self._releve.prochaine())

    def data_received(self, data: bytes) -> None:
        tampon = self._tampon + data if self._tampon else data
        try:
            reponse = lire_reponse(tampon)
            if reponse is None:
                self._tampon = tampon
                return
            self._tampon = b""
            maintenant = time.perf_counter()
            self._releve.noter(*reponse, self._parti, maintenant)
        except (ReponseIllisibleError, ValueError, KeyError) as cause:
            self._releve.echouer(cause)
            self._transport.abort()
            return
        if maintenant < self._releve.fin:
            self._envoyer(maintenant)
        else:
            self._finie = True
            self._releve.parti()
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._finie:
            self._releve.echouer(exc or ConnectionError("the server closed a connection in use"))


def centile(triees: Sequence[float], part: float) -> float:
    """In milliseconds, of seconds."""
    return triees[min(len(triees) - 1, int(part * len(triees)))] * 1000 if triees else 0.0


async def charger(
    cible: Cible, modeles: Sequence[Gabarit], *, connexions: int, echauffement_s: float, duree_s: float
) -> Mesure:
    boucle = asyncio.get_running_loop()
    releve = Releve(modeles, echauffement_s=echauffement_s, duree_s=duree_s)
    processeur: list[float] = []
    for dans_s in (echauffement_s, echauffement_s + duree_s):
        boucle.call_later(dans_s, lambda: processeur.append(time.process_time()))
    transports = []
    try:
        for _ in range(connexions):
            transport, _ = await boucle.create_connection(lambda: Connexion(releve), cible.hote, cible.port)
            transports.append(transport)
        await asyncio.wait_for(releve.termine, echauffement_s + duree_s + _ATTENTE_FIN_S)
    finally:
        for transport in transports:
            transport.abort()
    latences = sorted(releve.latences)
    return Mesure(
        mesure_traces=releve.mesurees,
        mesure_s=duree_s,
        p50_ms=centile(latences, 0.50),
        p99_ms=centile(latences, 0.99),
        envoyees=releve.envoyees,
        enregistrees=releve.enregistrees,
        reponses_2xx=releve.reponses_2xx,
        reponses_autres=releve.reponses_autres,
        premier_refus=releve.premier_refus,
        processeur=(processeur[1] - processeur[0]) / duree_s,
    )


def _arguments() -> argparse.Namespace:
    analyseur = argparse.ArgumentParser(prog="python -m bench.charge", description=__doc__)
    analyseur.add_argument("--hote", default="127.0.0.1")
    analyseur.add_argument("--port", type=int, required=True)
    analyseur.add_argument("--taille", type=int, default=1, help="traces per request; 1 sends an object")
    analyseur.add_argument("--connexions", type=int, default=64)
    analyseur.add_argument("--forme", choices=_FORMES, default="traces", help="what the bodies are")
    analyseur.add_argument("--chemin", default="/traces")
    analyseur.add_argument("--entete", default="", help="one more line of the head")
    analyseur.add_argument("--echauffement", type=float, default=2.0, help="seconds before the timed part")
    analyseur.add_argument("--duree", type=float, default=6.0, help="seconds of the timed part")
    return analyseur.parse_args()


def main() -> None:
    arguments = _arguments()
    cible = Cible(
        port=arguments.port,
        cle=os.environ.get("BENCH_CLE"),
        hote=arguments.hote,
        chemin=arguments.chemin,
        entete=arguments.entete,
    )
    nombre = max(16, _TRACES_EN_GABARITS // arguments.taille)
    graine = int.from_bytes(os.urandom(8))
    modeles = _FORMES[arguments.forme](cible, taille=arguments.taille, nombre=nombre, graine=graine)
    gc.collect()
    gc.disable()
    mesure = uvloop.run(
        charger(
            cible,
            modeles,
            connexions=arguments.connexions,
            echauffement_s=arguments.echauffement,
            duree_s=arguments.duree,
        )
    )
    json.dump(asdict(mesure), sys.stdout)


if __name__ == "__main__":
    main()
