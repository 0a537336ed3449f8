"""The embedded PostgreSQL 18 of laptops and tests: a server on a Unix socket of its data directory.

Each process holds a shared lock on ``postgres.usage`` while it uses the server; whoever leaves last (and so
gets the exclusive lock) stops it. The kernel drops the lock of a killed process, so that the next one takes
over the server that was left behind. ``postgres.verrou`` serialises starting and stopping, also by the threads of
one process: each opens it for itself.
"""

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import structlog

from app.stockage.acces_posix import AccesImpossible
from app.stockage.grappe import NOM, Grappe, PostgresEmbarqueImpossible

__all__ = ["PostgresEmbarque", "PostgresEmbarqueImpossible", "postgres_embarque"]

_VEILLE_S = 1.0
_journal = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PostgresEmbarque:
    """A running server: where it lives and how to reach it."""

    dossier: Path
    dossier_socket: Path
    journal: Path

    def url(self, base: str = NOM, utilisateur: str = NOM) -> str:
        """Build the ``postgresql://`` URL of a database."""
        hote = quote(str(self.dossier_socket), safe="")
        return f"postgresql://{quote(utilisateur, safe='')}@/{quote(base, safe='')}?host={hote}"


@contextmanager
def postgres_embarque(
    dossier_donnees: Path, *, reglages: Mapping[str, str] = MappingProxyType({}), veiller: bool = False
) -> Iterator[PostgresEmbarque]:
    """Use the server of a data directory: created, started or joined, and stopped by the last one to leave.

    ``reglages`` are PostgreSQL settings; they hold for a server that this call starts, not for one it joins.
    ``veiller``: started again should it die meanwhile.
    """
    with ExitStack() as pile:
        with _echecs_expliques(dossier_donnees):
            dossier_donnees.mkdir(mode=0o700, parents=True, exist_ok=True)
            dossier = dossier_donnees.resolve()
            usage = pile.enter_context(_ouvert(dossier / "postgres.usage"))
            fcntl.flock(usage, fcntl.LOCK_SH)
            with _exclusif(dossier):
                grappe = Grappe.de(dossier, reglages)
                pile.callback(_quitter, grappe, usage)
                grappe.initialiser()
                grappe.demarrer()
                postgres = PostgresEmbarque(dossier, grappe.socket_en_service(), grappe.journal)
        if veiller:
            pile.enter_context(_veille(grappe))
        yield postgres


@contextmanager
def _veille(grappe: Grappe) -> Iterator[None]:
    fin = threading.Event()
    fil = threading.Thread(target=_veiller, args=(grappe, fin), name="veille-postgres", daemon=True)
    fil.start()
    try:
        yield
    finally:
        fin.set()
        fil.join()


def _veiller(grappe: Grappe, fin: threading.Event) -> None:
    """What keeps it from starting (a full disk) is said once, and tried again until it passes."""
    dit = False
    while not fin.wait(_VEILLE_S):
        try:
            if grappe.vivante():
                dit = False
            elif _relancer(grappe, fin):
                _journal.warning("postgres_embarque_relance")
        except Exception as erreur:  # noqa: BLE001 — whatever one look meets, the next may not
            if not dit:
                _journal.error("postgres_embarque_a_terre", erreur=type(erreur).__name__)
            dit = True


def _relancer(grappe: Grappe, fin: threading.Event) -> bool:
    """Start it again; False where another process is at it, or all is to end."""
    with ExitStack() as pile:
        try:
            pile.enter_context(_exclusif(grappe.dossier, fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return grappe.demarrer(fin)


def _quitter(grappe: Grappe, usage: int) -> None:
    with _echecs_expliques(grappe.dossier):
        try:
            fcntl.flock(usage, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # others still use it, and the last of them will stop it
        with _exclusif(grappe.dossier):
            grappe.arreter()


@contextmanager
def _ouvert(chemin: Path) -> Iterator[int]:
    # Closed in children (O_CLOEXEC): one that held a copy would keep our lock after us.
    descripteur = os.open(chemin, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        yield descripteur
    finally:
        os.close(descripteur)


@contextmanager
def _exclusif(dossier: Path, sans_attendre: int = 0) -> Iterator[None]:
    with _ouvert(dossier / "postgres.verrou") as verrou:
        fcntl.flock(verrou, fcntl.LOCK_EX | sans_attendre)
        yield


@contextmanager
def _echecs_expliques(dossier: Path) -> Iterator[None]:
    try:
        yield
    except AccesImpossible as exc:
        raise PostgresEmbarqueImpossible(str(exc)) from exc
    except PermissionError as exc:
        raise PostgresEmbarqueImpossible(
            f"Le PostgreSQL embarqué de {dossier} n'est pas utilisable par ce compte ({exc}). Relancez sous "
            "le compte qui l'a créé, ou choisissez un autre dossier par TRACES_POSTES_DATA_DIR."
        ) from exc
    except OSError as exc:
        raise PostgresEmbarqueImpossible(
            f"Le PostgreSQL embarqué n'a pas pu être préparé dans {dossier} : {exc}. Corrigez cette cause et "
            "relancez, ou donnez un serveur PostgreSQL par TRACES_POSTES_DATABASE_URL."
        ) from exc
