"""Independent SQL: the executions and the counters, worked out again from the raw table ``trace``."""

import asyncpg

_PLIEES = """
CREATE OR REPLACE TEMP VIEW pliees AS
  SELECT *, date(premiere_le AT TIME ZONE 'Europe/Paris') AS jour
  FROM (
    SELECT preserie_id, pilote_id, pseudonyme, numero_execution,
           (array_agg(emise_le ORDER BY emise_le, id))[1] AS premiere_le,
           (array_agg(id ORDER BY emise_le, id))[1] AS premiere_id,
           (array_agg(version ORDER BY emise_le, id))[1] AS version,
           (array_agg(type_prescription ORDER BY emise_le, id))[1] AS type_prescription,
           count(*) FILTER (WHERE succes) > 0 AS enregistree,
           CASE WHEN count(*) FILTER (WHERE succes AND scor_envoye) > 0 THEN true
                WHEN count(*) FILTER (WHERE succes AND NOT scor_envoye) > 0 THEN false END AS scor_succes,
           CASE WHEN count(*) FILTER (WHERE NOT succes AND scor_envoye) > 0 THEN true
                WHEN count(*) FILTER (WHERE NOT succes AND NOT scor_envoye) > 0 THEN false END AS scor_echec,
           (array_agg(emise_le ORDER BY emise_le DESC))[1] AS derniere_le,
           count(*)::int AS tentatives
    FROM trace WHERE operation = 'execution' GROUP BY 1, 2, 3, 4
  ) AS e
"""
_ANOMALIES = """
SELECT preserie_id, operation, erreur_code, version, pilote_id, sum(erreur_bloquante::int) > 0, count(*), min(emise_le),
       max(emise_le)
FROM trace WHERE erreur_origine = 'logiciel' GROUP BY 1, 2, 3, 4, 5
"""
_ANOMALIES_TENUES = """
SELECT preserie_id, operation, code, version, pilote_id, bloquante, occurrences, premiere_le, derniere_le FROM anomalie
"""
_OPERATIONS = """
SELECT preserie_id, operation, version, sum(succes::int), sum(1 - succes::int), min(emise_le), max(emise_le)
FROM trace GROUP BY 1, 2, 3
"""
_CELLULES = """
SELECT preserie_id, pilote_id, jour, version, type_prescription, enregistree, scor_succes, scor_echec,
       count(*), sum(tentatives)
FROM pliees GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
_CELLULES_TENUES = """
SELECT preserie_id, pilote_id, jour, version, type_prescription, enregistree, scor_succes, scor_echec,
       executions, tentatives
FROM compteur_execution WHERE (executions, tentatives) <> (0, 0)
"""
_EXECUTIONS = """
SELECT preserie_id, pilote_id, pseudonyme, numero_execution, premiere_le, premiere_id, version, type_prescription,
       enregistree, scor_succes, scor_echec, derniere_le, tentatives, jour
FROM {}
"""

_RECOMPTES = {
    "execution": (_EXECUTIONS.format("pliees"), _EXECUTIONS.format("execution")),
    "compteur_execution": (_CELLULES, _CELLULES_TENUES),
    "compteur_operation": (
        _OPERATIONS,
        "SELECT preserie_id, operation, version, succes, echecs, premiere_le, derniere_le FROM compteur_operation",
    ),
    "compteur_trace": (
        "SELECT preserie_id, pilote_id, count(*), max(recue_le) FROM trace GROUP BY 1, 2",
        "SELECT preserie_id, pilote_id, nombre, derniere_le FROM compteur_trace WHERE issue = 'enregistree'",
    ),
    "anomalie": (
        _ANOMALIES,
        _ANOMALIES_TENUES,
    ),
}
_COMPARER = """
(SELECT 'recompte', * FROM (({recompte}) EXCEPT ALL ({tenu})) AS r)
UNION ALL (SELECT 'tenu', * FROM (({tenu}) EXCEPT ALL ({recompte})) AS t)
"""


async def ecarts(proprietaire: asyncpg.Connection) -> dict[str, list[asyncpg.Record]]:
    """By table, the rows that a recount has and the table has not, or the reverse; empty where all agree."""
    await proprietaire.execute(_PLIEES)
    trouves = {}
    for table, (recompte, tenu) in _RECOMPTES.items():
        if lignes := await proprietaire.fetch(_COMPARER.format(recompte=recompte, tenu=tenu)):
            trouves[table] = lignes
    return trouves
