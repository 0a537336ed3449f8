"""A bench: real Prometheus and Alertmanager on the committed files, and who receives what they send."""

import json
import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from tests.alertes.acceleration import ecrire_alertmanager, ecrire_prometheus
from tests.outils import Corps
from tests.processus.lancement import Serveur, attendre, nettoyer, port_libre

PATIENCE_S = 60.0
_DISQUE = 'device="/dev/vda1",fstype="ext4",mountpoint="/var/lib/postgresql"'
MESURES_DE_LA_MACHINE = f"""\
node_filesystem_avail_bytes{{{_DISQUE}}} 60e9
node_filesystem_size_bytes{{{_DISQUE}}} 100e9
node_filesystem_readonly{{{_DISQUE}}} 0
"""
"""What a node exporter says of a machine in good health."""


@dataclass
class Destinataires:
    """Everybody whom Alertmanager writes to: what came, by the path of their address."""

    port: int
    recus: defaultdict[str, list[Corps]] = field(default_factory=lambda: defaultdict(list))

    def alertes(self, chemin: str) -> list[Corps]:
        """Alerts that were said to fire, each time that they were."""
        envois = list(self.recus[chemin])
        return [alerte for envoi in envois for alerte in envoi["alerts"] if alerte["status"] == "firing"]

    def noms(self, chemin: str) -> set[str]:
        return {alerte["labels"]["alertname"] for alerte in self.alertes(chemin)}

    def resumes(self, chemin: str) -> set[str]:
        return {alerte["annotations"]["summary"] for alerte in self.alertes(chemin)}


@contextmanager
def destinataires() -> Iterator[Destinataires]:
    """An HTTP server that takes what is posted to it, and stands for the machine's node exporter besides."""

    class Reception(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            corps = self.rfile.read(int(self.headers["Content-Length"]))
            eux.recus[self.path].append(json.loads(corps))
            self.send_response(200)
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(MESURES_DE_LA_MACHINE.encode())

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Reception) as ecoute:
        eux = Destinataires(ecoute.server_port)
        fil = threading.Thread(target=ecoute.serve_forever, daemon=True)
        fil.start()
        try:
            yield eux
        finally:
            ecoute.shutdown()
            fil.join()


@contextmanager
def _lance(adresse: str, journal: Path, *commande: str | Path) -> Iterator[None]:
    with journal.open("wb") as sortie:
        processus = subprocess.Popen(commande, stdout=sortie, stderr=sortie, start_new_session=True)
    try:
        attendre(lambda: _pret(adresse), PATIENCE_S)
        yield
    finally:
        nettoyer(processus)


def _pret(adresse: str) -> bool:
    try:
        return httpx.get(f"{adresse}/-/ready").is_success
    except httpx.TransportError:
        return False


@dataclass(frozen=True)
class Surveillance:
    """Prometheus and Alertmanager, and whom they tell."""

    prometheus: str
    alertmanager: str
    eux: Destinataires

    def demander(self, question: str) -> list[Corps]:
        reponse = httpx.get(f"{self.prometheus}/api/v1/query", params={"query": question}).raise_for_status().json()
        resultat: list[Corps] = reponse["data"]["result"]
        return resultat

    def etats(self) -> dict[str, str]:
        """What Alertmanager does with each alert that it knows: ``active`` or ``suppressed``."""
        connues = httpx.get(f"{self.alertmanager}/api/v2/alerts").raise_for_status().json()
        return {alerte["labels"]["alertname"]: alerte["status"]["state"] for alerte in connues}


@contextmanager
def surveillance(service: Serveur, cle: str, dossier: Path, *editeurs: str) -> Iterator[Surveillance]:
    """Of a service, by a key of role supervision; ``editeurs`` get receivers beside the example's."""
    ports = {"prometheus": port_libre(), "alertmanager": port_libre(), "traces-postes": service.port}
    with destinataires() as eux:
        reglage = ecrire_prometheus(dossier / "prometheus", ports | {"node": eux.port}, cle)
        envois = ecrire_alertmanager(dossier / "alertmanager.yml", eux.port, *editeurs)
        prometheus, alertmanager = (f"127.0.0.1:{ports[nom]}" for nom in ("prometheus", "alertmanager"))
        lance_alertmanager = _lance(
            f"http://{alertmanager}",
            dossier / "alertmanager.log",
            "prometheus-alertmanager",
            f"--config.file={envois}",
            f"--storage.path={dossier / 'alertmanager'}",
            f"--web.listen-address={alertmanager}",
            "--cluster.listen-address=",
        )
        lance_prometheus = _lance(
            f"http://{prometheus}",
            dossier / "prometheus.log",
            "prometheus",
            f"--config.file={reglage}",
            f"--storage.tsdb.path={dossier / 'tsdb'}",
            f"--web.listen-address={prometheus}",
            "--rules.alert.resend-delay=5s",  # what it sent before it had found Alertmanager; a minute otherwise
        )
        with lance_alertmanager, lance_prometheus:
            yield Surveillance(f"http://{prometheus}", f"http://{alertmanager}", eux)
