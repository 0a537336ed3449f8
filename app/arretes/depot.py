"""SQL of sealed bilans."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.arretes.modeles import Approbation, Arrete


async def arretes(session: AsyncSession, preserie_id: int) -> list[tuple[Arrete, list[Approbation]]]:
    """The sealed bilans of a présérie, the latest first, each with its approvals."""
    requete = select(Arrete).where(Arrete.preserie_id == preserie_id).order_by(Arrete.au.desc())
    trouves = (await session.scalars(requete)).all()
    par_arrete = await _approbations(session, [arrete.id for arrete in trouves])
    return [(arrete, par_arrete[arrete.id]) for arrete in trouves]


async def _approbations(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[Approbation]]:
    trouvees = defaultdict(list)
    requete = select(Approbation).where(Approbation.arrete_id.in_(ids)).order_by(Approbation.le)
    for approbation in await session.scalars(requete):
        trouvees[approbation.arrete_id].append(approbation)
    return trouvees
