"""Access keys made and revoked from the console, each with its entry in the journal."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.acces import depot
from app.acces.modeles import CleAcces
from app.acces.roles import Acces
from app.journal.depot import Fait, noter

_OBJET = "cle"


async def creer(session: AsyncSession, acces: Acces, libelle: str | None) -> tuple[str, int]:
    """As ``acces.depot.creer``: the key itself, which nobody can read again, and its id."""
    cle, cle_id = await depot.creer(session, acces, libelle)
    apres = {
        "role": acces.role.value,
        "editeur": acces.editeur,
        "preseries": sorted(acces.preseries) if acces.preseries is not None else None,
        "expire_le": acces.expire_le.isoformat() if acces.expire_le is not None else None,
    }
    personnel = {"numero_am": acces.numero_am, "libelle": libelle}
    fait = Fait(
        action="creation",
        objet=_OBJET,
        code=str(cle_id),
        editeur=acces.editeur,
        apres=apres,
        personnel={nom: valeur for nom, valeur in personnel.items() if valeur is not None} or None,
    )
    await noter(session, None, fait)
    return cle, cle_id


async def revoquer(session: AsyncSession, cle_id: int) -> bool:
    """As ``acces.depot.revoquer``: False, and no entry, where no live key bears this id."""
    if not await depot.revoquer(session, cle_id):
        return False
    cle = await session.get_one(CleAcces, cle_id)
    await noter(session, None, Fait(action="revocation", objet=_OBJET, code=str(cle_id), editeur=cle.editeur_code))
    return True
