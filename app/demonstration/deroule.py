"""Starts the service, registers the example, sends its traces, prints its bilan."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from app.acces.roles import Acces, Role
from app.demonstration.affichage import afficher
from app.journal import cles
from app.poste.affichage import barre, tableau
from app.poste.erreurs import ErreurPoste
from app.poste.resultat import Resultat
from app.poste.simulation import compter_traces, simuler
from app.reglages import Reglages
from app.stockage.base import Base

PRESERIE = "ortho-plus-lpp"
DELAI_DEMARRAGE_S = 30
EXEMPLE = files("app.demonstration") / "exemple"


class DemonstrationImpossible(ErreurPoste):
    """The example can't be shown; the message says why."""


def derouler(reglages: Reglages, hote: str, port: int, *, rester: bool) -> None:
    """Shows the example on an open database; with ``rester`` the service stays until Ctrl-C."""
    console = Console()
    url = f"http://{hote}:{port}"
    cle = asyncio.run(_cle(reglages))
    with _service(hote, port, url), httpx.Client(base_url=url, headers={"Authorization": f"Bearer {cle}"}) as client:
        console.print(f"Le service répond sur {url}.")
        enregistrer(client)
        console.print(f"La présérie {PRESERIE} est inscrite et démarrée.")
        resultat = _envoyer(url, cle)
        console.print(tableau(resultat))
        if not resultat.enregistrees:
            console.print("Ces traces étaient déjà là, d'une démonstration précédente ; « make clean » repart de zéro.")
        afficher(console, _lire(client, f"/bilan/preseries/{PRESERIE}"))
        if rester:
            console.print(f"À vous : {url}/docs, avec la clé d'accès (cnam, un jour) :\n{cle}\nCtrl-C pour arrêter.")
            _attendre()


def enregistrer(client: httpx.Client) -> None:
    """Replays the registry of the example; every call may be repeated."""
    for ligne in (EXEMPLE / "registre.ndjson").read_text("utf-8").splitlines():
        methode, chemin, corps = json.loads(ligne)
        reponse = client.request(methode, chemin, json=corps)
        if reponse.is_error:
            raise DemonstrationImpossible(f"{methode} {chemin} : {reponse.json()['detail']}")


def _envoyer(url: str, cle: str) -> Resultat:
    with as_file(EXEMPLE / "traces.ndjson") as fichier, barre(compter_traces(Path(fichier))) as avancement:
        return asyncio.run(simuler(Path(fichier), url, cle, avancement=avancement))


def _lire(client: httpx.Client, chemin: str) -> dict[str, Any]:
    lu: dict[str, Any] = client.get(chemin).raise_for_status().json()
    return lu


async def _cle(reglages: Reglages) -> str:
    if reglages.database_url is None:
        raise DemonstrationImpossible("La démonstration a besoin d'une base ouverte.")
    base = Base(reglages.database_url.get_secret_value(), pool_taille=2, delai_s=reglages.ecriture_delai_s)
    try:
        async with base.ecriture() as session:
            acces = Acces(0, Role.CNAM, expire_le=datetime.now(UTC) + timedelta(days=1))
            cle, _ = await cles.creer(session, acces, "démonstration")
            return cle
    finally:
        await base.fermer()


@contextmanager
def _service(hote: str, port: int, url: str) -> Iterator[None]:
    commande = [sys.executable, "-m", "app", "serve", "--host", hote, "--port", str(port)]
    _exiger_port_libre(hote, port)
    environnement = {"TRACES_POSTES_NIVEAU_JOURNAL": "WARNING", **os.environ}
    service = subprocess.Popen(commande, env=environnement)  # noqa: S603 — our own command line
    try:
        _attendre_le_service(service, url)
        yield
    finally:
        service.terminate()
        service.wait()


def _exiger_port_libre(hote: str, port: int) -> None:
    with socket.socket() as essai:
        if essai.connect_ex((hote, port)) == 0:
            raise DemonstrationImpossible(f"Le port {port} est déjà pris : arrêtez ce qui l'occupe, ou donnez --port.")


def _attendre_le_service(service: subprocess.Popen[bytes], url: str) -> None:
    limite = time.monotonic() + DELAI_DEMARRAGE_S
    while time.monotonic() < limite and service.poll() is None:
        try:
            if httpx.get(f"{url}/sante/pret").is_success and service.poll() is None:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise DemonstrationImpossible(f"Le service n'a pas démarré sur {url} : le port est-il déjà pris ?")


def _attendre() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return
