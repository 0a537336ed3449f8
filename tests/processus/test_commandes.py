"""Commands that run alone: a key without a service, the demonstration, what external mode refuses to start without."""

import asyncio
import base64
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from app.stockage.embarque import PostgresEmbarque
from tests.outils import PRESERIE, attendu_exemple
from tests.processus.lancement import (
    COMMANDE,
    PATIENCE_S,
    environnement,
    executer,
    nettoyer,
    pid_de_postgres,
    port_libre,
    processus_de,
    serveur,
)

EXTERNE = "postgresql://127.0.0.1:9/absente"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--role", "poste"),
        ("--role", "cnam", "--editeur", "ortho-soft"),
    ],
)
def test_une_cle_aux_bornes_impossibles_est_refusee_sans_rien_demarrer(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    fini = executer("cle", "creer", *arguments, env=environnement(data_dir=str(tmp_path / "donnees")))
    assert fini.returncode == 1
    assert "--" in fini.stderr
    assert fini.stdout == ""
    assert not (tmp_path / "donnees").exists()


def test_la_demonstration_montre_le_bilan_et_ne_laisse_rien(tmp_path: Path) -> None:
    dossier, port = tmp_path / "donnees", port_libre()
    env = environnement(data_dir=str(dossier)) | {"DEMO_EXIT": "1"}
    fini = executer("demo", "--port", str(port), env=env)
    assert fini.returncode == 0, fini.stderr
    for texte in (PRESERIE, f"Exécutions : {attendu_exemple()['executions']['total']}", "Verdict proposé"):
        assert texte in fini.stdout
    assert processus_de(dossier) == []
    assert pid_de_postgres(dossier) is None
    with socket.socket() as prise:
        assert prise.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def demonstration(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    env = environnement(data_dir=str(tmp_path / "donnees")) | {"PYTHONUNBUFFERED": "1"}
    commande = [str(COMMANDE), "demo", "--port", str(port_libre())]
    with subprocess.Popen(
        commande, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as lancee:
        yield lancee
        nettoyer(lancee)


def test_la_demonstration_sert_jusqu_a_ce_qu_on_l_arrete(demonstration: subprocess.Popen[str], tmp_path: Path) -> None:
    assert demonstration.stdout is not None
    vues: list[str] = []
    while not (vues and "À vous" in vues[-1]):
        vues.append(demonstration.stdout.readline())
        assert vues[-1], "".join(vues)
    assert demonstration.poll() is None
    demonstration.terminate()
    demonstration.wait(PATIENCE_S)
    assert processus_de(tmp_path / "donnees") == []


@pytest.mark.parametrize("commande", [("serve",), ("cle", "lister")])
def test_sur_une_base_externe_la_cle_maitresse_manquante_est_nommee(commande: tuple[str, ...]) -> None:
    fini = executer(*commande, env=environnement(database_url=EXTERNE))
    assert fini.returncode == 1
    assert "TRACES_POSTES_CLE_MAITRESSE" in fini.stderr
    assert "Traceback" not in fini.stderr


@pytest.mark.parametrize("cle", [base64.b64encode(bytes(31)).decode(), "é" * 43])
def test_une_cle_maitresse_qui_n_en_est_pas_une_est_nommee_et_jamais_montree(cle: str) -> None:
    fini = executer("serve", env=environnement(database_url=EXTERNE, cle_maitresse=cle))
    assert fini.returncode == 1
    assert "TRACES_POSTES_CLE_MAITRESSE" in fini.stderr
    assert cle not in fini.stderr


@pytest.mark.parametrize(
    ("reglages", "nom"),
    [
        ({}, "CLE_SIGNATURE"),
        ({"cle_signature": "abc"}, "CLE_SIGNATURE"),
        ({"cle_signature": base64.b64encode(bytes(32)).decode(), "cles_publiques": "abc"}, "CLES_PUBLIQUES"),
    ],
)
def test_une_cle_de_signature_qui_manque_ou_n_en_est_pas_une_est_nommee(reglages: dict[str, str], nom: str) -> None:
    maitresse = base64.b64encode(bytes(32)).decode()
    fini = executer("serve", env=environnement(database_url=EXTERNE, cle_maitresse=maitresse, **reglages))
    assert fini.returncode == 1
    assert f"TRACES_POSTES_{nom}" in fini.stderr
    assert "Traceback" not in fini.stderr


def test_une_base_injoignable_se_dit_sans_trace_d_appels() -> None:
    cle = base64.b64encode(os.urandom(32)).decode()
    fini = executer("cle", "lister", env=environnement(database_url=EXTERNE, cle_maitresse=cle))
    assert fini.returncode == 1
    assert "base de données" in fini.stderr
    assert "Traceback" not in fini.stderr


async def test_sur_une_base_externe_le_service_migre_et_sert(postgres: PostgresEmbarque, tmp_path: Path) -> None:
    """The owner migrates, the service's own user serves; nothing embedded is started."""
    proprietaire = await asyncpg.connect(postgres.url())
    await proprietaire.execute("CREATE DATABASE externe")
    reglages = {
        "database_url": postgres.url("externe", "traces_postes_service"),
        "migration_url": postgres.url("externe"),
        "cle_maitresse": base64.b64encode(bytes(32)).decode(),
        "cle_signature": base64.b64encode(bytes(32)).decode(),
    }
    dossier = tmp_path / "jamais"
    try:
        await asyncio.to_thread(_servir_dehors, dossier, reglages)
    finally:
        await proprietaire.execute("DROP DATABASE externe WITH (FORCE)")
        await proprietaire.close()
    assert not dossier.exists()


def _servir_dehors(dossier: Path, reglages: dict[str, str]) -> None:
    migree = executer("migrer", env=environnement(**reglages))
    assert migree.returncode == 0, migree.stderr
    creee = executer("cle", "creer", "--role", "cnam", env=environnement(**reglages))
    with serveur(dossier, None, workers=1, reglages=reglages) as lui:
        assert lui.appeler("GET", "/editeurs", creee.stdout.splitlines()[-1]).status_code == 200
