"""``python -m tests.fuzz [REQUESTS] [SEED]``: the long form; the exit code tells whether all was well."""

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.fuzz.campagne import cible, journal, mener
from tests.fuzz.description import eprouver
from tests.fuzz.jugement import Releve

_FAUTES_DITES = 100


def _dire(ligne: str) -> None:
    sys.stdout.write(ligne + "\n")
    sys.stdout.flush()


def _principal(nombre: int = 200_000, graine: int = 1) -> int:
    with tempfile.TemporaryDirectory() as dossier, cible(Path(dossier)) as visee:
        releve = Releve()
        asyncio.run(mener(visee, nombre, graine, _dire, releve))
        vues = eprouver(visee, exemples=max(2, nombre // 10_000), graine=graine)
        fautes = sorted({*releve.fautes, *vues.fautes, *journal(visee)})
    for role, statuts in vues.statuts.items():
        _dire(f"{role} : " + ", ".join(f"{statut} {nombre}" for statut, nombre in sorted(statuts.items())))
    for faute in fautes[:_FAUTES_DITES]:
        _dire(f"FAUTE {faute}")
    _dire(f"{len(fautes)} fautes")
    return 1 if fautes else 0


if __name__ == "__main__":
    sys.exit(_principal(*(int(mot) for mot in sys.argv[1:3])))
