"""Starts the real command line on a data directory, and sees to it that nothing of it outlives its test."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx

from tests.description import verifier_reponse
from tests.outils import Corps

COMMANDE = Path(sys.executable).with_name("traces-postes")
PATIENCE_S = 30.0


def environnement(**reglages: str) -> dict[str, str]:
    """Our environment with these settings (``data_dir=…``) and no others of the service."""
    sans = {nom: valeur for nom, valeur in os.environ.items() if not nom.startswith(("TRACES_POSTES_", "DEMO_"))}
    return sans | {f"TRACES_POSTES_{nom.upper()}": valeur for nom, valeur in reglages.items()}


def port_libre() -> int:
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        port: int = prise.getsockname()[1]
        return port


def attendre(condition: Callable[[], bool], secondes: float = PATIENCE_S) -> None:
    limite = time.monotonic() + secondes
    while not condition():
        assert time.monotonic() < limite, "trop long"
        time.sleep(0.02)


def executer(*arguments: str, env: dict[str, str], patience_s: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    return subprocess.run(
        [COMMANDE, *arguments], env=env, capture_output=True, text=True, timeout=patience_s, check=False
    )


def creer_cle(dossier: Path, *arguments: str) -> str:
    """The key that ``cle creer`` prints, alone on its last line."""
    fini = executer("cle", "creer", *arguments, env=environnement(data_dir=str(dossier)))
    assert fini.returncode == 0, fini.stderr
    return fini.stdout.splitlines()[-1]


def pid_de_postgres(dossier: Path) -> int | None:
    """None where there is none; PostgreSQL may be about to write it, or to remove it."""
    try:
        return int((dossier / "postgres" / "postmaster.pid").read_text().partition("\n")[0])
    except (FileNotFoundError, ValueError):
        return None


def enfants(pid: int) -> list[int]:
    return [int(mot) for mot in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def postgres_fige(postmaster: int) -> Iterator[None]:
    """PostgreSQL and its backends stand still; connections stay open."""
    os.kill(postmaster, signal.SIGSTOP)
    siens = [postmaster]
    try:
        siens += enfants(postmaster)
        _signaler(siens, signal.SIGSTOP)
        yield
    finally:
        _signaler(siens, signal.SIGCONT)


def _signaler(pids: list[int], signe: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signe)


def vivant(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody reaps does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def processus_de(dossier: Path) -> list[int]:
    """Everything that runs on a data directory: by its command, its environment, or where it works."""
    marque = os.fsencode(dossier)
    trouves = []
    for entree in Path("/proc").iterdir():
        if entree.name.isdigit() and int(entree.name) != os.getpid() and vivant(int(entree.name)):
            with suppress(OSError):
                dits = (entree / "cmdline").read_bytes() + (entree / "environ").read_bytes()
                if marque in dits or os.fsencode((entree / "cwd").readlink()).startswith(marque):
                    trouves.append(int(entree.name))
    return trouves


@dataclass
class Serveur:
    """A running ``traces-postes serve``."""

    processus: subprocess.Popen[bytes]
    dossier: Path
    port: int
    journal: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def appeler(self, methode: str, chemin: str, cle: str | None = None, **options: Any) -> httpx.Response:
        """A call over a connection of its own, which any worker may take."""
        entetes = {"Authorization": f"Bearer {cle}"} if cle is not None else {}
        with httpx.Client(base_url=self.url, headers=entetes, timeout=PATIENCE_S) as client:
            reponse = client.request(methode, chemin, **options)
        verifier_reponse(reponse)
        return reponse

    def inscrire(self, cle: str, appels: list[tuple[str, str, Corps]]) -> None:
        for methode, chemin, corps in appels:
            reponse = self.appeler(methode, chemin, cle, json=corps)
            assert reponse.status_code in (200, 201), (chemin, reponse.text)

    def pret(self) -> bool:
        assert self.processus.poll() is None, self.journal.read_text()
        try:
            return self.appeler("GET", "/sante/pret").is_success
        except httpx.TransportError:
            return False

    def ouvriers(self) -> list[int]:
        """The processes that serve: children of the supervisor that run our code."""
        enfants = Path(f"/proc/{self.processus.pid}/task/{self.processus.pid}/children").read_text().split()
        ouvriers = []
        for pid in enfants:
            with suppress(OSError):  # it may end meanwhile
                if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    ouvriers.append(int(pid))
        return ouvriers

    def arreter(self, signal_: int = signal.SIGTERM) -> int:
        """Stops it as a service manager does; gives its exit code."""
        self.processus.send_signal(signal_)
        return self.processus.wait(PATIENCE_S)


@contextmanager
def serveur(
    dossier: Path,
    port: int | None = None,
    *,
    workers: int = 2,
    reglages: Mapping[str, str] = MappingProxyType({}),
    ajouts: Mapping[str, str] = MappingProxyType({}),
    code: Path | None = None,
    patience_s: float = PATIENCE_S,
) -> Iterator[Serveur]:
    """The service, ready; whatever is left of it and of its PostgreSQL at the end is killed.

    ``ajouts``: variables beside its settings. ``code``: a folder whose packages run instead of ours.
    """
    port = port or port_libre()
    journal = dossier.with_name(f"{dossier.name}-{port}.log")
    lanceur = [str(COMMANDE)] if code is None else [sys.executable, "-m", "app"]
    commande = [*lanceur, "serve", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
    with journal.open("ab") as sortie:
        lance = subprocess.Popen(
            commande,
            env=environnement(data_dir=str(dossier), **reglages) | dict(ajouts),
            stdout=sortie,
            stderr=sortie,
            start_new_session=True,
            cwd=code,
        )
    try:
        lui = Serveur(lance, dossier, port, journal)
        attendre(lui.pret, patience_s)
        yield lui
    finally:
        nettoyer(lance)


def nettoyer(lance: subprocess.Popen[Any]) -> None:
    """Ends a command that a test left running, gently at first: it stops its PostgreSQL."""
    if lance.poll() is None:
        lance.terminate()
        try:
            lance.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(lance.pid, signal.SIGKILL)
            lance.wait(PATIENCE_S)
