"""How contenders are played: in turn, round after round, each alone, on an empty database, from a clean start."""

import shutil
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bench.cadence import Latences
from bench.charge import Mesure
from bench.concurrents import Concurrent, Forme, Temps
from bench.liste import LATENCES
from bench.ressources import Couts, Sonde, difference, sonde
from bench.service import Service

PARTS = (0.25, 0.5, 0.75)
"""Of the capacity measured in the same run."""


@dataclass(frozen=True)
class Tour:
    mesure: Mesure
    couts: Couts


@dataclass(frozen=True)
class Palier:
    """One load at a constant rate."""

    latences: Latences
    couts: Couts


Cadences = Mapping[tuple[str, float], Sequence[Palier]]
"""By code and part of the capacity."""


@contextmanager
def _en_scene(concurrent: Concurrent, dossier: Path) -> Iterator[Sonde]:
    dossier.mkdir()
    try:
        concurrent.demarrer(dossier)
        with sonde(dossier, concurrent.pid) as regard:
            regard.preparer()
            yield regard
    finally:
        concurrent.arreter()
        shutil.rmtree(dossier)


def debits(
    concurrents: Mapping[str, Concurrent], dossier: Path, *, tours: int, temps: Temps, console: Console
) -> dict[str, list[Tour]]:
    """Everything that it has got, from every contender."""
    joues: dict[str, list[Tour]] = {code: [] for code in concurrents}
    for tour in range(1, tours + 1):
        for code, concurrent in concurrents.items():
            with _en_scene(concurrent, dossier / f"{tour}-{code}") as regard:
                avant = regard.relever()
                mesure = concurrent.charger(temps)
                joues[code].append(Tour(mesure, difference(avant, regard.relever())))
            console.print(f"tour {tour}/{tours}  {concurrent.libelle} : {mesure.par_seconde:.0f} traces/s")
    return joues


def latences(
    codes: Sequence[str],
    joues: Mapping[str, Sequence[Tour]],
    dossier: Path,
    *,
    tours: int,
    temps: Temps,
    console: Console,
) -> Cadences:
    """The service at a constant rate, at parts of what it could do in the rounds just played."""
    paliers: dict[tuple[str, float], list[Palier]] = {(code, part): [] for code in codes for part in PARTS}
    for tour in range(1, tours + 1):
        for code in codes:
            de, workers = LATENCES[code]
            capacite = statistics.median(t.mesure.par_seconde for t in joues[de])
            service = Service(code, Forme(1, 1), workers=workers)
            with _en_scene(service, dossier / f"{tour}-{code}") as regard:
                for part in PARTS:
                    regard.preparer()
                    avant = regard.relever()
                    vues = service.cadencer(round(part * capacite, 1), temps)
                    paliers[code, part].append(Palier(vues, difference(avant, regard.relever())))
                    console.print(f"tour {tour}/{tours}  {code}, {vues.debit:.0f} traces/s : p99 {vues.p99_ms:.1f} ms")
    return paliers
