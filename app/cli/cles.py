"""Commands of the access keys: make, list, revoke."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from app.acces import depot
from app.acces.roles import Acces, Role, bornes_manquantes
from app.cli.commun import avec_base, console, echouer
from app.journal import cles as journal
from app.preseries import depot as registre
from app.stockage.base import Base

groupe = typer.Typer(help="Clés d'accès : créer, lister, révoquer.", no_args_is_help=True)


@groupe.command("creer")
def creer_cle(
    role: Annotated[Role, typer.Option(help="Ce que la clé permet.")],
    editeur: Annotated[str | None, typer.Option(help="Code de l'éditeur (rôles editeur et poste).")] = None,
    numero_am: Annotated[str | None, typer.Option(help="Réserver une clé de poste à ce N° AM.")] = None,
    preserie: Annotated[list[str] | None, typer.Option(help="Limiter une clé de lecture à ces préséries.")] = None,
    expire_le: Annotated[datetime | None, typer.Option(help="Fin de validité, en UTC.")] = None,
    libelle: Annotated[str | None, typer.Option(help="À qui la clé est confiée.")] = None,
) -> None:
    """Crée une clé et l'affiche, une seule fois, seule sur la dernière ligne."""
    if (manque := bornes_manquantes(role, editeur, numero_am, preserie)) is not None:
        echouer(manque)
    fin = expire_le.replace(tzinfo=UTC) if expire_le is not None else None
    if fin is not None and fin <= datetime.now(UTC):
        echouer("--expire-le est déjà passé : donnez un instant à venir, en UTC.")
    bornes = frozenset(preserie) if preserie else None
    acces = Acces(0, role, editeur, numero_am, bornes, fin)

    async def creer(base: Base) -> str:
        async with base.ecriture() as session:
            if editeur is not None and await registre.editeur(session, editeur) is None:
                typer.echo(
                    f"L'éditeur {editeur} n'est pas encore au registre : la clé vaudra dès qu'il y sera.", err=True
                )
            cle, cle_id = await journal.creer(session, acces, libelle)
        typer.echo(f"Clé n° {cle_id}, rôle {role.value}. Notez-la : elle ne sera plus affichée.", err=True)
        return cle

    typer.echo(avec_base(creer))


@groupe.command("lister")
def lister_cles() -> None:
    """Liste les clés, sans les clés elles-mêmes."""

    async def lister(base: Base) -> Table:
        table = Table("N°", "Rôle", "Limites", "Libellé")
        for titre in ("Créée le", "Expire le", "Révoquée le"):
            table.add_column(titre, no_wrap=True)
        async with base.lecture() as session:
            for c in await depot.lister(session):
                dates = [d.date().isoformat() if d else "" for d in (c.creee_le, c.expire_le, c.revoquee_le)]
                limites = " ".join(filter(None, [c.editeur_code, c.numero_am, *(c.preseries or [])]))
                table.add_row(str(c.id), c.role, limites, c.libelle or "", *dates)
        return table

    console.print(avec_base(lister))


@groupe.command("revoquer")
def revoquer_cle(numero: Annotated[int, typer.Argument(help="N° de la clé, voir « cle lister ».")]) -> None:
    """Révoque une clé : plus aucun processus ne l'accepte une seconde après."""

    async def revoquer(base: Base) -> bool:
        async with base.ecriture() as session:
            return await journal.revoquer(session, numero)

    if not avec_base(revoquer):
        echouer(f"Aucune clé en cours ne porte le n° {numero} : voyez « traces-postes cle lister ».")
    console.print(f"La clé n° {numero} est révoquée.")
