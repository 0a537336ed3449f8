"""Reads behind bilans: one statement, for one présérie or for all, of a few rows of counters each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, Select, SQLColumnExpression, cast, func, null, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.anomalies.modeles import SuiteAnomalie
from app.anomalies.regles import Occurrences, Suite
from app.bilan.faits import Dossier, Faits, Operation, PiloteInscrit, PrerequisConnu, Reception
from app.bilan.figures import Cellule
from app.bilan.schemas import Axe, LigneVentilee
from app.bilan.sources import PRESENT, Source
from app.observabilite.telemetrie import etape
from app.preseries.cycle import Statut
from app.preseries.depot import ailleurs, maximum_releve
from app.preseries.histoire import Registre
from app.preseries.modeles import Module
from app.questionnaire.depot import invites, reponses
from app.questionnaire.regles import Reponse


@dataclass(frozen=True, slots=True)
class Selection:
    """Which préséries: None selects them all; of those, what the caller may see."""

    preserie: str | None = None
    editeur: str | None = None
    module: str | None = None
    statut: Statut | None = None
    visible_par: Acces | None = None
    ids: Collection[int] | None = None


async def dossiers(session: AsyncSession, selection: Selection) -> list[Dossier]:
    """The préséries of a selection, in the order of their codes."""
    return [Dossier(*ligne) for ligne in await session.execute(_dossiers(selection, None, None, PRESENT))]


async def lire_faits(
    session: AsyncSession,
    selection: Selection,
    source: Source = PRESENT,
    apres: str | None = None,
    limite: int | None = None,
    *,
    pour_les_mesures: bool = False,
) -> list[Faits]:
    """What is known of the préséries of a selection, in the order of their codes, all in one statement.

    ``pour_les_mesures``: cells name their version; ``jours_phase_2`` and ``ailleurs`` stay empty, only modalités need
    them.
    A source as of an instant speaks of one présérie, which the selection then has to name.
    """
    colonnes = _DU_PRESENT[pour_les_mesures] if source is PRESENT else _colonnes(source, pour_les_mesures)
    requete = _dossiers(selection, apres, limite, source).add_columns(*colonnes)
    with etape("lecture de bilans"):
        lignes = await session.execute(requete)
    return [_faits(ligne, source) for ligne in lignes]


def _colonnes(source: Source, pour_les_mesures: bool) -> Sequence[ColumnElement[Any]]:
    """What is read of a présérie beside its dossier, in the order of ``_faits``."""
    return (
        _liste(_cellules(source, source.cellules, pour_les_mesures)),
        _liste(_cellules(source, source.ecartees, pour_les_mesures)),
        _liste(_receptions(source)),
        _liste(_operations(source)),
        _liste(_anomalies(source)),
        _liste(_suites(source)),
        _liste(_pilotes(source)),
        _liste(_jalons(source)),
        _liste(_prerequis(source)),
        _liste(reponses(source.registre.preserie, source.au)),
        invites(source.registre.preserie, source.au),
        *(
            (null(), null())
            if pour_les_mesures
            else (_liste(_jours_phase_2(source)), _liste(ailleurs(source.registre)))
        ),
    )


def _dossiers(selection: Selection, apres: str | None, limite: int | None, source: Source) -> Select[*tuple[Any, ...]]:
    r = source.registre
    p = r.preserie
    colonnes = (
        *(p.id, p.code, r.logiciel.code, Module.code, r.editeur.code, p.categorie_ps, p.referentiel_version),
        *(p.statut, p.traces_actives, p.traces_depuis_le, p.demarree_le, p.observee_depuis, p.cpam, p.fin_prevue_le),
        *(maximum_releve(r), r.editeur.solution_sesam_vitale, r.logiciel.cnda_le, p.purgee_le, func.now()),
    )
    requete: Select[*tuple[Any, ...]] = (
        select(*colonnes)
        .join(r.logiciel, r.logiciel.id == p.logiciel_id)
        .join(Module, Module.id == r.logiciel.module_id)
        .join(r.editeur, r.editeur.id == r.logiciel.editeur_id)
        .where(*_conditions(selection, r))
        .order_by(p.code)
        .limit(limite)
    )
    return requete if apres is None else requete.where(p.code > apres)


def _conditions(selection: Selection, r: Registre) -> list[ColumnElement[bool]]:
    acces = selection.visible_par
    egales: list[tuple[SQLColumnExpression[Any], str | None]] = [
        (r.preserie.code, selection.preserie),
        (r.editeur.code, selection.editeur),
        (Module.code, selection.module),
        (r.preserie.statut, selection.statut),
        (r.editeur.code, acces.editeur if acces is not None else None),
    ]
    conditions = [colonne == valeur for colonne, valeur in egales if valeur is not None]
    if selection.ids is not None:
        conditions.append(r.preserie.id == func.any(list(selection.ids)))
    if acces is not None and acces.preseries is not None:
        conditions.append(r.preserie.code.in_(acces.preseries))
    return conditions


def _liste(lignes: Select[*tuple[Any, ...]]) -> ColumnElement[Any]:
    """A query's rows as one array of tuples, for the présérie of the outer row."""
    return func.array(lignes.scalar_subquery())


def _cellules(source: Source, cellules: FromClause, par_version: bool) -> Select[*tuple[Any, ...]]:
    c, p, pilote = cellules.c, source.registre.preserie, source.registre.pilote
    fenetre = or_(p.observee_depuis.is_(None), c.jour >= p.observee_depuis)
    axes = (pilote.numero_am, source.phase(c.jour), fenetre, c.enregistree, c.scor_succes, c.scor_echec)
    version = (c.version,) if par_version else ()
    sommes = (cast(func.sum(c.executions), BigInteger), cast(func.sum(c.tentatives), BigInteger))
    return (
        select(func.row(*axes, *sommes, *version))
        .select_from(cellules)
        .join(pilote, pilote.id == c.pilote_id)
        .where(c.preserie_id == p.id)
        .group_by(*axes, *version)
        .having(func.sum(c.executions) > 0)
        .correlate(p)
    )


def _receptions(source: Source) -> Select[*tuple[Any, ...]]:
    r = source.receptions.c
    colonnes = (r.pilote_id, r.issue, r.nombre, r.derniere_le)
    return select(func.row(*colonnes)).where(r.preserie_id == source.registre.preserie.id)


def _operations(source: Source) -> Select[*tuple[Any, ...]]:
    o = source.operations.c
    colonnes = (o.operation, o.version, o.succes, o.echecs, o.premiere_le)
    return select(func.row(*colonnes)).where(o.preserie_id == source.registre.preserie.id)


def _anomalies(source: Source) -> Select[*tuple[Any, ...]]:
    a, p, pilote = source.anomalies.c, source.registre.preserie, source.registre.pilote
    numero_am = func.coalesce(pilote.numero_am, "")
    colonnes = (a.operation, a.code, a.version, numero_am, a.bloquante, a.occurrences, a.premiere_le, a.derniere_le)
    return (
        select(func.row(*colonnes))
        .select_from(source.anomalies)
        .outerjoin(pilote, pilote.id == a.pilote_id)
        .where(a.preserie_id == p.id)
        .correlate(p)
    )


def _suites(source: Source) -> Select[*tuple[Any, ...]]:
    s = SuiteAnomalie
    colonnes = (
        *(s.operation, s.code, s.le, s.role, s.statut, s.libelle, s.origine, s.bloquante),
        *(s.version_corrective, s.motif),
    )
    siennes = (s.preserie_id == source.registre.preserie.id, source.recue(s.le))
    return select(func.row(*colonnes)).where(*siennes).order_by(s.id)


def _pilotes(source: Source) -> Select[*tuple[Any, ...]]:
    p = source.registre.pilote
    colonnes = (
        *(p.numero_am, p.cpam, p.sesam_vitale, p.accord_le, p.equipement_verifie, p.forme_le),
        *(p.installation_prevue_le, p.installe_le, p.phase_2_le, p.retire_le, p.id),
    )
    siens = p.preserie_id == source.registre.preserie.id
    return select(func.row(*colonnes)).where(siens).order_by(p.numero_am)


def _jalons(source: Source) -> Select[*tuple[Any, ...]]:
    j = source.registre.jalon
    return select(func.row(j.code, j.le)).where(j.preserie_id == source.registre.preserie.id)


def _prerequis(source: Source) -> Select[*tuple[Any, ...]]:
    p = source.registre.prerequis
    siens = (p.preserie_id == source.registre.preserie.id, p.retire_le.is_(None))
    return select(func.row(p.code, p.libelle, p.valide_le)).where(*siens).order_by(p.code)


def _jours_phase_2(source: Source) -> Select[*tuple[Any, ...]]:
    c, p, pilote = source.cellules.c, source.registre.preserie, source.registre.pilote
    return (
        select(func.row(c.jour, cast(func.sum(c.executions), BigInteger)))
        .select_from(source.cellules)
        .join(pilote, pilote.id == c.pilote_id)
        .where(c.preserie_id == p.id, pilote.preserie_id == p.id, pilote.phase_2_le <= c.jour)
        .group_by(c.jour)
        .having(func.sum(c.executions) > 0)
        .correlate(p)
    )


# To put these together takes longer than to run them.
_DU_PRESENT = {mesures: _colonnes(PRESENT, mesures) for mesures in (True, False)}


def _faits(ligne: Any, source: Source) -> Faits:
    dossier, listes = ligne[: len(fields(Dossier))], ligne[len(fields(Dossier)) :]
    cellules, ecartees, receptions, operations, anomalies, suites, pilotes, jalons, prerequis, *suite = listes
    reponses, invites, jours_phase_2, ailleurs = suite
    return Faits(
        Dossier(*dossier),
        source.au,
        [Cellule(*c) for c in cellules],
        [Cellule(*c) for c in ecartees],
        [Reception(*r) for r in receptions],
        [Operation(*o) for o in operations],
        [Occurrences(*a) for a in anomalies],
        [Suite(*s) for s in suites],
        [PiloteInscrit(*p) for p in pilotes],
        dict(jalons),
        [PrerequisConnu(*p) for p in prerequis],
        [Reponse(*r) for r in reponses],
        invites,
        dict(jours_phase_2 or ()),
        ailleurs or (),
    )


async def ventiler(session: AsyncSession, dossier: Dossier, axe: Axe, source: Source) -> list[LigneVentilee]:
    """The executions of the criteria's window by one axis, in its order."""
    comptees = _comptees(source)
    c, pilote = comptees.c, source.registre.pilote
    cle: SQLColumnExpression[Any] = pilote.numero_am if axe is Axe.PILOTE else c[axe.value]
    requete = (
        select(
            cle.label("cle"),
            func.sum(c.executions),
            func.coalesce(func.sum(c.executions).filter(c.enregistree), 0),
            func.sum(c.tentatives),
        )
        .join(pilote, pilote.id == c.pilote_id)
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


def _comptees(source: Source) -> FromClause:
    """All cells, less those of the executions that were set aside."""
    c, e = source.cellules.c, source.ecartees.c
    noms = ("preserie_id", "pilote_id", "jour", "version", "type_prescription", "enregistree")
    toutes = select(*(c[nom] for nom in noms), c.executions, c.tentatives)
    otees = select(*(e[nom] for nom in noms), -e.executions, -e.tentatives)
    return toutes.union_all(otees).subquery("comptees")
