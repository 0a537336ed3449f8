"""Command of the recount: are the figures those of the traces?"""

from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from app.cli.commun import avec_base, console, console_des_erreurs, echouer
from app.erreurs import Introuvable
from app.recompte import service
from app.recompte.ecarts import Recompte, lignes_lisibles
from app.stockage.base import Base

_DELAI_S = 3600.0
"""Folding all traces of a présérie again may take longer than a commit of some."""
_AU_PLUS = 50


def recompter(
    preserie: Annotated[str | None, typer.Option(help="Code d'une présérie ; toutes, sinon.")] = None,
) -> None:
    """Recompte tout d'après les traces brutes et le compare aux chiffres tenus ; code 1 si quelque chose diffère."""

    async def agir(base: Base) -> tuple[list[Recompte], list[str]]:
        recomptes, purgees = [], []
        colonnes = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*colonnes, console=console_des_erreurs, transient=True) as barre:
            voulues = await service.a_recompter(base, preserie)
            tache = barre.add_task("Recompte", total=service.ETAPES * len(voulues))
            for voulue in voulues:
                barre.update(tache, description=voulue.code)
                recompte = await service.recompter(base, voulue, lambda: barre.advance(tache), _AU_PLUS)
                if recompte is None:
                    purgees.append(voulue.code)
                    barre.advance(tache, service.ETAPES)
                else:
                    recomptes.append(recompte)
        return recomptes, purgees

    try:
        recomptes, purgees = avec_base(agir, delai_s=_DELAI_S)
    except Introuvable:
        echouer("Aucune présérie de ce code : vérifiez --preserie.")
    for recompte in recomptes:
        console.print(_tableau(recompte))
    for code in purgees:
        typer.echo(f"{code} : traces brutes purgées, rien à recompter.")
    for ligne in lignes_lisibles(recomptes, _AU_PLUS):
        typer.echo(ligne)
    if any(recompte.differents for recompte in recomptes):
        echouer(
            "Des chiffres tenus ne sont pas ceux des traces : conservez une copie de la base, et faites-la examiner."
        )
    typer.echo("Les chiffres tenus sont ceux des traces.")


def _tableau(recompte: Recompte) -> Table:
    table = Table(title=recompte.preserie)
    table.add_column("Table", no_wrap=True)
    for titre in ("Lignes tenues", "Lignes recomptées", "Différentes"):
        table.add_column(titre, justify="right")
    for comparaison in recompte.comparaisons:
        nombres = (comparaison.tenues, comparaison.recomptees, comparaison.differents)
        table.add_row(comparaison.comparee.table, *map(str, nombres))
    return table
