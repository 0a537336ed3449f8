"""Reads of the quality of the data, and of the names that the report tells."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import DateTime, RowMapping, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.bilan.sources import Source
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
