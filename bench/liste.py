"""Which contenders there are."""

from collections.abc import Callable, Mapping

from bench.concurrents import Concurrent, Forme
from bench.direct import Direct
from bench.influx import Influx
from bench.manuel_servi import Manuel
from bench.otlp import mlflow, phoenix
from bench.service import Service

REFERENCE = "manuel"

_UNITAIRES = Forme(taille=1, connexions=64)
_TABLEAUX = Forme(taille=100, connexions=16)
_MILLIERS = Forme(taille=1000, connexions=4)

CONCURRENTS: Mapping[str, Callable[[], Concurrent]] = {
    "manuel": Manuel,
    "unitaires": lambda: Service("service, une par une", _UNITAIRES),
    "unitaires-2": lambda: Service("2 workers, une par une", _UNITAIRES, workers=2),
    "tableaux": lambda: Service("service, tableaux de 100", _TABLEAUX),
    "tableaux-2": lambda: Service("2 workers, tableaux de 100", _TABLEAUX, workers=2),
    "milliers": lambda: Service("service, tableaux de 1 000", _MILLIERS),
    "milliers-2": lambda: Service("2 workers, tableaux de 1 000", _MILLIERS, workers=2),
    "instruction": lambda: Direct("l'instruction seule, 100 lignes", "instruction", 100),
    "instruction-1000": lambda: Direct("l'instruction seule, 1 000 lignes", "instruction", 1000),
    "copie": lambda: Direct("COPY nu, 100 lignes", "copie", 100),
    "copie-1000": lambda: Direct("COPY nu, 1 000 lignes", "copie", 1000),
    "validation": lambda: Direct("validation seule, tableaux de 100", "validation", 100),
}

LATENCES: Mapping[str, tuple[str, int]] = {"latence": ("unitaires", 1), "latence-2": ("unitaires-2", 2)}
"""At a constant rate: the contender whose capacity sets it, and how many workers there are."""

PAIRS: Mapping[str, Callable[[], Concurrent]] = {
    "influxdb": lambda: Influx("InfluxDB, une par une", 1, 64),
    "influxdb-tableaux": lambda: Influx("InfluxDB, 100 lignes", 100, 16),
    "phoenix": phoenix,
    "mlflow": mlflow,
}
"""What others have; played when named."""
