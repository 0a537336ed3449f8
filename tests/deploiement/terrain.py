"""One PostgreSQL, and services of their own processes on it, as several machines would run them."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.acces import depot
from app.acces.roles import Acces
from app.stockage.base import Base
from app.stockage.embarque import PostgresEmbarque, postgres_embarque
from app.stockage.secrets_locaux import en_texte
from app.stockage.tables import ROLE_SERVICE
from tests.conftest import CLE_MAITRESSE, CLE_SIGNATURE

_SANS_FSYNC = {"fsync": "off", "synchronous_commit": "off"}


@dataclass(frozen=True)
class Terrain:
    """``reglages`` are those of a service on this database."""

    postgres: PostgresEmbarque
    reglages: Mapping[str, str]

    def creer_cle(self, acces: Acces) -> tuple[str, int]:
        """As ``traces-postes cle creer`` does, without the start of a process."""

        async def creer() -> tuple[str, int]:
            base = Base(self.reglages["database_url"], pool_taille=2, delai_s=10)
            try:
                async with base.ecriture() as session:
                    return await depot.creer(session, acces, None)
            finally:
                await base.fermer()

        return asyncio.run(creer())


@contextmanager
def terrain(dossier: Path) -> Iterator[Terrain]:
    """A database that nobody has migrated yet; without fsync, since no power is cut here."""
    with postgres_embarque(dossier, reglages=_SANS_FSYNC) as postgres:
        yield Terrain(
            postgres,
            {
                "database_url": postgres.url(utilisateur=ROLE_SERVICE),
                "migration_url": postgres.url(),
                "cle_maitresse": en_texte(CLE_MAITRESSE),
                "cle_signature": en_texte(CLE_SIGNATURE),
            },
        )
