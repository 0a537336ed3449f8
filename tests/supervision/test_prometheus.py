"""A real Prometheus reads a service of two workers that takes traces all the while.

15 seconds, or as many as TRACES_POSTES_PROMETHEUS_S says.
"""

import itertools
import os
import random
import subprocess
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.outils import Corps, trace
from tests.processus.exemple import exemple
from tests.processus.lancement import Serveur, attendre, creer_cle, serveur
from tests.supervision.attendues import attendues
from tests.supervision.prometheus import Prometheus, avec_prometheus, prometheus
from tests.supervision.releves import Cellule, cellule, lire, pareil

DUREE_S = int(os.environ.get("TRACES_POSTES_PROMETHEUS_S", "15"))
pytestmark = [avec_prometheus, pytest.mark.timeout(DUREE_S + 120)]


def _une(lui: Prometheus, question: str) -> float:
    (resultat,) = lui.demander(question)
    return float(resultat["value"][1])


def _envoyer(service: Serveur, cle: str, traces: list[Corps], secondes: float) -> Counter[str]:
    """Lots of every size, and traces alone, over new connections now and then; then doublons, until time is up."""
    hasard = random.Random(3)
    sommes: Counter[str] = Counter()
    flot = itertools.cycle(traces)
    limite = time.monotonic() + secondes
    with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {cle}"}) as tenu:
        while time.monotonic() < limite:
            lot = list(itertools.islice(flot, hasard.randint(2, 12)))
            accuse = tenu.post("/traces", json=lot).raise_for_status().json()
            sommes.update({issue: accuse[issue] for issue in ("enregistrees", "doublons", "rejetees")})
            sommes["envois"] += 1
            if hasard.random() < 0.1:
                seule = service.appeler("POST", "/traces", cle, json=trace(numero_am="999999999"))
                assert seule.status_code == 422
                sommes["problemes"] += 1
            time.sleep(0.03)
    return sommes


def _series_metier(lui: Prometheus) -> dict[Cellule, float]:
    trouvees = {}
    for resultat in lui.demander('{__name__=~"preserie_.+"}'):
        etiquettes = {nom: valeur for nom, valeur in resultat["metric"].items() if nom not in ("instance", "job")}
        trouvees[cellule(etiquettes.pop("__name__"), **etiquettes)] = float(resultat["value"][1])
    return trouvees


def test_prometheus_lit_tout_sans_trou_ni_recul(tmp_path: Path) -> None:
    with serveur(tmp_path / "donnees") as service:
        cnam = creer_cle(service.dossier, "--role", "cnam")
        supervision = creer_cle(service.dossier, "--role", "supervision")
        preserie, appels, traces = exemple("ortho-plus")
        service.inscrire(cnam, appels)
        with prometheus(service, supervision, tmp_path) as lui:
            attendre(lambda: bool(lui.demander("up == 1")))
            debut = time.monotonic()
            sommes = _envoyer(service, cnam, traces, DUREE_S)
            time.sleep(2.5)  # a reading is kept for a second, and read a second later
            _verifier_les_releves(lui, int(time.monotonic() - debut))
            _verifier_les_comptes(lui, sommes)
            bilan = service.appeler("GET", f"/bilan/preseries/{preserie}", cnam).json()
            par_version = {"par": "version"}
            lignes = service.appeler("GET", f"/bilan/preseries/{preserie}/ventilation", cnam, params=par_version).json()
            bilan["versions"] = lignes["lignes"]
            prevues = attendues(bilan, installes=5, anomalies={("execution", False): 2})
            lues = _series_metier(lui)
            assert lues.keys() == prevues.keys()
            assert [(c, lues[c], v) for c, v in prevues.items() if not pareil(lues[c], v)] == []
        _verifier_la_forme(service, supervision)


def _verifier_les_releves(lui: Prometheus, secondes: int) -> None:
    assert abs(_une(lui, f"count_over_time(up[{secondes}s])") - secondes) <= 1
    assert _une(lui, f"min_over_time(up[{secondes}s])") == 1
    assert _une(lui, f"max_over_time(scrape_duration_seconds[{secondes}s])") < 1
    assert _une(lui, f"min_over_time(traces_postes_lecture_metier_reussie[{secondes}s])") == 1
    compteurs = lui.demander('group by (__name__) ({__name__=~"traces_postes_.+_(total|count|bucket|sum)"})')
    assert len(compteurs) == 16
    for compteur in compteurs:
        nom = compteur["metric"]["__name__"]
        assert not lui.demander(f"resets({nom}[{secondes}s]) > 0"), nom


def _verifier_les_comptes(lui: Prometheus, sommes: Counter[str]) -> None:
    assert _une(lui, 'traces_postes_traces_total{issue="enregistree"}') == sommes["enregistrees"]
    assert _une(lui, 'traces_postes_traces_total{issue="doublon"}') == sommes["doublons"]
    refus = 'sum(traces_postes_traces_total{issue!~"enregistree|doublon"})'
    assert _une(lui, refus) == sommes["rejetees"] + sommes["problemes"]
    requetes = 'sum(traces_postes_requete_duree_seconds_count{methode="POST",route="/traces"})'
    assert _une(lui, requetes) == sommes["envois"] + sommes["problemes"]


def _verifier_la_forme(service: Serveur, cle: str) -> None:
    releve = service.appeler("GET", "/metrics", cle).text
    lire(releve)
    verdict = subprocess.run(
        ["promtool", "check", "metrics"], input=releve, capture_output=True, text=True, timeout=30, check=False
    )
    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, "", "")
