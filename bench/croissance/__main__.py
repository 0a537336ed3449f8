"""`python -m bench.croissance`: one database at several sizes; a table of times and rates, and JSON."""

import argparse
import math
import shutil
import signal
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bench import machine, resultats
from bench.__main__ import interrompre
from bench.concurrents import Forme, Temps
from bench.croissance.base import ServiceLarge
from bench.croissance.lectures import Duree, confronter, lectures, mesurer
from bench.processus import ConcurrentDefaillantError, arreter_postgresql_oublie

FORMES: Mapping[str, Forme] = {"tableaux de 100": Forme(100, 16), "une par une": Forme(1, 64)}
_TEMPS = Temps(echauffement_s=2, duree_s=6)
_TOURS = 3
_DEBIT_MIN = 0.7
"""What is left of the rate at the smallest size, at least."""


@dataclass(frozen=True)
class Releve:
    """What was measured of the database at one size.

    ``face_a_face``: reads of one of the smallest size and of this one, in turn, so that a slow minute of the machine
    weighs on both.
    """

    comptes: Mapping[str, int]
    lectures: Mapping[str, Duree]
    ecritures: Mapping[str, Sequence[float]]
    face_a_face: Mapping[str, tuple[Duree, Duree]]


def _arguments() -> argparse.Namespace:
    analyseur = argparse.ArgumentParser(prog="python -m bench.croissance", description="What grows with the traces.")
    analyseur.add_argument("--tailles", default="10000,1000000,10000000", help="traces, ascending, comma-separated")
    analyseur.add_argument("--preseries", type=int, default=500, help="préséries that the traces are spread over (500)")
    analyseur.add_argument("--workers", type=int, default=2, help="of the service (2)")
    analyseur.add_argument("--coeurs", type=int, default=2, help="keep everything on N cores, 0 for all of them (2)")
    analyseur.add_argument("--dossier", type=Path, help="a database to go on with, and to leave there")
    analyseur.add_argument("--json", type=Path, help="where to write the JSON (a dated file in bench/resultats/)")
    arguments = analyseur.parse_args()
    arguments.tailles = [int(taille) for taille in arguments.tailles.split(",")]
    return arguments


@contextmanager
def _barre(console: Console) -> Iterator[Progress]:
    colonnes = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*colonnes, console=console, transient=True) as barre:
        yield barre


def _suivre(service: ServiceLarge, console: Console, quoi: str, total: int, faire: Callable[[], None]) -> None:
    with _barre(console) as barre:
        tache = barre.add_task(quoi, total=total)
        service.avancer = lambda nombre: barre.advance(tache, nombre)
        faire()


def porter(service: ServiceLarge, taille: int, console: Console) -> None:
    """Brings the database to a size, and to rest."""
    manquent = taille - (service.compter()["traces"] or 0)
    if manquent > 0:
        _suivre(service, console, f"{taille} traces", manquent, lambda: service.remplir(manquent))
    service.particulariser()
    service.reposer()


def relever(service: ServiceLarge, petite: ServiceLarge, taille: int, console: Console) -> Releve:
    """Measures the database at a size; the write path last, since it makes it larger."""

    def dire(ligne: str) -> None:
        console.print(f"{taille} : {ligne}", markup=False)

    porter(service, taille, console)
    comptes = service.compter()
    durees = mesurer(service, dire)
    face_a_face = confronter(petite, service, dire)
    debits: dict[str, list[float]] = {libelle: [] for libelle in FORMES}
    for _ in range(_TOURS):
        for libelle, forme in FORMES.items():
            service.reposer()
            debits[libelle].append(service.mesurer_l_ecriture(forme, _TEMPS).par_seconde)
            dire(f"{libelle} : {debits[libelle][-1]:.0f} traces/s")
    return Releve(comptes, durees, debits, face_a_face)


def _tableau(releves: Mapping[int, Releve], objectifs: Mapping[str, float | None]) -> Table:
    table = Table(title="Lectures (médianes, ms) et écriture (traces/s), selon la taille", title_justify="left")
    table.add_column("", no_wrap=True)
    for taille in releves:
        table.add_column(f"{taille:,}".replace(",", " "), justify="right", no_wrap=True)
    table.add_column("rapport", justify="right", no_wrap=True)
    table.add_column("objectif", justify="right", no_wrap=True)
    premier, dernier = next(iter(releves.values())), list(releves.values())[-1]
    for libelle in premier.lectures:
        valeurs = [releve.lectures[libelle].mediane_ms for releve in releves.values()]
        _ligne(table, libelle, valeurs, "≤", None)
    for libelle, (une, autre) in dernier.face_a_face.items() if len(releves) > 1 else ():
        vides = [math.nan] * (len(releves) - 2)
        _ligne(table, f"{libelle}, tour à tour", [une.mediane_ms, *vides, autre.mediane_ms], "≤", objectifs[libelle])
    for libelle in premier.ecritures:
        valeurs = [statistics.median(releve.ecritures[libelle]) for releve in releves.values()]
        _ligne(table, libelle, valeurs, "≥", _DEBIT_MIN)
    return table


def _ligne(table: Table, libelle: str, valeurs: Sequence[float], sens: str, objectif: float | None) -> None:
    rapport = valeurs[-1] / valeurs[0]
    tenu = objectif is None or (rapport <= objectif if sens == "≤" else rapport >= objectif)
    dit = "" if objectif is None else f"{sens} {objectif:g} " + ("atteint" if tenu else "[red]manqué[/red]")
    table.add_row(
        libelle, *("" if math.isnan(v) else f"{v:,.1f}".replace(",", " ") for v in valeurs), f"{rapport:.2f}", dit
    )


def _document(releves: Mapping[int, Releve], description: Mapping[str, Any], preseries: int) -> dict[str, Any]:
    return {
        "mesure_le": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": description,
        "preseries": preseries,
        "tailles": {str(taille): asdict(releve) for taille, releve in releves.items()},
    }


def _jouer(arguments: argparse.Namespace, dossier: Path, console: Console) -> None:
    description = machine.description(dossier, machine.coeurs(arguments.coeurs))
    service, petite = (ServiceLarge(arguments.preseries, arguments.workers) for _ in range(2))
    try:
        _suivre(service, console, "préséries", arguments.preseries, lambda: service.demarrer(dossier / "grande"))
        _suivre(petite, console, "préséries", arguments.preseries, lambda: petite.demarrer(dossier / "petite"))
        porter(petite, arguments.tailles[0], console)
        releves = {taille: relever(service, petite, taille, console) for taille in arguments.tailles}
        objectifs = {lecture.libelle: lecture.objectif for lecture in lectures(service)}
    finally:
        service.arreter()
        petite.arreter()
    Console(width=max(console.width, 118)).print(_tableau(releves, objectifs))
    chemin = resultats.ecrire(_document(releves, description, arguments.preseries), arguments.json)
    console.print(f"écrit dans {chemin}", markup=False)


def main() -> int:
    arguments = _arguments()
    for numero in (signal.SIGINT, signal.SIGTERM):
        signal.signal(numero, interrompre)
    console = Console(stderr=True)
    dossier = arguments.dossier or machine.dossier_de_travail()
    try:
        _jouer(arguments, dossier, console)
    except KeyboardInterrupt:
        console.print("interrompu")
        return 130
    except ConcurrentDefaillantError as cause:
        console.print(f"échec : {cause}", markup=False)
        return 1
    finally:
        arreter_postgresql_oublie(dossier)
        if arguments.dossier is None:
            shutil.rmtree(dossier, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
