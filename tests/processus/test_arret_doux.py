"""A stop that nobody notices: what was sent is answered, and whoever comes later is refused before it has sent."""

import http.client
import signal
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.processus.lancement import PATIENCE_S, Serveur, serveur

_CHARGE_S = 0.5


@dataclass
class _Vus:
    servies: int = 0
    refusees: int = 0
    coupees: list[str] = field(default_factory=list)


def _connexion(lui: Serveur) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", lui.port, timeout=PATIENCE_S)


def _demander(connexion: http.client.HTTPConnection) -> bool:
    """Whether the connection goes on after the answer."""
    connexion.request("GET", "/sante/vivant")
    reponse = connexion.getresponse()
    assert reponse.status == 200
    reponse.read()
    return reponse.headers.get("connection") != "close"


def _insister(lui: Serveur, vus: _Vus, *, gardee: bool) -> None:
    """Asks again and again, over one connection while it lasts or over new ones, until none is to be had."""
    connexion = _connexion(lui)
    while True:
        try:
            if connexion.sock is None:
                connexion.connect()
        except ConnectionRefusedError:
            vus.refusees += 1
            return
        except OSError as erreur:
            vus.coupees.append(repr(erreur))
            return
        try:
            if not _demander(connexion) or not gardee:
                connexion.close()
            vus.servies += 1
        except (OSError, http.client.HTTPException) as erreur:
            vus.coupees.append(repr(erreur))
            return


@pytest.mark.parametrize("workers", [1, 2])
def test_un_arret_en_pleine_charge_ne_coupe_aucune_requete(tmp_path: Path, workers: int) -> None:
    """Nor on connections at rest, as a proxy keeps them: one that has served, and one that has not."""
    vus = _Vus()
    with serveur(tmp_path / "donnees", workers=workers) as lui, ExitStack() as pile:
        fils = [
            threading.Thread(target=_insister, args=(lui, vus), kwargs={"gardee": rang % 2 == 0}) for rang in range(8)
        ]
        for fil in fils:
            fil.start()
        time.sleep(_CHARGE_S)
        servie, neuve = _connexion(lui), _connexion(lui)
        for une in (servie, neuve):
            pile.callback(une.close)
            une.connect()
        assert _demander(servie)
        lui.processus.send_signal(signal.SIGTERM)
        for fil in fils:
            fil.join(PATIENCE_S)
        for une in (servie, neuve):
            assert not _demander(une)
        assert lui.processus.wait(PATIENCE_S) == 0
        assert "graceful shutdown exceeded" not in lui.journal.read_text()
    assert vus.coupees == []
    assert vus.servies > 50
    assert vus.refusees == len(fils)
