"""Commands of sealed bilans: verify one, give the public keys."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from app.arretes import service_verification
from app.arretes.canonique import Illisible
from app.arretes.service import Document
from app.arretes.signature import Cles, Signataire, lire_cles, par_identifiant, publique
from app.arretes.verification import Verification, lire_document
from app.arretes.verification import verifier as verifier_le_document
from app.cli.commun import echouer, erreurs_dites, executer
from app.reglages import Reglages
from app.stockage.base import ERREURS_DE_BASE, Base
from app.stockage.embarque import PostgresEmbarqueImpossible
from app.stockage.ouverture import base_ouverte
from app.stockage.secrets_locaux import cle_signature, cle_signature_presente, cles_publiques

groupe = typer.Typer(help="Bilans arrêtés : vérifier, donner les clés publiques.", no_args_is_help=True)
_DELAI_S = 600.0
"""Reading all traces may take longer than a commit of some."""


@groupe.command("verifier")
def verifier(
    fichier: Annotated[Path, typer.Argument(help="Bilan arrêté, tel que le donne GET /bilan/arretes/{id}.")],
    cle_publique: Annotated[
        Path | None, typer.Option(help="Clés de confiance, en PEM ou en JWK ; sinon, celles des réglages.")
    ] = None,
    hors_ligne: Annotated[bool, typer.Option("--hors-ligne", help="Ne rien demander à la base.")] = False,
) -> None:
    """Vérifie un bilan arrêté et ses approbations ; avec la base, le recalcule des traces brutes et le compare."""
    with erreurs_dites():
        reglages = Reglages()
        cles = _cles_de_confiance(reglages, cle_publique)
        document = _lire(fichier)
        faite = verifier_le_document(document, cles)
        if not hors_ligne and _base_presente(reglages):
            confrontee = _confronter(reglages, document, faite)
            faite.constats += confrontee.constats
            faite.verifie += confrontee.verifie
        else:
            faite.verifie.append("La base n'a pas été consultée.")
    contenu = document["contenu"]
    titre = f"Bilan arrêté {document['id']}, présérie {contenu.get('preserie')}, au {contenu.get('au')}."
    for ligne in (titre, *faite.constats, *faite.verifie):
        typer.echo(_sur_une_ligne(ligne))
    if faite.constats:
        echouer("Ce bilan arrêté n'est pas reconnu intact : voyez ce qui précède.")
    typer.echo("Intact.")


@groupe.command("cles")
def cles() -> None:
    """Affiche les clés publiques (JWK Set), à remettre à qui vérifiera les bilans arrêtés."""
    with erreurs_dites():
        reglages = Reglages()
        signataire = Signataire(cle_signature(reglages), cles_publiques(reglages))
    typer.echo(json.dumps(signataire.jwks(), indent=2))


def _cles_de_confiance(reglages: Reglages, fichier: Path | None) -> Cles:
    if fichier is not None:
        try:
            return lire_cles(fichier.read_bytes())
        except (OSError, Illisible) as erreur:
            echouer(f"--cle-publique : ce fichier ne se lit pas ({_raison(erreur)}).")
    graine = cle_signature_presente(reglages)
    connues = cles_publiques(reglages) + ([publique(graine)] if graine is not None else [])
    if not connues:
        echouer("Aucune clé publique de confiance : donnez-en une par --cle-publique.")
    return par_identifiant(connues)


def _lire(fichier: Path) -> Document:
    try:
        return lire_document(fichier.read_bytes())
    except (OSError, Illisible) as erreur:
        echouer(f"Ce fichier n'est pas un bilan arrêté intact : {_raison(erreur)}.")


def _sur_une_ligne(texte: str) -> str:
    """What a file holds must neither write lines of its own nor move the cursor."""
    return "".join(signe if signe.isprintable() else "\N{REPLACEMENT CHARACTER}" for signe in texte)


def _raison(erreur: Exception) -> str:
    return str(erreur) if isinstance(erreur, Illisible) else "il est introuvable ou illisible"


def _base_presente(reglages: Reglages) -> bool:
    """Named by the settings, or embedded and already there: verifying makes none."""
    return reglages.database_url is not None or (reglages.data_dir / "postgres" / "PG_VERSION").exists()


def _confronter(reglages: Reglages, document: Document, faite: Verification) -> Verification:
    async def confronter(base: Base) -> Verification:
        async with base.lecture() as session:
            return await service_verification.confronter(session, document, intact=not faite.constats)

    async def executer_sur(ouverts: Reglages) -> Verification:
        return await executer(ouverts, confronter, _DELAI_S)

    try:
        if reglages.database_url is not None:  # an auditor has neither the master key nor the signing key
            return asyncio.run(executer_sur(reglages))
        with base_ouverte(reglages) as ouverts:
            return asyncio.run(executer_sur(ouverts))
    except (*ERREURS_DE_BASE, PostgresEmbarqueImpossible) as erreur:
        echouer(
            f"La base de données ne répond pas ou n'est pas la bonne ({type(erreur).__name__}) : ajoutez --hors-ligne "
            "pour vérifier le fichier sans elle."
        )
