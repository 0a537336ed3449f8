"""The one statement that writes traces: it dedupes, folds and counts, so that counters never disagree with traces.

Locks are taken in one order everywhere (traces, executions, counters, each sorted by key), so that writers of other
workers wait for each other but never deadlock. The fold is DOMAIN's, « From traces to executions ».
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from uuid import UUID

import asyncpg

from app.traces.tri import CleTrace, Ligne, SansSuite

_COLONNES = ", ".join(Ligne._fields)
_cle = attrgetter("cle")

_ECRIRE = f"""
WITH nouvelles AS (
  INSERT INTO trace ({_COLONNES}, recue_le)
  SELECT *, (SELECT clock_timestamp()) FROM unnest($1::ligne_trace[])  -- once, and under the table's lock
  WHERE preserie_id = ANY (ARRAY(  -- evaluated once; a join would not keep the order of the locks
    SELECT p.id FROM preserie AS p
    WHERE p.id = ANY ($2::int4[]) AND (p.statut = 'en_cours' OR (p.statut = 'validee' AND p.traces_actives))))
  ON CONFLICT (preserie_id, id) DO NOTHING
  RETURNING preserie_id, id, pilote_id, emise_le, recue_le, version, operation, pseudonyme, numero_execution,
            type_prescription, succes, scor_envoye, erreur_code, erreur_origine, erreur_bloquante
), premieres AS (
  SELECT DISTINCT ON (preserie_id, pilote_id, pseudonyme, numero_execution)
         preserie_id, pilote_id, pseudonyme, numero_execution, emise_le, id, version, type_prescription,
         bool_or(succes) OVER e AS enregistree,
         bool_or(scor_envoye) FILTER (WHERE succes) OVER e AS scor_succes,
         bool_or(scor_envoye) FILTER (WHERE NOT succes) OVER e AS scor_echec,
         max(emise_le) OVER e AS derniere_le,
         count(*) OVER e AS tentatives
  FROM nouvelles WHERE operation = 'execution'
  WINDOW e AS (PARTITION BY preserie_id, pilote_id, pseudonyme, numero_execution)
  ORDER BY preserie_id, pilote_id, pseudonyme, numero_execution, emise_le, id
), pliees AS (
  INSERT INTO execution AS e (preserie_id, pilote_id, pseudonyme, numero_execution, premiere_le, premiere_id, version,
                              type_prescription, enregistree, scor_succes, scor_echec, derniere_le, tentatives)
  SELECT preserie_id, pilote_id, pseudonyme, numero_execution, emise_le, id, version,
         type_prescription, enregistree, scor_succes, scor_echec, derniere_le, tentatives
  FROM premieres
  ON CONFLICT (preserie_id, pilote_id, pseudonyme, numero_execution) DO UPDATE SET
    (premiere_le, premiere_id, version, type_prescription) = (
      SELECT p.* FROM (VALUES (e.premiere_le, e.premiere_id, e.version, e.type_prescription),
                              (excluded.premiere_le, excluded.premiere_id, excluded.version,
                               excluded.type_prescription)) AS p(le, id, version, type)
      ORDER BY p.le, p.id LIMIT 1),
    enregistree = e.enregistree OR excluded.enregistree,
    scor_succes = coalesce(e.scor_succes OR excluded.scor_succes, e.scor_succes, excluded.scor_succes),
    scor_echec = coalesce(e.scor_echec OR excluded.scor_echec, e.scor_echec, excluded.scor_echec),
    derniere_le = greatest(e.derniere_le, excluded.derniere_le),
    tentatives = e.tentatives + excluded.tentatives
  RETURNING e.preserie_id, e.pilote_id,
    new.jour, new.version, new.type_prescription, new.enregistree, new.scor_succes, new.scor_echec, new.tentatives,
    old.jour AS a_jour, old.version AS a_version, old.type_prescription AS a_type, old.enregistree AS a_enregistree,
    old.scor_succes AS a_scor_succes, old.scor_echec AS a_scor_echec, old.tentatives AS a_tentatives
), mouvements AS (
  SELECT preserie_id, pilote_id, jour, version, type_prescription, enregistree, scor_succes, scor_echec,
         1 AS executions, tentatives FROM pliees
  UNION ALL
  SELECT preserie_id, pilote_id, a_jour, a_version, a_type, a_enregistree, a_scor_succes, a_scor_echec,
         -1, -a_tentatives FROM pliees WHERE a_tentatives IS NOT NULL
), cellules AS (
  INSERT INTO compteur_execution AS c (preserie_id, pilote_id, jour, version, type_prescription, enregistree,
                                       scor_succes, scor_echec, executions, tentatives)
  SELECT preserie_id, pilote_id, jour, version, type_prescription, enregistree, scor_succes, scor_echec,
         sum(executions), sum(tentatives)
  FROM mouvements GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
  HAVING sum(executions) <> 0 OR sum(tentatives) <> 0
  ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
  ON CONFLICT (preserie_id, pilote_id, jour, version, type_prescription, enregistree, scor_succes, scor_echec)
  DO UPDATE SET executions = c.executions + excluded.executions, tentatives = c.tentatives + excluded.tentatives
), issues AS (
  INSERT INTO compteur_trace AS c (preserie_id, pilote_id, issue, nombre, derniere_le)
  SELECT preserie_id, pilote_id, 'enregistree', count(*), max(recue_le)
  FROM nouvelles GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (preserie_id, pilote_id, issue)
  DO UPDATE SET nombre = c.nombre + excluded.nombre, derniere_le = greatest(c.derniere_le, excluded.derniere_le)
), operations AS (
  INSERT INTO compteur_operation AS c (preserie_id, operation, version, succes, echecs, premiere_le, derniere_le)
  SELECT preserie_id, operation, version, count(*) FILTER (WHERE succes), count(*) FILTER (WHERE NOT succes),
         min(emise_le), max(emise_le)
  FROM nouvelles GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (preserie_id, operation, version)
  DO UPDATE SET succes = c.succes + excluded.succes, echecs = c.echecs + excluded.echecs,
                premiere_le = least(c.premiere_le, excluded.premiere_le),
                derniere_le = greatest(c.derniere_le, excluded.derniere_le)
), anomalies AS (
  INSERT INTO anomalie AS a (preserie_id, operation, code, version, pilote_id, bloquante, occurrences, premiere_le,
                             derniere_le)
  SELECT preserie_id, operation, erreur_code, version, pilote_id, bool_or(erreur_bloquante), count(*),
         min(emise_le), max(emise_le)
  FROM nouvelles WHERE erreur_origine = 'logiciel' GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (preserie_id, operation, code, version, pilote_id)
  DO UPDATE SET bloquante = a.bloquante OR excluded.bloquante, occurrences = a.occurrences + excluded.occurrences,
                premiere_le = least(a.premiere_le, excluded.premiere_le),
                derniere_le = greatest(a.derniere_le, excluded.derniere_le)
)
SELECT CASE WHEN (SELECT count(*) FROM nouvelles) <> cardinality($1)
            THEN ARRAY(SELECT (preserie_id, id) FROM nouvelles) END
"""

_RETROUVER = """
SELECT t.preserie_id, t.id, t.empreinte
FROM unnest($1::int4[], $2::uuid[]) AS d(preserie_id, id) JOIN trace AS t USING (preserie_id, id)
"""

_NOTER = """
WITH notees AS (
  INSERT INTO reception_sans_suite (preserie_id, pilote_id, cle_id, issue, champ, trace_id, poste, sequence, version,
                                    recue_le)
  SELECT *, (SELECT clock_timestamp())
  FROM unnest($1::int4[], $2::int4[], $3::int4[], $4::text[], $5::text[], $6::uuid[],
              $7::text[], $8::int8[], $9::text[])
  RETURNING preserie_id, pilote_id, issue, recue_le
)
INSERT INTO compteur_trace AS c (preserie_id, pilote_id, issue, nombre, derniere_le)
SELECT preserie_id, pilote_id, issue, count(*), max(recue_le) FROM notees GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT (preserie_id, pilote_id, issue)
DO UPDATE SET nombre = c.nombre + excluded.nombre, derniere_le = greatest(c.derniere_le, excluded.derniere_le)
"""


async def ecrire(connexion: asyncpg.Connection, lignes: Iterable[Ligne]) -> set[CleTrace] | None:
    """Writes traces with distinct keys in one commit; gives the keys that were new, or None where all were.

    What a présérie that is no longer open would get is left out, whatever the sender was sorted under.
    """
    triees = sorted(lignes, key=_cle)
    nouvelles = await connexion.fetchval(_ECRIRE, triees, list({ligne.preserie_id for ligne in triees}))
    return None if nouvelles is None else {(preserie_id, ident.int) for preserie_id, ident in nouvelles}


async def retrouver(connexion: asyncpg.Connection, cles: Iterable[CleTrace]) -> dict[CleTrace, bytes]:
    """Digests of stored traces. A statement of its own: the one that met a conflict can't see what won."""
    preseries, ids = zip(*cles, strict=True)
    trouvees = await connexion.fetch(_RETROUVER, preseries, [UUID(int=ident) for ident in ids])
    return {(ligne["preserie_id"], ligne["id"].int): ligne["empreinte"] for ligne in trouvees}


async def noter(connexion: asyncpg.Connection, receptions: Sequence[SansSuite]) -> None:
    """Keeps and counts receptions that stored no trace (doublons, refusals)."""
    await connexion.execute(_NOTER, *map(list, zip(*receptions, strict=True)))
