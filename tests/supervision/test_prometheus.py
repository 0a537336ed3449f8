"""A real Prometheus reads a service of two workers that takes traces all the while.

15 seconds, or as many as TRACES_POSTES_PROMETHEUS_S says.
"""

import itertools
import json
import os
import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.outils import Corps, trace
from tests.processus.exemple import exemple
from tests.processus.lancement import Serveur, attendre, creer_cle, nettoyer, port_libre, serveur
from tests.supervision.attendues import attendues
from tests.supervision.releves import Cellule, cellule, lire, pareil

DUREE_S = int(os.environ.get("TRACES_POSTES_PROMETHEUS_S", "15"))
_ABSENTS = [outil for outil in ("prometheus", "promtool") if shutil.which(outil) is None]
pytestmark = [
    pytest.mark.skipif(
        bool(_ABSENTS), reason="Prometheus is not here: apt-get install --no-install-recommends prometheus"
    ),
    pytest.mark.timeout(DUREE_S + 120),
]


@contextmanager
def _prometheus(service: Serveur, cle: str, dossier: Path) -> Iterator[str]:
    """Prometheus, ready, reading the service once a second; gives its address."""
    port = port_libre()
    cible: Corps = {
        "job_name": "traces-postes",
        "authorization": {"credentials": cle},
        "static_configs": [{"targets": [f"127.0.0.1:{service.port}"]}],
    }
    (dossier / "prometheus.yml").write_text(  # JSON is YAML
        json.dumps({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [cible]})
    )
    commande = [
        "prometheus",
        f"--config.file={dossier / 'prometheus.yml'}",
        f"--storage.tsdb.path={dossier / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with (dossier / "prometheus.log").open("wb") as journal:
        lance = subprocess.Popen(commande, stdout=journal, stderr=journal, start_new_session=True)
    try:
        adresse = f"http://127.0.0.1:{port}"
        attendre(lambda: _pret(adresse))
        yield adresse
    finally:
        nettoyer(lance)


def _pret(adresse: str) -> bool:
    try:
        return httpx.get(f"{adresse}/-/ready").is_success
    except httpx.TransportError:
        return False


def _demander(adresse: str, question: str) -> list[Any]:
    reponse = httpx.get(f"{adresse}/api/v1/query", params={"query": question}).raise_for_status().json()
    resultat: list[Any] = reponse["data"]["result"]
    return resultat


def _une(adresse: str, question: str) -> float:
    (resultat,) = _demander(adresse, question)
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


def _series_metier(adresse: str) -> dict[Cellule, float]:
    trouvees = {}
    for resultat in _demander(adresse, '{__name__=~"preserie_.+"}'):
        etiquettes = {nom: valeur for nom, valeur in resultat["metric"].items() if nom not in ("instance", "job")}
        trouvees[cellule(etiquettes.pop("__name__"), **etiquettes)] = float(resultat["value"][1])
    return trouvees


def test_prometheus_lit_tout_sans_trou_ni_recul(tmp_path: Path) -> None:
    with serveur(tmp_path / "donnees") as service:
        cnam = creer_cle(service.dossier, "--role", "cnam")
        supervision = creer_cle(service.dossier, "--role", "supervision")
        preserie, appels, traces = exemple("ortho-plus")
        service.inscrire(cnam, appels)
        with _prometheus(service, supervision, tmp_path) as adresse:
            attendre(lambda: bool(_demander(adresse, "up == 1")))
            debut = time.monotonic()
            sommes = _envoyer(service, cnam, traces, DUREE_S)
            time.sleep(2.5)  # a reading is kept for a second, and read a second later
            _verifier_les_releves(adresse, int(time.monotonic() - debut))
            _verifier_les_comptes(adresse, sommes)
            bilan = service.appeler("GET", f"/bilan/preseries/{preserie}", cnam).json()
            par_version = {"par": "version"}
            lignes = service.appeler("GET", f"/bilan/preseries/{preserie}/ventilation", cnam, params=par_version).json()
            bilan["versions"] = lignes["lignes"]
            prevues = attendues(bilan, installes=5, anomalies={("execution", False): 2})
            lues = _series_metier(adresse)
            assert lues.keys() == prevues.keys()
            assert [(c, lues[c], v) for c, v in prevues.items() if not pareil(lues[c], v)] == []
        _verifier_la_forme(service, supervision)


def _verifier_les_releves(adresse: str, secondes: int) -> None:
    assert abs(_une(adresse, f"count_over_time(up[{secondes}s])") - secondes) <= 1
    assert _une(adresse, f"min_over_time(up[{secondes}s])") == 1
    assert _une(adresse, f"max_over_time(scrape_duration_seconds[{secondes}s])") < 1
    assert _une(adresse, f"min_over_time(traces_postes_lecture_metier_reussie[{secondes}s])") == 1
    compteurs = _demander(adresse, 'group by (__name__) ({__name__=~"traces_postes_.+_(total|count|bucket|sum)"})')
    assert len(compteurs) == 15
    for compteur in compteurs:
        nom = compteur["metric"]["__name__"]
        assert not _demander(adresse, f"resets({nom}[{secondes}s]) > 0"), nom


def _verifier_les_comptes(adresse: str, sommes: Counter[str]) -> None:
    assert _une(adresse, 'traces_postes_traces_total{issue="enregistree"}') == sommes["enregistrees"]
    assert _une(adresse, 'traces_postes_traces_total{issue="doublon"}') == sommes["doublons"]
    refus = 'sum(traces_postes_traces_total{issue!~"enregistree|doublon"})'
    assert _une(adresse, refus) == sommes["rejetees"] + sommes["problemes"]
    requetes = 'sum(traces_postes_requete_duree_seconds_count{methode="POST",route="/traces"})'
    assert _une(adresse, requetes) == sommes["envois"] + sommes["problemes"]


def _verifier_la_forme(service: Serveur, cle: str) -> None:
    releve = service.appeler("GET", "/metrics", cle).text
    lire(releve)
    verdict = subprocess.run(
        ["promtool", "check", "metrics"], input=releve, capture_output=True, text=True, timeout=30, check=False
    )
    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, "", "")
