"""Reads behind bilans: one statement, for one présérie or for all, of a few rows of counters each."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, Select, SQLColumnExpression, cast, func, null, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.bilan.faits import Dossier, Faits, Operation, PiloteInscrit, Reception
from app.bilan.figures import Cellule
from app.bilan.schemas import AnomalieLue, Axe, LigneVentilee
from app.bilan.sources import PRESENT, Source, phase
from app.preseries.cycle import Statut
from app.preseries.depot import ailleurs, maximum_releve
from app.preseries.modeles import Editeur, Jalon, Logiciel, Module, Pilote, Preserie


@dataclass(frozen=True, slots=True)
class Selection:
    """Which préséries: None selects them all; of those, what the caller may see."""

    preserie: str | None = None
    editeur: str | None = None
    module: str | None = None
    statut: Statut | None = None
    visible_par: Acces | None = None


async def dossiers(session: AsyncSession, selection: Selection) -> list[Dossier]:
    """The préséries of a selection, in the order of their codes."""
    return [Dossier(*ligne) for ligne in await session.execute(_dossiers(selection, None, None))]


async def lire_faits(
    session: AsyncSession,
    selection: Selection,
    source: Source = PRESENT,
    apres: str | None = None,
    limite: int | None = None,
    *,
    modalites_aussi: bool = True,
) -> list[Faits]:
    """What is known of the préséries of a selection, in the order of their codes, all in one statement.

    Without ``modalites_aussi``, ``jours_phase_2`` and ``ailleurs`` stay empty: only modalités need them.
    A source as of an instant speaks of one présérie, which the selection then has to name.
    """
    requete = _dossiers(selection, apres, limite).add_columns(
        _liste(_cellules(source.cellules)),
        _liste(_receptions(source.receptions)),
        _liste(_operations(source.operations)),
        _liste(_anomalies(source.anomalies)),
        _liste(_pilotes()),
        _liste(select(func.row(Jalon.code, Jalon.le)).where(Jalon.preserie_id == Preserie.id)),
        *((_liste(_jours_phase_2(source.cellules)), _liste(ailleurs())) if modalites_aussi else (null(), null())),
    )
    return [_faits(ligne, source) for ligne in await session.execute(requete)]


def _dossiers(selection: Selection, apres: str | None, limite: int | None) -> Select[*tuple[Any, ...]]:
    p = Preserie
    colonnes = (
        *(p.id, p.code, Logiciel.code, Module.code, Editeur.code, p.categorie_ps, p.referentiel_version),
        *(p.statut, p.traces_actives, p.traces_depuis_le, p.demarree_le, p.observee_depuis, p.cpam, p.fin_prevue_le),
        *(maximum_releve(), Editeur.solution_sesam_vitale, Logiciel.cnda_le, p.purgee_le, func.now()),
    )
    requete: Select[*tuple[Any, ...]] = (
        select(*colonnes)
        .join(Logiciel, Logiciel.id == Preserie.logiciel_id)
        .join(Module, Module.id == Logiciel.module_id)
        .join(Editeur, Editeur.id == Logiciel.editeur_id)
        .where(*_conditions(selection))
        .order_by(Preserie.code)
        .limit(limite)
    )
    return requete if apres is None else requete.where(Preserie.code > apres)


def _conditions(selection: Selection) -> list[ColumnElement[bool]]:
    acces = selection.visible_par
    egales: list[tuple[SQLColumnExpression[Any], str | None]] = [
        (Preserie.code, selection.preserie),
        (Editeur.code, selection.editeur),
        (Module.code, selection.module),
        (Preserie.statut, selection.statut),
        (Editeur.code, acces.editeur if acces is not None else None),
    ]
    conditions = [colonne == valeur for colonne, valeur in egales if valeur is not None]
    if acces is not None and acces.preseries is not None:
        conditions.append(Preserie.code.in_(acces.preseries))
    return conditions


def _liste(lignes: Select[*tuple[Any, ...]]) -> ColumnElement[Any]:
    """A query's rows as one array of tuples, for the présérie of the outer row."""
    return func.array(lignes.scalar_subquery())


def _cellules(cellules: FromClause) -> Select[*tuple[Any, ...]]:
    c = cellules.c
    fenetre = or_(Preserie.observee_depuis.is_(None), c.jour >= Preserie.observee_depuis)
    axes = (Pilote.numero_am, phase(c.jour), fenetre, c.enregistree, c.scor_succes, c.scor_echec)
    sommes = (cast(func.sum(c.executions), BigInteger), cast(func.sum(c.tentatives), BigInteger))
    return (
        select(func.row(*axes, *sommes))
        .select_from(cellules.join(Pilote, Pilote.id == c.pilote_id))
        .where(c.preserie_id == Preserie.id)
        .group_by(*axes)
        .having(func.sum(c.executions) > 0)
        .correlate(Preserie)
    )


def _receptions(receptions: FromClause) -> Select[*tuple[Any, ...]]:
    r = receptions.c
    return select(func.row(r.pilote_id, r.issue, r.nombre, r.derniere_le)).where(r.preserie_id == Preserie.id)


def _operations(operations: FromClause) -> Select[*tuple[Any, ...]]:
    o = operations.c
    return select(func.row(o.operation, o.succes, o.echecs, o.premiere_le)).where(o.preserie_id == Preserie.id)


def _anomalies(anomalies: FromClause) -> Select[*tuple[Any, ...]]:
    a = anomalies.c
    colonnes = (a.operation, a.code, a.bloquante, a.occurrences, a.premiere_le, a.derniere_le)
    return select(func.row(*colonnes)).where(a.preserie_id == Preserie.id).order_by(a.operation, a.code)


def _pilotes() -> Select[*tuple[Any, ...]]:
    p = Pilote
    colonnes = (
        *(p.numero_am, p.cpam, p.sesam_vitale, p.accord_le, p.equipement_verifie, p.forme_le),
        *(p.installation_prevue_le, p.installe_le, p.phase_2_le, p.retire_le, p.id),
    )
    return select(func.row(*colonnes)).where(p.preserie_id == Preserie.id).order_by(p.numero_am)


def _jours_phase_2(cellules: FromClause) -> Select[*tuple[Any, ...]]:
    c = cellules.c
    return (
        select(func.row(c.jour, cast(func.sum(c.executions), BigInteger)))
        .select_from(cellules.join(Pilote, Pilote.id == c.pilote_id))
        .where(c.preserie_id == Preserie.id, Pilote.phase_2_le <= c.jour)
        .group_by(c.jour)
        .having(func.sum(c.executions) > 0)
        .correlate(Preserie)
    )


def _faits(ligne: Any, source: Source) -> Faits:
    *dossier, cellules, receptions, operations, anomalies, pilotes, jalons, jours_phase_2, ailleurs = ligne
    return Faits(
        Dossier(*dossier),
        source.au,
        [Cellule(*c) for c in cellules],
        [Reception(*r) for r in receptions],
        {nom: Operation(*reste) for nom, *reste in operations},
        [_anomalie(*a) for a in anomalies],
        [PiloteInscrit(*p) for p in pilotes],
        dict(jalons),
        dict(jours_phase_2 or ()),
        ailleurs or (),
    )


def _anomalie(*valeurs: Any) -> AnomalieLue:
    return AnomalieLue.model_validate(dict(zip(AnomalieLue.model_fields, valeurs, strict=True)))


async def ventiler(session: AsyncSession, dossier: Dossier, axe: Axe, source: Source) -> list[LigneVentilee]:
    """The executions of the criteria's window by one axis, in its order."""
    c = source.cellules.c
    cle: SQLColumnExpression[Any] = Pilote.numero_am if axe is Axe.PILOTE else c[axe.value]
    requete = (
        select(
            cle.label("cle"),
            func.sum(c.executions),
            func.coalesce(func.sum(c.executions).filter(c.enregistree), 0),
            func.sum(c.tentatives),
        )
        .join(Pilote, Pilote.id == c.pilote_id)
        .where(c.preserie_id == dossier.id)
        .group_by(cle)
        .having(func.sum(c.executions) > 0)
        .order_by(cle)
    )
    if dossier.observee_depuis is not None:
        requete = requete.where(c.jour >= dossier.observee_depuis)
    return [
        LigneVentilee(cle=str(valeur), executions=int(n), enregistrees=int(e), tentatives=int(t))
        for valeur, n, e, t in await session.execute(requete)
    ]
