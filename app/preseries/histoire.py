"""The registry as it was at an instant: the same tables, read from the versions that the database keeps of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    PrimaryKeyConstraint,
    Text,
    case,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy import Table as TableSql
from sqlalchemy.dialects.postgresql import JSONB, distinct_on
from sqlalchemy.orm import aliased

from app.preseries.modeles import Editeur, Jalon, Logiciel, Pilote, Prerequis, Preserie
from app.stockage.tables import Table

version_registre = TableSql(
    "version_registre",
    Table.metadata,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("depuis_le", DateTime(timezone=True), server_default=func.clock_timestamp(), nullable=False),
    Column("objet", Text, nullable=False),
    Column("cle", Text, nullable=False),
    Column("ligne", JSONB, nullable=False),
    PrimaryKeyConstraint("id"),
    Index("ix_version_registre_objet", "objet", "cle", "depuis_le", "id"),
)
"""Every version of a row, written by a trigger of its table; wrapped keys are left out."""

T = TypeVar("T", bound=Table)


@dataclass(frozen=True, slots=True)
class Registre:
    """The registry's tables, of now or of an instant. ``autre`` is ``preserie`` once more, for a look at the others."""

    editeur: type[Editeur]
    logiciel: type[Logiciel]
    preserie: type[Preserie]
    autre: type[Preserie]
    pilote: type[Pilote]
    jalon: type[Jalon]
    prerequis: type[Prerequis]


PRESENT = Registre(Editeur, Logiciel, Preserie, aliased(Preserie, name="autre"), Pilote, Jalon, Prerequis)


def registre_au(au: datetime) -> Registre:
    """The registry as it was at ``au``; modules are left out, of which a bilan tells only the code.

    Before it was entered, a présérie stands as it was entered first, with its logiciel and éditeur, and without
    anything else: its bilan of then can be read, and is empty.
    """
    return Registre(
        _alors(Editeur, au, ou_premiere=True),
        _alors(Logiciel, au, ou_premiere=True),
        _alors(Preserie, au, ou_premiere=True),
        _alors(Preserie, au, "autre"),
        _alors(Pilote, au),
        _alors(Jalon, au),
        _alors(Prerequis, au),
    )


def _alors(modele: type[T], au: datetime, nom: str | None = None, *, ou_premiere: bool = False) -> type[T]:
    table = modele.__table__
    assert isinstance(table, TableSql)  # noqa: S101 — what each of these is mapped to
    v = version_registre.c
    dernieres = (
        select(v.ligne)
        .ext(distinct_on(v.cle))
        .where(v.objet == table.name, or_(v.depuis_le <= au, literal(ou_premiere)))
        .order_by(v.cle, (v.depuis_le <= au).desc(), case((v.depuis_le <= au, v.id), else_=-v.id).desc())
        .subquery()
    )
    nulle: Column[object] = literal_column(f"NULL::{table.name}")  # type: ignore[assignment]
    lignes = func.jsonb_populate_record(nulle, dernieres.c.ligne).table_valued(
        *(column(c.name, c.type) for c in table.columns), name="ligne"
    )
    relation = (
        select(*lignes.c).select_from(dernieres.join(lignes, literal_column("true"))).cte(f"{nom or table.name}_alors")
    )
    return aliased(modele, relation, name=nom or table.name, adapt_on_names=True)
