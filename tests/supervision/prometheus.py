"""A real Prometheus that reads the real service, for the tests that ask it something."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.outils import Corps
from tests.processus.lancement import Serveur, attendre, nettoyer, port_libre

_ABSENTS = [outil for outil in ("prometheus", "promtool") if shutil.which(outil) is None]
avec_prometheus = pytest.mark.skipif(
    bool(_ABSENTS), reason="Prometheus is not here: apt-get install --no-install-recommends prometheus"
)


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs."""

    client: httpx.Client

    def pret(self) -> bool:
        try:
            return self.client.get("/-/ready").is_success
        except httpx.TransportError:
            return False

    def interroger(self, chemin: str, **parametres: str | float) -> Any:
        """The data that its API answers under ``/api/v1/``."""
        reponse = self.client.get(f"/api/v1/{chemin}", params=parametres)
        assert reponse.is_success, (parametres, reponse.text)
        return reponse.json()["data"]

    def demander(self, question: str, **parametres: str | float) -> list[Any]:
        """The series that a query gives at one instant, now if ``time`` does not say another."""
        resultat: list[Any] = self.interroger("query", query=question, **parametres)["result"]
        return resultat


@contextmanager
def prometheus(service: Serveur, cle: str, dossier: Path, instances: Sequence[str] = ()) -> Iterator[Prometheus]:
    """Prometheus, ready, reading the service once a second.

    ``instances``: names under which it reads it, each for itself, as it would replicas.
    """
    port = port_libre()
    cibles = [f"127.0.0.1:{service.port}"]
    tache: Corps = {
        "job_name": "traces-postes",
        "authorization": {"credentials": cle},
        "static_configs": [{"targets": cibles, "labels": {"instance": nom}} for nom in instances]
        or [{"targets": cibles}],
    }
    (dossier / "prometheus.yml").write_text(  # JSON is YAML
        json.dumps({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [tache]})
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
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            lui = Prometheus(client)
            attendre(lui.pret)
            yield lui
    finally:
        nettoyer(lance)
