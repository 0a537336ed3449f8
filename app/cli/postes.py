"""Commands of a workstation: send a file of traces; keep traces in a spool and send it."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from app.cli.commun import console, erreurs_dites
from app.poste.affichage import barre, tableau, tableau_du_spool
from app.poste.certificat import contexte_tls
from app.poste.client import ClientPoste
from app.poste.reglages import Reglages
from app.poste.resultat import Resultat
from app.poste.simulation import compter_traces, lire_objets
from app.poste.simulation import simuler as envoyer_fichier
from app.poste.spool import Spool
from app.poste.tournee import poste_suivi, vider

Fichier = Annotated[Path, typer.Argument(help="Traces, une par ligne (NDJSON).", exists=True, dir_okay=False)]
Cle = Annotated[str, typer.Option(envvar="TRACES_POSTES_CLE", help="Clé d'accès de rôle poste, editeur ou cnam.")]
Url = Annotated[str, typer.Option(help="Adresse du service.")]
Certificat = Annotated[Path | None, typer.Option(help="Certificat du poste (PEM), où le proxy en demande un.")]
CleCertificat = Annotated[
    Path | None, typer.Option(help="Clé du certificat (PEM, sans mot de passe) ; sinon cherchée dans son fichier.")
]
Autorite = Annotated[
    Path | None, typer.Option(help="Autorité privée du serveur (PEM), la seule à qui se fier ; sinon les publiques.")
]
Connexions = Annotated[int, typer.Option(min=1, help="Envois simultanés.")]
TailleLot = Annotated[int, typer.Option(min=1, max=1000, help="Traces par envoi.")]
SpoolNeuf = Annotated[Path, typer.Option("--spool", dir_okay=False, help="Fichier du spool, créé s'il n'existe pas.")]
SpoolLu = Annotated[Path, typer.Option("--spool", exists=True, dir_okay=False, help="Fichier du spool.")]
ADRESSE = "http://127.0.0.1:8000"

groupe = typer.Typer(help="Le spool d'un poste : ses traces gardées sur disque jusqu'à leur envoi.")


def simuler(  # noqa: PLR0913, PLR0917 - one argument for each option
    fichier: Fichier,
    cle: Cle,
    url: Url = ADRESSE,
    connexions: Connexions = 1,
    taille_lot: TailleLot = 500,
    melange: Annotated[int | None, typer.Option(help="Graine pour mélanger les traces.")] = None,
    certificat: Certificat = None,
    cle_certificat: CleCertificat = None,
    autorite: Autorite = None,
) -> None:
    """Envoie un fichier de traces comme le ferait un poste : par lots compressés, avec reprises."""
    with erreurs_dites(), barre(compter_traces(fichier)) as avancement:
        envoi = envoyer_fichier(
            fichier,
            url,
            cle,
            connexions=connexions,
            taille_lot=taille_lot,
            melange=melange,
            tls=contexte_tls(certificat=certificat, cle=cle_certificat, autorite=autorite),
            avancement=avancement,
        )
        resultat = asyncio.run(envoi)
    console.print(tableau(resultat))


@groupe.command()
def deposer(fichier: Fichier, spool: SpoolNeuf) -> None:
    """Numérote les traces d'un fichier et les garde dans le spool : toutes, ou aucune si l'on est interrompu."""
    with erreurs_dites(), _ouvert(spool) as ouvert:
        lues = track(
            lire_objets(fichier), "Dépôt des traces", total=compter_traces(fichier), console=console, transient=True
        )
        perdues = ouvert.deposer_tout(lues).count(None)
        console.print(tableau_du_spool(ouvert.etat(), []))
    if perdues:
        typer.echo(f"Le spool est plein : {perdues} traces n'ont pas été gardées.", err=True)
        raise typer.Exit(1)


@groupe.command()
def envoyer(
    spool: SpoolLu,
    cle: Cle,
    url: Url = ADRESSE,
    connexions: Connexions = 1,
    taille_lot: TailleLot = 500,
    certificat: Certificat = None,
    cle_certificat: CleCertificat = None,
    autorite: Autorite = None,
) -> None:
    """Envoie les traces du spool, dans l'ordre ; chacune n'en sort qu'une fois que le service en a répondu."""
    with erreurs_dites(), _ouvert(spool) as ouvert, barre(ouvert.etat().en_attente) as avancement:

        async def tournee() -> Resultat:
            reglages = Reglages(connexions=connexions, taille_lot=taille_lot)
            tls = contexte_tls(certificat=certificat, cle=cle_certificat, autorite=autorite)
            async with ClientPoste(url, cle, reglages=reglages, poste=poste_suivi(ouvert), tls=tls) as client:
                return await vider(client, ouvert, avancement=avancement)

        resultat = asyncio.run(tournee())
    console.print(tableau(resultat))


@groupe.command()
def etat(spool: SpoolLu) -> None:
    """Dit ce qui attend dans le spool, ce qu'est devenu le reste, et pourquoi des traces ont été rejetées."""
    with erreurs_dites(), _ouvert(spool) as ouvert:
        console.print(tableau_du_spool(ouvert.etat(), ouvert.refus()))


def _ouvert(chemin: Path) -> Spool:
    spool = Spool(chemin)
    if spool.mis_de_cote:
        typer.echo(
            f"Le spool était abîmé : il est mis de côté dans {spool.mis_de_cote}, et ce qui pouvait en être lu est "
            "repris. Le reste compte parmi les perdues.",
            err=True,
        )
    return spool
