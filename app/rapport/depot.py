"""Reads of the quality of the data, and of the names that the report tells."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import DateTime, RowMapping, cast, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from app.bilan.modeles import MiseALEcart
from app.bilan.sources import Source, meme_execution
from app.preseries.modeles import Module
from app.rapport.presentation import Noms
from app.rapport.schemas import EXEMPLES
from app.traces.modeles import trace
from app.traces.tri import AVANCE_TOLEREE

_t = trace.c
_REPETITION = timedelta(days=1)
"""An execution of which a trace is still emitted so long after its first success."""


async def noms(session: AsyncSession, preserie_id: int, source: Source) -> Noms:
    r = source.registre
    requete = (
        select(r.editeur.raison_sociale, Module.nom, r.logiciel.nom, r.logiciel.cnda_numero)
        .select_from(r.preserie)
        .join(r.logiciel, r.logiciel.id == r.preserie.logiciel_id)
        .join(Module, Module.id == r.logiciel.module_id)
        .join(r.editeur, r.editeur.id == r.logiciel.editeur_id)
        .where(r.preserie.id == preserie_id)
    )
    return Noms(*(await session.execute(requete)).one())


async def arrete_en_vigueur(session: AsyncSession, preserie_id: int, source: Source) -> datetime | None:
    """The instant of the sealed bilan that stands, or stood then; None where none does."""
    preserie = source.registre.preserie
    return await session.scalar(select(preserie.bilan_arrete_le).where(preserie.id == preserie_id))


async def ecartees(session: AsyncSession, preserie_id: int, source: Source) -> Sequence[RowMapping]:
    """The executions that stand set aside, with what was decided of each at last, in that order."""
    m, x, pilote = MiseALEcart, source.executions.c, source.registre.pilote
    cle = (m.preserie_id, m.pilote_id, m.pseudonyme, m.numero_execution)
    derniere = (
        select(*cle, m.id, m.le, m.cle_id, m.ecartee, m.motif)
        .ext(distinct_on(*cle))
        .where(m.preserie_id == preserie_id, source.recue(m.le))
        .order_by(*cle, m.id.desc())
        .subquery("derniere")
    )
    d = derniere.c
    requete = (
        select(source.executions, pilote.numero_am, source.phase(x.jour).label("phase"), d.le, d.cle_id, d.motif)
        .join(derniere, meme_execution(source.executions, derniere))
        .join(pilote, pilote.id == x.pilote_id)
        .where(d.ecartee)
        .order_by(d.id)
    )
    return (await session.execute(requete)).mappings().all()


async def repetees(session: AsyncSession, preserie_id: int, source: Source) -> Sequence[RowMapping]:
    """The first executions with a trace emitted more than a day after their first success; ``nombre``: of them all."""
    cle = (_t.pilote_id, _t.pseudonyme, _t.numero_execution)
    trouvees = (
        select(*cle)
        .where(_t.preserie_id == preserie_id, _t.operation == "execution", source.recue(_t.recue_le))
        .group_by(*cle)
        .having(func.max(_t.emise_le) > func.min(_t.emise_le).filter(_t.succes) + _REPETITION)
        .subquery()
    )
    c = trouvees.c
    requete = select(trouvees, func.count().over().label("nombre"))
    requete = requete.order_by(c.pilote_id, c.pseudonyme, c.numero_execution).limit(EXEMPLES)
    return (await session.execute(requete)).mappings().all()


async def decalees(session: AsyncSession, preserie_id: int, source: Source) -> Sequence[RowMapping]:
    """The first traces emitted after their reception, or before their pilote's agreement; ``nombre``: of them all."""
    pilote = source.registre.pilote
    accord = func.timezone("Europe/Paris", cast(pilote.accord_le, DateTime))
    requete = (
        select(trace, pilote.numero_am, func.count().over().label("nombre"))
        .join(pilote, pilote.id == _t.pilote_id)
        .where(
            _t.preserie_id == preserie_id,
            source.recue(_t.recue_le),
            or_(_t.emise_le > _t.recue_le + AVANCE_TOLEREE, _t.emise_le < accord),
        )
        .order_by(_t.recue_le, _t.id)
        .limit(EXEMPLES)
    )
    return (await session.execute(requete)).mappings().all()
