"""What one worker says the others hear: in few words, whatever is cut in between."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

import asyncpg
import pytest

from app.stockage.annonces import PERIODE_S, Annonces
from app.stockage.base import Base
from app.stockage.generation import avancer

Entendu = list[set[int] | None]
PATIENCE_S = 5


@asynccontextmanager
async def _annonces(base: Base, entendu: Entendu) -> AsyncIterator[Annonces]:
    """At work, and listening; that anything may have changed before is heard first, and forgotten here."""

    def entendre(preseries: Collection[int] | None) -> None:
        entendu.append(None if preseries is None else set(preseries))

    lui = Annonces(base, entendre)
    tache = asyncio.create_task(lui.tourner())
    try:
        await _jusqu_a(lambda: entendu == [None])
        entendu.clear()
        yield lui
    finally:
        tache.cancel()
        await asyncio.wait([tache])


async def _jusqu_a(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 — a list that a callback fills
            await asyncio.sleep(0.01)


async def test_ce_qu_un_dit_tous_l_entendent_et_lui_aussi(base: Base) -> None:
    un: Entendu = []
    autre: Entendu = []
    async with _annonces(base, un) as parleur, _annonces(base, autre):
        parleur.dire({7, 12})
        await _jusqu_a(lambda: un == autre == [{7, 12}])


async def test_ce_qui_change_au_registre_s_adresse_a_tous(base: Base) -> None:
    entendu: Entendu = []
    async with _annonces(base, entendu):
        async with base.ecriture() as session:
            await avancer(session)
            await asyncio.sleep(0.1)
            assert entendu == []  # not before the commit
        await _jusqu_a(lambda: entendu == [None])


@pytest.mark.parametrize(("nombre", "attendu"), [(500, set(range(2**31 - 500, 2**31))), (501, None)])
async def test_au_dela_de_cinq_cents_toutes_sont_visees(base: Base, nombre: int, attendu: set[int] | None) -> None:
    """The largest ids there are: what PostgreSQL takes at once is bounded."""
    entendu: Entendu = []
    async with _annonces(base, entendu) as parleur:
        parleur.dire(set(range(2**31 - nombre, 2**31)))
        await _jusqu_a(lambda: entendu == [attendu])


async def test_mille_ecritures_font_peu_de_mots(base: Base) -> None:
    entendu: Entendu = []
    async with _annonces(base, entendu) as parleur:
        boucle = asyncio.get_running_loop()
        debut = boucle.time()
        for rang in range(1000):
            parleur.dire({rang % 3})
            await asyncio.sleep(0.001)
        await asyncio.sleep(2 * PERIODE_S)
        assert set().union(*(mot or set() for mot in entendu)) == {0, 1, 2}
        assert 2 <= len(entendu) <= 2 + (boucle.time() - debut) / PERIODE_S


async def test_ce_qui_n_a_pu_etre_dit_l_est_ensuite(base: Base, proprietaire: asyncpg.Connection) -> None:
    """The speaker's connection alone is cut, again and again: nothing that it had to say is lost."""
    un: Entendu = []
    autre: Entendu = []
    async with _annonces(base, autre), _annonces(base, un) as parleur:
        for rang in range(3):
            pid = await proprietaire.fetchval(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'traces-postes' "
                "AND datname = current_database() ORDER BY backend_start DESC LIMIT 1"
            )
            await proprietaire.execute("SELECT pg_terminate_backend($1, 2000)", pid)
            parleur.dire({rang})
            await _jusqu_a(lambda r=rang: {r} in autre)  # type: ignore[misc]
        assert un.count(None) == 3  # and it knows that it heard nothing meanwhile
