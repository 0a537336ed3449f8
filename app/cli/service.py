"""Commands of the service itself: run it, migrate its schema, show the example."""

import asyncio
import logging
import os
import signal
import sys
import time
from contextlib import suppress
from typing import Annotated, NoReturn

import typer
import uvicorn
from pydantic import SecretStr
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app.arretes.signature import Signataire
from app.cli.commun import console, erreurs_dites, executer
from app.demonstration.deroule import derouler
from app.observabilite.journaux import configurer
from app.observabilite.partage import mesures_partagees
from app.observabilite.telemetrie import exportateur
from app.porte import ENTREE_S, Serveur, ne_plus_laisser_entrer
from app.preseries.enveloppe import Coffre
from app.preseries.registre import verifier_la_cle, verifier_les_referentiels
from app.reglages import Reglages
from app.serveur import Protocole
from app.stockage.base import ERREURS_DE_BASE, Base
from app.stockage.ouverture import base_ouverte
from app.stockage.reserves import url_de_lecture
from app.stockage.schema import migrer as migrer_schema
from app.stockage.secrets_locaux import cle_maitresse, cle_signature, cles_maitresses_anciennes, cles_publiques

Hote = Annotated[str, typer.Option("--host", help="Adresse d'écoute.")]
Port = Annotated[int, typer.Option("--port", help="Port d'écoute.")]
_ACCEPTATIONS, _ACCEPTATIONS_A_PLUSIEURS = 16, 4
"""Under load uvloop accepts one connection per turn and listening socket: with one, newcomers waited for seconds. With
many, the first of several workers took all that came at once, and the others had nothing to do."""

DELAI_D_ARRET_S = 15
"""What is in hand at a stop has so long to end; whoever kills what does not stop must wait for longer."""

_OUVRIER_MUET_S = 30
"""A worker that says nothing for so long is killed and replaced. It says nothing while it starts, either: on a machine
too busy to start one within uvicorn's 5 seconds, each would be killed before it serves, for ever."""


def serve(
    host: Hote = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(help="Processus qui servent.", min=1)] = 1,
    migrate: Annotated[bool, typer.Option("--migrate", help="Migrer d'abord le schéma.")] = False,
) -> None:
    """Lance le service ; sans TRACES_POSTES_DATABASE_URL, avec PostgreSQL embarqué."""
    signal.signal(signal.SIGTERM, _sortir)
    with erreurs_dites(), base_ouverte(Reglages(), migrations=migrate) as reglages:
        _transmettre(reglages)
        configurer(reglages.niveau_journal)
        exportateur(reglages)  # a missing extra is said once, before there are workers
        asyncio.run(_verifier(reglages))
        typer.echo(f"Service sur http://{host}:{port} ; Ctrl-C pour arrêter.")
        _servir(
            uvicorn.Config(
                "app.main:create_app",
                factory=True,
                host=host,
                port=port,
                workers=workers,
                loop="uvloop",
                http=Protocole,
                ws="none",
                lifespan="on",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=DELAI_D_ARRET_S,
                timeout_worker_healthcheck=_OUVRIER_MUET_S,
            )
        )


def migrer() -> None:
    """Amène le schéma à la version de ce code, avec TRACES_POSTES_MIGRATION_URL ou DATABASE_URL."""
    with erreurs_dites():
        reglages = Reglages()
        url = reglages.migration_url or reglages.database_url
        if url is None:
            with base_ouverte(reglages):
                pass
        else:
            migrer_schema(url.get_secret_value())
    console.print("Le schéma est à jour.")


def demo(host: Hote = "127.0.0.1", port: Port = 8000) -> None:
    """Déroule l'exemple : service, registre, traces, bilan ; sert ensuite jusqu'à Ctrl-C (sauf DEMO_EXIT=1)."""
    signal.signal(signal.SIGTERM, _sortir)
    with erreurs_dites(), base_ouverte(Reglages()) as reglages:
        _transmettre(reglages)
        derouler(reglages, host, port, rester=os.environ.get("DEMO_EXIT") != "1")


def _servir(config: uvicorn.Config) -> None:
    """From here on a stop is a flag that uvicorn reads: what a handler raises within a callback would be lost."""
    prise = config.bind_socket()
    acceptations = _ACCEPTATIONS if config.workers == 1 else _ACCEPTATIONS_A_PLUSIEURS
    prises = [prise, *(prise.dup() for _ in range(acceptations - 1))]
    if config.workers > 1:
        logging.getLogger("uvicorn.error").setLevel(logging.INFO)  # tells of a worker that died
        with mesures_partagees():
            _Superviseur(config, sockets=prises).run()
        return
    serveur = Serveur(config)
    for signe in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signe, serveur.handle_exit)
    serveur.run(prises)
    if not serveur.started and not serveur.should_exit:
        raise typer.Exit(STARTUP_FAILURE)


class _Superviseur(Multiprocess):
    """uvicorn's, which keeps the door open until it ends: the kernel let in who was not served any more.

    And which keeps its workers' ends of their pipes: one that died before it answered was waited for like a mute one.
    """

    def init_processes(self) -> None:
        super().init_processes()
        self._rendre_les_bouts()

    def keep_subprocess_alive(self) -> None:
        super().keep_subprocess_alive()
        self._rendre_les_bouts()

    def _rendre_les_bouts(self) -> None:
        for ouvrier in self.processes:
            ouvrier.child_conn.close()

    def terminate_all(self) -> None:
        ne_plus_laisser_entrer(self.sockets)
        time.sleep(ENTREE_S)
        for prise in self.sockets:
            prise.close()
        super().terminate_all()


async def _verifier(reglages: Reglages) -> None:
    """A database that is away may come back; a foreign master key or a missing référentiel will not mend itself."""
    coffre = Coffre(cle_maitresse(reglages), cles_maitresses_anciennes(reglages))
    Signataire(cle_signature(reglages), cles_publiques(reglages))
    url_de_lecture(reglages)

    async def verifier(base: Base) -> None:
        await verifier_les_referentiels(base)
        await verifier_la_cle(base, coffre)

    with suppress(*ERREURS_DE_BASE):
        await executer(reglages, verifier)


def _transmettre(reglages: Reglages) -> None:
    """Workers are processes of their own: they find in their environment what was opened for them."""
    for nom in ("database_url", "cle_maitresse", "cle_signature"):
        secret: SecretStr | None = getattr(reglages, nom)
        if secret is not None:
            os.environ[f"TRACES_POSTES_{nom.upper()}"] = secret.get_secret_value()


def _sortir(_signal: int, _cadre: object) -> NoReturn:
    sys.exit(0)
