"""``python -m tests.patroni [TIMES]``: the long form; the exit code tells whether all was well."""

import signal
import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path

from tests.patroni.bascules import ABATTU, FIGE, TUE, eprouver
from tests.patroni.noeuds import absents
from tests.patroni.terrain import service, terrain


def _dire(ligne: str) -> None:
    sys.stdout.write(ligne + "\n")
    sys.stdout.flush()


def _principal(fois: str = "10") -> int:
    if (raison := absents()) is not None:
        sys.exit(raison)
    for signe in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signe, signal.default_int_handler)  # whatever was started ends with us
    with tempfile.TemporaryDirectory(prefix="bascules-") as dossier:
        pertes = list(islice(cycle((TUE, FIGE, ABATTU)), int(fois)))
        with terrain(Path(dossier)) as lui, service(lui) as serveur_:
            releve = eprouver(lui, serveur_, pertes, _dire, en_plus=True)
    for ligne in releve.resume():
        _dire(ligne)
    return 1 if releve.fautes else 0


if __name__ == "__main__":
    sys.exit(_principal(*sys.argv[1:]))
