"""The load without HTTP: `python -m bench.charge_directe`, a process of its own, one thing at a time.

* `instruction`: the service's statement, from the service's rows, over one connection of the service's;
* `copie`: COPY of the same rows into table `copie`, which has the columns and the primary key of `trace`;
* `validation`: bodies parsed, validated and sorted; nothing is written.

Rows and bodies are made before the clock starts. The measure leaves as JSON on stdout.
"""

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from random import Random
from uuid import UUID

import asyncpg
import uvloop

from app.preseries.annuaire import Annuaire
from app.preseries.enveloppe import Coffre
from app.preseries.registre import Registre
from app.reglages import Reglages
from app.stockage.base import Base
from app.stockage.generation import Generation
from app.stockage.secrets_locaux import cle_maitresse
from app.traces import depot
from app.traces.lecture import lire
from app.traces.tri import Admise, Emetteur, Ligne, trier
from bench.charge import Mesure, centile
from bench.corps import Cible, Gabarit, gabarits
from bench.registre import EDITEUR, LOGICIEL

GENRES = ("instruction", "copie", "validation")
_MODELES = 6_400
_EMETTEUR = Emetteur(1, EDITEUR, None)
_RESERVE = 1.3
"""Batches made for the timed part, by how many the warm-up says that it will take."""

Lot = list[Ligne]


def _corps(modeles: Sequence[Gabarit], numero: int) -> bytes:
    return modeles[numero % len(modeles)].requete(numero).split(b"\r\n\r\n", 1)[1]


def _trier(corps: bytes, annuaire: Annuaire) -> Lot:
    maintenant = datetime.now(UTC)
    sorties = [trier(element, annuaire, _EMETTEUR, maintenant) for element in lire(corps).elements]
    lignes = [sortie.ligne for sortie in sorties if isinstance(sortie, Admise)]
    if len(lignes) != len(sorties):
        raise ValueError("a trace was refused")
    return lignes


class Fabrique:
    """Batches of distinct rows: those of real bodies, with ids, pseudonyms and digests drawn anew."""

    def __init__(self, modeles: Sequence[Gabarit], annuaire: Annuaire, taille: int) -> None:
        self._alea = Random(int.from_bytes(os.urandom(8)))  # noqa: S311 (test data, not a secret)
        lignes = [ligne for rang in range(len(modeles)) for ligne in _trier(_corps(modeles, rang), annuaire)]
        self._lots = [lignes[debut : debut + taille] for debut in range(0, len(lignes), taille)]
        self._rang = 0

    def lot(self) -> Lot:
        self._rang += 1
        octets, bits = self._alea.randbytes, self._alea.getrandbits
        lot = self._lots[self._rang % len(self._lots)]
        pseudonymes = {ligne.pseudonyme: octets(16) for ligne in lot if ligne.pseudonyme is not None}
        return [
            ligne._replace(
                id=UUID(int=bits(128)),
                pseudonyme=None if ligne.pseudonyme is None else pseudonymes[ligne.pseudonyme],
                empreinte=octets(16),
            )
            for ligne in lot
        ]


async def _mesurer(
    ecrire: Callable[[Lot], Awaitable[None]], fabrique: Fabrique, *, echauffement_s: float, duree_s: float
) -> Mesure:
    echauffees = instructions = 0
    echauffe_s = 0.0
    while instructions == 0 or echauffe_s < echauffement_s:
        lot = fabrique.lot()
        debut = time.perf_counter()
        await ecrire(lot)
        echauffe_s += time.perf_counter() - debut
        instructions += 1
        echauffees += len(lot)
    lots = [fabrique.lot() for _ in range(1 + int(_RESERVE * duree_s * instructions / echauffe_s))]
    gc.collect()
    latences: list[float] = []
    mesurees, processeur, debut = 0, time.process_time(), time.perf_counter()
    fin = debut
    while lots and fin - debut < duree_s:
        lot = lots.pop()
        await ecrire(lot)
        mesurees += len(lot)
        avant, fin = fin, time.perf_counter()
        latences.append(fin - avant)
    return _mesure(mesurees, fin - debut, latences, echauffees + mesurees, time.process_time() - processeur)


def _valider(modeles: Sequence[Gabarit], annuaire: Annuaire, *, echauffement_s: float, duree_s: float) -> Mesure:
    """The clock runs while bodies are read and sorted, and stands still while the next ones are made."""
    numero = traces = mesurees = 0
    echauffe_s = mesure_s = processeur_s = 0.0
    latences: list[float] = []
    while mesure_s < duree_s:
        corps = [_corps(modeles, numero + rang) for rang in range(len(modeles))]
        numero += len(corps)
        processeur, instants, lues = time.process_time(), [time.perf_counter()], 0
        for un in corps:
            lues += len(_trier(un, annuaire))
            instants.append(time.perf_counter())
        passe_s = instants[-1] - instants[0]
        traces += lues
        if echauffe_s < echauffement_s:
            echauffe_s += passe_s
            continue
        processeur_s += time.process_time() - processeur
        mesure_s += passe_s
        mesurees += lues
        latences += [fin - debut for debut, fin in pairwise(instants)]
    return _mesure(mesurees, mesure_s, latences, traces, processeur_s)


def _mesure(mesurees: int, mesure_s: float, latences: list[float], ecrites: int, processeur_s: float) -> Mesure:
    latences.sort()
    return Mesure(
        mesure_traces=mesurees,
        mesure_s=mesure_s,
        p50_ms=centile(latences, 0.5),
        p99_ms=centile(latences, 0.99),
        envoyees=ecrites,
        enregistrees=ecrites,
        reponses_2xx=0,
        reponses_autres=0,
        premier_refus=None,
        processeur=processeur_s / mesure_s,
    )


async def _inscrire(connexion: asyncpg.Connection, lot: Lot) -> None:
    if await depot.ecrire(connexion, lot) is not None:
        raise ValueError("a row was not new")


async def _copier(connexion: asyncpg.Connection, lot: Lot) -> None:
    await connexion.copy_records_to_table("copie", records=lot, columns=Ligne._fields)


async def _charger(arguments: argparse.Namespace) -> Mesure:
    temps = {"echauffement_s": arguments.echauffement, "duree_s": arguments.duree}
    base = Base(os.environ["BENCH_DATABASE_URL"], pool_taille=1, delai_s=30)
    try:
        registre = Registre(base, Generation(base, 1), Coffre(cle_maitresse(Reglages())))
        annuaire, _ = await registre.lire({LOGICIEL})
        connexion = await base.connecter()
    finally:
        await base.fermer()
    taille = arguments.taille
    modeles = gabarits(Cible(port=0), taille=taille, nombre=_MODELES // taille, graine=int.from_bytes(os.urandom(8)))
    try:
        if arguments.genre == "validation":
            return _valider(modeles, annuaire, **temps)
        ecrire = partial(_inscrire if arguments.genre == "instruction" else _copier, connexion)
        return await _mesurer(ecrire, Fabrique(modeles, annuaire, taille), **temps)
    finally:
        await connexion.close()


def main() -> None:
    analyseur = argparse.ArgumentParser(prog="python -m bench.charge_directe", description=__doc__)
    analyseur.add_argument("--genre", choices=GENRES, required=True)
    analyseur.add_argument("--taille", type=int, required=True, help="rows per statement, traces per body")
    analyseur.add_argument("--echauffement", type=float, default=2.0, help="seconds before the timed part")
    analyseur.add_argument("--duree", type=float, default=6.0, help="seconds of the timed part")
    arguments = analyseur.parse_args()
    gc.disable()
    json.dump(asdict(uvloop.run(_charger(arguments))), sys.stdout)


if __name__ == "__main__":
    main()
