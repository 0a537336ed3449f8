"""Unseen cases: every figure and état is the oracle's, at each instant, after a restart, a recount and a purge."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from urllib.parse import quote

import asyncpg
import httpx
import pytest

from app.conservation import service as conservation
from app.main import create_app
from app.recompte import service as recompte
from app.reglages import Reglages
from app.stockage.base import Base
from tests.contrat.aides import mettre
from tests.outils import Service, vider_les_traces
from tests.proprietes.actes import Assemblee, figures
from tests.proprietes.confrontation import Confrontation
from tests.proprietes.histoires import histoire
from tests.proprietes.oracle import Corps, Oracle
from tests.proprietes.registre import OUVERTES

pytestmark = pytest.mark.timeout(1800)
PRESERIE = OUVERTES[0]
BILAN = f"/bilan/preseries/{PRESERIE}"
RECUL_S = 5.5


@dataclass(frozen=True)
class Moment:
    """What the oracle said at an instant of the database's clock."""

    le: datetime
    bilan: Corps


async def _maintenant(proprietaire: asyncpg.Connection) -> datetime:
    lue: datetime = await proprietaire.fetchval("SELECT clock_timestamp()")
    return lue


async def mener(confrontation: Confrontation, graine: int, taille: int) -> list[Moment]:
    """Receptions and acts of people in turn; after each, the bilan served is the oracle's."""
    hasard = Random(graine)
    racontee = histoire(hasard, taille)
    await vider_les_traces(confrontation.proprietaire)
    oracle = Oracle(await confrontation.dater_les_phases(racontee.phases))
    assemblee = Assemblee(confrontation.cnam, oracle, PRESERIE, hasard)
    moments = []
    for lot in racontee.lots:
        await confrontation.poster(lot.traces, lot.editeur)
        oracle.recevoir(lot.traces, lot.editeur)
        for _ in range(hasard.randint(0, 3)):
            await assemblee.agir()
        assert figures(await confrontation.cnam.lire(BILAN)) == assemblee.bilan()
        moments.append(Moment(await _maintenant(confrontation.proprietaire), assemblee.bilan()))
    return moments


@pytest.fixture
async def confrontation(service: Service, proprietaire: asyncpg.Connection) -> Confrontation:
    return await Confrontation.ouvrir(service, proprietaire)


@pytest.mark.parametrize("graine", range(6))
async def test_le_bilan_est_celui_de_l_oracle_a_chaque_instant(confrontation: Confrontation, graine: int) -> None:
    moments = await mener(confrontation, graine, 60)
    await asyncio.sleep(RECUL_S)
    for moment in Random(graine).sample(moments, min(8, len(moments))):
        lu = await confrontation.cnam.lire(f"{BILAN}?au={quote(moment.le.isoformat())}")
        assert figures(lu) == moment.bilan, moment.le


async def test_un_redemarrage_un_recompte_et_une_purge_n_y_changent_rien(
    confrontation: Confrontation, proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    moments = await mener(confrontation, 77, 120)
    avant = figures(await confrontation.cnam.lire(BILAN))
    autre = create_app(reglages)
    async with (
        autre.router.lifespan_context(autre),
        httpx.AsyncClient(transport=httpx.ASGITransport(autre), base_url="http://test") as client,
    ):
        relu = Service(client, autre, confrontation.cnam.cle)
        assert figures(await relu.lire(BILAN)) == avant == moments[-1].bilan
    base: Base = confrontation.cnam.application.state.base
    for preserie in await recompte.a_recompter(base, None):
        recompte_fait = await recompte.recompter(base, preserie, lambda: None, 50)
        assert recompte_fait is not None
        assert [c for c in recompte_fait.comparaisons if c.ecarts] == []
    assert figures(await confrontation.cnam.lire(BILAN)) == avant
    await mettre(proprietaire, preserie=PRESERIE, statut="abandonnee", terminee_le=moments[-1].le - timedelta(days=365))
    async with base.lecture() as session:
        ((due, comptes),) = (await conservation.echeancier(session, moments[-1].le)).dues
    assert comptes.traces > 0
    await conservation.purger(base, due, lambda _: None)
    assert await proprietaire.fetchval("SELECT count(*) FROM trace WHERE preserie_id = $1", due.id) == 0
    assert figures(await confrontation.cnam.lire(BILAN)) == avant
