"""The business series that a présérie must show, from its bilan as callers read it over HTTP."""

import math
from collections.abc import Collection
from datetime import datetime

from tests.outils import Corps
from tests.supervision.releves import Cellule, cellule

OPERATIONS = ("consultation", "execution", "modification", "annulation")
STATUTS = ("preparation", "en_cours", "validee", "cloturee", "abandonnee")
_ETATS = {"atteint": 1.0, "non_atteint": 0.0, "indetermine": math.nan}


def attendues(
    bilan: Corps,
    *,
    installes: int,
    silencieux: int = 0,
    apres_desactivation: int = 0,
    anomalies: dict[tuple[str, bool], int] | None = None,
    en_recul: Collection[str] = (),
    ecarts: float = math.nan,
    recompte_le: float = math.nan,
) -> dict[Cellule, float]:
    """``anomalies``: open ones by operation and whether they block. ``bilan["versions"]``: its breakdown by version."""
    communes = {nom: bilan[nom] for nom in ("editeur", "module", "logiciel", "categorie_ps", "preserie")}
    executions, traces, ouvertes = bilan["executions"], bilan["traces"], anomalies or {}
    derniere = traces["derniere_le"]
    series: list[tuple[str, dict[str, str], float]] = [
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
    for ligne in bilan["versions"]:
        version = {"version": ligne["cle"]}
        series.append(("version_executions", version | {"enregistree": "true"}, ligne["enregistrees"]))
        manquees = ligne["executions"] - ligne["enregistrees"]
        series.append(("version_executions", version | {"enregistree": "false"}, manquees))
        series.append(("version_en_recul", version, ligne["cle"] in en_recul))
    series += [("statut", {"statut": statut}, statut == bilan["statut"]) for statut in STATUTS]
    series += [("recompte_ecarts", {}, ecarts), ("recompte_timestamp_seconds", {}, recompte_le)]
    series += [("critere_etat", {"critere": c["code"]}, _ETATS[c["etat"]]) for c in bilan["criteres"]]
    for operation in OPERATIONS:
        for bloquante in (True, False):
            etiquettes = {"operation": operation, "bloquante": str(bloquante).lower()}
            series.append(("anomalies_ouvertes", etiquettes, ouvertes.get((operation, bloquante), 0)))
    return {cellule(f"preserie_{nom}", **communes, **siennes): float(valeur) for nom, siennes, valeur in series}


def _taux(executions: Corps) -> float:
    return float(executions["enregistrees"] / executions["total"]) if executions["total"] else math.nan
