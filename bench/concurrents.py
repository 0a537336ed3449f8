"""What a contender is: it starts on an empty directory, takes one load, and stops.

To add one, write a class with these methods and name it in `liste.py`. What it stores is in `donnees` in its
directory.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bench.charge import Mesure
from bench.corps import Cible
from bench.machine import reglages_non_durables
from bench.processus import ConcurrentDefaillantError, executer


@dataclass(frozen=True)
class Temps:
    echauffement_s: float
    duree_s: float


@dataclass(frozen=True)
class Forme:
    """What is sent: traces per request (1 is an object, more an array), and over how many connections."""

    taille: int
    connexions: int
    nom: str = "traces"
    """Of the bodies; `charge.py` knows them."""


class Concurrent(Protocol):
    libelle: str

    @property
    def pid(self) -> int | None:
        """The leader of the session in which its service runs; None where it has none."""

    def demarrer(self, dossier: Path) -> None: ...

    def charger(self, temps: Temps) -> Mesure: ...

    def arreter(self) -> None:
        """Also called when `demarrer` failed half-way."""


def lancer(module: str, options: Mapping[str, object], ajouts: Mapping[str, str], temps: Temps) -> dict[str, Any]:
    """Run a load generator to its end; what it saw."""
    sortie = executer(
        [sys.executable, "-m", module, *(str(mot) for option in options.items() for mot in option)],
        ajouts=ajouts,
        delai_s=temps.echauffement_s + temps.duree_s + 60,
    )
    resultat: dict[str, Any] = json.loads(sortie)
    return resultat


def charger_http(cible: Cible, forme: Forme, temps: Temps) -> Mesure:
    """Run the load generator; every answer must be a 2xx, and every trace sent must have been recorded."""
    options = {
        "--port": cible.port,
        "--taille": forme.taille,
        "--connexions": forme.connexions,
        "--forme": forme.nom,
        "--chemin": cible.chemin,
        "--entete": cible.entete,
        "--echauffement": temps.echauffement_s,
        "--duree": temps.duree_s,
    }
    sortie = lancer("bench.charge", options, {"BENCH_CLE": cible.cle} if cible.cle else {}, temps)
    mesure = Mesure(**sortie)
    if mesure.reponses_autres:
        raise ConcurrentDefaillantError(f"{mesure.reponses_autres} refusals, the first: {mesure.premier_refus}")
    verifier_compte("acknowledged", mesure.envoyees, mesure.enregistrees)
    return mesure


def verifier_compte(quoi: str, attendu: int, compte: int) -> None:
    if compte != attendu:
        raise ConcurrentDefaillantError(f"{quoi}: {compte} traces instead of {attendu}")


def verifier_durable(dossier: Path) -> None:
    if lignes := reglages_non_durables(dossier):
        raise ConcurrentDefaillantError(f"PostgreSQL is not durable: {lignes}")
