"""A bilan as a person wants to read it in a terminal."""

from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

_ETATS = {"atteint": "[green]atteint[/]", "non_atteint": "[red]non atteint[/]", "indetermine": "[yellow]indéterminé[/]"}
_VERDICTS = {
    "favorable": "[green]favorable[/]",
    "defavorable": "[red]défavorable[/]",
    "en_attente": "[yellow]en attente[/]",
}
_CRITERES = {
    "enregistrement": "Enregistrement dans la base",
    "anomalies": "Anomalies dues au logiciel",
    "scor": "Arrêt de l'envoi SCOR",
    "prerequis": "Prérequis techniques",
    "satisfaction": "Satisfaction des utilisateurs",
}


def afficher(console: Console, bilan: dict[str, Any]) -> None:
    """Prints the criteria, the SCOR matrix, the modalités and the verdict of a bilan as served."""
    console.print(Panel(_entete(bilan), title=f"Bilan de la présérie {bilan['preserie']}", expand=False))
    criteres = Table("Critère", "État", "Pourquoi", title="Les cinq critères")
    for critere in bilan["criteres"]:
        criteres.add_row(_CRITERES[critere["code"]], _ETATS[critere["etat"]], critere["explication"])
    console.print(criteres)
    console.print(_scor(bilan["scor"]))
    _afficher_les_modalites(console, bilan["modalites"])
    console.print(f"Verdict proposé : {_VERDICTS[bilan['verdict']]}")


def _entete(bilan: dict[str, Any]) -> str:
    traces, executions = bilan["traces"], bilan["executions"]
    critere = bilan["criteres"][0]
    lignes = [
        f"Logiciel {bilan['logiciel']} ({bilan['editeur']}), module {bilan['module']}, statut {bilan['statut']}",
        f"Traces : {traces['enregistrees']} enregistrées, {traces['doublons']} doublons, {traces['rejetees']} rejetées",
        f"Exécutions : {executions['total']}, enregistrées : {executions['enregistrees']}",
    ]
    if critere["intervalle"] is not None:
        bas, haut = (f"{100 * borne:.1f} %".replace(".", ",") for borne in critere["intervalle"])
        lignes.append(f"Taux d'enregistrement entre {bas} et {haut} (à 95 %) : {critere['solidite']}")
    return "\n".join(lignes)


def _scor(scor: dict[str, dict[str, int]]) -> Table:
    colonnes = ("conforme", "double_envoi", "piece_manquante", "en_attente")
    table = Table("Phase", "conforme", "double envoi", "pièce manquante", "en attente", title="Envois SCOR")
    for phase in ("phase_1", "phase_2"):
        table.add_row(phase.replace("_", " "), *(str(scor[phase].get(c, "—")) for c in colonnes))
    return table


def _afficher_les_modalites(console: Console, modalites: list[dict[str, str]]) -> None:
    """How many are kept, and why the others are not."""
    rompues = [une for une in modalites if une["etat"] == "non_respectee"]
    respectees = sum(une["etat"] == "respectee" for une in modalites)
    console.print(f"Modalités : {respectees} respectées sur {len(modalites)}, {len(rompues)} non respectées")
    for une in rompues:
        console.print(f"  [red]{une['code']}[/] : {une['explication']}")
