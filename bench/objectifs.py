"""What the service must reach, with the better of one and two workers."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from bench.partie import Cadences

_UNITAIRES = ("unitaires", "unitaires-2")
_TABLEAUX = ("tableaux", "tableaux-2")
_RAPPORTS = (
    ("une par une", _UNITAIRES, "manuel", 9.0),
    ("tableaux de 100", _TABLEAUX, "manuel", 45.0),
    ("tableaux de 100", _TABLEAUX, "instruction", 0.70),
    ("tableaux de 100", _TABLEAUX, "copie", 0.33),
)
_P99_MS, _PART = 20.0, 0.5


@dataclass(frozen=True)
class Objectif:
    libelle: str
    demande: str
    mesure: str
    valeur: float
    atteint: bool


def objectifs(medianes: Mapping[str, float], cadences: Cadences) -> list[Objectif]:
    """Those whose contenders have all played."""
    atteints = []
    for libelle, candidats, reference, minimum in _RAPPORTS:
        if reference in medianes and (joues := [code for code in candidats if code in medianes]):
            meilleur = max(joues, key=medianes.__getitem__)
            rapport = medianes[meilleur] / medianes[reference]
            unite, facteur = (" %", 100) if minimum < 1 else (" fois", 1)
            atteints.append(
                Objectif(
                    f"{libelle} / {reference}",
                    f"≥ {minimum * facteur:g}{unite}",
                    f"{rapport * facteur:.1f}{unite} ({meilleur})",
                    rapport,
                    rapport >= minimum,
                )
            )
    p99 = {
        code: statistics.median(palier.latences.p99_ms for palier in serie)
        for (code, part), serie in cadences.items()
        if part == _PART
    }
    if p99:
        meilleur = min(p99, key=p99.__getitem__)
        valeur = p99[meilleur]
        atteints.append(
            Objectif(
                f"99e centile à {_PART * 100:.0f} % de la capacité",
                f"≤ {_P99_MS:g} ms",
                f"{valeur:.1f} ms ({meilleur})",
                valeur,
                valeur <= _P99_MS,
            )
        )
    return atteints
