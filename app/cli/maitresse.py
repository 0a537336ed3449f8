"""Command of the master key: have it replace a former one."""

import asyncio

import typer

from app.cli.commun import erreurs_dites, executer
from app.preseries import service_cles
from app.preseries.enveloppe import Coffre
from app.preseries.service_cles import Reenveloppees
from app.reglages import Reglages
from app.stockage.base import Base
from app.stockage.ouverture import base_ouverte
from app.stockage.secrets_locaux import cle_maitresse, cles_maitresses_anciennes

groupe = typer.Typer(help="Clé maîtresse : la remplacer.", no_args_is_help=True)


@groupe.callback()
def _groupe() -> None:
    """Without it, typer would take the only command for the group itself."""


@groupe.command("reenvelopper")
def reenvelopper() -> None:
    """Met sous la clé maîtresse présente les clés que les anciennes enveloppent, à côté d'un service en marche."""

    async def agir(base: Base) -> Reenveloppees:
        async with base.ecriture() as session:
            return await service_cles.reenvelopper(session, coffre)

    with erreurs_dites(), base_ouverte(Reglages()) as reglages:
        coffre = Coffre(cle_maitresse(reglages), cles_maitresses_anciennes(reglages))
        faites = asyncio.run(executer(reglages, agir))
    if faites.nombre:
        typer.echo(f"Clés de présérie mises sous la clé maîtresse présente : {faites.nombre} sur {faites.sur}.")
    else:
        typer.echo(f"Rien à faire : les {faites.sur} clés de présérie sont déjà sous la clé maîtresse présente.")
    typer.echo("Les anciennes peuvent être retirées de TRACES_POSTES_CLES_MAITRESSES_ANCIENNES.")
