"""Reads of receptions by workstation: one pass over all of a présérie's, gaps and islands of their numbers included."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.preseries.modeles import Pilote
from app.suivi.attentes import Attentes, PiloteInscrit

TROUS_MAX = 100
# What a key sent that may not speak for the workstation (another éditeur's, another pilote's) says nothing of it.
# A difference of two numbers never overflows, where their sum or ``max - min + 1`` would.
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
), suivies AS (
  SELECT *, lead(sequence) OVER numeros - sequence - 1 AS manquent FROM recues
  WINDOW numeros AS (PARTITION BY pilote_id, poste ORDER BY sequence)
), rangees AS (
  SELECT *, count(*) FILTER (WHERE manquent > 0) OVER numeros AS trou FROM suivies
  WINDOW numeros AS (PARTITION BY pilote_id, poste ORDER BY sequence ROWS UNBOUNDED PRECEDING)
), postes AS (
  SELECT pilote_id, poste, max(recue_le) AS derniere_reception_le,
         max(ROW(recue_le, coalesce(sequence, -1), version)) FILTER (WHERE version IS NOT NULL) AS derniere_version,
         count(*) FILTER (WHERE issue = 'enregistree') AS enregistrees,
         count(*) FILTER (WHERE issue = 'doublon') AS doublons,
         count(*) FILTER (WHERE issue IS NULL) AS rejetees,
         min(sequence) AS premiere, max(sequence) AS derniere,
         coalesce(sum(manquent) FILTER (WHERE manquent > 0), 0) AS perdues,
         count(*) FILTER (WHERE manquent > 0) AS nombre_trous,
         array_agg(ROW(sequence + 1, sequence + manquent) ORDER BY sequence)
           FILTER (WHERE manquent > 0 AND trou <= :trous) AS trous,
         count(*) FILTER (WHERE issue IS DISTINCT FROM 'enregistree' AND recue_le >= :desactivees_le) AS venues_depuis,
         max(recue_le) FILTER (WHERE issue IS DISTINCT FROM 'enregistree' AND recue_le >= :desactivees_le)
           AS derniere_venue_le
  FROM rangees GROUP BY pilote_id, poste
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
    return (await session.execute(_POSTES, parametres)).mappings().all()
