"""Who reads all the traces of a présérie again waits for a place, not for ever, and on connections of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from app.acces.roles import Role
from app.stockage import dependances
from tests.contrat.aides import cas, verifier_probleme
from tests.outils import PRESERIE, Service

RELUS = (
    ("GET", "/bilan/preseries/{preserie}?au={au}"),
    ("GET", "/executions?preserie={preserie}&au={au}"),
    ("GET", "/preseries/{preserie}/postes"),
    ("GET", "/bilan/preseries/{preserie}/rapport"),
    ("POST", "/bilan/preseries/{preserie}/arretes"),
)


@pytest.fixture
async def cnam(service: Service) -> Service:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    return cnam


def _chemin(forme: str) -> str:
    au = datetime.now(UTC) - timedelta(seconds=6)
    return forme.format(preserie=PRESERIE, au=au.isoformat().replace("+00:00", "Z"))


@asynccontextmanager
async def _places_prises(service: Service) -> AsyncIterator[None]:
    places: asyncio.Semaphore = service.application.state.relectures
    async with AsyncExitStack() as pile:
        while not places.locked():
            await pile.enter_async_context(places)
        yield


async def test_une_relecture_de_trop_est_refusee_et_les_autres_lectures_non(
    cnam: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependances, "ATTENTE_S", 0.05)
    async with _places_prises(cnam):
        for methode, forme in RELUS:
            with cas(forme):
                refus = await cnam.appeler(methode, _chemin(forme))
                verifier_probleme(refus, 503, "surcharge")
                assert refus.headers["retry-after"] == "1"
        await cnam.lire(f"/bilan/preseries/{PRESERIE}")
        await cnam.lire(f"/executions?preserie={PRESERIE}")
    for methode, forme in RELUS[2:]:
        with cas(forme):
            assert (await cnam.appeler(methode, _chemin(forme))).status_code in (200, 201)


async def test_qui_attend_son_tour_l_a(cnam: Service) -> None:
    async with _places_prises(cnam):
        attente = asyncio.create_task(cnam.lire(f"/preseries/{PRESERIE}/postes"))
        await asyncio.sleep(0.1)
        assert not attente.done()
    assert "elements" in await attente
