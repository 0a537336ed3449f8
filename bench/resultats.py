"""What comes out: medians, ratios to the textbook endpoint, a table and a JSON file."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.charge import Mesure
from bench.liste import REFERENCE
from bench.processus import RACINE

_DISPERSION_MAX = 1.25


@dataclass(frozen=True)
class Ligne:
    """One contender over all of its rounds."""

    code: str
    libelle: str
    objectif: float | None
    mesures: Sequence[Mesure]
    reference: float | None
    """Median traces/s of the textbook endpoint in the same run, None when it did not take part."""

    @property
    def mediane(self) -> float:
        return statistics.median(mesure.par_seconde for mesure in self.mesures)

    @property
    def dispersee(self) -> bool:
        debits = [mesure.par_seconde for mesure in self.mesures]
        return max(debits) > _DISPERSION_MAX * min(debits)

    @property
    def rapport(self) -> float | None:
        return self.mediane / self.reference if self.reference else None

    @property
    def atteint(self) -> bool | None:
        if self.objectif is None or self.rapport is None:
            return None
        return self.rapport >= self.objectif


def lignes(
    mesures: Mapping[str, Sequence[Mesure]], presentations: Mapping[str, tuple[str, float | None]]
) -> list[Ligne]:
    """One line per contender, in the order in which they played."""
    reference = None
    if REFERENCE in mesures:
        reference = statistics.median(mesure.par_seconde for mesure in mesures[REFERENCE])
    return [Ligne(code, *presentations[code], serie, reference) for code, serie in mesures.items()]


def _entier(valeur: float) -> str:
    return f"{valeur:,.0f}".replace(",", " ")


def tableau(toutes: Sequence[Ligne], titre: str) -> Table:
    table = Table(title=titre, title_justify="left")
    table.add_column("concurrent", no_wrap=True)
    for entete in ("traces/s", "min – max", "p50 ms", "p99 ms", "× manuel", "objectif", "générateur"):
        table.add_column(entete, justify="right", no_wrap=True)
    for ligne in toutes:
        debits = [mesure.par_seconde for mesure in ligne.mesures]
        etat = {True: " atteint", False: " [red]manqué[/red]", None: ""}[ligne.atteint]
        table.add_row(
            ligne.libelle,
            _entier(ligne.mediane),
            f"{_entier(min(debits))} – {_entier(max(debits))}",
            f"{statistics.median(mesure.p50_ms for mesure in ligne.mesures):.1f}",
            f"{statistics.median(mesure.p99_ms for mesure in ligne.mesures):.1f}",
            f"{ligne.rapport:.1f}" if ligne.rapport else "",
            f"≥ {ligne.objectif:g}{etat}" if ligne.objectif else "",
            f"{statistics.median(mesure.processeur for mesure in ligne.mesures):.0%}",
        )
    return table


def document(toutes: Sequence[Ligne], *, machine: Mapping[str, Any], parametres: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "mesure_le": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "parametres": parametres,
        "concurrents": [
            {
                "code": ligne.code,
                "libelle": ligne.libelle,
                "traces_par_s": round(ligne.mediane, 1),
                "rapport": round(ligne.rapport, 2) if ligne.rapport else None,
                "objectif": ligne.objectif,
                "atteint": ligne.atteint,
                "tours": [{"traces_par_s": round(m.par_seconde, 1), **asdict(m)} for m in ligne.mesures],
            }
            for ligne in toutes
        ],
    }


def ecrire(contenu: Mapping[str, Any], chemin: Path | None) -> Path:
    """Write the JSON, by default under a dated name in bench/resultats/."""
    if chemin is None:
        chemin = RACINE / "bench" / "resultats" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    chemin.parent.mkdir(parents=True, exist_ok=True)
    chemin.write_text(json.dumps(contenu, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return chemin
