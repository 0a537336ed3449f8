"""Tables of the hot path: traces, receptions that stored none, executions, and the counters that a bilan reads.

They bear no foreign key: registry rows are never deleted, ids come from the registry itself, and a key check per row
would cost as much as the row. Every key starts with the présérie. Their one writer is ``app.traces.depot``.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
)

from app.stockage.tables import Table as _Base

_meta = _Base.metadata
_instant = DateTime(timezone=True)

trace = Table(
    "trace",
    _meta,
    Column("emise_le", _instant, nullable=False),
    Column("recue_le", _instant, nullable=False, server_default=func.clock_timestamp()),
    Column("sequence", BigInteger),
    Column("id", Uuid, nullable=False),
    Column("preserie_id", Integer, nullable=False),
    Column("pilote_id", Integer, nullable=False),
    Column("cle_id", Integer, nullable=False),
    Column("duree_ms", Integer),
    Column("numero_execution", SmallInteger, nullable=False),
    Column("succes", Boolean, nullable=False),
    Column("scor_envoye", Boolean),
    Column("erreur_bloquante", Boolean),
    Column("empreinte", LargeBinary, nullable=False),
    Column("pseudonyme", LargeBinary),
    Column("version", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("type_prescription", Text),
    Column("poste", Text),
    Column("erreur_code", Text),
    Column("erreur_origine", Text),
    Column("erreur_message", Text),
    PrimaryKeyConstraint("preserie_id", "id"),
)

reception_sans_suite = Table(
    "reception_sans_suite",
    _meta,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("recue_le", _instant, nullable=False, server_default=func.clock_timestamp()),
    Column("preserie_id", Integer, nullable=False),
    Column("pilote_id", Integer, nullable=False, comment="0: refusée sans pilote connu"),
    Column("cle_id", Integer, nullable=False),
    Column("issue", Text, nullable=False),
    Column("champ", Text),
    Column("trace_id", Uuid),
    Column("poste", Text),
    Column("sequence", BigInteger),
    Column("version", Text),
    PrimaryKeyConstraint("preserie_id", "id"),
)
"""Receptions that stored no trace, one by one: ``doublon``, or the code of the refusal."""

execution = Table(
    "execution",
    _meta,
    Column("premiere_le", _instant, nullable=False),
    Column("derniere_le", _instant, nullable=False),
    Column("premiere_id", Uuid, nullable=False),
    Column("preserie_id", Integer, nullable=False),
    Column("pilote_id", Integer, nullable=False),
    Column("tentatives", Integer, nullable=False),
    Column(
        "jour",
        Date,
        Computed("(premiere_le AT TIME ZONE 'Europe/Paris')::date", persisted=True),
        nullable=False,
    ),
    Column("numero_execution", SmallInteger, nullable=False),
    Column("enregistree", Boolean, nullable=False),
    Column("scor_succes", Boolean),
    Column("scor_echec", Boolean),
    Column("pseudonyme", LargeBinary, nullable=False),
    Column("version", Text, nullable=False),
    Column("type_prescription", Text, nullable=False),
    PrimaryKeyConstraint("preserie_id", "pilote_id", "pseudonyme", "numero_execution"),
    postgresql_with={"fillfactor": "85"},
)

_CELLULE = (
    "preserie_id",
    "pilote_id",
    "jour",
    "version",
    "type_prescription",
    "enregistree",
    "scor_succes",
    "scor_echec",
)

compteur_execution = Table(
    "compteur_execution",
    _meta,
    Column("executions", BigInteger, nullable=False),
    Column("tentatives", BigInteger, nullable=False),
    Column("preserie_id", Integer, nullable=False),
    Column("pilote_id", Integer, nullable=False),
    Column("jour", Date, nullable=False),
    Column("enregistree", Boolean, nullable=False),
    Column("scor_succes", Boolean),
    Column("scor_echec", Boolean),
    Column("version", Text, nullable=False),
    Column("type_prescription", Text, nullable=False),
    Index("uq_compteur_execution_cellule", *_CELLULE, unique=True, postgresql_nulls_not_distinct=True),
    postgresql_with={"fillfactor": "50"},
)
"""Executions and their tentatives by présérie, pilote, version, type, day, registered and the two SCOR flags."""

compteur_trace = Table(
    "compteur_trace",
    _meta,
    Column("nombre", BigInteger, nullable=False),
    Column("derniere_le", _instant, nullable=False),
    Column("preserie_id", Integer, nullable=False),
    Column("pilote_id", Integer, nullable=False, comment="0: refusée sans pilote connu"),
    Column("issue", Text, nullable=False),
    PrimaryKeyConstraint("preserie_id", "pilote_id", "issue"),
    postgresql_with={"fillfactor": "50"},
)
"""Receptions by outcome: ``enregistree``, ``doublon``, or the code of the refusal; ``derniere_le`` by reception."""

compteur_operation = Table(
    "compteur_operation",
    _meta,
    Column("succes", BigInteger, nullable=False),
    Column("echecs", BigInteger, nullable=False),
    Column("premiere_le", _instant, nullable=False),
    Column("derniere_le", _instant, nullable=False),
    Column("preserie_id", Integer, nullable=False),
    Column("operation", Text, nullable=False),
    Column("version", Text, nullable=False),
    PrimaryKeyConstraint("preserie_id", "operation", "version"),
    postgresql_with={"fillfactor": "50"},
)
"""Distinct traces by operation, version and result, with their first and last emission."""

anomalie = Table(
    "anomalie",
    _meta,
    Column("occurrences", BigInteger, nullable=False),
    Column("premiere_le", _instant, nullable=False),
    Column("derniere_le", _instant, nullable=False),
    Column("preserie_id", Integer, nullable=False),
    Column("pilote_id", Integer, nullable=False),
    Column("bloquante", Boolean, nullable=False),
    Column("operation", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("version", Text, nullable=False),
    PrimaryKeyConstraint("preserie_id", "operation", "code", "version", "pilote_id"),
)
"""Failures that a trace blames on the logiciel, by operation, code, version and pilote; blocking if any says so."""
