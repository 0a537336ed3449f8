"""`python -m bench`: play the contenders in turn, print the medians, write them as JSON."""

import argparse
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from bench import liste, machine, partie, resultats
from bench.concurrents import Concurrent, Temps
from bench.objectifs import objectifs
from bench.processus import ConcurrentDefaillantError, arreter_postgresql_oublie

_INTERROMPU = 130
_LARGEUR_MIN = 118
_TOUS = {**liste.CONCURRENTS, **liste.PAIRS}


def _arguments() -> argparse.Namespace:
    analyseur = argparse.ArgumentParser(prog="python -m bench", description="Throughput and latency of POST /traces.")
    analyseur.add_argument("--tours", type=int, default=3, help="rounds; each plays every contender once (3)")
    analyseur.add_argument("--duree", type=float, default=5.0, help="seconds measured per contender and round (5)")
    analyseur.add_argument("--echauffement", type=float, default=2.0, help="seconds of load before them (2)")
    analyseur.add_argument(
        "--concurrents",
        default=",".join((*liste.CONCURRENTS, *liste.LATENCES)),
        help=f"comma-separated, among {', '.join((*liste.CONCURRENTS, *liste.LATENCES))} (all of these); "
        f"and, where installed, {', '.join(liste.PAIRS)}",
    )
    analyseur.add_argument("--coeurs", type=int, default=2, help="keep everything on N cores, 0 for all of them (2)")
    analyseur.add_argument("--json", type=Path, help="where to write the JSON (a dated file in bench/resultats/)")
    analyseur.add_argument("--exiger", action="store_true", help="exit 1 when a target is missed")
    arguments = analyseur.parse_args()
    codes = arguments.concurrents.split(",")
    arguments.latences = [code for code in codes if code in liste.LATENCES]
    arguments.concurrents = [code for code in codes if code not in liste.LATENCES]
    if inconnus := set(arguments.concurrents) - _TOUS.keys():
        analyseur.error(f"no such contender: {', '.join(sorted(inconnus))}")
    if manquants := {liste.LATENCES[code][0] for code in arguments.latences} - set(arguments.concurrents):
        analyseur.error(f"a latency is at a part of a capacity: add {', '.join(sorted(manquants))}")
    return arguments


def interrompre(_signal: int, _cadre: FrameType | None) -> None:
    """The first signal unwinds and stops everything; that must not be interrupted by a second one."""
    for numero in (signal.SIGINT, signal.SIGTERM):
        signal.signal(numero, signal.SIG_IGN)
    raise KeyboardInterrupt


_Joues = dict[str, list[partie.Tour]]


def _jouer(
    arguments: argparse.Namespace, concurrents: dict[str, Concurrent], dossier: Path, console: Console
) -> tuple[_Joues, partie.Cadences]:
    temps, tours = Temps(arguments.echauffement, arguments.duree), arguments.tours
    joues = partie.debits(concurrents, dossier, tours=tours, temps=temps, console=console)
    return joues, partie.latences(arguments.latences, joues, dossier, tours=tours, temps=temps, console=console)


def main() -> int:
    arguments = _arguments()
    for numero in (signal.SIGINT, signal.SIGTERM):
        signal.signal(numero, interrompre)
    console = Console(stderr=True)
    nombre_coeurs = machine.coeurs(arguments.coeurs)
    dossier = machine.dossier_de_travail()
    try:
        concurrents = {code: _TOUS[code]() for code in arguments.concurrents}
        description = machine.description(dossier, nombre_coeurs)
        console.print(
            f"{nombre_coeurs} cœurs, {description['systeme_de_fichiers']}, fdatasync "
            f"{description['fdatasync_us']:.0f} µs ; {arguments.tours} tours de {arguments.duree:g} s"
        )
        joues, cadences = _jouer(arguments, concurrents, dossier, console)
    except KeyboardInterrupt:
        console.print("interrompu")
        return _INTERROMPU
    except ConcurrentDefaillantError as cause:
        console.print(f"échec : {cause}", markup=False)
        return 1
    finally:
        arreter_postgresql_oublie(dossier)
        shutil.rmtree(dossier, ignore_errors=True)
    libelles = {code: concurrent.libelle for code, concurrent in concurrents.items()}
    return _rendre(arguments, resultats.lignes(joues, libelles), cadences, description)


def _rendre(
    arguments: argparse.Namespace, lignes: list[resultats.Ligne], cadences: partie.Cadences, description: dict[str, Any]
) -> int:
    fixes = objectifs({ligne.code: ligne.mediane for ligne in lignes}, cadences)
    console = Console()
    console = Console(width=max(console.width, _LARGEUR_MIN))
    titre = f"Débit durable de POST /traces, médianes de {arguments.tours} tours de {arguments.duree:g} s"
    console.print(resultats.tableau_debits(lignes, titre))
    if fixes:
        console.print(resultats.tableau_objectifs(fixes))
    if cadences:
        console.print(resultats.tableau_latences(cadences))
    console.print(resultats.tableau_couts(lignes))
    if troublees := resultats.troublees(lignes, cadences):
        console.print(f"Autre chose occupait la machine ({', '.join(troublees)}). Relancez au calme.")
    if resultats.en_retard(cadences):
        console.print("Le générateur n'a pas tenu sa cadence : une part de ces latences est la sienne.")
    parametres = {"tours": arguments.tours, "duree_s": arguments.duree, "echauffement_s": arguments.echauffement}
    contenu = resultats.document(lignes, cadences, fixes, machine=description, parametres=parametres)
    Console(stderr=True).print(f"écrit dans {resultats.ecrire(contenu, arguments.json)}", markup=False)
    return 1 if arguments.exiger and not all(objectif.atteint for objectif in fixes) else 0


if __name__ == "__main__":
    sys.exit(main())
