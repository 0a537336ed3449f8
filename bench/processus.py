"""Child processes of the bench, each in a session of its own, ended by their own id."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from app.stockage.embarque import postgres_embarque

RACINE = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

_ATTENTE_PRET_S = 60.0
_ATTENTE_ARRET_S = 30.0


class ConcurrentDefaillantError(Exception):
    """A contender did not start, or did not do what it was measured for."""


def environnement(ajouts: Mapping[str, str]) -> dict[str, str]:
    """Our environment without the settings of a service that the user may run beside the bench."""
    propre = {nom: valeur for nom, valeur in os.environ.items() if not nom.startswith("TRACES_POSTES_")}
    return {**propre, **ajouts}


def port_libre() -> int:
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        return int(prise.getsockname()[1])


class Enfant:
    """A server process, in a session of its own: Ctrl-C in the terminal reaches the bench, which stops it."""

    def __init__(self, commande: Sequence[str | Path], *, ajouts: Mapping[str, str], journal: Path) -> None:
        self._journal = journal
        with journal.open("wb") as sortie:
            self._processus = subprocess.Popen(  # noqa: S603 (our own command)
                [str(mot) for mot in commande],
                cwd=RACINE,
                env=environnement(ajouts),
                stdin=subprocess.DEVNULL,
                stdout=sortie,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the process, and of its session."""
        return self._processus.pid

    def attendre(self, port: int, chemin: str) -> None:
        """Return once `chemin` answers 200."""
        limite = time.monotonic() + _ATTENTE_PRET_S
        while time.monotonic() < limite:
            if self._processus.poll() is not None:
                raise ConcurrentDefaillantError(f"exited with {self._processus.returncode}\n{self.fin_du_journal()}")
            with suppress(OSError, http.client.HTTPException):
                connexion = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
                try:
                    connexion.request("GET", chemin)
                    if connexion.getresponse().status == http.HTTPStatus.OK:
                        return
                finally:
                    connexion.close()
            time.sleep(0.1)
        raise ConcurrentDefaillantError(f"not ready after {_ATTENTE_PRET_S:.0f} s\n{self.fin_du_journal()}")

    def fin_du_journal(self) -> str:
        return self._journal.read_text(errors="replace")[-3000:]

    def arreter(self) -> None:
        if self._processus.poll() is None:
            self._processus.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._processus.wait(_ATTENTE_ARRET_S)
        with suppress(ProcessLookupError):
            os.killpg(self._processus.pid, signal.SIGKILL)  # what is left of its session
        self._processus.wait()


def executer(commande: Sequence[str | Path], *, ajouts: Mapping[str, str], delai_s: float) -> str:
    """Run a command to its end and return what it printed."""
    processus = subprocess.Popen(  # noqa: S603 (our own command)
        [str(mot) for mot in commande],
        cwd=RACINE,
        env=environnement(ajouts),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        sortie, erreurs = processus.communicate(timeout=delai_s)
    except subprocess.TimeoutExpired as cause:
        raise ConcurrentDefaillantError(f"{commande[0]} took more than {delai_s:.0f} s") from cause
    finally:
        if processus.poll() is None:
            processus.kill()
            processus.wait()
    if processus.returncode != 0:
        raise ConcurrentDefaillantError(f"{commande[0]} exited with {processus.returncode}\n{erreurs[-3000:]}")
    return sortie


def arreter_postgresql_oublie(dossier: Path) -> None:
    """Stop the server that a killed process may have left under `dossier`: the last to leave it stops it."""
    for fichier in dossier.rglob("postmaster.pid"):
        with postgres_embarque(fichier.parent.parent):
            pass
