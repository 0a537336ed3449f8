"""A présérie with something in every section of its report, and texts that do harm where they are more than that."""

import asyncpg

from tests.outils import PRESERIE, Service, echec, envoyer_l_exemple, trace

HOSTILES = (
    '#eval("1") $x^2$ *gras* _b_ @cle \\ `brut` <label>',
    "<script>alert(1)</script> & \"guillemets\" 'simples'",
    "שלום مرحبا",
    "=1+1 // commentaire /* bloc */ [crochets] {{ 7*7 }} {% if %}",
)
LONG = "W" * 150
ARRETE = "6c1f2f6e-0d0c-4b53-9a2e-3a2a0c6d9b11"
COMMENTAIRE, FREIN = "Appelez le 389 391 422, <b>merci</b>.", "Ne marche pas au 3A1234567"
"""What a pilote wrote, with an N° AM in each."""


async def remplir(cnam: Service, proprietaire: asyncpg.Connection) -> None:
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
    await _arreter(proprietaire, preserie)


async def _declarer(proprietaire: asyncpg.Connection, preserie: int) -> None:
    for rang, libelle in enumerate((*HOSTILES, LONG)):
        await proprietaire.execute(
            "INSERT INTO prerequis (preserie_id, code, libelle) VALUES ($1, $2, $3)",
            *(preserie, f"prerequis-{rang}", libelle),
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


async def _arreter(proprietaire: asyncpg.Connection, preserie: int) -> None:
    await proprietaire.execute(
        "INSERT INTO arrete (id, preserie_id, au, cle_id, verdict, contenu, empreinte, signature, cle_signature) "
        "VALUES ($1, $2, now() - interval '1 minute', 1, 'en_attente', '{}', sha256('x'), 'y', 'cle-2026')",
        *(ARRETE, preserie),
    )
    for partie, sens, motif in (("cnam", "approuve", None), ("editeur", "refuse", HOSTILES[0])):
        await proprietaire.execute(
            "INSERT INTO approbation (arrete_id, partie, le, cle_id, sens, motif, signature, cle_signature) "
            "VALUES ($1, $2, now(), 1, $3, $4, 'y', 'cle-2026')",
            *(ARRETE, partie, sens, motif),
        )
