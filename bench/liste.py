"""Which contenders there are."""

from collections.abc import Callable, Mapping

from bench.concurrents import Concurrent, Forme
from bench.manuel_servi import Manuel
from bench.service import Service

REFERENCE = "manuel"
PAR_DEFAUT = ("manuel", "unitaires", "tableaux")

_UNITAIRES = Forme(taille=1, connexions=64)
_TABLEAUX = Forme(taille=100, connexions=16)

CONCURRENTS: Mapping[str, Callable[[], Concurrent]] = {
    "manuel": Manuel,
    "unitaires": lambda: Service("service, une par une", _UNITAIRES, objectif=5),
    "tableaux": lambda: Service("service, tableaux de 100", _TABLEAUX, objectif=25),
    "unitaires-2": lambda: Service("2 workers, une par une", _UNITAIRES, workers=2),
    "tableaux-2": lambda: Service("2 workers, tableaux de 100", _TABLEAUX, workers=2),
}
