"""`python -m bench`: play the contenders in turn, print the medians, write them as JSON."""

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from bench import liste, machine, resultats
from bench.charge import Mesure
from bench.concurrents import Concurrent, Temps
from bench.processus import ConcurrentDefaillantError, arreter_postgresql_oublie

_INTERROMPU = 130
_LARGEUR_MIN = 118


def _arguments() -> argparse.Namespace:
    analyseur = argparse.ArgumentParser(prog="python -m bench", description="Throughput of POST /traces.")
    analyseur.add_argument("--tours", type=int, default=3, help="rounds; each plays every contender once (3)")
    analyseur.add_argument("--duree", type=float, default=6.0, help="seconds measured per contender and round (6)")
    analyseur.add_argument("--echauffement", type=float, default=2.0, help="seconds of load before them (2)")
    analyseur.add_argument(
        "--concurrents",
        default=",".join(liste.PAR_DEFAUT),
        help=f"comma-separated, among {', '.join(liste.CONCURRENTS)}",
    )
    analyseur.add_argument("--coeurs", type=int, default=2, help="keep everything on N cores, 0 for all of them (2)")
    analyseur.add_argument("--json", type=Path, help="where to write the JSON (a dated file in bench/resultats/)")
    analyseur.add_argument("--exiger", action="store_true", help="exit 1 when a target is missed")
    arguments = analyseur.parse_args()
    arguments.concurrents = arguments.concurrents.split(",")
    if inconnus := set(arguments.concurrents) - set(liste.CONCURRENTS):
        analyseur.error(f"no such contender: {', '.join(sorted(inconnus))}")
    return arguments


def interrompre(_signal: int, _cadre: FrameType | None) -> None:
    """The first signal unwinds and stops everything; that must not be interrupted by a second one."""
    for numero in (signal.SIGINT, signal.SIGTERM):
        signal.signal(numero, signal.SIG_IGN)
    raise KeyboardInterrupt


def _jouer(concurrent: Concurrent, dossier: Path, temps: Temps) -> Mesure:
    dossier.mkdir()
    try:
        concurrent.demarrer(dossier)
        os.sync()  # what the previous contender left to write is not this one's to pay
        return concurrent.charger(temps)
    finally:
        concurrent.arreter()
        shutil.rmtree(dossier)


def _mesurer(
    concurrents: Mapping[str, Concurrent], dossier: Path, *, tours: int, temps: Temps, console: Console
) -> dict[str, list[Mesure]]:
    mesures: dict[str, list[Mesure]] = {code: [] for code in concurrents}
    for tour in range(1, tours + 1):
        for code, concurrent in concurrents.items():
            mesure = _jouer(concurrent, dossier / f"{tour}-{code}", temps)
            mesures[code].append(mesure)
            console.print(f"tour {tour}/{tours}  {concurrent.libelle} : {mesure.par_seconde:.0f} traces/s")
    return mesures


def main() -> int:
    arguments = _arguments()
    for numero in (signal.SIGINT, signal.SIGTERM):
        signal.signal(numero, interrompre)
    console = Console(stderr=True)
    temps = Temps(arguments.echauffement, arguments.duree)
    concurrents = {code: liste.CONCURRENTS[code]() for code in arguments.concurrents}
    nombre_coeurs = machine.coeurs(arguments.coeurs)
    dossier = machine.dossier_de_travail()
    try:
        description = machine.description(dossier, nombre_coeurs)
        console.print(
            f"{nombre_coeurs} cœurs, {description['systeme_de_fichiers']}, fdatasync "
            f"{description['fdatasync_us']:.0f} µs ; {arguments.tours} tours de {arguments.duree:g} s"
        )
        mesures = _mesurer(concurrents, dossier, tours=arguments.tours, temps=temps, console=console)
    except KeyboardInterrupt:
        console.print("interrompu")
        return _INTERROMPU
    except ConcurrentDefaillantError as cause:
        console.print(f"échec : {cause}", markup=False)
        return 1
    finally:
        arreter_postgresql_oublie(dossier)
        shutil.rmtree(dossier, ignore_errors=True)
    return _rendre(arguments, mesures, concurrents, description)


def _rendre(
    arguments: argparse.Namespace,
    mesures: Mapping[str, list[Mesure]],
    concurrents: Mapping[str, Concurrent],
    description: Mapping[str, Any],
) -> int:
    presentations = {code: (qui.libelle, qui.objectif) for code, qui in concurrents.items()}
    lignes = resultats.lignes(mesures, presentations)
    titre = f"Débit durable de POST /traces, médianes de {arguments.tours} tours de {arguments.duree:g} s"
    console = Console()
    console = Console(width=max(console.width, _LARGEUR_MIN))
    console.print(resultats.tableau(lignes, titre))
    if any(ligne.dispersee for ligne in lignes):
        console.print("Tours très inégaux : autre chose occupait la machine. Relancez au calme.")
    parametres = {
        "tours": arguments.tours,
        "duree_s": arguments.duree,
        "echauffement_s": arguments.echauffement,
    }
    chemin = resultats.ecrire(resultats.document(lignes, machine=description, parametres=parametres), arguments.json)
    Console(stderr=True).print(f"écrit dans {chemin}", markup=False)
    return 1 if arguments.exiger and any(ligne.atteint is False for ligne in lignes) else 0


if __name__ == "__main__":
    sys.exit(main())
