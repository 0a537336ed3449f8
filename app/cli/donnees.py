"""Command of the end of data: purge the raw traces of préséries that have ended."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from app.cli.commun import avec_base, console, console_des_erreurs
from app.conservation import service
from app.conservation.service import Echeancier
from app.stockage.base import Base

_DELAI_S = 600.0
"""Counting and deleting may take longer than a commit of traces."""


def purger(
    simuler: Annotated[bool, typer.Option("--simuler", help="Dire ce qui serait purgé, sans rien effacer.")] = False,
) -> None:
    """Efface les traces brutes des préséries terminées, passé le délai de leur référentiel ; les chiffres restent."""

    async def agir(base: Base) -> Echeancier:
        async with base.lecture() as session:
            echeancier = await service.echeancier(session, datetime.now(UTC))
        if not simuler:
            await _purger(base, echeancier)
        return echeancier

    echeancier = avec_base(agir, delai_s=_DELAI_S)
    if echeancier.dues:
        console.print(_tableau(echeancier, simuler=simuler))
    else:
        typer.echo("Rien à purger aujourd'hui.")
    if echeancier.prochaine is not None:
        jour = echeancier.prochaine.echeance.date().isoformat()
        typer.echo(f"Prochaine échéance : {echeancier.prochaine.code}, le {jour}.")
    else:
        typer.echo("Aucune autre présérie terminée n'attend son échéance.")


async def _purger(base: Base, echeancier: Echeancier) -> None:
    colonnes = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*colonnes, console=console_des_erreurs) as barre:
        for terminee, comptes in echeancier.dues:
            tache = barre.add_task(terminee.code, total=comptes.total)
            await service.purger(base, terminee, partial(barre.advance, tache))


def _tableau(echeancier: Echeancier, *, simuler: bool) -> Table:
    table = Table(title="À purger" if simuler else "Purgé")
    table.add_column("Présérie", no_wrap=True)
    for titre in ("Terminée le", "Échéance", "Traces", "Réceptions sans trace"):
        table.add_column(titre, justify="right")
    for terminee, comptes in echeancier.dues:
        jours = (terminee.terminee_le.date().isoformat(), terminee.echeance.date().isoformat())
        table.add_row(terminee.code, *jours, str(comptes.traces), str(comptes.receptions))
    return table
