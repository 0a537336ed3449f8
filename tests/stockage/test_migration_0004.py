"""The migration that counts by version and keeps the registry's past: nothing counted before is lost, up or down."""

import asyncio

import asyncpg
import pytest
from alembic.util import CommandError

from app.stockage.schema import migrer, revenir
from tests.contrat.aides import cas
from tests.proprietes.recompte import ecarts

_REGISTRE = """
INSERT INTO editeur (code, raison_sociale, solution_sesam_vitale) VALUES ('e', 'E', true);
INSERT INTO module (code, editeur_id, nom) VALUES ('m', 1, 'M');
INSERT INTO logiciel (code, editeur_id, module_id, nom, sesam_vitale) VALUES ('l', 1, 1, 'L', true);
INSERT INTO preserie (code, logiciel_id, categorie_ps, referentiel_version, cpam, cle_enveloppee, purgee_le)
VALUES ('vive', 1, 'lpp', '2026-11', '{33}', '\\x01', NULL), ('purgee', 1, 'lpp', '2026-11', '{33}', NULL, now());
INSERT INTO pilote (preserie_id, numero_am, cpam, sesam_vitale, accord_le, equipement_verifie)
VALUES (1, '331000001', '33', true, '2026-01-05', true);
INSERT INTO jalon (preserie_id, code, le) VALUES (1, 'support', '2026-01-03');
"""
_TRACES = """
INSERT INTO trace (emise_le, id, preserie_id, pilote_id, cle_id, numero_execution, succes, empreinte, version,
                   operation, erreur_code, erreur_origine, erreur_bloquante)
SELECT timestamptz '2026-10-20 09:00Z' + n * interval '1 minute', gen_random_uuid(), 1, 1, 1, 1, n % 3 > 0, '\\x00',
       '4.' || n % 2, 'consultation', CASE n % 3 WHEN 0 THEN 'E-1' END, CASE n % 3 WHEN 0 THEN 'logiciel' END,
       CASE n % 3 WHEN 0 THEN n = 0 END
FROM generate_series(0, 29) AS n;
INSERT INTO compteur_trace (preserie_id, pilote_id, issue, nombre, derniere_le)
SELECT 1, 1, 'enregistree', count(*), max(recue_le) FROM trace;
INSERT INTO compteur_operation (preserie_id, operation, succes, echecs, premiere_le, derniere_le)
SELECT p, 'consultation', 20, 10, min(emise_le), max(emise_le) FROM trace, (VALUES (1), (2)) AS deux(p) GROUP BY p;
INSERT INTO anomalie (preserie_id, operation, code, bloquante, occurrences, premiere_le, derniere_le)
SELECT p, 'consultation', 'E-1', true, 10, min(emise_le), max(emise_le)
FROM trace, (VALUES (1), (2)) AS deux(p) WHERE NOT succes GROUP BY p;
"""
_SOMMES = """
SELECT preserie_id, operation, sum(succes), sum(echecs), min(premiere_le), max(derniere_le)
FROM compteur_operation GROUP BY 1, 2 ORDER BY 1
"""
_ANOMALIES = """
SELECT preserie_id, code, sum(occurrences), bool_or(bloquante), min(premiere_le), max(derniere_le)
FROM anomalie GROUP BY 1, 2 ORDER BY 1
"""
_DITS = {
    "prerequis": "INSERT INTO prerequis (preserie_id, code, libelle) VALUES (1, 'reseau', 'Un réseau')",
    "reponse": "INSERT INTO reponse (preserie_id, pilote_id, satisfaction, operations, frein_bloquant) "
    "VALUES (1, 1, 5, '{}', false)",
    "mise_a_l_ecart": "INSERT INTO mise_a_l_ecart (preserie_id, cle_id, pilote_id, pseudonyme, numero_execution, "
    "ecartee, motif) VALUES (1, 1, 1, '', 1, true, 'Essai.')",
}


async def _remplir(connexion: asyncpg.Connection) -> None:
    await connexion.execute(_REGISTRE)
    await connexion.execute(_TRACES)


async def test_les_compteurs_par_version_sont_recomptes_et_reviennent(neuve: str) -> None:
    await asyncio.to_thread(migrer, neuve, "0003")
    connexion = await asyncpg.connect(neuve)
    try:
        await _remplir(connexion)
        avant = [await connexion.fetch(requete) for requete in (_SOMMES, _ANOMALIES)]
        await asyncio.to_thread(migrer, neuve)
        assert [await connexion.fetch(requete) for requete in (_SOMMES, _ANOMALIES)] == avant
        versions = await connexion.fetch("SELECT DISTINCT preserie_id, version FROM compteur_operation ORDER BY 1, 2")
        assert [tuple(ligne) for ligne in versions] == [(1, "4.0"), (1, "4.1"), (2, "")]
        restent = await ecarts(connexion)
        assert {table: {ligne["preserie_id"] for ligne in lignes} for table, lignes in restent.items()} == {
            "compteur_operation": {2},  # purged: there is nothing left to recount it from
            "anomalie": {2},
        }
        await asyncio.to_thread(revenir, neuve, "0003")
        assert [await connexion.fetch(requete) for requete in (_SOMMES, _ANOMALIES)] == avant
    finally:
        await connexion.close()


async def test_ce_qui_etait_inscrit_l_est_depuis_toujours_sans_sa_cle(neuve: str) -> None:
    await asyncio.to_thread(migrer, neuve, "0003")
    connexion = await asyncpg.connect(neuve)
    try:
        await _remplir(connexion)
        await asyncio.to_thread(migrer, neuve)
        versions = "SELECT objet, cle FROM version_registre WHERE depuis_le = '-infinity' ORDER BY id"
        assert [tuple(ligne) for ligne in await connexion.fetch(versions)] == [
            *(("editeur", "1"), ("logiciel", "1"), ("preserie", "1"), ("preserie", "2")),
            *(("pilote", "1"), ("jalon", "1/support")),
        ]
        await connexion.execute("UPDATE preserie SET cle_enveloppee = '\\x02' WHERE id = 1")
        assert await connexion.fetchval("SELECT count(*) FROM version_registre WHERE ligne ? 'cle_enveloppee'") == 0
        assert await connexion.fetchval("SELECT count(*) FROM version_registre") == 7
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connexion.execute("UPDATE version_registre SET depuis_le = now()")
    finally:
        await connexion.close()


async def test_revenir_en_arriere_n_efface_pas_ce_que_des_personnes_ont_dit(neuve: str) -> None:
    await asyncio.to_thread(migrer, neuve)
    connexion = await asyncpg.connect(neuve)
    try:
        await connexion.execute("SET session_replication_role = replica")  # neither triggers nor foreign keys
        for table, ajouter in _DITS.items():
            with cas(table):
                await connexion.execute(ajouter)
                with pytest.raises(CommandError, match=rf"\({table}\)"):
                    await asyncio.to_thread(revenir, neuve, "0003")
                await connexion.execute(f"DELETE FROM {table}")  # noqa: S608 — a name above
    finally:
        await connexion.close()
    await asyncio.to_thread(revenir, neuve, "0003")
