"""The logs of a real process at DEBUG: routes by their template, and no value that a caller or the database holds."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx

from app.acces.roles import Role
from app.reglages import Reglages
from tests.contrat.aides import NIR, verifier_probleme
from tests.outils import PILOTES, PRESERIE, Service, echec, trace

_MARQUE = "zq7x9"


def _port_libre() -> int:
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        port: int = prise.getsockname()[1]
        return port


@contextmanager
def _processus(reglages: Reglages, journal: Path) -> Iterator[str]:
    """A worker that writes all that it says to a file; gives its address."""
    assert reglages.database_url is not None
    assert reglages.cle_maitresse is not None
    assert reglages.cle_signature is not None
    port = _port_libre()
    environnement = os.environ | {
        "TRACES_POSTES_DATABASE_URL": reglages.database_url.get_secret_value(),
        "TRACES_POSTES_CLE_MAITRESSE": reglages.cle_maitresse.get_secret_value(),
        "TRACES_POSTES_CLE_SIGNATURE": reglages.cle_signature.get_secret_value(),
        "TRACES_POSTES_NIVEAU_JOURNAL": "DEBUG",
        "TRACES_POSTES_CORPS_DELAI_S": "0.5",
    }
    commande = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    with journal.open("wb") as flux:
        processus = subprocess.Popen(commande, env=environnement, stdout=flux, stderr=subprocess.STDOUT)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            processus.send_signal(signal.SIGTERM)
            processus.wait(20)


def _attendre(client: httpx.Client) -> None:
    fin = time.monotonic() + 20
    while time.monotonic() < fin:
        try:
            if client.get("/sante/pret").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("le service n'est pas prêt")


def _appels(client: httpx.Client) -> None:
    """Accepted, refused and malformed, with marks wherever a caller may put a value."""
    bonne = echec(ordonnance=_MARQUE, poste=_MARQUE, erreur={"code": _MARQUE, "origine": "poste", "message": _MARQUE})
    assert client.post("/traces", json=bonne).status_code == 201
    assert client.post("/traces", json=bonne).status_code == 200
    assert client.post("/traces", json=bonne | {"version": _MARQUE}).status_code == 409
    for faute in ({_MARQUE: _MARQUE}, {"poste": NIR}, {"logiciel": _MARQUE}, {"numero_am": "999999999"}):
        assert client.post("/traces", json=trace(**faute)).status_code == 422
    for chemin in (f"/{_MARQUE}", f"/preseries/{_MARQUE}", f"/executions?preserie={_MARQUE}&version={_MARQUE}"):
        assert client.get(chemin).status_code == 404
    assert client.get(f"/traces/consigne?logiciel=ortho-plus&numero_am={PILOTES[0]}").status_code == 200
    assert client.get(f"/preseries/{PRESERIE}/pilotes/{PILOTES[0]}").status_code == 200
    assert client.put(f"/editeurs/{_MARQUE}", json={_MARQUE: _MARQUE}).status_code == 422
    assert client.post("/traces", content=_MARQUE).status_code == 400
    assert client.get("/editeurs", headers={"Authorization": f"Bearer {_MARQUE}"}).status_code == 401
    assert client.post("/traces", headers={"Content-Type": _MARQUE}).status_code == 415


def _lent(client: httpx.Client) -> None:
    """A sender that stops in the middle of its body."""

    def corps() -> Iterator[bytes]:
        yield f'[{{"poste": "{_MARQUE}"'.encode()
        time.sleep(0.8)

    verifier_probleme(client.post("/traces", content=corps()), 408, "corps-trop-lent")


def _erreurs(client: httpx.Client) -> str:
    """A read and a write that the database refuses; gives the id of the request that met an internal error."""
    erreur = client.get(f"/bilan/preseries/{PRESERIE}", headers={"X-Marque": _MARQUE})
    assert client.post("/traces", json=trace(ordonnance=_MARQUE)).status_code == 503
    instance: str = verifier_probleme(erreur, 500, "erreur-interne")["instance"]
    return instance.removeprefix("urn:uuid:")


async def test_aucune_valeur_ne_va_au_journal(
    service: Service, proprietaire: asyncpg.Connection, reglages: Reglages, tmp_path: Path
) -> None:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    journal = tmp_path / "journal"
    entetes = {"Authorization": f"Bearer {cnam.cle}"}
    with (
        _processus(reglages, journal) as adresse,
        httpx.Client(base_url=adresse, headers=entetes, timeout=10, trust_env=False) as client,
    ):
        _attendre(client)
        _appels(client)
        _lent(client)
        await proprietaire.execute("ALTER TABLE compteur_operation RENAME COLUMN operation TO ailleurs")
        try:
            numero = _erreurs(client)
        finally:
            await proprietaire.execute("ALTER TABLE compteur_operation RENAME COLUMN ailleurs TO operation")
    _verifier(journal.read_text("utf-8"), cnam.cle or "", numero)


def _verifier(texte: str, cle: str, requete_en_erreur: str) -> None:
    assert _MARQUE not in texte.lower()
    assert cle not in texte
    assert NIR not in texte
    for numero_am in (*PILOTES, "999999999"):
        assert numero_am not in texte
    lignes = [json.loads(ligne) for ligne in texte.splitlines() if ligne.startswith("{")]
    routes = {ligne["route"] for ligne in lignes if "route" in ligne}
    assert {"/preseries/{code}", "/preseries/{code}/pilotes/{numero_am}", "/executions"} <= routes
    assert not any(PRESERIE in route for route in routes)
    assert requete_en_erreur in {ligne.get("requete_id") for ligne in lignes if ligne["level"] == "error"}
    # Whatever a person may read outside the structured lines comes from the server and names no caller's value.
    autres = [ligne for ligne in texte.splitlines() if not ligne.startswith("{")]
    assert not [ligne for ligne in autres if re.search(r"Traceback|HTTP/1|SELECT|INSERT", ligne)]
