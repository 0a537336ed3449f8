"""Use case: purge what has been kept for as long as the référentiel says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.conservation import depot
from app.conservation.echeances import Comptes, Terminee, echoir
from app.journal.depot import Fait, noter
from app.stockage.base import Base
from app.stockage.generation import avancer

LOT = 20_000
Avancement = Callable[[int], None]
"""Told how many rows have gone since the last time, once that is committed."""


@dataclass(frozen=True, slots=True)
class Echeancier:
    """What is due now, with how much of it there is, and what will be due next."""

    dues: Sequence[tuple[Terminee, Comptes]]
    prochaine: Terminee | None


async def echeancier(session: AsyncSession, maintenant: datetime) -> Echeancier:
    dues, prochaine = echoir(await depot.terminees(session), maintenant)
    return Echeancier([(due, await depot.compter(session, due.id)) for due in dues], prochaine)


async def purger(base: Base, terminee: Terminee, avancement: Avancement, *, lot: int = LOT) -> None:
    """Purges one présérie. What was interrupted goes on where it was: no read sees a part of it in between."""
    async with base.ecriture() as session:
        nombre = await _commencer(session, terminee, lot)
    while nombre:
        avancement(nombre)
        async with base.ecriture() as session:
            nombre = await depot.purger_un_lot(session, terminee.id, lot)


async def _commencer(session: AsyncSession, terminee: Terminee, lot: int) -> int:
    """The mark, the entry and the first batch, together or not at all; the registry does not wait for the count."""
    comptes = await depot.compter(session, terminee.id)
    await avancer(session)
    premiere = await depot.marquer(session, terminee.id)
    if premiere or await depot.reste(session, terminee.id):
        fait = Fait(
            action="purge" if premiere else "suite_de_purge",
            objet="preserie",
            code=terminee.code,
            editeur=terminee.editeur,
            preserie=terminee.code,
            apres={"traces": comptes.traces, "receptions": comptes.receptions},
        )
        await noter(session, None, fait)
    return await depot.purger_un_lot(session, terminee.id, lot)
