"""``python -m tests.pannes [TIMES] [FAULT…]``: the long form; the exit code tells whether all was well.

A fault is chosen by the beginning of its name.
"""

import signal
import sys

from tests.pannes.epreuve import Releve, campagne, lignes
from tests.pannes.pannes import PANNES


def _dire(ligne: str) -> None:
    sys.stdout.write(ligne + "\n")
    sys.stdout.flush()


def _principal(fois: str = "100", *debuts: str) -> int:
    for signe in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signe, signal.default_int_handler)  # whatever was started ends with us
    pannes = [panne for panne in PANNES if panne.nom.startswith(debuts or "")]
    releves: list[Releve] = []
    try:
        for releve in campagne(pannes, int(fois), _dire):
            releves.append(releve)
            for faute in releve.fautes:
                _dire(f"FAUTE {releve.nom} : {faute}")
    finally:
        for ligne in lignes(releves):
            _dire(ligne)
    return 1 if any(releve.fautes for releve in releves) else 0


if __name__ == "__main__":
    sys.exit(_principal(*sys.argv[1:]))
