"""SQL of sealed bilans."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.arretes.modeles import Approbation, Arrete, Feuilles
from app.preseries.modeles import Editeur, Logiciel, Preserie
from app.stockage.base import Base

_ATTENTE = "SET LOCAL lock_timeout = '2s'"
"""Who writes traces waits behind this lock: rather none is had than that they wait for long."""
# The columns of a leaf, in this order for ever: docs/arretes.md tells auditors of them.
_FEUILLES = text("""
SELECT coalesce(string_agg(uuid_send(t.id) || substring(sha256(convert_to(json_build_array(
    s.code, t.id, p.numero_am, (extract(epoch FROM t.recue_le) * 1000000)::bigint,
    (extract(epoch FROM t.emise_le) * 1000000)::bigint, t.poste, t.sequence, t.version, t.operation,
    encode(t.pseudonyme, 'hex'), t.numero_execution, t.type_prescription, t.succes, t.erreur_code, t.erreur_origine,
    t.erreur_bloquante, t.erreur_message, t.scor_envoye, t.duree_ms, encode(t.empreinte, 'hex')
  )::text, 'UTF8')) FROM 1 FOR 16), ''::bytea ORDER BY t.id), ''::bytea)
FROM trace AS t
JOIN preserie AS s ON s.id = t.preserie_id
LEFT JOIN pilote AS p ON p.id = t.pilote_id AND p.preserie_id = t.preserie_id
WHERE t.preserie_id = :preserie_id AND t.recue_le <= :au
""")


async def instant(base: Base) -> datetime:
    """An instant up to which every reception is committed, and after which all others will be.

    On a connection of its own: who waits here must not wait for one of the pool too. Raises LockNotAvailableError.
    """
    connexion = await base.connecter()
    try:
        async with connexion.transaction():
            await connexion.execute(_ATTENTE)
            lu: datetime = await connexion.fetchval("SELECT instant_de_l_arrete()")
            return lu
    finally:
        await connexion.close()


async def feuilles(session: AsyncSession, preserie_id: int, au: datetime) -> bytes:
    """Of every trace received up to an instant its id and digest, sorted: made by the database, row by row."""
    lues: bytes = (await session.execute(_FEUILLES, {"preserie_id": preserie_id, "au": au})).scalar_one()
    return lues


async def feuilles_gardees(session: AsyncSession, arrete_id: UUID) -> bytes | None:
    return await session.scalar(select(Feuilles.feuilles).where(Feuilles.arrete_id == arrete_id))


async def arretes(session: AsyncSession, preserie_id: int) -> list[tuple[Arrete, list[Approbation]]]:
    """The sealed bilans of a présérie, the latest first, each with its approvals."""
    requete = select(Arrete).where(Arrete.preserie_id == preserie_id).order_by(Arrete.au.desc(), Arrete.id)
    trouves = (await session.scalars(requete)).all()
    par_arrete = await _approbations(session, [arrete.id for arrete in trouves])
    return [(arrete, par_arrete[arrete.id]) for arrete in trouves]


async def trouver(session: AsyncSession, arrete_id: UUID) -> tuple[Arrete, Preserie, str] | None:
    """A sealed bilan with its présérie and the code of the éditeur."""
    requete = (
        select(Arrete, Preserie, Editeur.code)
        .join(Preserie, Preserie.id == Arrete.preserie_id)
        .join(Logiciel, Logiciel.id == Preserie.logiciel_id)
        .join(Editeur, Editeur.id == Logiciel.editeur_id)
        .where(Arrete.id == arrete_id)
    )
    ligne = (await session.execute(requete)).first()
    return None if ligne is None else (ligne[0], ligne[1], ligne[2])


async def approbations(session: AsyncSession, arrete_id: UUID) -> list[Approbation]:
    return (await _approbations(session, [arrete_id]))[arrete_id]


async def _approbations(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[Approbation]]:
    trouvees = defaultdict(list)
    requete = select(Approbation).where(Approbation.arrete_id.in_(ids)).order_by(Approbation.le)
    for approbation in await session.scalars(requete):
        trouvees[approbation.arrete_id].append(approbation)
    return trouvees
