"""Use cases of the journal: read it a page at a time, verify it, erase what it says of a person."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncSession

from app.journal import depot
from app.journal.depot import Fait, Filtre, noter
from app.journal.schemas import AuteurLu, EntreeLue
from app.journal.verification import EFFACEES, EFFACEMENT, OBJET_JOURNAL, Ligne, Tete, Verification
from app.parametres import Page

Avancement = Callable[[int, int], None]
"""Told how many entries were read, and of how many."""


async def entrees(session: AsyncSession, filtre: Filtre, apres: int | None, limite: int) -> Page[EntreeLue]:
    """A page of the journal, the latest entries first."""
    lignes = await depot.page(session, filtre, apres, limite + 1)
    suivant = str(lignes[limite - 1].maillon.numero) if len(lignes) > limite else None
    return Page(elements=[_lue(ligne) for ligne in lignes[:limite]], suivant=suivant)


async def verifier(session: AsyncSession, attendue: Tete | None, avancement: Avancement) -> tuple[Verification, Tete]:
    """The whole journal on the session's snapshot: what is wrong with it, and its head."""
    tete = await depot.tete(session)
    verification = Verification(attendue)
    async for ligne in depot.parcourir(session):
        verification.suivre(ligne)
        avancement(verification.entrees, tete.numero)
    verification.conclure(tete)
    return verification, tete


async def effacer(session: AsyncSession, numero_am: str) -> int:
    """Erases what lies beside the entries that name this N° AM; an entry says how many, and not whose."""
    nombre = await depot.effacer(session, numero_am)
    if nombre:
        await noter(session, None, Fait(EFFACEMENT, OBJET_JOURNAL, None, apres={EFFACEES: nombre}))
    return nombre


def _lue(ligne: Ligne) -> EntreeLue:
    m = ligne.maillon
    return EntreeLue(
        numero=m.numero,
        le=m.le,
        auteur=AuteurLu(role=m.role, cle=m.cle_id),
        action=m.action,
        objet=m.objet,
        code=m.code,
        preserie=m.preserie,
        editeur=m.editeur,
        avant=dict(m.avant) if m.avant is not None else None,
        apres=dict(m.apres) if m.apres is not None else None,
        personnel=dict(ligne.personnel.donnees) if ligne.personnel is not None else None,
        personnel_efface=ligne.personnel_efface,
        empreinte=ligne.empreinte.hex(),
        precedente=m.precedente.hex(),
    )
