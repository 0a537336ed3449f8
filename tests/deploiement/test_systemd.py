"""The units of deploy/systemd, as systemd itself reads them."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer.main

from app.cli import app as commandes
from app.reglages import Reglages
from app.stockage.secrets_locaux import en_texte
from tests.deploiement.proxy import DEPLOY, DOSSIER_IMPOSSIBLE
from tests.processus.lancement import COMMANDE

UNITES = DEPLOY / "systemd"
EXPOSITION_MAX = 1.5
"""Of 10, as ``systemd-analyze security`` counts; a service without any hardening has 9.6."""
exige_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here: apt-get install systemd"
)


@pytest.fixture
def installees(tmp_path: Path) -> Path:
    """The units, with our command for the one that an installation has."""
    for fichier in UNITES.glob("*.*"):
        texte = fichier.read_text()
        texte = re.sub(r"/opt/traces-postes(-%i)?/bin/traces-postes", str(COMMANDE), texte)
        texte = texte.replace("/opt/traces-postes/deploy", str(DEPLOY))
        (tmp_path / fichier.name).write_text(texte)
    return tmp_path


def _lire(fichier: Path) -> list[tuple[str, str]]:
    """The settings of the unit, in order; some come more than once."""
    return re.findall(r"^([A-Za-z]+)=(.*)$", fichier.read_text(), re.MULTILINE)


@exige_systemd
def test_systemd_les_admet_sans_un_mot(installees: Path) -> None:
    unites = [str(unite) for suffixe in ("service", "timer") for unite in installees.glob(f"*.{suffixe}")]
    assert len(unites) == 8
    dit = subprocess.run(["systemd-analyze", "verify", *unites], capture_output=True, text=True, check=False)
    assert (dit.returncode, dit.stdout + dit.stderr) == (0, "")


@exige_systemd
def test_ce_qu_un_service_peut_encore_est_borne(installees: Path) -> None:
    for unite in installees.glob("*.service"):
        commande = ["systemd-analyze", "security", "--offline=yes", str(unite)]
        dit = subprocess.run(commande, capture_output=True, text=True, check=True).stdout
        exposition = re.search(r"Overall exposure level for \S+: ([0-9.]+)", dit)
        assert exposition is not None, dit
        assert float(exposition[1]) <= EXPOSITION_MAX, (unite.name, exposition[1])


def test_toutes_les_unites_ont_les_memes_gardes() -> None:
    gardes = {
        unite.name: [reglage for reglage in _lire(unite) if reglage[0].startswith(("Private", "Protect", "Restrict"))]
        for unite in UNITES.glob("*.service")
    }
    assert len(gardes) == 5
    assert all(siennes == gardes["traces-postes@.service"] for siennes in gardes.values())
    assert len(gardes["traces-postes@.service"]) >= 15


def test_elles_lancent_des_commandes_et_des_reglages_qui_existent() -> None:
    connues = set(getattr(typer.main.get_command(commandes), "commands", {}))
    lancees = {
        valeur.split()[1]
        for unite in UNITES.glob("*.service")
        for nom, valeur in _lire(unite)
        if nom == "ExecStart" and "/bin/traces-postes " in valeur
    }
    assert lancees == {"serve", "migrer", "recompter", "purger"} <= connues
    dits = {
        ligne for env in UNITES.glob("*.env*") for ligne in re.findall(r"^(TRACES_\w+)=", env.read_text(), re.MULTILINE)
    }
    assert dits <= {f"TRACES_POSTES_{nom.upper()}" for nom in Reglages.model_fields}
    for minuterie in UNITES.glob("*.timer"):
        assert minuterie.with_suffix(".service").exists()


@pytest.mark.parametrize("commande", ["serve", "migrer", "recompter"])
def test_sans_adresse_de_base_une_unite_refuse(tmp_path: Path, commande: str) -> None:
    """Rather than bring a database of its own, and acknowledge what no other replica sees."""
    unites = {"serve": "@", "migrer": "-migration@", "recompter": "-recompter"}
    lus = _lire(UNITES / f"traces-postes{unites[commande]}.service")
    (dossier,) = [valeur.split("=", 1)[1] for nom, valeur in lus if nom == "Environment"]
    assert dossier == DOSSIER_IMPOSSIBLE
    env = {"TRACES_POSTES_DATA_DIR": dossier, "TRACES_POSTES_CLE_MAITRESSE": en_texte(bytes(32))}
    fini = subprocess.run(
        [COMMANDE, commande], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert fini.returncode == 1
    assert "donnez un serveur PostgreSQL par TRACES_POSTES_DATABASE_URL" in fini.stderr
    assert list(tmp_path.iterdir()) == []


def test_la_commande_d_administration_a_les_reglages_des_unites() -> None:
    texte = (UNITES / "traces-postes").read_text("utf-8")
    donnes = re.findall(r"--property=(\w+=\S*)", texte)
    unite = [f"{nom}={valeur}" for nom, valeur in _lire(UNITES / "traces-postes-recompter.service")]
    assert {"DynamicUser=yes", "User=traces-postes"} <= set(donnes) <= set(unite)
    assert {un for un in donnes if un.startswith("Env")} == {un for un in unite if un.startswith("Env")}
    subprocess.run(["sh", "-n", UNITES / "traces-postes"], check=True)


def test_l_arret_du_service_laisse_le_superviseur_fermer_la_porte() -> None:
    """SIGTERM to the workers as well would reset whoever is at the door."""
    lu = configparser.ConfigParser(strict=False, interpolation=None)
    lu.read_string((UNITES / "traces-postes@.service").read_text())
    assert (lu["Service"]["KillMode"], int(lu["Service"]["TimeoutStopSec"])) == ("mixed", 40)
    assert int(lu["Service"]["TimeoutStopSec"]) > 15 + 5
