"""Commands of the journal: verify it, erase what it says of a person."""

import re
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn, Progress, TextColumn

from app.cli.commun import avec_base, console_des_erreurs, echouer
from app.formes import NUMERO_AM
from app.journal import service
from app.journal.verification import Tete, Verification, fautes_lisibles
from app.stockage.base import Base

groupe = typer.Typer(help="Journal des changements : vérifier, effacer des données personnelles.", no_args_is_help=True)
_AU_PLUS = 50


@groupe.command("verifier")
def verifier(
    attendu: Annotated[
        str | None, typer.Option(metavar="NUMERO:EMPREINTE", help="Tête notée ailleurs lors d'une vérification.")
    ] = None,
) -> None:
    """Relit toute la chaîne ; intacte, en affiche la tête, seule sur la dernière ligne : notez-la ailleurs."""
    attendue = Tete.lire(attendu) if attendu is not None else None
    if attendu is not None and attendue is None:
        echouer("--attendu attend NUMERO:EMPREINTE, comme l'affiche « traces-postes journal verifier ».")

    async def lire(base: Base) -> tuple[Verification, Tete]:
        colonnes = (TextColumn("Relecture du journal"), MofNCompleteColumn())
        with Progress(*colonnes, console=console_des_erreurs, transient=True) as barre:
            tache = barre.add_task("", total=None)
            async with base.lecture() as session:
                return await service.verifier(
                    session, attendue, lambda lues, sur: barre.update(tache, completed=lues, total=sur)
                )

    verification, tete = avec_base(lire)
    if verification.constats:
        for ligne in fautes_lisibles(verification.constats, _AU_PLUS):
            typer.echo(ligne)
        echouer("Le journal a été altéré : confrontez-le à une sauvegarde.")
    typer.echo(
        f"Journal intact : {verification.entrees} entrées, dont {verification.effacees} "
        "aux données personnelles effacées. Sa tête, à noter ailleurs :"
    )
    typer.echo(str(tete))


@groupe.command("effacer")
def effacer() -> None:
    """Efface du journal les données personnelles d'un N° AM, lu sur l'entrée standard ; la chaîne reste intacte."""
    numero_am = typer.prompt("N° AM", err=True).strip()
    if not re.fullmatch(NUMERO_AM, numero_am):
        echouer("Un N° AM est fait d'un chiffre, puis d'un chiffre, A ou B, puis de 7 chiffres.")

    async def effacer_de(base: Base) -> int:
        async with base.ecriture() as session:
            return await service.effacer(session, numero_am)

    nombre = avec_base(effacer_de)
    if nombre:
        typer.echo(f"Données personnelles effacées de {nombre} entrées ; le journal garde que cela a été fait.")
    else:
        typer.echo("Aucune entrée du journal ne porte ce N° AM : rien n'est effacé.")
