"""What comes out: medians, ratios to the textbook endpoint, costs, targets, latencies; as tables and as JSON."""

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.liste import REFERENCE
from bench.objectifs import Objectif
from bench.partie import Cadences, Palier, Tour
from bench.processus import RACINE

_DISPERSION_MAX = 1.25
_AUTRES_MAX = 0.25
_BARRE = 20
_RETARD_MAX_MS = 5.0
_CENTILES = ("p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms")


@dataclass(frozen=True)
class Ligne:
    """One contender over all of its rounds."""

    code: str
    libelle: str
    tours: Sequence[Tour]
    reference: float | None
    """Median traces/s of the textbook endpoint in the same run, None when it did not take part."""

    @property
    def debits(self) -> list[float]:
        return [tour.mesure.par_seconde for tour in self.tours]

    @property
    def mediane(self) -> float:
        return statistics.median(self.debits)

    @property
    def inegale(self) -> bool:
        return max(self.debits) > _DISPERSION_MAX * min(self.debits)

    @property
    def rapport(self) -> float | None:
        return self.mediane / self.reference if self.reference else None

    def par_trace(self, cout: Callable[[Tour], float | None]) -> float | None:
        """Median of a cost over the traces that were recorded while it arose."""
        valeurs = [(cout(tour), tour.mesure.enregistrees) for tour in self.tours]
        connues = [valeur / traces for valeur, traces in valeurs if valeur is not None]
        return statistics.median(connues) if connues else None

    @property
    def generateur_s(self) -> float:
        """Processor time of the generator per trace, in the timed part."""
        return statistics.median(tour.mesure.processeur / tour.mesure.par_seconde for tour in self.tours)

    @property
    def autres(self) -> float:
        return _autres(self.tours)

    def couts(self) -> dict[str, float | None]:
        """Seconds of processor per 1,000 traces, and bytes per trace."""
        mille = {
            "service_s": self.par_trace(lambda tour: tour.couts.service_s),
            "base_s": self.par_trace(lambda tour: tour.couts.base_s),
            "generateur_s": self.generateur_s,
        }
        return {
            **{f"processeur_{nom}": None if v is None else round(v * 1000, 6) for nom, v in mille.items()},
            "octets": self.par_trace(lambda tour: tour.couts.octets),
            "octets_wal": self.par_trace(lambda tour: tour.couts.octets_wal),
        }


def _autres(tours: Sequence[Tour] | Sequence[Palier]) -> float:
    """Part of one core that something else took, in the worst round."""
    return max(tour.couts.autres_s / tour.couts.duree_s for tour in tours)


def troublees(toutes: Sequence[Ligne], cadences: Cadences) -> list[str]:
    """What was measured while something else ran: uneven rounds, or time that the cores spent on nothing of ours."""
    debits = [ligne.code for ligne in toutes if ligne.inegale or ligne.autres > _AUTRES_MAX]
    return debits + sorted({code for (code, _), serie in cadences.items() if _autres(serie) > _AUTRES_MAX})


def lignes(joues: Mapping[str, Sequence[Tour]], libelles: Mapping[str, str]) -> list[Ligne]:
    """One line per contender, in the order in which they played."""
    reference = None
    if REFERENCE in joues:
        reference = statistics.median(tour.mesure.par_seconde for tour in joues[REFERENCE])
    return [Ligne(code, libelles[code], serie, reference) for code, serie in joues.items()]


def _entier(valeur: float | None) -> str:
    return "" if valeur is None else f"{valeur:,.0f}".replace(",", " ")


def _pourcent(part: float) -> str:
    return f"{part * 100:.0f} %"


def _table(titre: str, premiere: str, *autres: str) -> Table:
    table = Table(title=titre, title_justify="left")
    table.add_column(premiere, no_wrap=True)
    for entete in autres:
        table.add_column(entete, justify="right", no_wrap=True)
    return table


def tableau_debits(toutes: Sequence[Ligne], titre: str) -> Table:
    table = _table(titre, "concurrent", "traces/s", "min – max", "p50 ms", "p99 ms", "× manuel")
    table.add_column("", no_wrap=True)
    plus_haute = max(ligne.mediane for ligne in toutes)
    for ligne in toutes:
        mesures = [tour.mesure for tour in ligne.tours]
        table.add_row(
            ligne.libelle,
            _entier(ligne.mediane),
            f"{_entier(min(ligne.debits))} – {_entier(max(ligne.debits))}",
            f"{statistics.median(mesure.p50_ms for mesure in mesures):.1f}",
            f"{statistics.median(mesure.p99_ms for mesure in mesures):.1f}",
            f"{ligne.rapport:.1f}" if ligne.rapport else "",
            "█" * max(1, round(_BARRE * ligne.mediane / plus_haute)),
        )
    return table


def tableau_couts(toutes: Sequence[Ligne]) -> Table:
    table = _table(
        "Processeur pour 1 000 traces (en ms), octets par trace, part d'un cœur du générateur et des autres",
        *("concurrent", "service", "base", "générateur", "octets", "octets WAL", "générateur", "autres"),
    )
    for ligne in toutes:
        couts = ligne.couts()
        millisecondes = (couts[nom] for nom in couts if nom.startswith("processeur"))
        table.add_row(
            ligne.libelle,
            *("" if valeur is None else f"{valeur * 1000:.1f}" for valeur in millisecondes),
            _entier(couts["octets"]),
            _entier(couts["octets_wal"]),
            _pourcent(statistics.median(tour.mesure.processeur for tour in ligne.tours)),
            _pourcent(ligne.autres),
        )
    return table


def tableau_objectifs(objectifs: Sequence[Objectif]) -> Table:
    table = _table("Objectifs (le meilleur d'un et de deux workers)", "objectif", "demandé", "mesuré", "")
    for objectif in objectifs:
        etat = "atteint" if objectif.atteint else "[red]manqué[/red]"
        table.add_row(objectif.libelle, objectif.demande, objectif.mesure, etat)
    return table


def _medianes(serie: Sequence[Palier]) -> dict[str, float]:
    """Of each figure by itself; processor time in seconds per 1,000 traces."""
    champs = (*_CENTILES, "debit", "retard_p99_ms", "processeur")
    latences = {champ: statistics.median(getattr(palier.latences, champ) for palier in serie) for champ in champs}
    service = statistics.median(1000 * (p.couts.service_s or 0) / p.latences.enregistrees for p in serie)
    base = statistics.median(1000 * (p.couts.base_s or 0) / p.latences.enregistrees for p in serie)
    return {**latences, "processeur_service_s": service, "processeur_base_s": base}


def en_retard(cadences: Cadences) -> bool:
    """Whether the generator could not keep its own schedule: then the latencies are its own, too."""
    return any(_medianes(serie)["retard_p99_ms"] > _RETARD_MAX_MS for serie in cadences.values())


def tableau_latences(cadences: Cadences) -> Table:
    table = _table(
        "Latence des traces une par une à cadence constante, et processeur pour 1 000 traces, en ms",
        *(
            "capacité",
            "traces/s",
            "p50",
            "p90",
            "p99",
            "p99,9",
            "max",
            "retard",
            "service",
            "base",
            "générateur",
            "autres",
        ),
    )
    for (code, part), serie in cadences.items():
        medianes = _medianes(serie)
        table.add_row(
            f"{code}, {_pourcent(part)}",
            _entier(medianes["debit"]),
            *(f"{medianes[centile]:.1f}" for centile in (*_CENTILES, "retard_p99_ms")),
            *(f"{medianes[qui] * 1000:.0f}" for qui in ("processeur_service_s", "processeur_base_s")),
            _pourcent(medianes["processeur"]),
            _pourcent(_autres(serie)),
        )
    return table


def document(
    toutes: Sequence[Ligne],
    cadences: Cadences,
    objectifs: Sequence[Objectif],
    *,
    machine: Mapping[str, Any],
    parametres: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "mesure_le": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "parametres": parametres,
        "objectifs": [asdict(objectif) for objectif in objectifs],
        "concurrents": [
            {
                "code": ligne.code,
                "libelle": ligne.libelle,
                "traces_par_s": round(ligne.mediane, 1),
                "rapport": round(ligne.rapport, 2) if ligne.rapport else None,
                "couts": ligne.couts(),
                "tours": [
                    {"traces_par_s": round(t.mesure.par_seconde, 1), **asdict(t.mesure), "couts": asdict(t.couts)}
                    for t in ligne.tours
                ],
            }
            for ligne in toutes
        ],
        "latences": [
            {"code": code, "part": part, **_medianes(serie), "tours": [asdict(palier) for palier in serie]}
            for (code, part), serie in cadences.items()
        ],
    }


def ecrire(contenu: Mapping[str, Any], chemin: Path | None) -> Path:
    """Write the JSON, by default under a dated name in bench/resultats/."""
    if chemin is None:
        chemin = RACINE / "bench" / "resultats" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    chemin.parent.mkdir(parents=True, exist_ok=True)
    chemin.write_text(json.dumps(contenu, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return chemin
