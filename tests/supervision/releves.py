"""What the tests of the metrics share: a scrape read back by Prometheus' own library."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

Cellule = tuple[str, frozenset[tuple[str, str]]]


def cellule(serie: str, **etiquettes: str) -> Cellule:
    return serie, frozenset(etiquettes.items())


@dataclass(frozen=True, slots=True)
class Releve:
    """One scrape: its families, and its values by series and labels."""

    texte: str
    familles: Mapping[str, Metric]
    valeurs: Mapping[Cellule, float]

    def __getitem__(self, serie: str) -> float:
        return self.valeurs[cellule(serie)]

    def valeur(self, serie: str, **etiquettes: str) -> float:
        return self.valeurs[cellule(serie, **etiquettes)]

    def series(self, serie: str) -> dict[frozenset[tuple[str, str]], float]:
        return {etiquettes: valeur for (nom, etiquettes), valeur in self.valeurs.items() if nom == serie}


def lire(texte: str) -> Releve:
    """Fails on text that the library can't read, and on a cell that stands twice."""
    familles = {famille.name: famille for famille in text_string_to_metric_families(texte)}
    valeurs: dict[Cellule, float] = {}
    for famille in familles.values():
        for sample in famille.samples:
            cle = cellule(sample.name, **sample.labels)
            assert cle not in valeurs, cle
            valeurs[cle] = sample.value
    return Releve(texte, familles, valeurs)


def pareil(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))
