"""SQL of the journal."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.journal.chaine import DEBUT, Maillon, empreinte, empreinte_personnelle
from app.journal.modeles import DonneesPersonnelles, EntreeJournal

CONSOLE = "console"
"""Who changes something by a command on the server, without a key."""
_SEL_OCTETS = 32
_TETE = text("SELECT journal_numero, journal_empreinte, clock_timestamp() FROM registre FOR UPDATE")
_AVANCER = text("UPDATE registre SET journal_numero = :numero, journal_empreinte = :empreinte")


@dataclass(frozen=True, slots=True)
class Fait:
    """A change: what was done to which object, and how it was before and after, as JSON.

    ``code`` never names a person: what does (an N° AM, a motif) goes to ``personnel``, beside the chain.
    ``editeur`` and ``preserie`` are the codes of whose and which the object is.
    """

    action: str
    objet: str
    code: str | None
    editeur: str | None = None
    preserie: str | None = None
    avant: Mapping[str, Any] | None = None
    apres: Mapping[str, Any] | None = None
    personnel: Mapping[str, Any] | None = None


async def noter(session: AsyncSession, auteur: Acces | None, fait: Fait) -> None:
    """Adds an entry within the transaction of the change; an author of None is the console."""
    numero, precedente, le = (await session.execute(_TETE)).one()
    sel = secrets.token_bytes(_SEL_OCTETS)
    maillon = Maillon(
        numero=numero + 1,
        le=le,
        role=auteur.role.value if auteur is not None else CONSOLE,
        cle_id=auteur.cle_id if auteur is not None else None,
        action=fait.action,
        objet=fait.objet,
        code=fait.code,
        editeur=fait.editeur,
        preserie=fait.preserie,
        avant=fait.avant,
        apres=fait.apres,
        empreinte_personnelle=empreinte_personnelle(sel, fait.personnel) if fait.personnel is not None else None,
        precedente=precedente or DEBUT,
    )
    tete = empreinte(maillon)
    colonnes = {champ.name: getattr(maillon, champ.name) for champ in fields(maillon)}
    session.add(EntreeJournal(**colonnes, empreinte=tete))
    await session.flush()
    if fait.personnel is not None:
        session.add(DonneesPersonnelles(numero=maillon.numero, sel=sel, donnees=dict(fait.personnel)))
    await session.execute(_AVANCER, {"numero": maillon.numero, "empreinte": tete})
