"""Use case: all keys of préséries under the present master key, in one change of the registry."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.journal.depot import Fait, noter
from app.preseries import depot
from app.preseries.enveloppe import Coffre
from app.stockage.generation import avancer

OBJET = "cle_maitresse"


@dataclass(frozen=True, slots=True)
class Reenveloppees:
    """How many keys were wrapped again, of how many there are."""

    nombre: int
    sur: int


async def reenvelopper(session: AsyncSession, coffre: Coffre) -> Reenveloppees:
    """Wraps again what a former master key wrapped; the keys stay the same, and so do pseudonyms and digests.

    Beside running services that may open both. Raises ReglageInvalide, and changes nothing, where one key opens under
    none of the master keys.
    """
    await avancer(session)
    preseries = await depot.avec_cle(session)
    nombre = 0
    for preserie in preseries:
        if preserie.enveloppe is not None and (nouvelle := coffre.reenvelopper(preserie.enveloppe)) is not None:
            preserie.cle_enveloppee = nouvelle
            nombre += 1
    if nombre:
        await session.flush()
        await noter(session, None, Fait("changement", OBJET, None, apres={"preseries": nombre}))
    return Reenveloppees(nombre, len(preseries))
