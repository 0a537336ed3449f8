"""The writer writes to open préséries alone: those of ``annuaires`` are there for tests that register none."""

import asyncpg
import pytest

_OUVERTES = """
WITH e AS (INSERT INTO editeur (code, raison_sociale, solution_sesam_vitale) VALUES ('e', 'E', true) RETURNING id),
     m AS (INSERT INTO module (code, editeur_id, nom) SELECT 'm', id, 'M' FROM e RETURNING id),
     l AS (INSERT INTO logiciel (code, editeur_id, module_id, nom, sesam_vitale)
           SELECT 'l', e.id, m.id, 'L', true FROM e, m RETURNING id)
INSERT INTO preserie (code, logiciel_id, categorie_ps, referentiel_version, cpam, statut, traces_actives)
SELECT 'serie-' || numero, l.id, 'lpp', '2026-11', '{33}', 'en_cours', true FROM l, generate_series(1, 9) AS numero
"""


@pytest.fixture
async def proprietaire(proprietaire: asyncpg.Connection, request: pytest.FixtureRequest) -> asyncpg.Connection:
    if "service" not in request.fixturenames:
        await proprietaire.execute(_OUVERTES)
    return proprietaire
