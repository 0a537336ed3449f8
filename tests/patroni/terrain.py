"""The cluster, the real service on all of its hosts, and clients that note whatever is acknowledged."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.stockage.secrets_locaux import en_texte
from tests.conftest import CLE_MAITRESSE, CLE_SIGNATURE
from tests.outils import PILOTES, registre_exemple
from tests.pannes.carnet import Carnet
from tests.patroni.noeuds import DEPLOIEMENT, Ensemble, ensemble
from tests.processus.lancement import Serveur, environnement, executer, serveur

_SPOOL_MAX = "20000"
"""Traces; nothing is dropped for want of room while nobody leads."""
_REMISE_MAX_S = 120
_PATIENCE_S = 60.0


@dataclass
class Terrain:
    ensemble: Ensemble
    dossier: Path
    carnet: Carnet
    reglages: dict[str, str]

    @property
    def url_du_proprietaire(self) -> str:
        return self.reglages["migration_url"]

    @property
    def url_du_service(self) -> str:
        return self.reglages["database_url"]

    def commander(self, *arguments: str) -> str:
        """``traces-postes`` with these arguments, to its end; gives what it prints."""
        fini = executer(*arguments, env=environnement(**self.reglages))
        assert fini.returncode == 0, fini.stdout + fini.stderr
        return fini.stdout

    def creer_cle_poste(self) -> str:
        return self.commander("cle", "creer", "--role", "poste", "--editeur", "ortho-soft").splitlines()[-1]


@contextmanager
def terrain(dossier: Path) -> Iterator[Terrain]:
    carnet = Carnet(dossier / "carnet.ndjson")
    carnet.fichier.touch()
    (dossier / "noeuds").mkdir()
    with ensemble(dossier / "noeuds") as noeuds:
        mots = [f"--set={nom}={noeuds.secrets[nom]}" for nom in ("proprietaire", "service")]
        noeuds.psql(*mots, "-f", str(DEPLOIEMENT / "base.sql"))
        reglages = {
            "database_url": noeuds.url("service"),
            "migration_url": noeuds.url("proprietaire"),
            "cle_maitresse": en_texte(CLE_MAITRESSE),
            "cle_signature": en_texte(CLE_SIGNATURE),
        }
        lui = Terrain(noeuds, dossier, carnet, reglages)
        lui.commander("migrer")
        yield lui


@contextmanager
def service(lui: Terrain) -> Iterator[Serveur]:
    """Two workers, the example's registry in place."""
    with serveur(lui.dossier / "service", reglages=lui.reglages, patience_s=_PATIENCE_S) as serveur_:
        cle = lui.commander("cle", "creer", "--role", "cnam").splitlines()[-1]
        serveur_.inscrire(cle, registre_exemple())
        yield serveur_


@contextmanager
def clients(lui: Terrain, serveur_: Serveur) -> Iterator[None]:
    """Six workstations that send until the block ends, and then deliver what they still hold."""
    cle = lui.creer_cle_poste()
    horloge = lui.dossier / "horloge"
    horloge.write_text("0")
    journal = lui.dossier / "clients.log"
    with journal.open("ab") as sortie:
        lance = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.pannes.poste"),
                *(serveur_.url, str(lui.carnet.fichier), str(horloge), *PILOTES),
            ],
            env=environnement(cle=cle) | {"PANNES_SPOOL_MAX": _SPOOL_MAX},
            stdout=sortie,
            stderr=sortie,
        )
    try:
        yield
        lance.send_signal(signal.SIGTERM)
        assert lance.wait(_REMISE_MAX_S) == 0, journal.read_text()[-2000:]
    finally:
        lance.kill()
        lance.wait()
