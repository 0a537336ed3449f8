"""A service that is stopped does not wait for those who follow it, whether they read or not."""

import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.flux.aides import CHEMIN
from tests.flux.test_lecteurs_lents import ne_pas_lire
from tests.outils import registre_exemple, trace
from tests.processus.lancement import creer_cle, serveur


@pytest.mark.parametrize("workers", [1, 2])
def test_un_arret_termine_dix_flux_en_moins_de_deux_secondes(tmp_path: Path, workers: int) -> None:
    with serveur(tmp_path / "donnees", workers=workers) as lui, httpx.Client(timeout=20) as client:
        cle = creer_cle(lui.dossier, "--role", "cnam")
        lui.inscrire(cle, registre_exemple())
        entetes = {"Authorization": f"Bearer {cle}"}
        flux = [
            client.send(client.build_request("GET", lui.url + CHEMIN, headers=entetes), stream=True) for _ in range(10)
        ]
        lignes = [un.iter_lines() for un in flux]
        lente = ne_pas_lire(lui.port, cle)
        for une in lignes:
            assert any(ligne.startswith("data: ") for ligne in une)
        assert lui.appeler("POST", "/traces", cle, json=trace()).status_code == 201
        for une in lignes:
            assert any('"enregistrees":1' in ligne for ligne in une)
        debut = time.monotonic()
        lui.processus.send_signal(signal.SIGTERM)
        for une in lignes:
            assert not any(ligne.startswith("data: ") for ligne in une)  # and the answer ends as it should
        assert time.monotonic() - debut < 2
        assert lui.processus.wait(10) == 0
        assert time.monotonic() - debut < 4  # PostgreSQL stopped meanwhile, too
        lente.close()
        assert "Traceback" not in lui.journal.read_text()
