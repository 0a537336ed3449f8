"""``python -m tests.fuzz.couverture [REQUESTS]``: coverage-guided, within this process, on reading and sorting a body.

By hand only: it needs ``atheris``, which has no wheel for every Python and is not among the project's dependencies.
"""

import importlib
import random
import sys
import tempfile
from pathlib import Path
from types import FunctionType
from typing import Any

from app.erreurs import ErreurMetier
from app.traces import lecture, tri
from app.traces.lecture import uuid_ou_rien
from app.traces.schemas import ErreurRecue, TraceRecue
from tests.fuzz import corps
from tests.fuzz.valeurs import MARQUE
from tests.traces.annuaires import ANNUAIRE, CNAM, MAINTENANT

_CHAMPS = {*TraceRecue.__annotations__, *(f"erreur.{champ}" for champ in ErreurRecue.__annotations__), None}
_GRAINES = (corps.mutee, corps.tableau, corps.nue, corps.encodee, corps.binaire, corps.profonde)


def eprouver(contenu: bytes) -> None:
    """Whatever the bytes: traces, faults that say nothing of them, or a domain error."""
    try:
        lue = lecture.lire(contenu)
    except ErreurMetier:
        return
    for element in lue.elements:
        sortie = tri.trier(element, ANNUAIRE, CNAM, MAINTENANT)
        if isinstance(sortie, tri.Rejet):
            assert MARQUE not in sortie.detail
            assert sortie.champ in _CHAMPS
            assert sortie.id == uuid_ou_rien(sortie.id)


def _principal(nombre: int = 500_000) -> None:
    atheris: Any = importlib.import_module("atheris")
    for module in (lecture, tri):
        for fonction in vars(module).values():
            if isinstance(fonction, FunctionType) and fonction.__module__ == module.__name__:
                atheris.instrument_func(fonction)
    with tempfile.TemporaryDirectory() as dossier:
        hasard = random.Random(1)
        for rang in range(300):
            Path(dossier, str(rang)).write_bytes(hasard.choice(_GRAINES)(hasard).contenu)
        atheris.Setup([sys.argv[0], f"-runs={nombre}", "-timeout=2", "-max_len=20000", dossier], eprouver)
        atheris.Fuzz()


if __name__ == "__main__":
    _principal(*(int(mot) for mot in sys.argv[1:2]))
