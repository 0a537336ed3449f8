"""SQL of the access keys."""

import hashlib
import secrets
from datetime import UTC, datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.modeles import CleAcces
from app.acces.roles import Acces, Role
from app.stockage.generation import avancer

_OCTETS = 32
_MARQUE = "tp_"


def empreinte(cle: str) -> bytes:
    """What is kept of a key; 256 random bits need no salt."""
    return hashlib.sha256(cle.encode()).digest()


async def creer(session: AsyncSession, acces: Acces, libelle: str | None) -> tuple[str, int]:
    """Makes a key with the bounds of ``acces``; gives the key itself, which nobody can read again, and its id."""
    cle = _MARQUE + secrets.token_urlsafe(_OCTETS)
    ligne = CleAcces(
        empreinte=empreinte(cle),
        role=acces.role.value,
        editeur_code=acces.editeur,
        numero_am=acces.numero_am,
        preseries=sorted(acces.preseries) if acces.preseries is not None else None,
        expire_le=acces.expire_le,
        libelle=libelle,
    )
    session.add(ligne)
    await session.flush()
    return cle, ligne.id


async def trouver(session: AsyncSession, empreinte_cle: bytes) -> Acces | None:
    """The access that a key gives, unless it is unknown, revoked or expired."""
    ligne = await session.scalar(
        select(CleAcces).where(CleAcces.empreinte == empreinte_cle, CleAcces.revoquee_le.is_(None))
    )
    if ligne is None:
        return None
    acces = Acces(
        ligne.id,
        Role(ligne.role),
        ligne.editeur_code,
        ligne.numero_am,
        frozenset(ligne.preseries) if ligne.preseries is not None else None,
        ligne.expire_le,
    )
    return None if acces.expiree(datetime.now(UTC)) else acces


async def lister(session: AsyncSession) -> list[CleAcces]:
    return list(await session.scalars(select(CleAcces).order_by(CleAcces.id)))


async def revoquer(session: AsyncSession, cle_id: int) -> bool:
    """Revokes a key for every worker within a second; False where no live key bears this id."""
    await avancer(session)
    revoquee = await session.execute(
        update(CleAcces)
        .where(CleAcces.id == cle_id, CleAcces.revoquee_le.is_(None))
        .values(revoquee_le=func.now())
        .returning(CleAcces.id)
    )
    return revoquee.scalar_one_or_none() is not None
