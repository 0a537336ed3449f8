"""Where figures are read: the counters of now, or the same tables worked out again from what had been received."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Select,
    SQLColumnExpression,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on

from app.bilan.modeles import MiseALEcart
from app.preseries import histoire
from app.preseries.histoire import Registre, registre_au
from app.traces.modeles import (
    anomalie,
    compteur_execution,
    compteur_operation,
    compteur_trace,
    execution,
    reception_sans_suite,
    trace,
)
from app.traces.refus import Issue


@dataclass(frozen=True, slots=True)
class Source:
    """Relations with the columns of ``execution``, ``compteur_execution``, ``compteur_trace`` and so on.

    ``au``: only what was received and done up to this instant; None for everything. ``ecartees`` has the cells of the
    executions that were set aside, ``registre`` the registry's tables.
    """

    au: datetime | None
    registre: Registre
    executions: FromClause
    cellules: FromClause
    receptions: FromClause
    operations: FromClause
    anomalies: FromClause
    ecarts: FromClause
    ecartees: FromClause

    def recue(self, recue_le: SQLColumnExpression[datetime]) -> ColumnElement[bool]:
        """Of a reception, or of what people did: whether it was known by then."""
        return literal(True) if self.au is None else recue_le <= self.au

    def phase(self, jour: ColumnElement[date]) -> ColumnElement[int]:
        """``conformite.phase`` for rows joined to their pilote; without parameters, so that one can group by it."""
        return case((self.registre.pilote.phase_2_le <= jour, literal_column("2")), else_=literal_column("1"))


def ecarts_au(au: datetime | None) -> FromClause:
    """The keys of the executions that stand set aside."""
    m = MiseALEcart
    cle = (m.preserie_id, m.pilote_id, m.pseudonyme, m.numero_execution)
    dernieres = select(*cle, m.ecartee).ext(distinct_on(*cle)).order_by(*cle, m.id.desc())
    if au is not None:
        dernieres = dernieres.where(m.le <= au)
    d = dernieres.subquery().c
    return select(d.preserie_id, d.pilote_id, d.pseudonyme, d.numero_execution).where(d.ecartee).subquery("ecarts")


def meme_execution(a: FromClause, b: FromClause) -> ColumnElement[bool]:
    """Joins two relations on the key of an execution."""
    return and_(*(a.c[nom] == b.c[nom] for nom in ("preserie_id", "pilote_id", "pseudonyme", "numero_execution")))


def _ecartees(executions: FromClause, ecarts: FromClause) -> FromClause:
    """The cells of those set aside: each is looked up by its key, however many executions there are."""
    x, e = executions.c, ecarts.c
    propres = (x.jour, x.version, x.type_prescription, x.enregistree, x.scor_succes, x.scor_echec, x.tentatives)
    cellule = (
        select(*propres, literal_column("1").label("executions"))
        .where(meme_execution(executions, ecarts))
        .correlate(ecarts)
        .offset(literal_column("0"))  # keeps the planner from reading them all to join them
        .lateral("cellule")
    )
    return select(e.preserie_id, e.pilote_id, *cellule.c).join_from(ecarts, cellule, true()).subquery("ecartees")


_ECARTS = ecarts_au(None)
PRESENT = Source(
    None,
    histoire.PRESENT,
    execution,
    compteur_execution,
    compteur_trace,
    compteur_operation,
    anomalie,
    _ECARTS,
    _ecartees(execution, _ECARTS),
)


def connue_au(preserie_id: int, au: datetime) -> Source:
    """One présérie as its receptions up to ``au`` make it: DOMAIN's fold in one pass over its traces."""
    t = trace.c
    recues: tuple[ColumnElement[bool], ...] = (t.preserie_id == preserie_id, t.recue_le <= au)
    executions = _pliees(recues).cte("pliees")
    ecarts = ecarts_au(au)
    return Source(
        au,
        registre_au(au),
        executions,
        _cellules(executions).cte("cellules"),
        _receptions(preserie_id, au, recues).subquery("receptions"),
        _operations(recues).subquery("operations"),
        _anomalies(recues).subquery("anomalies"),
        ecarts,
        _ecartees(executions, ecarts),
    )


def _pliees(recues: tuple[ColumnElement[bool], ...]) -> Select[*tuple[Any, ...]]:
    t = trace.c
    premiere_le = func.min(t.emise_le)

    def de_la_premiere(colonne: ColumnElement[Any]) -> ColumnElement[Any]:
        premieres: ColumnElement[Any] = func.array_agg(aggregate_order_by(colonne, t.emise_le, t.id))
        return premieres[1]

    return (
        select(
            t.preserie_id,
            t.pilote_id,
            t.pseudonyme,
            t.numero_execution,
            premiere_le.label("premiere_le"),
            cast(func.timezone("Europe/Paris", premiere_le), Date).label("jour"),
            de_la_premiere(t.id).label("premiere_id"),
            de_la_premiere(t.version).label("version"),
            de_la_premiere(t.type_prescription).label("type_prescription"),
            func.bool_or(t.succes).label("enregistree"),
            func.bool_or(t.scor_envoye).filter(t.succes).label("scor_succes"),
            func.bool_or(t.scor_envoye).filter(~t.succes).label("scor_echec"),
            func.max(t.emise_le).label("derniere_le"),
            func.count().label("tentatives"),
        )
        .where(*recues, t.operation == "execution")
        .group_by(t.preserie_id, t.pilote_id, t.pseudonyme, t.numero_execution)
    )


def _cellules(executions: FromClause) -> Select[*tuple[Any, ...]]:
    x = executions.c
    axes = (
        *(x.preserie_id, x.pilote_id, x.jour, x.version),
        *(x.type_prescription, x.enregistree, x.scor_succes, x.scor_echec),
    )
    return select(*axes, func.count().label("executions"), func.sum(x.tentatives).label("tentatives")).group_by(*axes)


def _operations(recues: tuple[ColumnElement[bool], ...]) -> Select[*tuple[Any, ...]]:
    t = trace.c
    return (
        select(
            t.preserie_id,
            t.operation,
            t.version,
            func.count().filter(t.succes).label("succes"),
            func.count().filter(~t.succes).label("echecs"),
            func.min(t.emise_le).label("premiere_le"),
            func.max(t.emise_le).label("derniere_le"),
        )
        .where(*recues)
        .group_by(t.preserie_id, t.operation, t.version)
    )


def _anomalies(recues: tuple[ColumnElement[bool], ...]) -> Select[*tuple[Any, ...]]:
    t = trace.c
    return (
        select(
            t.preserie_id,
            t.operation,
            t.erreur_code.label("code"),
            t.version,
            t.pilote_id,
            func.bool_or(t.erreur_bloquante).label("bloquante"),
            func.count().label("occurrences"),
            func.min(t.emise_le).label("premiere_le"),
            func.max(t.emise_le).label("derniere_le"),
        )
        .where(*recues, t.erreur_origine == "logiciel")
        .group_by(t.preserie_id, t.operation, t.erreur_code, t.version, t.pilote_id)
    )


def _receptions(preserie_id: int, au: datetime, recues: tuple[ColumnElement[bool], ...]) -> Any:
    t, r = trace.c, reception_sans_suite.c
    enregistrees = (
        select(
            t.preserie_id,
            t.pilote_id,
            literal(Issue.ENREGISTREE.value).label("issue"),
            func.count().label("nombre"),
            func.max(t.recue_le).label("derniere_le"),
        )
        .where(*recues)
        .group_by(t.preserie_id, t.pilote_id)
    )
    sans_suite = (
        select(r.preserie_id, r.pilote_id, r.issue, func.count(), func.max(r.recue_le))
        .where(r.preserie_id == preserie_id, r.recue_le <= au)
        .group_by(r.preserie_id, r.pilote_id, r.issue)
    )
    return enregistrees.union_all(sans_suite)
