"""The faults. Each is done when its block is entered and mended when it is left, as an operator or a manager would.

Mended also where doing it, or what the block waits for, fails: else all faults that follow would.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path

import asyncpg

from tests.pannes.disque import remplir, vider
from tests.pannes.terrain import Terrain
from tests.processus.lancement import attendre, enfants, postgres_fige, vivant

A_PART, A_L_ETROIT, SOUS_FAKETIME, EMBARQUE = "à part", "à l'étroit", "sous faketime", "embarqué"
"""Where a fault is done; see ``epreuve.ouvrir``."""
_REPONSES = 10
_JOURNAL_DIVERS = "SELECT pg_logical_emit_message(true, 'panne', repeat('x', 1000)), pg_switch_wal()"
_DES_SERVICES = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'traces-postes'"


@contextmanager
def ouvrier_tue(terrain: Terrain) -> Iterator[None]:
    os.kill(random.choice(terrain.serveur.ouvriers()), signal.SIGKILL)
    yield


@contextmanager
def ouvrier_fige(terrain: Terrain) -> Iterator[None]:
    """Its supervisor finds out."""
    os.kill(random.choice(terrain.serveur.ouvriers()), signal.SIGSTOP)
    yield


@contextmanager
def service_tue(terrain: Terrain) -> Iterator[None]:
    """Supervisor and workers at once."""
    os.killpg(terrain.serveur.processus.pid, signal.SIGKILL)
    terrain.serveur.processus.wait()
    try:
        yield
    finally:
        terrain.relancer_service()


@contextmanager
def connexion_tuee(terrain: Terrain) -> Iterator[None]:
    """One process of PostgreSQL that serves us: all others end with it, and the server recovers by itself."""
    siens = [pid for pid in enfants(terrain.postmaster) if b"traces_postes_service" in _commande(pid)]
    os.kill(random.choice(siens), signal.SIGKILL)
    yield


@contextmanager
def postgres_tue(terrain: Terrain) -> Iterator[None]:
    os.kill(terrain.postmaster, signal.SIGKILL)
    try:
        yield
    finally:
        terrain.grappe.demarrer()


@contextmanager
def postgres_embarque_tue(terrain: Terrain) -> Iterator[None]:
    """Nobody but the service itself could start it again."""
    os.kill(terrain.postmaster, signal.SIGKILL)
    yield


def _redemarrage(signe: signal.Signals) -> Callable[[Terrain], AbstractContextManager[None]]:
    @contextmanager
    def redemarrer(terrain: Terrain) -> Iterator[None]:
        postmaster = terrain.postmaster
        os.kill(postmaster, signe)
        try:
            attendre(lambda: not vivant(postmaster))
            yield
        finally:
            terrain.grappe.demarrer()

    return redemarrer


@contextmanager
def postgres_suspendu(terrain: Terrain) -> Iterator[None]:
    with postgres_fige(terrain.postmaster):
        yield


@contextmanager
def connexions_prises(terrain: Terrain) -> Iterator[None]:
    """Others take every connection, those of the service too."""
    with asyncio.Runner() as boucle:
        prises: list[asyncpg.Connection] = []
        try:
            boucle.run(_accaparer(terrain, prises))
            yield
        finally:
            for connexion in prises:
                connexion.terminate()


async def _accaparer(terrain: Terrain, prises: list[asyncpg.Connection]) -> None:
    proprietaire = await asyncpg.connect(terrain.url_du_proprietaire)
    prises.append(proprietaire)
    while True:
        try:
            while True:
                prises.append(await asyncpg.connect(terrain.url_du_service))
        except asyncpg.TooManyConnectionsError:
            if not await proprietaire.fetchval(_DES_SERVICES):
                return
            await asyncio.sleep(0.01)


@contextmanager
def disque_plein(terrain: Terrain) -> Iterator[None]:
    """That of the tables: PostgreSQL goes on, and refuses."""
    try:
        remplir(terrain.grappe.chemin / "base")
        yield
    finally:
        vider(terrain.grappe.chemin / "base")


@contextmanager
def journal_plein(terrain: Terrain) -> Iterator[None]:
    """That of the write-ahead log: PostgreSQL falls, and may not get up before there is room."""
    postmaster = terrain.postmaster
    try:
        remplir(terrain.grappe.chemin / "pg_wal")
        asyncio.run(_emplir_le_journal(terrain))
        yield
    finally:
        vider(terrain.grappe.chemin / "pg_wal")
        if not vivant(postmaster):
            terrain.grappe.demarrer()


async def _emplir_le_journal(terrain: Terrain) -> None:
    connexion = await asyncpg.connect(terrain.url_du_proprietaire)
    try:
        while True:
            await connexion.execute(_JOURNAL_DIVERS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        connexion.terminate()


@contextmanager
def reponses_perdues(terrain: Terrain) -> Iterator[None]:
    """What was asked was done, and the answer is cut at any byte."""
    terrain.passage.a_couper = _REPONSES
    try:
        attendre(lambda: terrain.passage.a_couper == 0)
        yield
    finally:
        terrain.passage.a_couper = 0


@contextmanager
def postes_tues(terrain: Terrain) -> Iterator[None]:
    """With full spools: PostgreSQL was away for some time."""
    avant = _perdues(terrain)
    with postgres_suspendu(terrain):
        attendre(lambda: _perdues(terrain) > avant)
    terrain.tuer_les_clients()
    try:
        yield
    finally:
        terrain.lancer_clients()


def _perdues(terrain: Terrain) -> int:
    terrain.carnet.relire()
    return len(terrain.carnet.perdues)


@contextmanager
def horloge_des_postes(terrain: Terrain) -> Iterator[None]:
    """Ten years ahead, then ten years behind."""
    try:
        for jours in (3650, -3650):
            _regler(terrain.horloge_des_postes, str(jours))
            time.sleep(1)
        yield
    finally:
        _regler(terrain.horloge_des_postes, "0")


@contextmanager
def horloge_du_service(terrain: Terrain) -> Iterator[None]:
    try:
        for jours in (400, -400):
            _regler(terrain.horloge_du_service, f"{jours:+}d")
            attendre(partial(_avance_de, terrain, timedelta(days=jours)))
            time.sleep(1)
        yield
    finally:
        _regler(terrain.horloge_du_service, "+0d")


def _regler(horloge: Path, texte: str) -> None:
    """At once: whoever reads it never finds it empty."""
    neuve = horloge.with_suffix(".neuve")
    neuve.write_text(texte)
    neuve.replace(horloge)


def _avance_de(terrain: Terrain, saut: timedelta) -> bool:
    """Whether the service's clock is so far ahead, as it says itself."""
    date = parsedate_to_datetime(terrain.serveur.appeler("GET", "/sante/vivant").headers["Date"])
    return abs(date - datetime.now(UTC) - saut) < timedelta(minutes=1)


def _commande(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@dataclass(frozen=True, slots=True)
class Panne:
    nom: str
    faire: Callable[[Terrain], AbstractContextManager[None]]
    dure_s: float = 0.0
    """Before it is mended."""
    lieu: str = A_PART
    a_la_fois: int = 1
    """Faults that one block does."""
    courte: bool = True
    """Whether it takes little enough time for every run of the tests."""
    visible: bool = True
    """Whether it lasts too long, or bites too well, for no client to have to try again."""


PANNES = (
    Panne("ouvrier tué", ouvrier_tue, visible=False),
    Panne("ouvrier figé", ouvrier_fige, courte=False, visible=False),
    Panne("service tué", service_tue),
    Panne("connexion de PostgreSQL tuée", connexion_tuee, visible=False),
    Panne("PostgreSQL tué", postgres_tue, 0.5),
    Panne("PostgreSQL redémarré (fast)", _redemarrage(signal.SIGINT), 0.5),
    Panne("PostgreSQL redémarré (immediate)", _redemarrage(signal.SIGQUIT), 0.5),
    Panne("PostgreSQL suspendu", postgres_suspendu, 5),
    Panne("connexions prises", connexions_prises, 2),
    Panne("réponses perdues", reponses_perdues, a_la_fois=_REPONSES),
    Panne("postes tués, spool plein", postes_tues, visible=False),
    Panne("horloge des postes", horloge_des_postes, visible=False),
    Panne("disque des tables plein", disque_plein, 2, A_L_ETROIT),
    Panne("disque du journal plein", journal_plein, 2, A_L_ETROIT),
    Panne("horloge du service", horloge_du_service, 0, SOUS_FAKETIME, visible=False),
    Panne("PostgreSQL embarqué tué", postgres_embarque_tue, 0, EMBARQUE),
)
