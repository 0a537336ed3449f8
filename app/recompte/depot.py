"""SQL of the recount: what is kept against what the raw traces give, both ways, within the database."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CTE, FromClause, Select, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.bilan.sources import PRESENT, Source, connue_au
from app.preseries.modeles import Preserie
from app.recompte.ecarts import RECOMPTE, TENU, Comparaison, Comparee, apparier
from app.recompte.modeles import DernierRecompte

TOUJOURS = datetime(9999, 1, 1, tzinfo=UTC)
"""Everything was received before."""


async def preseries(session: AsyncSession, code: str | None) -> Sequence[Preserie]:
    """All of them, or the one of this code, in the order of their codes."""
    requete = select(Preserie).order_by(Preserie.code)
    return (await session.scalars(requete if code is None else requete.where(Preserie.code == code))).all()


async def est_purgee(session: AsyncSession, preserie_id: int) -> bool:
    return (await session.scalar(select(Preserie.purgee_le).where(Preserie.id == preserie_id))) is not None


async def comparer(session: AsyncSession, preserie_id: int, comparee: Comparee, au_plus: int) -> Comparaison:
    """One table of one présérie; names at most so many of the rows that differ."""
    tenu = _lignes(PRESENT, comparee, preserie_id).cte("tenu")
    recompte = _lignes(connue_au(preserie_id, TOUJOURS), comparee, preserie_id).cte("recompte")
    ecarts = _seules(TENU, tenu, recompte).union_all(_seules(RECOMPTE, recompte, tenu)).cte("ecarts")
    rang = func.dense_rank().over(order_by=[ecarts.c[nom] for nom in comparee.cle])
    rangees = select(ecarts, rang.label("rang")).cte("rangees")
    nombres = select(
        select(func.count()).select_from(tenu).scalar_subquery(),
        select(func.count()).select_from(recompte).scalar_subquery(),
        select(func.coalesce(func.max(rangees.c.rang), 0)).scalar_subquery(),
    )
    tenues, recomptees, differents = (await session.execute(nombres)).one()
    if not differents:
        return Comparaison(comparee, tenues, recomptees, 0, ())
    nommees = select(rangees).where(rangees.c.rang <= au_plus).order_by(rangees.c.rang)
    lignes = [(str(ligne["cote"]), dict(ligne)) for ligne in (await session.execute(nommees)).mappings()]
    return Comparaison(comparee, tenues, recomptees, differents, apparier(comparee, lignes))


async def noter(session: AsyncSession, preserie_id: int, differents: int) -> None:
    """Keeps what a recount found, in place of the one before."""
    ordre = insert(DernierRecompte).values(preserie_id=preserie_id, differents=differents)
    nouveau = {"fait_le": func.clock_timestamp(), "differents": ordre.excluded.differents}
    await session.execute(ordre.on_conflict_do_update(index_elements=["preserie_id"], set_=nouveau))


def _seules(cote: str, celles_ci: CTE, celles_la: CTE) -> Select[*tuple[Any, ...]]:
    """The rows that are on one side alone, null being equal to null."""
    seules = select(celles_ci).except_all(select(celles_la)).subquery()
    return select(literal(cote).label("cote"), seules)


def _lignes(source: Source, comparee: Comparee, preserie_id: int) -> Select[*tuple[Any, ...]]:
    c = _relation(source, comparee.table).c
    lignes = select(*(c[nom] for nom in (*comparee.cle, *comparee.valeurs))).where(c.preserie_id == preserie_id)
    if comparee.table == "compteur_execution":  # a cell that its executions have left stays, at 0
        lignes = lignes.where(or_(c.executions != 0, c.tentatives != 0))
    return lignes


def _relation(source: Source, table: str) -> FromClause:
    return {
        "execution": source.executions,
        "compteur_execution": source.cellules,
        "compteur_operation": source.operations,
        "compteur_trace": source.receptions,
        "anomalie": source.anomalies,
    }[table]
