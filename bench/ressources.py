"""What a load cost: processor time of the service and of PostgreSQL, bytes on disk, bytes of WAL.

Processor time is read in /proc: user and system time of each process, and of its children that ended (what a
backend used is its postmaster's once it is gone).
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from app.stockage.embarque import postgres_embarque

_TIC_S = 1 / os.sysconf("SC_CLK_TCK")
_PARENT, _SESSION, _TEMPS = 1, 3, slice(11, 15)
"""Fields of /proc/PID/stat after the name: utime, stime, cutime and cstime are one slice."""
_TABLES = """
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""


@dataclass(frozen=True)
class Couts:
    """Of one load, warm-up and final count included; None where the contender has no such part."""

    service_s: float | None
    base_s: float | None
    octets: int
    octets_wal: int | None
    autres_s: float
    """Processor time on our cores that was neither the contender's nor the generator's: kernel threads, and others."""
    duree_s: float


def _tous() -> Iterator[tuple[int, list[str]]]:
    for chemin in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            yield int(chemin.parent.name), chemin.read_text().rpartition(")")[2].split()


def _secondes(champs: list[str]) -> float:
    return sum(map(int, champs[_TEMPS])) * _TIC_S


def processeur_session(chef: int) -> float:
    """Of every process of the session that `chef` leads."""
    return sum(_secondes(champs) for _, champs in _tous() if int(champs[_SESSION]) == chef)


def processeur_postgresql(postmaster: int) -> float:
    return sum(_secondes(champs) for pid, champs in _tous() if postmaster in (pid, int(champs[_PARENT])))


def _nos_coeurs_s() -> float:
    """Time that our cores were busy, since the machine started."""
    noms = {f"cpu{numero}" for numero in os.sched_getaffinity(0)}
    lignes = (ligne.split() for ligne in Path("/proc/stat").read_text().splitlines())
    # user, nice, system, (idle, iowait,) irq, softirq; what a hypervisor took (steal) is another's as well
    return sum(sum(map(int, [*mots[1:4], *mots[6:9]])) for mots in lignes if mots[0] in noms) * _TIC_S


class Sonde:
    """Looks at a contender that runs on `dossier`/donnees."""

    def __init__(self, dossier: Path, pid_service: int | None, url: str | None) -> None:
        self._donnees = dossier / "donnees"
        self._pid_service = pid_service
        self._url = url

    def preparer(self) -> None:
        """What was written before (the schema, the contender that came first) is not the load's to pay."""
        if self._url is not None:
            asyncio.run(_demander(self._url, "CHECKPOINT"))
        os.sync()

    def relever(self) -> Couts:
        """Totals since the start; what a load cost is the difference of two."""
        service_s = base_s = octets_wal = None
        if self._pid_service is not None:
            service_s = processeur_session(self._pid_service)
        if self._url is None:
            octets = _taille(self._donnees)
        else:
            fiche = (self._donnees / "postgres" / "postmaster.pid").read_text()
            base_s = processeur_postgresql(int(fiche.split(maxsplit=1)[0]))
            octets_wal = asyncio.run(_demander(self._url, "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))
            octets = asyncio.run(_demander(self._url, _TABLES))
        notre = os.times()  # our children that ended: the generator
        autres_s = _nos_coeurs_s() - (service_s or 0) - (base_s or 0) - sum(notre[:4])
        return Couts(service_s, base_s, octets, octets_wal, autres_s, notre.elapsed)


@contextmanager
def sonde(dossier: Path, pid_service: int | None) -> Iterator[Sonde]:
    if (dossier / "donnees" / "postgres").exists():
        with postgres_embarque(dossier / "donnees") as serveur:
            yield Sonde(dossier, pid_service, serveur.url())
    else:
        yield Sonde(dossier, pid_service, None)


def difference(avant: Couts, apres: Couts) -> Couts:
    return Couts(
        None if avant.service_s is None or apres.service_s is None else apres.service_s - avant.service_s,
        None if avant.base_s is None or apres.base_s is None else apres.base_s - avant.base_s,
        apres.octets - avant.octets,
        None if avant.octets_wal is None or apres.octets_wal is None else apres.octets_wal - avant.octets_wal,
        apres.autres_s - avant.autres_s,
        apres.duree_s - avant.duree_s,
    )


async def _demander(url: str, requete: str) -> int:
    connexion = await asyncpg.connect(url)
    try:
        return int(await connexion.fetchval(requete, timeout=120) or 0)
    finally:
        await connexion.close()


def _taille(dossier: Path) -> int:
    taille = 0
    for fichier in dossier.rglob("*"):
        with suppress(OSError):
            taille += fichier.stat().st_blocks * 512 if fichier.is_file() else 0
    return taille
