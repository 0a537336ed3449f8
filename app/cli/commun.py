"""What every command does: open the database, and say in one French line what a person can mend."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import typer
from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError
from rich.console import Console

from app.poste.erreurs import ErreurPoste
from app.reglages import ReglageInvalide, Reglages
from app.stockage.base import ERREURS_DE_BASE, Base
from app.stockage.embarque import PostgresEmbarqueImpossible
from app.stockage.ouverture import base_ouverte

console = Console()
console_des_erreurs = Console(stderr=True)

T = TypeVar("T")


def avec_base(action: Callable[[Base], Coroutine[Any, Any, T]], *, delai_s: float | None = None) -> T:
    """What an action on the open database gives; one statement of it may take ``delai_s``, or what settings say."""
    with erreurs_dites(), base_ouverte(Reglages()) as reglages:
        return asyncio.run(executer(reglages, action, delai_s))


async def executer(
    reglages: Reglages, action: Callable[[Base], Coroutine[Any, Any, T]], delai_s: float | None = None
) -> T:
    url = reglages.database_url or SecretStr("")
    base = Base(url.get_secret_value(), pool_taille=2, delai_s=delai_s or reglages.ecriture_delai_s)
    try:
        return await action(base)
    finally:
        await base.fermer()


@contextmanager
def erreurs_dites() -> Iterator[None]:
    """One line in French instead of a traceback, for what a person can mend."""
    try:
        yield
    except ValidationError as erreur:
        noms = ", ".join(sorted({f"TRACES_POSTES_{str(e['loc'][0]).upper()}" for e in erreur.errors()}))
        echouer(f"Réglage invalide : {noms}. Voyez docs/reglages.md.")
    except SettingsError:
        echouer("Un réglage ne se lit pas : les fichiers de /run/secrets doivent être lisibles du service, en UTF-8.")
    except (ReglageInvalide, PostgresEmbarqueImpossible, ErreurPoste) as erreur:
        echouer(str(erreur))
    except ERREURS_DE_BASE as erreur:
        echouer(
            f"La base de données ne répond pas ou n'est pas migrée ({type(erreur).__name__}) : vérifiez son adresse."
        )


def echouer(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
