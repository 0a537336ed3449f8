"""A présérie with something in every section of its report, and texts that do harm where they are more than that."""

from datetime import date

import asyncpg

from tests.arretes.aides import approuver, arreter, editeur_de
from tests.outils import PRESERIE, Corps, Service, echec, envoyer_l_exemple, trace

HOSTILES = (
    '#eval("1") $x^2$ *gras* _b_ @cle \\ `brut` <label>',
    "<script>alert(1)</script> & \"guillemets\" 'simples'",
    "שלום مرحبا",
    "=1+1 // commentaire /* bloc */ [crochets] {{ 7*7 }} {% if %}",
)
LONG = "W" * 150
DEPASSE = "6c1f2f6e-0d0c-4b53-9a2e-3a2a0c6d9b11"
"""The sealed bilan that another followed, one microsecond later."""
COMMENTAIRE, FREIN = "Appelez le 389 391 422, <b>merci</b>.", "Ne marche pas au 3A1234567"
"""What a pilote wrote, with an N° AM in each."""


async def remplir(cnam: Service, proprietaire: asyncpg.Connection) -> Corps:
    """Gives the sealed bilan that stands, refused by the éditeur."""
    await envoyer_l_exemple(cnam)
    editeur = {"raison_sociale": HOSTILES[1], "solution_sesam_vitale": True}
    reponse = await cnam.appeler("PUT", "/editeurs/ortho-soft", json=editeur)
    assert reponse.status_code == 200, reponse.text
    bloquante = {"code": "DLL-0007", "origine": "logiciel", "bloquante": True, "message": "plantage"}
    accuse = await cnam.poster(
        [
            echec(erreur=bloquante, sequence=90_001),
            trace(ordonnance="REPETEE", sequence=90_004),
            trace(ordonnance="REPETEE", emise_le="2026-10-24T09:00:00+02:00", sequence=90_005),
        ]
    )
    assert accuse.json()["enregistrees"] == 3
    preserie = await proprietaire.fetchval("SELECT id FROM preserie WHERE code = $1", PRESERIE)
    await _declarer(proprietaire, preserie)
    await _repondre(proprietaire, preserie)
    await _ecarter(proprietaire, preserie)
    return await _arreter(cnam, proprietaire)


async def _declarer(proprietaire: asyncpg.Connection, preserie: int) -> None:
    for rang, libelle in enumerate((*HOSTILES, LONG)):
        await proprietaire.execute(
            "INSERT INTO prerequis (preserie_id, code, libelle, description, valide_le, preuve) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            *(preserie, f"prerequis-{rang}", libelle, f"à décrire {rang}" if rang else None),
            *((date(2026, 11, 2), f"compte rendu {rang}") if rang else (None, None)),
        )
        await proprietaire.execute(
            "INSERT INTO suite_anomalie "
            "(cle_id, preserie_id, role, operation, code, statut, libelle, origine, bloquante) "
            "VALUES (1, $1, 'cnam', 'consultation', $2, 'declaree', $3, 'logiciel', false)",
            *(preserie, f"DEC-{rang}", libelle),
        )


async def _repondre(proprietaire: asyncpg.Connection, preserie: int) -> None:
    pilotes = await proprietaire.fetch("SELECT id FROM pilote WHERE preserie_id = $1 ORDER BY numero_am", preserie)
    for pilote, note in zip(pilotes, (5, 4, 2), strict=False):
        await proprietaire.execute(
            "INSERT INTO invitation (cle_id, preserie_id, pilote_id, empreinte, expire_le) "
            "VALUES (1, $1, $2, sha256($2::int::text::bytea), now() + interval '30 days')",
            *(preserie, pilote["id"]),
        )
        frein = FREIN if note == 2 else None
        await proprietaire.execute(
            "INSERT INTO reponse "
            "(preserie_id, pilote_id, satisfaction, operations, frein_bloquant, frein, commentaire) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
            *(preserie, pilote["id"], note, f'{{"execution": {note}}}', frein is not None, frein, COMMENTAIRE),
        )


async def _ecarter(proprietaire: asyncpg.Connection, preserie: int) -> None:
    await proprietaire.execute(
        "INSERT INTO mise_a_l_ecart (cle_id, preserie_id, pilote_id, pseudonyme, numero_execution, ecartee, motif) "
        "SELECT 1, preserie_id, pilote_id, pseudonyme, numero_execution, true, 'essai' FROM execution "
        "WHERE preserie_id = $1 AND NOT enregistree ORDER BY pilote_id, pseudonyme LIMIT 3",
        preserie,
    )


async def _arreter(cnam: Service, proprietaire: asyncpg.Connection) -> Corps:
    arrete = await arreter(cnam)
    await approuver(cnam, arrete)
    await approuver(await editeur_de(cnam), arrete, "refuse", HOSTILES[0])
    await proprietaire.execute(
        "INSERT INTO arrete (id, preserie_id, au, cle_id, verdict, contenu, empreinte, signature, cle_signature) "
        "SELECT $1, preserie_id, au - interval '1 microsecond', cle_id, verdict, contenu, empreinte, signature, "
        "cle_signature FROM arrete",
        DEPASSE,
    )
    return arrete
