"""Reads of the lists behind every figure, a page at a time, each in the order of its key."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, SQLColumnExpression, and_, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.bilan.conformite import Conformite, conformite
from app.bilan.filtres import FiltreExecutions, FiltreReceptions, FiltreTraces
from app.bilan.identifiants import CleExecution
from app.bilan.modeles import MiseALEcart
from app.bilan.sources import PRESENT, Source, meme_execution
from app.preseries.modeles import Editeur, Logiciel, Pilote, Preserie
from app.traces.modeles import execution, reception_sans_suite, trace
from app.traces.refus import Issue

_t = trace.c
_r = reception_sans_suite.c
Lignes = Sequence[RowMapping]
LOT = 500
"""Rows of a list that is read whole, at a time."""


async def executions(
    session: AsyncSession,
    preserie_id: int,
    source: Source,
    filtre: FiltreExecutions,
    apres: CleExecution | None,
    limite: int,
) -> Lignes:
    """Executions with their pilote's N° AM and their phase."""
    x = source.executions.c
    requete = _executions(preserie_id, source, filtre).limit(limite)
    if apres is not None:
        requete = requete.where(
            tuple_(x.pilote_id, x.pseudonyme, x.numero_execution)
            > tuple_(literal(apres.pilote_id), literal(apres.pseudonyme), literal(apres.numero_execution))
        )
    return (await session.execute(requete)).mappings().all()


async def executions_par_lots(
    session: AsyncSession, preserie_id: int, source: Source, filtre: FiltreExecutions
) -> AsyncIterator[Lignes]:
    """All that ``executions`` gives page by page, from a cursor of the database: a few at a time are in memory."""
    resultat = await session.stream(_executions(preserie_id, source, filtre), execution_options={"yield_per": LOT})
    async for lot in resultat.mappings().partitions():
        yield lot


def _executions(preserie_id: int, source: Source, filtre: FiltreExecutions) -> Select[*tuple[Any, ...]]:
    x, pilote = source.executions.c, source.registre.pilote
    ecartee = source.ecarts.c.pilote_id.is_not(None).label("ecartee")
    return (
        select(source.executions, pilote.numero_am, source.phase(x.jour).label("phase"), ecartee)
        .join(pilote, pilote.id == x.pilote_id)
        .outerjoin(source.ecarts, meme_execution(source.executions, source.ecarts))
        .where(x.preserie_id == preserie_id, *_conditions(preserie_id, source, filtre))
        .order_by(x.pilote_id, x.pseudonyme, x.numero_execution)
    )


async def tentatives(
    session: AsyncSession,
    preserie_id: int,
    source: Source,
    filtre: FiltreExecutions,
    apres: UUID | None,
    limite: int,
) -> Lignes:
    """The ``execution`` traces of the executions that a filter keeps, with their pilote's N° AM."""
    pilote = source.registre.pilote
    requete = (
        select(trace, pilote.numero_am)
        .join(source.executions, meme_execution(source.executions, trace))
        .join(pilote, pilote.id == _t.pilote_id)
        .outerjoin(source.ecarts, meme_execution(source.executions, source.ecarts))
        .where(
            _t.preserie_id == preserie_id,
            _t.operation == "execution",
            source.recue(_t.recue_le),
            *_conditions(preserie_id, source, filtre),
        )
        .order_by(_t.id)
        .limit(limite)
    )
    if apres is not None:
        requete = requete.where(_t.id > apres)
    return (await session.execute(requete)).mappings().all()


def _conditions(preserie_id: int, source: Source, filtre: FiltreExecutions) -> list[ColumnElement[bool]]:
    x = source.executions.c
    conditions = _egales(
        (x.enregistree, filtre.enregistree),
        (source.phase(x.jour), filtre.phase),
        (source.ecarts.c.pilote_id.is_not(None), filtre.ecartee),
        (x.version, filtre.version),
        (x.type_prescription, filtre.type_prescription),
        (x.jour, filtre.jour),
    )
    if filtre.pilote is not None:
        # By its id, which the key of executions begins with: they would all be gone through for a N° AM.
        cle = (Pilote.preserie_id == preserie_id, Pilote.numero_am == filtre.pilote)
        conditions.append(x.pilote_id == select(Pilote.id).where(*cle).scalar_subquery())
    if filtre.depuis is not None:
        conditions.append(x.jour >= filtre.depuis)
    if filtre.conformite is not None:
        conditions.append(_de_conformite(source, filtre.conformite))
    return conditions


def _egales(*voulues: tuple[SQLColumnExpression[Any], object]) -> list[ColumnElement[bool]]:
    return [colonne == valeur for colonne, valeur in voulues if valeur is not None]


def _de_conformite(source: Source, voulues: Collection[Conformite]) -> ColumnElement[bool]:
    """The pure rule's truth table, so that the list and the figure can't disagree."""
    x = source.executions.c
    drapeaux = (True, False, None)
    return or_(
        *(
            and_(
                source.phase(x.jour) == numero,
                x.enregistree == enregistree,
                x.scor_succes.is_not_distinct_from(succes),
                x.scor_echec.is_not_distinct_from(echec),
            )
            for numero in (1, 2)
            for enregistree in (True, False)
            for succes in drapeaux
            for echec in drapeaux
            if conformite(numero, enregistree, succes, echec) in voulues
        )
    )


async def une_execution(session: AsyncSession, cle: CleExecution) -> RowMapping | None:
    """An execution as in ``executions``, with its présérie's code, ``statut``, ``purgee_le`` and ``editeur``."""
    x = execution.c
    requete = (
        select(
            execution,
            Pilote.numero_am,
            PRESENT.phase(x.jour).label("phase"),
            PRESENT.ecarts.c.pilote_id.is_not(None).label("ecartee"),
            Preserie.code.label("preserie"),
            Preserie.statut,
            Preserie.purgee_le,
            Editeur.code.label("editeur"),
        )
        .select_from(execution)
        .join(Pilote, Pilote.id == x.pilote_id)
        .join(Preserie, Preserie.id == Pilote.preserie_id)
        .join(Logiciel, Logiciel.id == Preserie.logiciel_id)
        .join(Editeur, Editeur.id == Logiciel.editeur_id)
        .outerjoin(PRESENT.ecarts, meme_execution(execution, PRESENT.ecarts))
        .where(
            x.preserie_id == Pilote.preserie_id,
            x.pilote_id == cle.pilote_id,
            x.pseudonyme == cle.pseudonyme,
            x.numero_execution == cle.numero_execution,
        )
    )
    return (await session.execute(requete)).mappings().first()


async def mises_a_l_ecart(session: AsyncSession, preserie_id: int, cle: CleExecution) -> Lignes:
    """What was decided of one execution, in its order."""
    m = MiseALEcart
    requete = (
        select(m.le, m.ecartee, m.motif)
        .where(
            m.preserie_id == preserie_id,
            m.pilote_id == cle.pilote_id,
            m.pseudonyme == cle.pseudonyme,
            m.numero_execution == cle.numero_execution,
        )
        .order_by(m.id)
    )
    return (await session.execute(requete)).mappings().all()


async def prerequis(
    session: AsyncSession, preserie_id: int, source: Source, valide: bool | None, apres: str | None, limite: int | None
) -> Lignes:
    """The prerequisites of a présérie: all, or of those that were not taken off the list what is validated, or not."""
    p = source.registre.prerequis
    requete = (
        select(p.code, p.libelle, p.description, p.valide_le, p.preuve, p.retire_le)
        .where(p.preserie_id == preserie_id)
        .order_by(p.code)
        .limit(limite)
    )
    if valide is not None:
        requete = requete.where(p.retire_le.is_(None), p.valide_le.is_not(None) == valide)
    if apres is not None:
        requete = requete.where(p.code > apres)
    return (await session.execute(requete)).mappings().all()


async def traces_d_une_execution(session: AsyncSession, preserie_id: int, cle: CleExecution) -> Lignes:
    """The ``execution`` traces of one execution, in the order in which they are folded."""
    requete = (
        select(trace, Pilote.numero_am)
        .join(Pilote, Pilote.id == _t.pilote_id)
        .where(
            _t.preserie_id == preserie_id,
            _t.pilote_id == cle.pilote_id,
            _t.pseudonyme == cle.pseudonyme,
            _t.numero_execution == cle.numero_execution,
            _t.operation == "execution",
        )
        .order_by(_t.emise_le, _t.id)
    )
    return (await session.execute(requete)).mappings().all()


async def traces(
    session: AsyncSession, preserie_id: int, source: Source, filtre: FiltreTraces, apres: UUID | None, limite: int
) -> Lignes:
    """Stored traces with their pilote's N° AM."""
    succes = None if filtre.resultat is None else filtre.resultat == "succes"
    requete = (
        select(trace, Pilote.numero_am)
        .join(Pilote, Pilote.id == _t.pilote_id)
        .where(
            _t.preserie_id == preserie_id,
            source.recue(_t.recue_le),
            *_egales(
                (_t.operation, filtre.operation),
                (_t.succes, succes),
                (Pilote.numero_am, filtre.pilote),
                (_t.version, filtre.version),
                (_t.erreur_code, filtre.erreur_code),
                (_t.erreur_origine, filtre.erreur_origine),
            ),
        )
        .order_by(_t.id)
        .limit(limite)
    )
    if apres is not None:
        requete = requete.where(_t.id > apres)
    return (await session.execute(requete)).mappings().all()


async def receptions(
    session: AsyncSession,
    preserie_id: int,
    source: Source,
    filtre: FiltreReceptions,
    apres: int | None,
    limite: int,
) -> Lignes:
    """Receptions that stored no trace, with their pilote's N° AM, None where none was known."""
    requete = (
        select(reception_sans_suite, Pilote.numero_am)
        .outerjoin(Pilote, Pilote.id == _r.pilote_id)
        .where(
            _r.preserie_id == preserie_id,
            source.recue(_r.recue_le),
            *_egales((_r.issue, filtre.code), (Pilote.numero_am, filtre.pilote)),
        )
        .order_by(_r.id)
        .limit(limite)
    )
    if filtre.issue is not None:
        est_doublon = _r.issue == Issue.DOUBLON.value
        requete = requete.where(est_doublon if filtre.issue == "doublon" else ~est_doublon)
    if apres is not None:
        requete = requete.where(_r.id > apres)
    return (await session.execute(requete)).mappings().all()
