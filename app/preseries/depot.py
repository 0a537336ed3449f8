"""SQL of the registry."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.preseries.cycle import Statut
from app.preseries.enveloppe import Enveloppe
from app.preseries.histoire import PRESENT, Registre
from app.preseries.modeles import Decision, Editeur, Jalon, Logiciel, Module, Pilote, Preserie

Lignes: TypeAlias = Select[*tuple[Any, ...]]
"""A query for rows of any columns."""


def ouverte(p: type[Preserie] = Preserie) -> ColumnElement[bool]:
    """DOMAIN: a présérie is open while en_cours, or validee with traces still on."""
    return or_(p.statut == Statut.EN_COURS.value, (p.statut == Statut.VALIDEE.value) & p.traces_actives)


async def seul(session: AsyncSession, requete: Lignes) -> Any:
    """The one row of a query, or None."""
    return (await session.execute(requete)).first()


async def editeur(session: AsyncSession, code: str) -> Editeur | None:
    return await session.scalar(select(Editeur).where(Editeur.code == code))


async def module(session: AsyncSession, code: str) -> Module | None:
    return await session.scalar(select(Module).where(Module.code == code))


async def logiciel(session: AsyncSession, code: str) -> Logiciel | None:
    return await session.scalar(select(Logiciel).where(Logiciel.code == code))


async def preserie(session: AsyncSession, code: str) -> Preserie | None:
    return await session.scalar(select(Preserie).where(Preserie.code == code))


async def derniere_enveloppe(session: AsyncSession) -> Enveloppe | None:
    """The key of the latest présérie that has one: all are under the same master key."""
    requete = select(Preserie).where(Preserie.cle_enveloppee.is_not(None)).order_by(Preserie.id.desc()).limit(1)
    derniere = await session.scalar(requete)
    return derniere.enveloppe if derniere is not None else None


async def avec_cle(session: AsyncSession) -> Sequence[Preserie]:
    """The préséries whose key is not destroyed."""
    return (await session.scalars(select(Preserie).where(Preserie.cle_enveloppee.is_not(None)))).all()


async def pilote(session: AsyncSession, preserie_id: int, numero_am: str) -> Pilote | None:
    return await session.scalar(select(Pilote).where(Pilote.preserie_id == preserie_id, Pilote.numero_am == numero_am))


async def editeur_de(session: AsyncSession, logiciel_id: int) -> str:
    """The code of the éditeur of a logiciel."""
    requete = select(Editeur.code).join(Logiciel, Logiciel.editeur_id == Editeur.id).where(Logiciel.id == logiciel_id)
    return (await session.execute(requete)).scalar_one()


async def jalons(session: AsyncSession, preserie_id: int) -> Sequence[Jalon]:
    return await jalons_de(session, [preserie_id])


async def jalons_de(session: AsyncSession, preseries: Collection[int]) -> Sequence[Jalon]:
    """Of several préséries, each's by code."""
    return (await session.scalars(select(Jalon).where(Jalon.preserie_id.in_(preseries)).order_by(Jalon.code))).all()


async def pilotes(session: AsyncSession, preserie_id: int) -> Sequence[Pilote]:
    """All of them, also those who have left, by N° AM."""
    return (await session.scalars(liste_pilotes(preserie_id).order_by(Pilote.numero_am))).all()


async def fin_prolongee(session: AsyncSession, preserie_id: int) -> date | None:
    """The end that prolongations have set, None where none did."""
    return await session.scalar(select(func.max(Decision.fin_prevue_le)).where(Decision.preserie_id == preserie_id))


async def decisions(session: AsyncSession, preserie_id: int) -> Sequence[Decision]:
    """In the order in which they were taken."""
    return (
        await session.scalars(select(Decision).where(Decision.preserie_id == preserie_id).order_by(Decision.id))
    ).all()


async def a_demarre(session: AsyncSession, condition: ColumnElement[bool]) -> bool:
    """Whether a présérie of a logiciel that meets the condition was ever started."""
    requete = (
        select(Preserie.id)
        .join(Logiciel, Logiciel.id == Preserie.logiciel_id)
        .where(condition, Preserie.demarree_le.is_not(None))
    )
    return (await session.execute(requete.limit(1))).first() is not None


def ailleurs(registre: Registre = PRESENT) -> Lignes:
    """For a query of the préséries: the N° AM that count in the logiciel's other open préséries of the catégorie."""
    celle_ci, autre, pilote = registre.preserie, registre.autre, registre.pilote
    return (
        select(pilote.numero_am)
        .distinct()
        .join(autre, autre.id == pilote.preserie_id)
        .where(_du_meme_logiciel(registre), autre.id != celle_ci.id, ouverte(autre), pilote.retire_le.is_(None))
        .correlate(celle_ci)
    )


def maximum_releve(registre: Registre = PRESENT) -> ScalarSelect[int | None]:
    """Likewise: what prolongations have raised the pilotes of the logiciel to; None where none did."""
    celle_ci, autre = registre.preserie, registre.autre
    return (
        select(func.max(autre.pilotes_max))
        .where(_du_meme_logiciel(registre), or_(autre.id == celle_ci.id, ouverte(autre)))
        .correlate(celle_ci)
        .scalar_subquery()
    )


def _du_meme_logiciel(registre: Registre) -> ColumnElement[bool]:
    celle_ci, autre = registre.preserie, registre.autre
    return (autre.logiciel_id == celle_ci.logiciel_id) & (autre.categorie_ps == celle_ci.categorie_ps)


async def pilotes_du_logiciel(session: AsyncSession, p: Preserie) -> tuple[int | None, list[str]]:
    """The raised maximum, and who counts in the logiciel's other open préséries."""
    requete = select(maximum_releve(), func.array(ailleurs().scalar_subquery())).where(Preserie.id == p.id)
    releve, numeros = (await session.execute(requete)).one()
    return releve, numeros


async def maintenant(session: AsyncSession) -> datetime:
    """The database's own clock, which every replica shares."""
    lue: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return lue


async def pilotes_deja_engages(session: AsyncSession, p: Preserie, numeros: Collection[str]) -> set[str]:
    """Which of these pilotes are still in another open présérie of the same logiciel."""
    requete = (
        select(Pilote.numero_am)
        .join(Preserie, Preserie.id == Pilote.preserie_id)
        .where(
            Preserie.logiciel_id == p.logiciel_id,
            Preserie.id != p.id,
            ouverte(),
            Pilote.numero_am.in_(numeros),
            Pilote.retire_le.is_(None),
        )
    )
    return set(await session.scalars(requete))


def liste_editeurs(editeur_code: str | None) -> Lignes:
    requete = select(Editeur)
    return requete if editeur_code is None else requete.where(Editeur.code == editeur_code)


def liste_modules(editeur_code: str | None) -> Lignes:
    """Modules with their éditeur's code; of one éditeur, those that it owns or integrates."""
    requete: Lignes = select(Module, Editeur.code).join(Editeur, Editeur.id == Module.editeur_id)
    if editeur_code is None:
        return requete
    integres = (
        select(Logiciel.module_id).join(Editeur, Editeur.id == Logiciel.editeur_id).where(Editeur.code == editeur_code)
    )
    return requete.where(or_(Editeur.code == editeur_code, Module.id.in_(integres)))


def liste_logiciels(editeur_code: str | None) -> Lignes:
    requete: Lignes = (
        select(Logiciel, Editeur.code, Module.code)
        .join(Editeur, Editeur.id == Logiciel.editeur_id)
        .join(Module, Module.id == Logiciel.module_id)
    )
    return requete if editeur_code is None else requete.where(Editeur.code == editeur_code)


def liste_preseries(editeur_code: str | None) -> Lignes:
    requete: Lignes = (
        select(Preserie, Logiciel.code)
        .join(Logiciel, Logiciel.id == Preserie.logiciel_id)
        .join(Editeur, Editeur.id == Logiciel.editeur_id)
    )
    return requete if editeur_code is None else requete.where(Editeur.code == editeur_code)


def liste_pilotes(preserie_id: int) -> Lignes:
    return select(Pilote).where(Pilote.preserie_id == preserie_id)


async def page(
    session: AsyncSession, requete: Lignes, cle: Any, apres: str | None, limite: int
) -> tuple[list[Any], bool]:
    """One page of a list ordered by ``cle``, and whether more follows."""
    if apres is not None:
        requete = requete.where(cle > apres)
    lignes = list((await session.execute(requete.order_by(cle).limit(limite + 1))).all())
    return lignes[:limite], len(lignes) > limite
