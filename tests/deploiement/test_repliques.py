"""Two services on one database: what one acknowledges holds for the other, and what it takes back ends within a second.

Asked of the replicas themselves: behind nginx nobody knows which one answers.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from itertools import cycle

import asyncpg
import pytest

from app.acces.roles import Acces, Role
from tests.contrat.aides import mettre
from tests.deploiement.conftest import Deploiement
from tests.deploiement.proxy import exige_nginx
from tests.outils import PILOTES, Corps, trace
from tests.processus.exemple import exemple
from tests.processus.lancement import Serveur, environnement, executer

pytestmark = exige_nginx
TOURS = 2
RETARD_MAX_S = 1.0
_PILOTE = {"cpam": "33", "sesam_vitale": True, "accord_le": "2026-09-22", "equipement_verifie": True}


@pytest.fixture
def paires(deploiement: Deploiement) -> Iterator[tuple[Serveur, Serveur]]:
    """Each replica in turn as the one that is told, and the other."""
    une, autre = deploiement.repliques
    return cycle([(une, autre), (autre, une)])


def _retard(condition: Callable[[], bool]) -> float:
    """For how many seconds from now on a request could still be sent that got the answer of before."""
    debut, retard, vraies = time.monotonic(), 0.0, 0
    while vraies < 10:
        depart = time.monotonic() - debut
        assert depart < 30, "jamais"
        if condition():
            vraies += 1
        else:
            retard, vraies = depart, 0
    return retard


def _statut(lui: Serveur, cle: str, corps: Corps) -> int:
    return lui.appeler("POST", "/traces", cle, json=corps).status_code


def test_cle_pilote_et_demarrage_valent_aussitot_de_l_autre_cote(
    deploiement: Deploiement, paires: Iterator[tuple[Serveur, Serveur]]
) -> None:
    for tour, (une, autre) in zip(range(TOURS), paires, strict=False):
        cle, _ = deploiement.terrain.creer_cle(Acces(0, Role.CNAM))
        assert autre.appeler("GET", "/editeurs", cle).status_code == 200
        assert une.appeler("GET", "/editeurs", cle).status_code == 200
        nom = f"tour-{tour}"
        preserie, appels, _ = exemple(nom)
        premiere = trace(logiciel=nom)
        avant = [appel for appel in appels if not appel[1].endswith("/demarrage")]
        une.inscrire(cle, avant)
        assert _statut(autre, cle, premiere) == 409
        une.inscrire(cle, [("POST", f"/preseries/{preserie}/demarrage", {})])
        assert _statut(autre, cle, premiere) == 201
        consigne = autre.appeler("GET", f"/traces/consigne?logiciel={nom}&numero_am={PILOTES[0]}", cle)
        assert consigne.json()["traces_postes"] == "actives"
        nouveau = f"33000009{tour}"
        assert _statut(autre, cle, trace(logiciel=nom, numero_am=nouveau)) == 422
        une.inscrire(cle, [("PUT", f"/preseries/{preserie}/pilotes/{nouveau}", _PILOTE)])
        assert _statut(autre, cle, trace(logiciel=nom, numero_am=nouveau)) == 201


def test_une_revocation_vaut_partout_dans_la_seconde(deploiement: Deploiement) -> None:
    cle, numero = deploiement.terrain.creer_cle(Acces(0, Role.POSTE, "ortho-soft"))
    for lui in deploiement.repliques:
        assert _statut(lui, cle, trace()) == 201
    assert executer("cle", "revoquer", str(numero), env=environnement(**deploiement.terrain.reglages)).returncode == 0
    retards = [
        _retard(lambda: _statut(lui, cle, trace()) == 401)  # noqa: B023 — called at once
        for lui in deploiement.repliques
    ]
    assert max(retards) <= RETARD_MAX_S, retards


def test_une_desactivation_vaut_de_l_autre_cote_dans_la_seconde(
    deploiement: Deploiement, paires: Iterator[tuple[Serveur, Serveur]]
) -> None:
    """Of its consigne and its POST, within a second of the acknowledgement; switched on again, at once."""
    nom = "eteinte"
    preserie, appels, _ = exemple(nom)
    deploiement.repliques[0].inscrire(deploiement.cnam, appels)
    valider(deploiement, preserie)
    consigne = f"/traces/consigne?logiciel={nom}&numero_am={PILOTES[0]}"
    chemin, retards = f"/preseries/{preserie}/traces-postes", []
    for _, (une, autre) in zip(range(2), paires, strict=False):
        une.inscrire(deploiement.cnam, [("PUT", chemin, {"actives": False})])
        retards += [
            _retard(lambda: _statut(autre, deploiement.cnam, trace(logiciel=nom)) == 410),  # noqa: B023
            _retard(lambda: _consigne(autre, deploiement.cnam, consigne) == "desactivees"),  # noqa: B023
        ]
        une.inscrire(deploiement.cnam, [("PUT", chemin, {"actives": True})])
        assert _statut(autre, deploiement.cnam, trace(logiciel=nom)) == 201
    assert max(retards) <= RETARD_MAX_S, retards


def _consigne(lui: Serveur, cle: str, chemin: str) -> str:
    dite: str = lui.appeler("GET", chemin, cle).json()["traces_postes"]
    return dite


def valider(deploiement: Deploiement, preserie: str) -> None:
    """Has it validated without the criteria being met, which is not what is looked at here."""

    async def mettre_validee() -> None:
        connexion = await asyncpg.connect(deploiement.terrain.postgres.url())
        try:
            await mettre(connexion, preserie, statut="validee")
        finally:
            await connexion.close()

    asyncio.run(mettre_validee())
