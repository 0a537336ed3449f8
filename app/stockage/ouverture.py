"""Opens the database that the settings name, or the embedded one, for as long as a command needs it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from pydantic import SecretStr

from app.reglages import Reglages
from app.stockage.embarque import PostgresEmbarque, postgres_embarque
from app.stockage.schema import migrer
from app.stockage.secrets_locaux import cle_maitresse, cle_signature, en_texte
from app.stockage.tables import ROLE_SERVICE


@contextmanager
def base_ouverte(reglages: Reglages, *, migrations: bool = False) -> Iterator[Reglages]:
    """Gives settings that name a database and a master key; embedded mode adds a signing key.

    Embedded mode starts PostgreSQL (or joins the one that runs), starts it again should it die, always migrates, and
    hands out the URL of the user that may not alter tables. Elsewhere ``migrations`` says whether to migrate first, as
    the schema's owner.
    """
    secret = SecretStr(en_texte(cle_maitresse(reglages)))
    if reglages.database_url is None:
        with postgres_embarque(reglages.data_dir, veiller=True) as serveur:
            url = preparer(serveur)
            signature = SecretStr(en_texte(cle_signature(reglages)))
            ouverts = {"database_url": SecretStr(url), "cle_maitresse": secret, "cle_signature": signature}
            yield reglages.model_copy(update=ouverts)
        return
    if migrations:
        proprietaire = reglages.migration_url or reglages.database_url
        migrer(proprietaire.get_secret_value())
    yield reglages.model_copy(update={"cle_maitresse": secret})


def preparer(serveur: PostgresEmbarque) -> str:
    """Migrates an embedded server, and gives the URL of the service's own user."""
    migrer(serveur.url())
    asyncio.run(_permettre_la_connexion(serveur.url()))
    return serveur.url(utilisateur=ROLE_SERVICE)


async def _permettre_la_connexion(url: str) -> None:
    """The migration makes a role; here, where the socket is its only door, it may also log in."""
    connexion = await asyncpg.connect(url)
    try:
        if not await connexion.fetchval("SELECT rolcanlogin FROM pg_roles WHERE rolname = $1", ROLE_SERVICE):
            await connexion.execute(f"ALTER ROLE {ROLE_SERVICE} LOGIN")
    finally:
        await connexion.close()
