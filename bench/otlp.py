"""Arize Phoenix and MLflow as contenders: OTLP over HTTP, one span a request, into an embedded PostgreSQL.

They are in a virtual environment of their own, named by BENCH_PAIRS. They may answer before they write: what counts is
the rows in the database, and the time until all of them are there.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import asyncpg

from app.stockage.embarque import postgres_embarque
from bench.charge import Mesure
from bench.concurrents import Forme, Temps, charger_http, verifier_compte, verifier_durable
from bench.corps import Cible
from bench.processus import ConcurrentDefaillantError, Enfant, port_libre

_VIDAGE_S = 300.0


class Otlp:
    """What `commande` starts; `{port}`, `{autre_port}`, `{url}` and `{dossier}` stand for this turn's."""

    def __init__(
        self,
        libelle: str,
        commande: tuple[str, ...],
        sante: str,
        ajouts: Mapping[str, str],
        entete: str = "",
    ) -> None:
        self.libelle = libelle
        self._commande, self._sante, self._ajouts, self._entete = commande, sante, ajouts, entete
        self._pile = ExitStack()
        self._binaire = Path(os.environ.get("BENCH_PAIRS", ""), "bin", commande[0])
        if not self._binaire.exists():
            raise ConcurrentDefaillantError(
                f"{commande[0]} is not there: python3 -m venv DIR; DIR/bin/pip install arize-phoenix[pg] mlflow "
                "psycopg[binary]; BENCH_PAIRS=DIR"
            )

    def demarrer(self, dossier: Path) -> None:
        self._pile = ExitStack()
        self._url = self._pile.enter_context(postgres_embarque(dossier / "donnees")).url()
        verifier_durable(dossier)
        port = port_libre()
        valeurs = {"port": port, "autre_port": port_libre(), "url": self._url, "dossier": dossier}
        enfant = Enfant(
            [self._binaire, *(mot.format_map(valeurs) for mot in self._commande[1:])],
            ajouts={nom: valeur.format_map(valeurs) for nom, valeur in self._ajouts.items()},
            journal=dossier / "journal",
        )
        self._pile.callback(enfant.arreter)
        self.pid = enfant.pid
        enfant.attendre(port, self._sante)
        self._cible = Cible(port=port, chemin="/v1/traces", entete=self._entete)

    def charger(self, temps: Temps) -> Mesure:
        mesure = charger_http(self._cible, Forme(1, 16, "otlp"), temps)
        debut = time.monotonic()
        while (lignes := asyncio.run(self._lignes())) < mesure.envoyees and time.monotonic() - debut < _VIDAGE_S:
            time.sleep(0.2)
        verifier_compte("in the database", mesure.envoyees, lignes)
        ecrites_s = temps.echauffement_s + temps.duree_s + time.monotonic() - debut
        return replace(mesure, mesure_traces=lignes, mesure_s=ecrites_s)

    def arreter(self) -> None:
        self._pile.close()

    async def _lignes(self) -> int:
        connexion = await asyncpg.connect(self._url)
        try:
            return int(await connexion.fetchval("SELECT count(*) FROM spans"))
        finally:
            await connexion.close()


def phoenix() -> Otlp:
    reglages = {
        "PHOENIX_SQL_DATABASE_URL": "{url}",
        "PHOENIX_WORKING_DIR": "{dossier}",
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": "{port}",
        "PHOENIX_GRPC_PORT": "{autre_port}",
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }
    return Otlp("Arize Phoenix, une par une", ("phoenix", "serve"), "/healthz", reglages)


def mlflow() -> Otlp:
    commande = ("mlflow", "server", "--backend-store-uri", "{url}", "--artifacts-destination", "{dossier}/artefacts")
    ecoute = ("--host", "127.0.0.1", "--port", "{port}", "--workers", "1")
    return Otlp(
        "MLflow, une par une",
        commande + ecoute,
        "/health",
        {"MLFLOW_DISABLE_TELEMETRY": "true"},
        "x-mlflow-experiment-id: 0",
    )
