"""Reads of receptions by workstation: one pass over all of a présérie's, gaps and islands of their numbers included."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.preseries.modeles import Pilote
from app.suivi.attentes import Attentes, PiloteInscrit

TROUS_MAX = 100
_MEMOIRE = text("SET LOCAL work_mem = '128MB'")
"""So that millions of receptions are hashed into their buckets, not sorted on disk; few read this at a time."""
# What a key sent that may not speak for the workstation (another éditeur's, another pilote's) says nothing of it.
# Numbers go by buckets of 64, one bit each: what is sorted is far less than the receptions, of which a full bucket
# needs no closer look. A difference of two numbers never overflows, where their sum or ``max - min + 1`` would.
_POSTES = text("""
WITH recues AS (
  SELECT pilote_id, poste, sequence, version, recue_le, 'enregistree' AS issue
  FROM trace WHERE preserie_id = :preserie AND coalesce(recue_le <= :au, true)
  UNION ALL
  SELECT r.pilote_id, r.poste, r.sequence, r.version, r.recue_le, CASE r.issue WHEN 'doublon' THEN 'doublon' END
  FROM reception_sans_suite AS r
  JOIN cle_acces AS k ON k.id = r.cle_id AND coalesce(k.editeur_code, :editeur) = :editeur
  LEFT JOIN pilote AS p ON p.id = r.pilote_id
  WHERE r.preserie_id = :preserie AND coalesce(r.recue_le <= :au, true)
    AND (k.numero_am IS NULL OR k.numero_am = p.numero_am)
), seaux AS (
  SELECT pilote_id, poste, sequence >> 6 AS seau, bit_or(1::int8 << (sequence & 63)::int) AS vus,
         max(recue_le) AS derniere_reception_le,
         max(ROW(recue_le, coalesce(sequence, -1), version)) FILTER (WHERE version IS NOT NULL) AS derniere_version,
         count(*) FILTER (WHERE issue = 'enregistree') AS enregistrees,
         count(*) FILTER (WHERE issue = 'doublon') AS doublons,
         count(*) FILTER (WHERE issue IS NULL) AS rejetees,
         min(sequence) AS premiere, max(sequence) AS derniere,
         count(*) FILTER (WHERE issue IS DISTINCT FROM 'enregistree' AND recue_le >= :desactivees_le) AS venues_depuis,
         max(recue_le) FILTER (WHERE issue IS DISTINCT FROM 'enregistree' AND recue_le >= :desactivees_le)
           AS derniere_venue_le
  FROM recues GROUP BY pilote_id, poste, seau
), vues AS (
  SELECT pilote_id, poste, seau * 64 AS de, seau * 64 + 63 AS a FROM seaux WHERE vus = -1
  UNION ALL
  SELECT pilote_id, poste, seau * 64 + rang, seau * 64 + rang FROM seaux, generate_series(0, 63) AS rang
  WHERE vus <> -1 AND vus >> rang & 1 = 1
), suivies AS (
  SELECT pilote_id, poste, a, lead(de) OVER (PARTITION BY pilote_id, poste ORDER BY de) - a - 1 AS manquent FROM vues
), rangees AS (
  SELECT *, row_number() OVER (PARTITION BY pilote_id, poste ORDER BY a) AS trou FROM suivies WHERE manquent > 0
), manques AS (
  SELECT pilote_id, poste, sum(manquent) AS perdues, count(*) AS nombre_trous,
         array_agg(ROW(a + 1, a + manquent) ORDER BY a) FILTER (WHERE trou <= :trous) AS trous
  FROM rangees GROUP BY pilote_id, poste
), recus AS (
  SELECT pilote_id, poste, max(derniere_reception_le) AS derniere_reception_le,
         max(derniere_version) AS derniere_version, sum(enregistrees)::int8 AS enregistrees,
         sum(doublons)::int8 AS doublons, sum(rejetees)::int8 AS rejetees, min(premiere) AS premiere,
         max(derniere) AS derniere, sum(venues_depuis)::int8 AS venues_depuis,
         max(derniere_venue_le) AS derniere_venue_le
  FROM seaux GROUP BY pilote_id, poste
), postes AS (
  SELECT r.*, coalesce(m.perdues, 0) AS perdues, coalesce(m.nombre_trous, 0) AS nombre_trous, m.trous
  FROM recus AS r LEFT JOIN manques AS m ON m.pilote_id = r.pilote_id AND m.poste IS NOT DISTINCT FROM r.poste
), lignes AS (
  SELECT p.numero_am, x.*,
         coalesce(p.id = ANY (:muets) AND coalesce(x.derniere_reception_le < :limite, true), false) AS silencieux
  FROM postes AS x FULL JOIN (SELECT id, numero_am FROM pilote WHERE preserie_id = :preserie) AS p
    ON p.id = x.pilote_id
  WHERE x.pilote_id IS NOT NULL OR p.id = ANY (:installes)
)
SELECT * FROM lignes
WHERE (numero_am IS NULL, coalesce(numero_am, '') COLLATE "C", poste IS NOT NULL, coalesce(poste, '') COLLATE "C")
      > (:sans_pilote, :numero_am, :nomme, :nom)
  AND coalesce(silencieux = :silencieux, true)
  AND coalesce(coalesce(numero_am IS NOT NULL AND perdues > 0, false) = :perdues, true)
  AND coalesce(coalesce(venues_depuis > 0, false) = :apres_desactivation, true)
ORDER BY numero_am IS NULL, numero_am COLLATE "C", poste IS NOT NULL, poste COLLATE "C"
LIMIT :au_plus
""")


@dataclass(frozen=True, slots=True)
class Filtre:
    """What the list can be narrowed to; None narrows nothing."""

    silencieux: bool | None = None
    apres_desactivation: bool | None = None
    perdues: bool | None = None


@dataclass(frozen=True, slots=True)
class Releve:
    """Whose workstations; ``desactivees_le``: since when the traces are switched off, None while they are not.

    ``au``: what was received up to this instant; None for everything.
    """

    preserie_id: int
    editeur: str
    desactivees_le: datetime | None
    attentes: Attentes
    au: datetime | None = None


async def pilotes(session: AsyncSession, preserie_id: int) -> tuple[list[PiloteInscrit], datetime]:
    """The pilotes of a présérie, and the instant of the snapshot."""
    colonnes = select(Pilote.id, Pilote.installe_le, Pilote.retire_le).where(Pilote.preserie_id == preserie_id)
    inscrits = [PiloteInscrit(*ligne) for ligne in await session.execute(colonnes)]
    return inscrits, (await session.execute(select(func.now()))).scalar_one()


async def postes(
    session: AsyncSession, releve: Releve, filtre: Filtre, apres: tuple[bool, str, bool, str], limite: int | None
) -> Sequence[RowMapping]:
    """The workstations after a ``rang``, in its order; all of them without a limit."""
    sans_pilote, numero_am, nomme, nom = apres
    parametres = {
        "preserie": releve.preserie_id,
        "editeur": releve.editeur,
        "au": releve.au,
        "desactivees_le": releve.desactivees_le,
        "muets": releve.attentes.muets,
        "installes": releve.attentes.installes,
        "limite": releve.attentes.limite,
        "trous": TROUS_MAX,
        "silencieux": filtre.silencieux,
        "perdues": filtre.perdues,
        "apres_desactivation": filtre.apres_desactivation,
        "sans_pilote": sans_pilote,
        "numero_am": numero_am,
        "nomme": nomme,
        "nom": nom,
        "au_plus": limite,
    }
    await session.execute(_MEMOIRE)
    return (await session.execute(_POSTES, parametres)).mappings().all()
