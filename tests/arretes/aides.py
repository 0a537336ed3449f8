"""A présérie whose five criteria are met, sealed bilans, and the commands that verify them."""

import json
from pathlib import Path
from subprocess import CompletedProcess

import asyncpg
from typer.testing import CliRunner, Result

from app.acces.roles import Role
from app.arretes.service_verification import confronter
from app.arretes.verification import verifier as verifier_document
from app.cli import app as commandes
from app.reglages import Reglages
from app.stockage.base import Base
from app.stockage.secrets_locaux import en_texte
from tests.conftest import CLE_SIGNATURE
from tests.journal.aides import commande
from tests.outils import PILOTES, PRESERIE, Corps, Service, trace

ARRETES = f"/bilan/preseries/{PRESERIE}/arretes"


async def repondre(proprietaire: asyncpg.Connection, preserie: str = PRESERIE) -> None:
    """Three pilotes answer the questionnaire, satisfied and without a frein."""
    await proprietaire.execute(
        """INSERT INTO reponse (preserie_id, pilote_id, satisfaction, operations, frein_bloquant)
           SELECT s.id, p.id, 4, '{"execution": 4}', false
           FROM preserie AS s JOIN pilote AS p ON p.preserie_id = s.id WHERE s.code = $1 ORDER BY p.id LIMIT 3""",
        preserie,
    )


async def rendre_favorable(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    """The example's présérie under way, with a few traces of which every criterion is met."""
    await cnam.inscrire()
    jalon = f"/preseries/{PRESERIE}/jalons/prerequis_identifies"
    assert (await cnam.appeler("PUT", jalon, json={"le": "2026-11-02"})).status_code == 201
    await repondre(proprietaire)
    sans = {"ordonnance": ..., "type_prescription": ..., "scor_envoye": ...}
    envoi = [trace(operation="consultation", **sans), *(trace(numero_am=PILOTES[n % 2]) for n in range(6))]
    assert (await cnam.poster(envoi)).json()["enregistrees"] == len(envoi)


async def arreter(partie: Service, chemin: str = ARRETES) -> Corps:
    reponse = await partie.appeler("POST", chemin)
    assert reponse.status_code == 201, reponse.text
    document: Corps = reponse.json()
    return document


async def approuver(partie: Service, arrete: Corps, sens: str = "approuve", motif: str | None = None) -> Corps:
    chemin = f"/bilan/arretes/{arrete['id']}/approbations"
    reponse = await partie.appeler("POST", chemin, json={"sens": sens, "motif": motif})
    assert reponse.status_code == 201, reponse.text
    document: Corps = reponse.json()
    return document


async def editeur_de(cnam: Service) -> Service:
    return await cnam.en(Role.EDITEUR, editeur="ortho-soft")


async def constats(service: Service, arrete: Corps) -> list[str]:
    """What ``arrete verifier`` finds wrong with this document and the database, within this process."""
    base: Base = service.application.state.base
    faite = verifier_document(arrete, service.application.state.signataire.cles)
    async with base.lecture() as session:
        confrontee = await confronter(session, arrete, intact=not faite.constats)
    return faite.constats + confrontee.constats


def verifier_ici(dossier: Path, document: Corps | bytes, *options: str) -> Result:
    """``arrete verifier --hors-ligne`` within this process, which is faster, with the tests' key in its settings."""
    fichier = dossier / "arrete.json"
    fichier.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    reglages = {
        "TRACES_POSTES_CLE_SIGNATURE": en_texte(CLE_SIGNATURE),
        "TRACES_POSTES_DATA_DIR": str(dossier / "vide"),
    }
    return CliRunner().invoke(commandes, ["arrete", "verifier", str(fichier), "--hors-ligne", *options], env=reglages)


async def verifier(
    reglages: Reglages, dossier: Path, document: Corps | bytes, *options: str, **autres: object
) -> CompletedProcess[str]:
    """``arrete verifier`` on this document."""
    fichier = dossier / "arrete.json"
    fichier.write_bytes(document if isinstance(document, bytes) else json.dumps(document, indent=1).encode())
    return await commande(reglages.model_copy(update=autres), "arrete", "verifier", str(fichier), *options)
