"""A client generated from the exported description, against a service that runs as its own process."""

import subprocess
import sys
from pathlib import Path

import openapi.fichiers
from tests.outils import registre_exemple
from tests.processus.lancement import PATIENCE_S, creer_cle, environnement, serveur

DESCRIPTION = Path(openapi.fichiers.__file__).with_name("openapi.json")
REGLAGES = DESCRIPTION.with_name("client-python.yml")
SCENARIO = Path(__file__).with_name("scenario.py")


def _engendrer(dossier: Path) -> None:
    reglages = dossier / "reglages.yml"
    reglages.write_text(REGLAGES.read_text("utf-8") + "post_hooks: []\n")
    commande = [str(Path(sys.executable).with_name("openapi-python-client")), "generate", "--path", str(DESCRIPTION)]
    commande += ["--output-path", str(dossier / "client_engendre"), "--meta", "none", "--config", str(reglages)]
    fini = subprocess.run(
        [*commande, "--fail-on-warning"], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert fini.returncode == 0, fini.stdout + fini.stderr
    assert "warning" not in (fini.stdout + fini.stderr).lower()


def test_un_client_engendre_envoie_et_lit(tmp_path: Path) -> None:
    _engendrer(tmp_path)
    with serveur(tmp_path / "donnees", workers=1) as service:
        cnam = creer_cle(service.dossier, "--role", "cnam")
        service.inscrire(cnam, registre_exemple())
        fini = subprocess.run(
            [sys.executable, SCENARIO],
            env=environnement() | {"PYTHONPATH": str(tmp_path), "URL": service.url, "CLE": cnam},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert fini.returncode == 0, fini.stderr
