"""A reading that scrapes share: one at a time, fresh for a second, shown for five."""

import asyncio
import math
import time

import pytest

from app.supervision import lecture
from app.supervision.lecture import Lecture


class _Source:
    """A database that answers when it is told to, with how often it was asked."""

    def __init__(self) -> None:
        self.demandes = 0
        self.repond = asyncio.Event()
        self.repond.set()
        self.tombe = False
        self.age_s = 0.0

    async def lire(self) -> tuple[int, float]:
        self.demandes += 1
        await self.repond.wait()
        if self.tombe:
            raise OSError
        return self.demandes, self.age_s


@pytest.fixture
def durees(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules, ten times faster."""
    monkeypatch.setattr(lecture, "FRAICHE_S", 0.1)
    monkeypatch.setattr(lecture, "MONTRABLE_S", 0.5)
    monkeypatch.setattr(lecture, "LENTE_S", 0.04)
    monkeypatch.setattr(lecture, "ASSIDUITE_S", 1.0)


@pytest.mark.usefixtures("durees")
async def test_une_lecture_fraiche_sert_a_tous() -> None:
    source = _Source()
    lue = Lecture(source.lire)
    assert {(await lue.demander()).valeur for _ in range(5)} == {1}
    await asyncio.sleep(0.11)
    assert {vue.valeur for vue in await asyncio.gather(*(lue.demander() for _ in range(9)))} == {2}


@pytest.mark.usefixtures("durees")
async def test_une_base_muette_laisse_la_derniere_lecture_puis_rien() -> None:
    source = _Source()
    lue = Lecture(source.lire)
    await lue.demander()
    source.repond.clear()
    await asyncio.sleep(0.11)
    debut = time.monotonic()
    ancienne = await lue.demander(0.1)
    assert time.monotonic() - debut < 0.2
    assert ancienne.valeur == 1
    assert 0.1 < ancienne.age_s < 0.5
    await asyncio.sleep(0.4)
    trop_ancienne = await lue.demander(0)
    assert trop_ancienne.valeur is None
    assert source.demandes == 2  # the one that hangs, and no other
    source.repond.set()
    await asyncio.sleep(0.01)
    assert (await lue.demander()).valeur == 3  # what had hung was old when it came
    await lue.fermer()


@pytest.mark.usefixtures("durees")
async def test_ce_qui_etait_deja_vieux_a_la_lecture_ne_se_montre_pas_plus_longtemps() -> None:
    source = _Source()
    source.age_s = 0.3
    lue = Lecture(source.lire)
    assert (await lue.demander()).age_s >= 0.3
    source.repond.clear()
    await asyncio.sleep(0.1)
    assert (await lue.demander(0)).valeur == 1
    await asyncio.sleep(0.15)
    assert (await lue.demander(0)).valeur is None
    source.repond.set()
    await lue.fermer()


async def test_une_lecture_qui_echoue_n_est_pas_une_erreur() -> None:
    source = _Source()
    source.tombe = True
    lue = Lecture(source.lire)
    vue = await lue.demander()
    assert vue.valeur is None
    assert math.isnan(vue.age_s)
    source.tombe = False
    assert (await lue.demander()).valeur == 2


@pytest.mark.usefixtures("durees")
async def test_une_lecture_plus_longue_que_l_attente_est_faite_d_avance() -> None:
    """Else a service with many préséries would show none of them, scrape after scrape."""
    source = _Source()

    async def lire_lentement() -> tuple[int, float]:
        await asyncio.sleep(0.1)
        return await source.lire()

    lue = Lecture(lire_lentement)
    assert (await lue.demander(0.05)).valeur is None
    for _ in range(4):
        await asyncio.sleep(0.45)
        vue = await lue.demander(0)
        assert vue.valeur is not None
        assert vue.age_s <= 0.5
    faites = source.demandes
    await asyncio.sleep(1.8)
    assert faites <= source.demandes <= faites + 5
    dernieres = source.demandes
    await asyncio.sleep(0.6)
    assert source.demandes == dernieres  # nobody asks any more
    await lue.fermer()
