"""What the tests of the writer share: a database whose statements are seen, traces fit to be written, held tables."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg.connection import LoggedQuery
from pydantic import SecretStr

from app.reglages import Reglages
from app.stockage.base import Base
from app.traces.ecriture import Ecrivain
from app.traces.refus import Issue
from app.traces.tri import Admise
from tests.outils import Corps, uuid_de
from tests.traces.annuaires import admise

PATIENCE_S = 10


class BaseObservee(Base):
    """The database, with every statement of the connections that it opened, in order, without the driver's own."""

    def __init__(self, reglages: Reglages, delai_s: float = 10) -> None:
        url = reglages.database_url or SecretStr("")
        super().__init__(url.get_secret_value(), pool_taille=2, delai_s=delai_s)
        self.ordres: list[LoggedQuery] = []
        self.ouvertes: list[asyncpg.Connection] = []

    async def connecter(self) -> asyncpg.Connection:
        connexion = await super().connecter()
        connexion.add_query_logger(self._noter)
        self.ouvertes.append(connexion)
        return connexion

    def _noter(self, ordre: LoggedQuery) -> None:
        if "trace" in ordre.query:
            self.ordres.append(ordre)

    async def verbes(self) -> list[str]:
        """The first word of each statement so far; the log is written one turn of the loop later."""
        await asyncio.sleep(0)
        return [ordre.query.split()[0] for ordre in self.ordres]


@asynccontextmanager
async def ecrivain(base: Base, *, lot_max: int = 1000, file_max: int = 20_000) -> AsyncIterator[Ecrivain]:
    """A writer at work."""
    lui = Ecrivain(base, lot_max=lot_max, file_max=file_max, annoncer=lambda _: None)
    tache = asyncio.create_task(lui.tourner())
    try:
        yield lui
    finally:
        tache.cancel()
        await asyncio.wait([tache])
        await base.fermer()


def a_ecrire(numeros: Sequence[int], **champs: Any) -> list[Admise]:
    """Traces with these numbers as ids, otherwise alike for equal numbers; thirteen executions in all."""
    return [admise(corps(numero, **champs)) for numero in numeros]


def corps(numero: int, **champs: Any) -> Corps:
    return {
        "id": uuid_de(numero),
        "emise_le": f"2026-10-20T09:{numero % 60:02d}:00Z",
        "numero_am": "389391422",
        "logiciel": "ortho-plus",
        "version": f"4.{numero % 3}",
        "operation": "execution",
        "ordonnance": f"ORD{numero % 13}",
        "type_prescription": "dispositifs_medicaux",
        "resultat": "succes",
        "scor_envoye": numero % 2 == 0,
    } | champs


async def ecrire(lui: Ecrivain, admises: Sequence[Admise]) -> list[Issue]:
    return await lui.ecrire(admises, [])


@asynccontextmanager
async def table_retenue(proprietaire: asyncpg.Connection) -> AsyncIterator[None]:
    """Nobody writes to ``trace`` until the block ends; reading goes on."""
    async with proprietaire.transaction():
        await proprietaire.execute("LOCK TABLE trace IN EXCLUSIVE MODE")
        yield


async def attendre_un_bloque(proprietaire: asyncpg.Connection, nombre: int = 1) -> list[int]:
    """The backends of the service that wait for a lock, once there are that many."""
    requete = (
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'traces-postes' AND wait_event_type = 'Lock' "
        "AND datname = current_database()"
    )
    async with asyncio.timeout(PATIENCE_S):
        while True:
            await proprietaire.execute("SELECT pg_stat_clear_snapshot()")
            pids = [ligne["pid"] for ligne in await proprietaire.fetch(requete)]
            if len(pids) >= nombre:
                return pids
            await asyncio.sleep(0.01)


async def ids_enregistres(proprietaire: asyncpg.Connection) -> list[int]:
    lignes = await proprietaire.fetch("SELECT id FROM trace ORDER BY id")
    return [UUID(str(ligne["id"])).int for ligne in lignes]
