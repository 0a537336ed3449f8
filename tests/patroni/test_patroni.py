"""The short form: a primary lost under load, and a commit whose standby is frozen. The long one: ``make bascules``."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.outils import trace
from tests.patroni.bascules import TUE, eprouver
from tests.patroni.noeuds import PRETE_MAX_S, absents
from tests.patroni.terrain import Terrain, service, terrain
from tests.processus.lancement import Serveur, attendre

_ABSENTS = absents()
pytestmark = [pytest.mark.skipif(_ABSENTS is not None, reason=_ABSENTS or ""), pytest.mark.timeout(600)]
_ATTENDENT = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'service'"


@pytest.fixture(scope="module")
def ici(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Terrain, Serveur]]:
    with ExitStack() as pile:
        lui = pile.enter_context(terrain(tmp_path_factory.mktemp("patroni")))
        yield lui, pile.enter_context(service(lui))


def test_apres_la_perte_du_primaire_rien_d_acquitte_ne_manque(
    ici: tuple[Terrain, Serveur], record_property: Callable[[str, object], None]
) -> None:
    """A standby leads by itself, the service follows by itself, the lost node comes back as a standby."""
    lui, serveur = ici
    dires: list[str] = []
    releve = eprouver(lui, serveur, [TUE], dires.append)
    record_property("sans_accuse_s", releve.sans_accuse_s)
    assert not releve.fautes, "\n".join([*releve.fautes, *dires])
    assert (releve.manquantes, releve.en_double) == (0, 0)
    assert releve.acquittees == releve.emises > 0


def test_une_attente_du_secours_qui_est_coupee_ne_fait_pas_un_accuse(ici: tuple[Terrain, Serveur]) -> None:
    """PostgreSQL commits and says so, with a warning; the sender gets a 503, and its answer once the standby has it."""
    lui, serveur = ici
    ensemble, corps = lui.ensemble, trace()
    cle = lui.creer_cle_poste()
    attendre(ensemble.complet, PRETE_MAX_S)
    primaire, secours = ensemble.primaire(), ensemble.synchrone()
    assert primaire is not None
    assert secours is not None
    autres = [noeud for noeud in ensemble.noeuds.values() if noeud is not primaire]
    with ThreadPoolExecutor(1) as fil:
        for noeud in autres:
            noeud.signaler(signal.SIGSTOP)
        try:
            envoi = fil.submit(serveur.appeler, "POST", "/traces", cle, json=corps)
            attendre(lambda: ensemble.psql("-c", f"SELECT 1 {_ATTENDENT}", sur=primaire) != "")
            assert not envoi.done()
            ensemble.psql("-c", f"SELECT pg_cancel_backend(pid) {_ATTENDENT}", sur=primaire)
            reponse = envoi.result()
        finally:
            for noeud in autres:
                noeud.signaler(signal.SIGCONT)
    assert (reponse.status_code, "Retry-After" in reponse.headers) == (503, True)
    attendre(ensemble.complet, PRETE_MAX_S)
    assert serveur.appeler("POST", "/traces", cle, json=corps).json()["doublons"] == 1
    attendre(lambda: corps["id"] in ensemble.psql("-c", "SELECT id FROM trace", base="traces_postes", sur=secours))
