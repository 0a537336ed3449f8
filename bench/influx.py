"""Debian's InfluxDB 1.x as a contender: its own HTTP endpoint, a write acknowledged once its WAL is flushed."""

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from bench.charge import Mesure
from bench.concurrents import Forme, Temps, charger_http, verifier_compte
from bench.corps import Cible
from bench.processus import ConcurrentDefaillantError, Enfant, port_libre

_BASE = "bench"
_REGLAGES = """
reporting-disabled = true
bind-address = "127.0.0.1:{port_rpc}"
[meta]
dir = "{donnees}/meta"
[data]
dir = "{donnees}/data"
wal-dir = "{donnees}/wal"
wal-fsync-delay = "0s"
query-log-enabled = false
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
[monitor]
store-enabled = false
"""


class Influx:
    """Started on an empty directory, with one database."""

    def __init__(self, libelle: str, taille: int, connexions: int) -> None:
        self.libelle = libelle
        self._forme = Forme(taille, connexions, "influx")
        self._pile = ExitStack()
        binaire = shutil.which("influxd")
        if binaire is None:
            raise ConcurrentDefaillantError("influxd is not there: apt-get install influxdb")
        self._binaire = binaire

    def demarrer(self, dossier: Path) -> None:
        self._pile = ExitStack()
        donnees, reglages = dossier / "donnees", dossier / "influxdb.conf"
        donnees.mkdir()
        port = port_libre()
        reglages.write_text(_REGLAGES.format(donnees=donnees, port=port, port_rpc=port_libre()))
        enfant = Enfant([self._binaire, "run", "-config", reglages], ajouts={}, journal=dossier / "journal")
        self._pile.callback(enfant.arreter)
        self.pid = enfant.pid
        enfant.attendre(port, "/query?q=SHOW+DATABASES")
        self._client = self._pile.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False)
        )
        self._interroger(f'CREATE DATABASE "{_BASE}"')
        self._cible = Cible(port=port, chemin=f"/write?db={_BASE}")

    def charger(self, temps: Temps) -> Mesure:
        mesure = charger_http(self._cible, self._forme, temps)
        series = self._interroger("SELECT count(duree_ms) FROM trace")["results"][0].get("series")
        verifier_compte("in InfluxDB", mesure.enregistrees, series[0]["values"][0][1] if series else 0)
        return mesure

    def arreter(self) -> None:
        self._pile.close()

    def _interroger(self, requete: str) -> dict[str, Any]:
        reponse = self._client.post("/query", params={"db": _BASE, "q": requete})
        if not reponse.is_success:
            raise ConcurrentDefaillantError(f"InfluxDB: {reponse.status_code} {reponse.text}")
        resultat: dict[str, Any] = reponse.json()
        return resultat
