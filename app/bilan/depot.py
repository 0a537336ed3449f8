"""Reads behind a bilan: a few rows of counters, whether there are a thousand traces or a hundred million."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    SQLColumnExpression,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.bilan.conformite import Conformite, conformite
from app.bilan.figures import Cellule
from app.bilan.identifiants import CleExecution
from app.bilan.schemas import AnomalieLue, Axe, LigneVentilee
from app.preseries.modeles import Editeur, Logiciel, Module, Pilote, Preserie
from app.traces.modeles import anomalie, compteur_execution, compteur_operation, compteur_trace, execution, trace

_c = compteur_execution.c
_x = execution.c


@dataclass(frozen=True, slots=True)
class Dossier:
    """A présérie with the codes of what it is about, and the instant of the snapshot."""

    preserie: Preserie
    logiciel: str
    module: str
    editeur: str
    lu_le: datetime


async def dossier(session: AsyncSession, code: str) -> Dossier | None:
    requete = (
        select(Preserie, Logiciel.code, Module.code, Editeur.code, func.now())
        .join(Logiciel, Logiciel.id == Preserie.logiciel_id)
        .join(Module, Module.id == Logiciel.module_id)
        .join(Editeur, Editeur.id == Logiciel.editeur_id)
        .where(Preserie.code == code)
    )
    ligne = (await session.execute(requete)).first()
    return Dossier(*ligne) if ligne is not None else None


def _phase(jour: ColumnElement[date]) -> ColumnElement[int]:
    """``conformite.phase`` for rows joined to their pilote."""
    return case((Pilote.phase_2_le <= jour, 2), else_=1)


async def cellules(session: AsyncSession, preserie: Preserie) -> list[Cellule]:
    depuis = preserie.observee_depuis
    fenetre = literal(True) if depuis is None else _c.jour >= depuis
    axes = (
        Pilote.numero_am,
        _phase(_c.jour).label("phase"),
        fenetre.label("fenetre"),
        _c.enregistree,
        _c.scor_succes,
        _c.scor_echec,
    )
    requete = (
        select(*axes, func.sum(_c.executions), func.sum(_c.tentatives))
        .join(Pilote, Pilote.id == _c.pilote_id)
        .where(_c.preserie_id == preserie.id)
        .group_by(*(text(str(i)) for i in range(1, len(axes) + 1)))
    )
    return [
        Cellule(pilote, phase, dans_fenetre, enregistree, succes, echec, int(n), int(t))
        for pilote, phase, dans_fenetre, enregistree, succes, echec, n, t in await session.execute(requete)
        if n
    ]


async def receptions(session: AsyncSession, preserie_id: int) -> dict[str, tuple[int, datetime]]:
    """By outcome: how many receptions, and when the last came."""
    c = compteur_trace.c
    requete = (
        select(c.issue, func.sum(c.nombre), func.max(c.derniere_le))
        .where(c.preserie_id == preserie_id)
        .group_by(c.issue)
    )
    return {issue: (int(nombre), derniere) for issue, nombre, derniere in await session.execute(requete)}


@dataclass(frozen=True, slots=True)
class Operation:
    """Distinct traces of one operation."""

    succes: int
    echecs: int
    premiere_le: datetime


async def operations(session: AsyncSession, preserie_id: int) -> dict[str, Operation]:
    c = compteur_operation.c
    requete = select(c.operation, c.succes, c.echecs, c.premiere_le).where(c.preserie_id == preserie_id)
    return {nom: Operation(*reste) for nom, *reste in await session.execute(requete)}


async def anomalies(session: AsyncSession, preserie_id: int) -> list[AnomalieLue]:
    requete = (
        select(anomalie).where(anomalie.c.preserie_id == preserie_id).order_by(anomalie.c.operation, anomalie.c.code)
    )
    return [AnomalieLue.model_validate(dict(ligne)) for ligne in (await session.execute(requete)).mappings()]


_AXES: dict[Axe, SQLColumnExpression[Any]] = {
    Axe.PILOTE: Pilote.numero_am,
    Axe.VERSION: _c.version,
    Axe.TYPE_PRESCRIPTION: _c.type_prescription,
    Axe.JOUR: _c.jour,
}


async def ventiler(session: AsyncSession, preserie: Preserie, axe: Axe) -> list[LigneVentilee]:
    """The executions of the criteria's window by one axis, in its order."""
    cle: ColumnElement[Any] = _AXES[axe].label("cle")
    requete = (
        select(
            cle,
            func.sum(_c.executions),
            func.coalesce(func.sum(_c.executions).filter(_c.enregistree), 0),
            func.sum(_c.tentatives),
        )
        .join(Pilote, Pilote.id == _c.pilote_id)
        .where(_c.preserie_id == preserie.id)
        .group_by(cle)
        .having(func.sum(_c.executions) > 0)
        .order_by(cle)
    )
    if preserie.observee_depuis is not None:
        requete = requete.where(_c.jour >= preserie.observee_depuis)
    return [
        LigneVentilee(cle=str(valeur), executions=int(n), enregistrees=int(e), tentatives=int(t))
        for valeur, n, e, t in await session.execute(requete)
    ]


@dataclass(frozen=True, slots=True)
class Filtre:
    """Which executions to list; None filters nothing."""

    enregistree: bool | None = None
    conformite: Conformite | None = None
    phase: int | None = None
    pilote: str | None = None
    version: str | None = None
    type_prescription: str | None = None
    jour: date | None = None
    depuis: date | None = None


async def executions(
    session: AsyncSession, preserie_id: int, filtre: Filtre, apres: CleExecution | None, limite: int
) -> Sequence[RowMapping]:
    """Executions with their pilote's N° AM and their phase, in the order of their key."""
    requete = (
        select(execution, Pilote.numero_am, _phase(_x.jour).label("phase"))
        .join(Pilote, Pilote.id == _x.pilote_id)
        .where(_x.preserie_id == preserie_id, *_conditions(filtre))
        .order_by(_x.pilote_id, _x.pseudonyme, _x.numero_execution)
        .limit(limite)
    )
    if apres is not None:
        requete = requete.where(
            tuple_(_x.pilote_id, _x.pseudonyme, _x.numero_execution)
            > tuple_(literal(apres.pilote_id), literal(apres.pseudonyme), literal(apres.numero_execution))
        )
    return (await session.execute(requete)).mappings().all()


def _conditions(filtre: Filtre) -> list[ColumnElement[bool]]:
    simples: list[tuple[SQLColumnExpression[Any], object]] = [
        (_x.enregistree, filtre.enregistree),
        (_phase(_x.jour), filtre.phase),
        (Pilote.numero_am, filtre.pilote),
        (_x.version, filtre.version),
        (_x.type_prescription, filtre.type_prescription),
        (_x.jour, filtre.jour),
    ]
    conditions = [colonne == valeur for colonne, valeur in simples if valeur is not None]
    if filtre.depuis is not None:
        conditions.append(_x.jour >= filtre.depuis)
    if filtre.conformite is not None:
        conditions.append(_de_conformite(filtre.conformite))
    return conditions


def _de_conformite(voulue: Conformite) -> ColumnElement[bool]:
    """The pure rule's truth table, so that the list and the figure can't disagree."""
    drapeaux = (True, False, None)
    return or_(
        *(
            and_(
                _phase(_x.jour) == phase,
                _x.enregistree == enregistree,
                _x.scor_succes.is_not_distinct_from(succes),
                _x.scor_echec.is_not_distinct_from(echec),
            )
            for phase in (1, 2)
            for enregistree in (True, False)
            for succes in drapeaux
            for echec in drapeaux
            if conformite(phase, enregistree, succes, echec) is voulue
        )
    )


async def une_execution(session: AsyncSession, cle: CleExecution) -> RowMapping | None:
    """An execution as in ``executions``, with the codes of its ``preserie`` and of that one's ``editeur``."""
    requete = (
        select(
            execution,
            Pilote.numero_am,
            _phase(_x.jour).label("phase"),
            Preserie.code.label("preserie"),
            Editeur.code.label("editeur"),
        )
        .select_from(execution)
        .join(Pilote, Pilote.id == _x.pilote_id)
        .join(Preserie, Preserie.id == Pilote.preserie_id)
        .join(Logiciel, Logiciel.id == Preserie.logiciel_id)
        .join(Editeur, Editeur.id == Logiciel.editeur_id)
        .where(
            _x.preserie_id == Pilote.preserie_id,
            _x.pilote_id == cle.pilote_id,
            _x.pseudonyme == cle.pseudonyme,
            _x.numero_execution == cle.numero_execution,
        )
    )
    return (await session.execute(requete)).mappings().first()


async def traces(session: AsyncSession, preserie_id: int, cle: CleExecution) -> Sequence[RowMapping]:
    """The ``execution`` traces of one execution, in the order in which they are folded."""
    t = trace.c
    requete = (
        select(trace)
        .where(
            t.preserie_id == preserie_id,
            t.pilote_id == cle.pilote_id,
            t.pseudonyme == cle.pseudonyme,
            t.numero_execution == cle.numero_execution,
            t.operation == "execution",
        )
        .order_by(t.emise_le, t.id)
    )
    return (await session.execute(requete)).mappings().all()
