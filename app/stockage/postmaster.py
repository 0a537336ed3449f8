"""Where a postmaster is to listen, and what it tells of itself in a file that it rewrites, and removes when it ends."""

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from socket import AF_UNIX, socket
from typing import NamedTuple

PORT = 5432
_SOCKET_MAX = 103  # bytes of the socket's path: Linux takes 107, macOS 103
_SOCKET_SIMPLE = re.compile(r"[A-Za-z0-9_./-]+")  # in a URL, "," and ":" would separate hosts and ports
_ECOUTE_S = 1.0


class Fiche(NamedTuple):
    """Where a postmaster listens, and whether it has recovered."""

    port: str
    dossier_socket: Path
    prete: bool

    @classmethod
    def lire(cls, grappe: Path) -> "Fiche | None":
        """None where it is gone, or not all written yet."""
        # pid, directory, start, port, socket directory, address, memory, status
        lignes = _lignes(grappe)
        if len(lignes) < 5 or not lignes[4]:
            return None
        return cls(lignes[3], Path(lignes[4]), lignes[7:8] == ["ready"])

    def ecoute(self) -> bool:
        """Tell whether anything listens there: after a power cut its pid may be another program's."""
        with socket(AF_UNIX) as prise:
            prise.settimeout(_ECOUTE_S)
            try:
                prise.connect(f"{self.dossier_socket}/.s.PGSQL.{self.port}")
            except (ConnectionRefusedError, FileNotFoundError):
                return False
            except (BlockingIOError, TimeoutError):
                pass  # it listens, and takes nobody: suspended
        return True


def oublier_pid_reutilise(grappe: Path, dossier_socket: Path) -> None:
    """Remove the lock files of a dead postmaster whose pid is in use: they would forbid any start."""
    with suppress(FileNotFoundError, PermissionError, IndexError):
        processus = Path("/proc", _lignes(grappe)[0])
        etat = (processus / "stat").read_text().rpartition(")")[2].split()[0]
        # A zombie stays where nobody reaps orphans (a container without init).
        if etat in {"Z", "X"} or (processus / "cwd").readlink() != grappe.resolve():
            (dossier_socket / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
            (grappe / "postmaster.pid").unlink()


def dossier_socket(dossier: Path) -> Path:
    """Choose the data directory's own, or a short one where the kernel or a URL could not take that."""
    court = f"traces-postes-{hashlib.sha256(os.fsencode(dossier)).hexdigest()[:16]}"
    for candidat in (dossier / "socket", Path(tempfile.gettempdir()).resolve() / court):
        longueur = len(os.fsencode(candidat / f".s.PGSQL.{PORT}"))
        if longueur <= _SOCKET_MAX and _SOCKET_SIMPLE.fullmatch(str(candidat)):
            return candidat
    return Path("/tmp", court)  # noqa: S108


def _lignes(grappe: Path) -> list[str]:
    try:
        return [ligne.strip() for ligne in (grappe / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []
