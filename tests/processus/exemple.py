"""The example présérie under other codes, so that several of them live in one service."""

import json

from tests.outils import Corps, registre_exemple, traces_exemple
from tests.processus.lancement import Serveur
from tests.proprietes.oracle import AXES, Oracle, Registre

Appel = tuple[str, str, Corps]


def exemple(nom: str) -> tuple[str, list[Appel], list[Corps]]:
    """The code of the présérie, its registry, and its traces, with ``nom`` in place of ``ortho-plus``."""
    appels, traces = json.loads(json.dumps([registre_exemple(), traces_exemple()]).replace("ortho-plus", nom))
    return f"{nom}-lpp", [(methode, chemin, corps) for methode, chemin, corps in appels], traces


def retenues(appels: list[Appel], traces: list[Corps]) -> list[Corps]:
    """The traces that are not refused when all come in order; doublons among them."""
    refusees = {index for index, _ in Oracle(Registre.de(appels)).recevoir(traces)["rejets"]}
    return [trace for index, trace in enumerate(traces) if index not in refusees]


def verifier(serveur: Serveur, cle: str, preserie: str, attendu: Corps) -> None:
    """The bilan and its breakdowns are the expected ones."""
    bilan = serveur.appeler("GET", f"/bilan/preseries/{preserie}", cle).json()
    criteres = {critere["code"]: critere for critere in bilan["criteres"]}
    assert bilan["traces"]["enregistrees"] == attendu["post"]["enregistrees"]
    assert bilan["executions"] == attendu["executions"]
    assert bilan["scor"] == attendu["scor"]
    bornes = zip(criteres["enregistrement"]["intervalle"], attendu["enregistrement"]["intervalle"], strict=True)
    assert all(abs(a - b) < 1e-9 for a, b in bornes)
    for champ in set(attendu["enregistrement"]) - {"intervalle"}:
        assert criteres["enregistrement"][champ] == attendu["enregistrement"][champ], champ
    assert criteres["anomalies"]["etat"] == attendu["anomalies"]["etat"]
    assert criteres["scor"]["etat"] == attendu["scor_etat"]
    for axe in AXES:
        lignes = serveur.appeler("GET", f"/bilan/preseries/{preserie}/ventilation?par={axe}", cle).json()["lignes"]
        assert {ligne.pop("cle"): ligne for ligne in lignes} == attendu["ventilation"][axe]
