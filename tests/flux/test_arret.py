"""A service that is stopped does not wait for those who follow it, whether they read or not."""

import signal
from pathlib import Path

import httpx
import pytest

from tests.flux.aides import CHEMIN, PATIENCE_S
from tests.flux.test_lecteurs_lents import ne_pas_lire
from tests.outils import registre_exemple, trace
from tests.processus.lancement import creer_cle, serveur


@pytest.mark.parametrize("workers", [1, 2])
def test_un_arret_termine_dix_flux_et_n_attend_pas_qui_ne_lit_pas(tmp_path: Path, workers: int) -> None:
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
        lui.processus.send_signal(signal.SIGTERM)
        for une in lignes:
            assert not any(ligne.startswith("data: ") for ligne in une)  # and the answer ends as it should
        assert lui.processus.wait(PATIENCE_S) == 0
        lente.close()
        dits = lui.journal.read_text()
        assert "graceful shutdown exceeded" not in dits  # as uvicorn says once it has waited for 15 seconds
        assert "Traceback" not in dits
