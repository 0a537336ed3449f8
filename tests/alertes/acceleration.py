"""The committed files, made to run on a bench: the same rules and routes, only quicker.

Every duration is divided by ``FACTEUR``, and is at least what the bench can keep: a rate needs some readings in its
range, and a hiccup of a busy machine is shorter than an alert's wait. Addresses are those of the bench. Nothing else
changes.
"""

import json
import re
from pathlib import Path
from typing import Any

from tests.alertes.fichiers import ALERTMANAGER, PROMETHEUS, lire
from tests.alertes.test_routage import avec_editeur
from tests.outils import Corps

FACTEUR = 600
HORS_DU_BANC = {"patroni", "proxy"}
"""Jobs without a target here."""
_UNITES_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
PLAGE_MIN_S, ATTENTE_MIN_S, MAINTIEN_MIN_S, ENVOI_MIN_S = 5.0, 2.0, 15.0, 1.0
_PLAGE = re.compile(r"\[(\w+)\]")
_DECALAGE = re.compile(r"\boffset (\w+)")


def accelerer(duree: str, au_moins_s: float) -> str:
    """``1h`` is ``6000ms``."""
    secondes = int(duree[:-1]) * _UNITES_S[duree[-1]] / FACTEUR
    return f"{round(1000 * max(secondes, au_moins_s))}ms"


def _regle(regle: Corps) -> Corps:
    expression = _PLAGE.sub(lambda plage: f"[{accelerer(plage[1], PLAGE_MIN_S)}]", regle["expr"])
    acceleree = regle | {"expr": _DECALAGE.sub(lambda d: f"offset {accelerer(d[1], ENVOI_MIN_S)}", expression)}
    for cle, au_moins_s in (("for", ATTENTE_MIN_S), ("keep_firing_for", MAINTIEN_MIN_S)):
        if cle in regle:
            acceleree[cle] = accelerer(regle[cle], au_moins_s)
    return acceleree


def ecrire_prometheus(dossier: Path, cibles: dict[str, int], cle: str) -> Path:
    """Prometheus' folder as deployed; ``cibles`` are the ports of its jobs, Alertmanager among them."""
    (dossier / "regles").mkdir(parents=True)
    for fichier in (PROMETHEUS / "regles").iterdir():
        groupes = [
            {"name": groupe["name"], "rules": [_regle(regle) for regle in groupe["rules"]]}
            for groupe in lire(fichier)["groups"]
        ]
        (dossier / "regles" / fichier.name).write_text(json.dumps({"groups": groupes}))  # JSON is YAML
    configuration = lire(PROMETHEUS / "prometheus.yml")
    configuration["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    taches = configuration["scrape_configs"]
    assert {tache["job_name"] for tache in taches} == cibles.keys() | HORS_DU_BANC
    for tache in taches:
        present = tache["job_name"] in cibles
        tache["static_configs"] = [{"targets": [f"127.0.0.1:{cibles[tache['job_name']]}"]}] if present else []
    configuration["alerting"]["alertmanagers"] = [
        {"static_configs": [{"targets": [f"127.0.0.1:{cibles['alertmanager']}"]}]}
    ]
    (dossier / "traces-postes.cle").write_text(cle)
    (dossier / "prometheus.yml").write_text(json.dumps(configuration))
    return dossier / "prometheus.yml"


def ecrire_alertmanager(fichier: Path, port: int, *editeurs: str) -> Path:
    """Its configuration with these éditeurs more, every receiver at ``port``."""
    configuration = lire(ALERTMANAGER)
    for editeur in editeurs:
        configuration = avec_editeur(configuration, editeur)
    _accelerer_envois(configuration["route"])
    texte = json.dumps(configuration)
    fichier.write_text(texte.replace("http://127.0.0.1:9095/", f"http://127.0.0.1:{port}/"))
    return fichier


def _accelerer_envois(route: dict[str, Any]) -> None:
    for cle in ("group_wait", "group_interval", "repeat_interval"):
        if cle in route:
            route[cle] = accelerer(route[cle], ENVOI_MIN_S)
    for sous in route.get("routes", ()):
        _accelerer_envois(sous)
