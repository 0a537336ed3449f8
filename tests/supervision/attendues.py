"""The business series that a présérie must show, from its bilan as callers read it over HTTP."""

import math
from datetime import datetime

from tests.outils import Corps
from tests.supervision.releves import Cellule, cellule

OPERATIONS = ("consultation", "execution", "modification", "annulation")
_ETATS = {"atteint": 1.0, "non_atteint": 0.0, "indetermine": math.nan}


def attendues(
    bilan: Corps,
    *,
    installes: int,
    ouverte: bool = True,
    silencieux: int = 0,
    apres_desactivation: int = 0,
    anomalies: dict[tuple[str, bool], int] | None = None,
) -> dict[Cellule, float]:
    """``anomalies``: open ones by operation and whether they block."""
    communes = {nom: bilan[nom] for nom in ("editeur", "module", "logiciel", "categorie_ps", "preserie")}
    executions, traces, ouvertes = bilan["executions"], bilan["traces"], anomalies or {}
    derniere = traces["derniere_le"]
    series: list[tuple[str, dict[str, str], float]] = [
        ("ouverte", {}, ouverte),
        ("executions", {"enregistree": "true"}, executions["enregistrees"]),
        ("executions", {"enregistree": "false"}, executions["total"] - executions["enregistrees"]),
        ("taux_enregistrement", {}, _taux(executions)),
        ("traces", {"issue": "enregistree"}, traces["enregistrees"]),
        ("traces", {"issue": "doublon"}, traces["doublons"]),
        ("traces", {"issue": "rejetee"}, traces["rejetees"]),
        ("traces_apres_desactivation", {}, apres_desactivation),
        ("pilotes", {"etat": "installe"}, installes),
        ("pilotes", {"etat": "silencieux"}, silencieux),
        (
            "derniere_reception_timestamp_seconds",
            {},
            datetime.fromisoformat(derniere).timestamp() if derniere else math.nan,
        ),
    ]
    for phase, cases in bilan["scor"].items():
        for conformite, nombre in cases.items():
            etiquettes = {"phase": phase.removeprefix("phase_"), "conformite": conformite}
            series.append(("scor_executions", etiquettes, nombre))
    series += [("critere_etat", {"critere": c["code"]}, _ETATS[c["etat"]]) for c in bilan["criteres"]]
    for operation in OPERATIONS:
        for bloquante in (True, False):
            etiquettes = {"operation": operation, "bloquante": str(bloquante).lower()}
            series.append(("anomalies_ouvertes", etiquettes, ouvertes.get((operation, bloquante), 0)))
    return {cellule(f"preserie_{nom}", **communes, **siennes): float(valeur) for nom, siennes, valeur in series}


def _taux(executions: Corps) -> float:
    return float(executions["enregistrees"] / executions["total"]) if executions["total"] else math.nan
