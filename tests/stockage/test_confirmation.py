"""A no costs one look at the registry's generation, shared by all who ask: the registry itself is not read again."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest
from asyncpg.connection import LoggedQuery
from sqlalchemy import event

from app.stockage.base import Base
from app.stockage.generation import FRAICHEUR_MAX_S, Generation
from tests.contrat.aides import etat_dit, mettre
from tests.outils import PILOTES, PRESERIE, Corps, Service, ensemble, trace

CONSIGNE = f"/traces/consigne?logiciel=ortho-plus&numero_am={PILOTES[0]}"
FOULE = 200
REGARDS_MAX = 8
"""A few: those of the crowd, and those that each of two workers makes four times a second."""
AVANCER = "UPDATE registre SET generation = generation + 1 RETURNING generation"


@dataclass(slots=True)
class Ordres:
    """Statements sent by the services of this process: looks at the generation, and all that went through a pool."""

    regards: int = 0
    lectures: list[str] = field(default_factory=list)

    def noter(self, ordre: LoggedQuery) -> None:
        self.regards += "pg_current_wal_flush_lsn()" in ordre.query

    def vider(self) -> None:
        self.regards = 0
        self.lectures.clear()


@pytest.fixture
def ordres(monkeypatch: pytest.MonkeyPatch) -> Ordres:
    """To be asked for before the services that it watches."""
    ordres = Ordres()
    connecter, init = Base.connecter, Base.__init__

    async def connecter_et_noter(base: Base) -> asyncpg.Connection:
        connexion = await connecter(base)
        connexion.add_query_logger(ordres.noter)
        return connexion

    def ouvrir_et_noter(base: Base, url: str, **options: Any) -> None:
        init(base, url, **options)
        event.listen(base.moteur.sync_engine, "before_cursor_execute", lambda *a: ordres.lectures.append(a[2]))

    monkeypatch.setattr(Base, "connecter", connecter_et_noter)
    monkeypatch.setattr(Base, "__init__", ouvrir_et_noter)
    return ordres


async def _foule(
    services: tuple[Service, Service], corps: Corps | None = None, chemin: str = CONSIGNE
) -> list[httpx.Response]:
    """Many who ask at once for a consigne, or post the same trace, half of them each instance."""
    methode, chemin = ("GET", chemin) if corps is None else ("POST", "/traces")
    return await ensemble(*(services[rang % 2].appeler(methode, chemin, json=corps) for rang in range(FOULE)))


async def test_une_foule_partage_un_regard(ordres: Ordres, base: Base) -> None:
    generation = Generation(base, 1)
    assert all(await asyncio.gather(*(generation.confirmer() for _ in range(FOULE))))
    await asyncio.sleep(0)
    assert ordres.regards == 2  # that of the first, then one for all who asked meanwhile
    assert await generation.confirmer()
    await asyncio.sleep(0)
    assert ordres.regards == 3


async def test_le_regard_a_commence_apres_la_question(base: Base, proprietaire: asyncpg.Connection) -> None:
    """However many ask meanwhile: what one has committed before it asks, it sees."""
    generation = Generation(base, 1)
    verrou = asyncio.Lock()

    async def changer_puis_demander(rang: int) -> None:
        await asyncio.sleep(rang % 7 / 1000)
        async with verrou:
            numero = await proprietaire.fetchval(AVANCER)
        assert await generation.confirmer()
        assert generation.numero >= numero

    await ensemble(*(changer_puis_demander(rang) for rang in range(FOULE)))


async def test_un_regard_sans_reponse_l_est_pour_tous(base: Base, proprietaire: asyncpg.Connection) -> None:
    """A crowd does not wait in turn for as many failures."""
    generation = Generation(base, 1)
    assert await generation.confirmer()
    async with proprietaire.transaction():
        await proprietaire.execute("LOCK TABLE registre IN ACCESS EXCLUSIVE MODE")
        debut = time.monotonic()
        assert not any(await asyncio.gather(*(generation.confirmer() for _ in range(FOULE))))
        assert time.monotonic() - debut < 2 * FRAICHEUR_MAX_S + 0.5
    assert await generation.confirmer()


async def test_une_foule_de_consignes_ne_lit_pas_le_registre_quel_que_soit_l_etat(
    ordres: Ordres, instances: tuple[Service, Service], proprietaire: asyncpg.Connection
) -> None:
    await instances[0].inscrire()
    for statut, actives, etat in (
        ("en_cours", True, "actives"),
        ("validee", False, "desactivees"),
        ("preparation", False, "inactives"),
        ("cloturee", False, "desactivees"),
    ):
        await mettre(proprietaire, statut=statut, traces_actives=actives)
        await asyncio.sleep(0.3)  # each instance has seen the change, and forgotten what it knew
        for instance in instances:
            await etat_dit(instance, etat)
        ordres.vider()
        reponses = await _foule(instances)
        assert {reponse.json()["traces_postes"] for reponse in reponses} == {etat}
        assert ordres.lectures == []
        assert ordres.regards <= REGARDS_MAX
        assert ordres.regards >= 1 or etat == "actives"
    reponses = await _foule(instances, chemin="/traces/consigne?logiciel=ortho-plus&numero_am=999999999")
    assert {reponse.json()["traces_postes"] for reponse in reponses} == {"inactives"}
    assert ordres.lectures == []


async def test_une_foule_de_retardataires_ne_lit_pas_le_registre(
    ordres: Ordres, instances: tuple[Service, Service], proprietaire: asyncpg.Connection
) -> None:
    await instances[0].inscrire()
    for colonnes, statut in (
        ({"statut": "validee", "traces_actives": False}, 410),
        ({"statut": "cloturee", "cle_enveloppee": None}, 410),
        ({"statut": "abandonnee"}, 409),
    ):
        await mettre(proprietaire, **colonnes)
        envoi = trace()
        await asyncio.sleep(0.3)
        for instance in instances:
            assert (await instance.poster(envoi)).status_code == statut
        ordres.vider()
        assert {reponse.status_code for reponse in await _foule(instances, envoi)} == {statut}
        assert ordres.lectures == []
        assert 1 <= ordres.regards <= REGARDS_MAX


async def test_deux_instances_s_accordent_dans_la_seconde(
    instances: tuple[Service, Service], proprietaire: asyncpg.Connection
) -> None:
    """A switch-off may lag by less than a second; switching on holds at once, on both."""
    await instances[0].inscrire(demarrer=False)
    for instance in instances:
        assert (await instance.lire(CONSIGNE))["traces_postes"] == "inactives"
    assert (await instances[1].appeler("POST", f"/preseries/{PRESERIE}/demarrage")).status_code == 200
    for instance in instances:
        assert (await instance.lire(CONSIGNE))["traces_postes"] == "actives"
    for _ in range(3):
        await mettre(proprietaire, statut="validee", traces_actives=False)
        arret = time.monotonic()
        for instance in instances:
            while (await instance.lire(CONSIGNE))["traces_postes"] == "actives":
                assert time.monotonic() - arret < 1
                await asyncio.sleep(0.01)
            assert (await instance.lire(CONSIGNE))["traces_postes"] == "desactivees"
            assert (await instance.poster(trace())).status_code == 410
        await mettre(proprietaire, traces_actives=True)
        for instance in instances:
            assert (await instance.lire(CONSIGNE))["traces_postes"] == "actives"
            assert (await instance.poster(trace())).status_code == 201
