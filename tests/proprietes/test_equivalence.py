"""Whatever the history, order, batching, concurrency and repetition, the service says what the oracle says.

``TRACES_POSTES_PROPRIETES=N`` tries N times as many histories.
"""

import os
from datetime import date
from random import Random

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.acces.roles import Role
from tests.outils import PRESERIE, Service, traces_exemple, vider_les_traces
from tests.proprietes.confrontation import Confrontation, melanger, tout_recu
from tests.proprietes.histoires import Histoire, histoire, histoires
from tests.proprietes.oracle import Oracle
from tests.proprietes.recompte import ecarts

pytestmark = pytest.mark.timeout(1800)  # a failure takes Hypothesis minutes to shrink
FACTEUR = int(os.environ.get("TRACES_POSTES_PROPRIETES", "1"))


def profil(exemples: int) -> settings:
    """The fixtures are shared by all examples of a test: each example empties the traces itself."""
    ecartes = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=exemples * FACTEUR, deadline=None, suppress_health_check=ecartes)


@pytest.fixture
async def confrontation(service: Service, proprietaire: asyncpg.Connection) -> Confrontation:
    return await Confrontation.ouvrir(service, proprietaire)


@profil(35)
@given(histoire=histoires())
async def test_dans_l_ordre_le_service_dit_ce_que_dit_l_oracle(
    confrontation: Confrontation, histoire: Histoire
) -> None:
    oracle = await confrontation.rejouer(histoire)
    await confrontation.verifier(oracle)


@profil(25)
@given(histoire=histoires(), hasard=st.randoms(use_true_random=True), taches=st.integers(1, 8))
async def test_ordre_lots_concurrence_et_repetition_donnent_un_seul_et_meme_bilan(
    confrontation: Confrontation, histoire: Histoire, hasard: Random, taches: int
) -> None:
    oracle = Oracle(await confrontation.dater_les_phases(histoire.phases))
    for lot in histoire.lots:
        oracle.recevoir(lot.traces, lot.editeur)
    retenues = tout_recu(oracle)
    await vider_les_traces(confrontation.proprietaire)
    lots = melanger(retenues, hasard, hasard.choice((1, 7, 40)))
    sommes = await confrontation.livrer(lots, taches)
    assert sommes["enregistrees"] == len(retenues)
    assert sommes["rejetees"] == 0
    assert sommes["doublons"] == sum(map(len, lots)) - len(retenues)
    await confrontation.verifier(oracle, receptions=False)


@pytest.mark.parametrize("graine", range(2 * FACTEUR))
async def test_une_longue_histoire_en_ordre_puis_melangee(confrontation: Confrontation, graine: int) -> None:
    """The same with thousands of traces, in arrays of up to 1,000."""
    hasard = Random(graine)
    oracle = await confrontation.rejouer(histoire(hasard, 2_500))
    await confrontation.verifier(oracle)
    for taille_max in (1000, 60):
        await vider_les_traces(confrontation.proprietaire)
        await confrontation.livrer(melanger(tout_recu(oracle), hasard, taille_max), 8)
        await confrontation.verifier(oracle, receptions=False)


async def test_la_fenetre_d_une_prolongation_ne_compte_que_ses_jours(confrontation: Confrontation) -> None:
    oracle = await confrontation.rejouer(histoire(Random(11), 400))
    depuis = date(2026, 11, 20)
    await confrontation.proprietaire.execute("UPDATE preserie SET observee_depuis = $1", depuis)
    for preserie in oracle.registre.preseries.values():
        preserie.observee_depuis = depuis
    await confrontation.verifier(oracle)


async def test_les_compteurs_de_l_exemple_sont_ceux_d_un_recompte(
    service: Service, proprietaire: asyncpg.Connection
) -> None:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    for debut in range(0, 1096, 100):
        await cnam.poster(traces_exemple()[debut : debut + 100])
    assert (await cnam.lire(f"/bilan/preseries/{PRESERIE}"))["traces"]["enregistrees"] == 1021
    assert await ecarts(proprietaire) == {}
