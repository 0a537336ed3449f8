"""Stops, gentle and brutal: nothing is left running, and nothing that was acknowledged is lost."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from app.stockage.embarque import postgres_embarque
from tests.outils import PRESERIE, Corps, registre_exemple, trace
from tests.processus.lancement import (
    COMMANDE,
    Serveur,
    attendre,
    creer_cle,
    environnement,
    nettoyer,
    pid_de_postgres,
    port_libre,
    processus_de,
    serveur,
    vivant,
)

_SIGNAL_DANS_UN_RAPPEL = """
import importlib.abc, os, signal, sys, weakref

class Espion(importlib.abc.MetaPathFinder):
    def find_spec(self, nom, chemin, cible=None):
        if nom == "fastapi" and "serve" in sys.argv:
            objet = Espion()
            self.reference = weakref.ref(objet, lambda _: os.kill(os.getpid(), signal.SIGTERM))

sys.meta_path.insert(0, Espion())
"""


@pytest.fixture
def dossier(tmp_path: Path) -> Iterator[Path]:
    """A data directory, whose PostgreSQL does not outlive the test."""
    donnees = tmp_path / "donnees"
    yield donnees
    if pid_de_postgres(donnees) is not None:
        with postgres_embarque(donnees):
            pass


def enregistrees(lui: Serveur, cle: str) -> int:
    bilan = lui.appeler("GET", f"/bilan/preseries/{PRESERIE}", cle).raise_for_status().json()
    nombre: int = bilan["traces"]["enregistrees"]
    return nombre


def rejouer(lui: Serveur, cle: str, acquittees: list[Corps]) -> None:
    """Everything that was acknowledged is there: sent again, it is but doublons."""
    assert enregistrees(lui, cle) >= len(acquittees) > 0
    for debut in range(0, len(acquittees), 1000):
        lot = acquittees[debut : debut + 1000]
        accuse = lui.appeler("POST", "/traces", cle, json=lot).json()
        assert (accuse["enregistrees"], accuse["doublons"]) == (0, len(lot))


def test_un_seul_ouvrier_s_arrete_sur_ctrl_c_et_accepte_une_cle_d_avant_son_depart(dossier: Path) -> None:
    cle = creer_cle(dossier, "--role", "cnam")
    assert re.fullmatch(r"tp_[A-Za-z0-9_-]{43}", cle)
    attendre(lambda: processus_de(dossier) == [], 5)
    for secret in ("cle_maitresse", "cle_signature"):
        assert (dossier / secret).stat().st_mode & 0o777 == 0o600
    with serveur(dossier, workers=1) as lui:
        assert lui.appeler("GET", "/editeurs", cle).status_code == 200
        assert lui.appeler("GET", "/editeurs", cle[:-1] + "!").status_code == 401
        lui.arreter(signal.SIGINT)
        attendre(lambda: processus_de(dossier) == [], 5)
        assert pid_de_postgres(dossier) is None


def test_un_arret_en_pleine_charge_arrete_tout_sans_perdre_ce_qui_est_acquitte(dossier: Path) -> None:
    with serveur(dossier) as lui:
        postgres = pid_de_postgres(dossier)
        assert postgres is not None
        assert vivant(postgres)
        cle = creer_cle(dossier, "--role", "cnam")
        lui.inscrire(cle, registre_exemple())
        acquittees = envoyer_pendant(lui, cle, lui.arreter)
        attendre(lambda: not vivant(postgres), 5)
        attendre(lambda: processus_de(dossier) == [], 5)
        assert pid_de_postgres(dossier) is None
    with serveur(dossier) as lui:
        rejouer(lui, cle, acquittees)


def test_apres_kill_9_le_suivant_reprend_le_port_et_les_donnees(dossier: Path) -> None:
    """First of the supervisor, then of everything with PostgreSQL; and a gentle stop still stops everything."""
    port = port_libre()
    with serveur(dossier, port) as premier:
        cle = creer_cle(dossier, "--role", "cnam")
        premier.inscrire(cle, registre_exemple())
        postgres, ouvriers = pid_de_postgres(dossier), premier.ouvriers()
        assert len(ouvriers) == 2
        acquittees = envoyer_pendant(premier, cle, lambda: premier.arreter(signal.SIGKILL))
        attendre(lambda: not any(map(vivant, ouvriers)), 5)
        assert postgres is not None
        assert vivant(postgres)
    with serveur(dossier, port) as deuxieme:
        assert pid_de_postgres(dossier) == postgres
        rejouer(deuxieme, cle, acquittees)
        acquittees += envoyer_pendant(deuxieme, cle, lambda: _tuer_tout(deuxieme))
        attendre(lambda: processus_de(dossier) == [], 10)
    with serveur(dossier, port) as troisieme:
        postgres = pid_de_postgres(dossier)
        assert postgres is not None
        rejouer(troisieme, cle, acquittees)
        troisieme.arreter()
        attendre(lambda: not vivant(postgres), 5)
        attendre(lambda: processus_de(dossier) == [], 5)


def test_un_arret_demande_pendant_les_imports_n_est_pas_perdu(dossier: Path, tmp_path: Path) -> None:
    """Python drops what a signal handler raises within a callback (of a weak reference, here): imports have many."""
    (tmp_path / "sitecustomize.py").write_text(_SIGNAL_DANS_UN_RAPPEL)
    env = environnement(data_dir=str(dossier)) | {"PYTHONPATH": str(tmp_path)}
    commande = [str(COMMANDE), "serve", "--port", str(port_libre())]
    with subprocess.Popen(commande, env=env, stderr=subprocess.DEVNULL, start_new_session=True) as lance:
        try:
            lance.wait(10)
        finally:
            nettoyer(lance)
    attendre(lambda: processus_de(dossier) == [], 5)


def _tuer_tout(lui: Serveur) -> None:
    for pid in (pid_de_postgres(lui.dossier), *lui.ouvriers()):
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    lui.arreter(signal.SIGKILL)


def envoyer_pendant(lui: Serveur, cle: str, geste: Callable[[], object]) -> list[Corps]:
    """Posts single traces until the service is gone, which ``geste`` sees to; gives those that were acknowledged."""
    acquittees: list[Corps] = []
    assez = threading.Event()

    def envoyer() -> None:
        with httpx.Client(base_url=lui.url, headers={"Authorization": f"Bearer {cle}"}, timeout=10) as client:
            while True:
                une = trace()
                try:
                    reponse = client.post("/traces", json=une)
                except httpx.TransportError:
                    return
                if reponse.status_code == 201:
                    acquittees.append(une)
                    if len(acquittees) >= 200:
                        assez.set()
                elif reponse.status_code != 503:
                    raise AssertionError(reponse.text)

    fils = [threading.Thread(target=envoyer) for _ in range(4)]
    for fil in fils:
        fil.start()
    assert assez.wait(20)
    geste()
    for fil in fils:
        fil.join(20)
    return acquittees
