"""Command of the recount: are the figures those of the traces?"""

from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from app.cli.commun import avec_base, console, console_des_erreurs, echouer
from app.erreurs import Introuvable
from app.recompte import service
from app.recompte.ecarts import Recompte, lignes_lisibles
from app.recompte.service import ARecompter
from app.stockage.base import ERREURS_DE_BASE, Base

_DELAI_S = 3600.0
"""Folding all traces of a présérie again may take longer than a commit of some."""
_AU_PLUS = 50


def recompter(
    preserie: Annotated[str | None, typer.Option(help="Code d'une présérie ; toutes, sinon.")] = None,
) -> None:
    """Recompte tout d'après les traces brutes et le compare aux chiffres tenus ; code 1 si quelque chose diffère."""

    async def agir(base: Base) -> tuple[list[Recompte], list[str]]:
        recomptes, avis = [], []
        colonnes = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*colonnes, console=console_des_erreurs, transient=True) as barre:
            voulues = await service.a_recompter(base, preserie)
            tache = barre.add_task("Recompte", total=service.ETAPES * len(voulues))
            for voulue in voulues:
                barre.update(tache, description=voulue.code)
                recompte = await service.recompter(base, voulue, lambda: barre.advance(tache), _AU_PLUS)
                if recompte is None:
                    avis.append(f"{voulue.code} : traces brutes purgées, rien à recompter.")
                    barre.advance(tache, service.ETAPES)
                    continue
                recomptes.append(recompte)
                if not await _noter(base, voulue, recompte):
                    avis.append(f"{voulue.code} : recompté, mais la base n'a pas pu en prendre note pour Prometheus.")
        return recomptes, avis

    try:
        recomptes, avis = avec_base(agir, delai_s=_DELAI_S)
    except Introuvable:
        echouer("Aucune présérie de ce code : vérifiez --preserie.")
    for recompte in recomptes:
        console.print(_tableau(recompte))
    for ligne in (*avis, *lignes_lisibles(recomptes, _AU_PLUS)):
        typer.echo(ligne)
    if any(recompte.differents for recompte in recomptes):
        echouer(
            "Des chiffres tenus ne sont pas ceux des traces : conservez une copie de la base, et faites-la examiner."
        )
    typer.echo("Les chiffres tenus sont ceux des traces.")


async def _noter(base: Base, preserie: ARecompter, recompte: Recompte) -> bool:
    """What was counted for so long is shown even where the database can't keep it."""
    try:
        await service.noter(base, preserie, recompte)
    except ERREURS_DE_BASE:
        return False
    return True


def _tableau(recompte: Recompte) -> Table:
    table = Table(title=recompte.preserie)
    table.add_column("Table", no_wrap=True)
    for titre in ("Lignes tenues", "Lignes recomptées", "Différentes"):
        table.add_column(titre, justify="right")
    for comparaison in recompte.comparaisons:
        nombres = (comparaison.tenues, comparaison.recomptees, comparaison.differents)
        table.add_row(comparaison.comparee.table, *map(str, nombres))
    return table
