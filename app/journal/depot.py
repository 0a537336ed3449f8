"""SQL of the journal."""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Select, cast, delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from app.acces.roles import Acces
from app.journal.chaine import DEBUT, Maillon, empreinte, empreinte_personnelle, exiger_relisible
from app.journal.modeles import DonneesPersonnelles, EntreeJournal
from app.journal.verification import Ligne, Personnel, Tete

CONSOLE = "console"
"""Who changes something by a command on the server, without a key."""
QUESTIONNAIRE = "questionnaire"
"""The pilote who answers it, by an invitation instead of a key."""
_SEL_OCTETS = 32
_TETE = text("SELECT journal_numero, journal_empreinte, clock_timestamp() FROM registre FOR UPDATE")
_TETE_LUE = text("SELECT journal_numero, journal_empreinte FROM registre")
_PAR_LOT = 1_000
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


async def noter(session: AsyncSession, auteur: Acces | None, *faits: Fait, sans_cle: str = CONSOLE) -> None:
    """Adds an entry for each, in this order, within the transaction of the change.

    ``sans_cle`` says who an author of None is. As many statements for a thousand as for one. Raises TypeError where a
    fact could not be read back as it is.
    """
    if not faits:
        return
    for fait in faits:
        exiger_relisible(fait.avant, fait.apres, fait.personnel)
    numero, precedente, le = (await session.execute(_TETE)).one()
    tete = precedente or DEBUT
    entrees: list[dict[str, Any]] = []
    personnelles: list[dict[str, Any]] = []
    for rang, fait in enumerate(faits, numero + 1):
        sel = secrets.token_bytes(_SEL_OCTETS)
        maillon = _maillon(rang, le, auteur, sans_cle, fait, sel, tete)
        tete = empreinte(maillon)
        entrees.append({champ.name: getattr(maillon, champ.name) for champ in fields(maillon)} | {"empreinte": tete})
        if fait.personnel is not None:
            personnelles.append({"numero": rang, "sel": sel, "donnees": dict(fait.personnel)})
    await session.execute(insert(EntreeJournal), entrees)
    if personnelles:
        await session.execute(insert(DonneesPersonnelles), personnelles)
    await session.execute(_AVANCER, {"numero": numero + len(faits), "empreinte": tete})


def _maillon(
    numero: int, le: datetime, auteur: Acces | None, sans_cle: str, fait: Fait, sel: bytes, precedente: bytes
) -> Maillon:
    return Maillon(
        numero=numero,
        le=le,
        role=auteur.role.value if auteur is not None else sans_cle,
        cle_id=auteur.cle_id if auteur is not None else None,
        action=fait.action,
        objet=fait.objet,
        code=fait.code,
        editeur=fait.editeur,
        preserie=fait.preserie,
        avant=fait.avant,
        apres=fait.apres,
        empreinte_personnelle=empreinte_personnelle(sel, fait.personnel) if fait.personnel is not None else None,
        precedente=precedente,
    )


@dataclass(frozen=True, slots=True)
class Filtre:
    """What a page of the journal is narrowed to; None narrows nothing."""

    editeur: str | None = None
    preserie: str | None = None
    objet: str | None = None
    depuis: datetime | None = None


async def page(session: AsyncSession, filtre: Filtre, apres: int | None, limite: int) -> Sequence[Ligne]:
    """The latest entries first, from the one before ``apres`` on."""
    e = EntreeJournal
    requete = _lignes().order_by(e.numero.desc()).limit(limite)
    for colonne, valeur in ((e.editeur, filtre.editeur), (e.preserie, filtre.preserie), (e.objet, filtre.objet)):
        if valeur is not None:
            requete = requete.where(colonne == valeur)
    if filtre.depuis is not None:
        requete = requete.where(e.le >= filtre.depuis)
    if apres is not None:
        requete = requete.where(e.numero < apres)
    return [_ligne(*ligne) for ligne in await session.execute(requete)]


async def parcourir(session: AsyncSession) -> AsyncIterator[Ligne]:
    """Every entry in its order, read batch by batch."""
    requete = _lignes().order_by(EntreeJournal.numero).execution_options(yield_per=_PAR_LOT)
    async for ligne in await session.stream(requete):
        yield _ligne(*ligne)


async def tete(session: AsyncSession) -> Tete:
    """The head as the registry keeps it."""
    numero, empreinte_de_la_tete = (await session.execute(_TETE_LUE)).one()
    return Tete(numero, empreinte_de_la_tete or DEBUT)


async def effacer(session: AsyncSession, mot: str) -> int:
    """Removes the personal data that name this word anywhere; gives how many entries they lay beside.

    Also within a longer word, and whatever its case: in a free text, what touches it must not hide it.
    """
    d = DonneesPersonnelles
    ordre = delete(d).where(cast(d.donnees, Text).icontains(mot, autoescape=True))
    fait = await session.execute(ordre)
    assert isinstance(fait, CursorResult)  # noqa: S101 — what a DELETE gives
    return fait.rowcount


def _lignes() -> Select[EntreeJournal, DonneesPersonnelles]:
    return select(EntreeJournal, DonneesPersonnelles).outerjoin(
        DonneesPersonnelles, DonneesPersonnelles.numero == EntreeJournal.numero
    )


def _ligne(entree: EntreeJournal, a_cote: DonneesPersonnelles | None) -> Ligne:
    maillon = Maillon(**{champ.name: getattr(entree, champ.name) for champ in fields(Maillon)})
    personnel = Personnel(a_cote.sel, a_cote.donnees) if a_cote is not None else None
    return Ligne(maillon, entree.empreinte, personnel)
