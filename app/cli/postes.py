"""Command of a workstation: send a file of traces."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.cli.commun import console, erreurs_dites
from app.poste.affichage import barre, tableau
from app.poste.simulation import compter_traces
from app.poste.simulation import simuler as envoyer


def simuler(
    fichier: Annotated[Path, typer.Argument(help="Traces, une par ligne (NDJSON).", exists=True, dir_okay=False)],
    cle: Annotated[str, typer.Option(envvar="TRACES_POSTES_CLE", help="Clé d'accès de rôle poste, editeur ou cnam.")],
    url: Annotated[str, typer.Option(help="Adresse du service.")] = "http://127.0.0.1:8000",
    connexions: Annotated[int, typer.Option(min=1, help="Envois simultanés.")] = 1,
    taille_lot: Annotated[int, typer.Option(min=1, max=1000, help="Traces par envoi.")] = 500,
    melange: Annotated[int | None, typer.Option(help="Graine pour mélanger les traces.")] = None,
) -> None:
    """Envoie un fichier de traces comme le ferait un poste : par lots compressés, avec reprises."""
    with erreurs_dites(), barre(compter_traces(fichier)) as avancement:
        envoi = envoyer(
            fichier, url, cle, connexions=connexions, taille_lot=taille_lot, melange=melange, avancement=avancement
        )
        resultat = asyncio.run(envoi)
    console.print(tableau(resultat))
