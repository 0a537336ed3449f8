"""Life of a présérie: decisions, journal, workstations behind receptions without a trace, end of raw data."""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROLE = "traces_postes_service"
IMMUABLES = ("journal", "decision")
INSTANT = sa.DateTime(timezone=True)

REFUS = """
CREATE FUNCTION refuser_le_changement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""

# The service's role may delete no trace. This runs as the schema's owner, and only for a présérie that has ended. It
# looks for tables in the schema first: a temporary table of the caller's must not pass for one of ours.
PURGE = """
CREATE FUNCTION purger_traces(serie integer, au_plus integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
  traces bigint;
  receptions bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM preserie WHERE id = serie AND statut IN ('cloturee', 'abandonnee')) THEN
    RAISE EXCEPTION 'this présérie has not ended' USING ERRCODE = 'insufficient_privilege';
  END IF;
  DELETE FROM trace WHERE ctid = ANY (ARRAY(SELECT ctid FROM trace WHERE preserie_id = serie LIMIT au_plus));
  GET DIAGNOSTICS traces = ROW_COUNT;
  DELETE FROM reception_sans_suite
  WHERE ctid = ANY (ARRAY(SELECT ctid FROM reception_sans_suite WHERE preserie_id = serie LIMIT au_plus));
  GET DIAGNOSTICS receptions = ROW_COUNT;
  RETURN traces + receptions;
END $$
"""


# A change of the registry in flight holds ``registre`` and asks for ``preserie`` next: taken in another order, the two
# would wait for each other.
VERROU = "LOCK TABLE registre"


def upgrade() -> None:
    op.execute(VERROU)
    op.add_column("preserie", sa.Column("pilotes_max", sa.Integer(), nullable=True))
    for colonne in ("validee_le", "terminee_le", "purgee_le"):
        op.add_column("preserie", sa.Column(colonne, INSTANT, nullable=True))
    op.add_column("registre", sa.Column("journal_numero", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("registre", sa.Column("journal_empreinte", sa.LargeBinary(), server_default="\\x", nullable=False))
    op.add_column("reception_sans_suite", sa.Column("poste", sa.Text(), nullable=True))
    op.add_column("reception_sans_suite", sa.Column("sequence", sa.BigInteger(), nullable=True))
    op.add_column("reception_sans_suite", sa.Column("version", sa.Text(), nullable=True))
    _decision()
    _journal()
    op.execute(f"GRANT SELECT, INSERT ON decision, journal, journal_personnel TO {ROLE}")
    op.execute(f"GRANT DELETE ON journal_personnel TO {ROLE}")
    op.execute(REFUS)
    for table in IMMUABLES:
        op.execute(
            f"CREATE TRIGGER {table}_immuable BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuser_le_changement()"
        )
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    op.execute(PURGE.format(schema=schema))
    op.execute("REVOKE ALL ON FUNCTION purger_traces FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION purger_traces TO {ROLE}")


def _decision() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("preserie_id", sa.Integer(), nullable=False),
        sa.Column("prise_le", INSTANT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("cle_id", sa.Integer(), nullable=False),
        sa.Column("sens", sa.Text(), nullable=False),
        sa.Column("motif", sa.Text(), nullable=False),
        sa.Column("pilotes_max", sa.Integer(), nullable=True),
        sa.Column("fin_prevue_le", sa.Date(), nullable=True),
        sa.Column("observee_depuis", sa.Date(), nullable=True),
        sa.CheckConstraint("sens IN ('validation', 'prolongation', 'abandon')", name=op.f("ck_decision_sens")),
        sa.ForeignKeyConstraint(["preserie_id"], ["preserie.id"], name=op.f("fk_decision_preserie_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_preserie_id"), "decision", ["preserie_id"])


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("numero", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("le", INSTANT, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("cle_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("objet", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("editeur", sa.Text(), nullable=True),
        sa.Column("preserie", sa.Text(), nullable=True),
        sa.Column("avant", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("apres", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("empreinte_personnelle", sa.LargeBinary(), nullable=True),
        sa.Column("precedente", sa.LargeBinary(), nullable=False),
        sa.Column("empreinte", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("numero", name=op.f("pk_journal")),
    )
    for colonne in ("editeur", "preserie"):
        op.create_index(op.f(f"ix_journal_{colonne}"), "journal", [colonne])
    op.create_table(
        "journal_personnel",
        sa.Column("numero", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sel", sa.LargeBinary(), nullable=False),
        sa.Column("donnees", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["numero"], ["journal.numero"], name=op.f("fk_journal_personnel_numero")),
        sa.PrimaryKeyConstraint("numero", name=op.f("pk_journal_personnel")),
    )


def downgrade() -> None:
    op.execute(VERROU)
    _refuser_de_perdre()
    op.execute("DROP FUNCTION purger_traces")
    for table in ("journal_personnel", "journal", "decision"):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuser_le_changement")
    for colonne in ("poste", "sequence", "version"):
        op.drop_column("reception_sans_suite", colonne)
    for colonne in ("journal_numero", "journal_empreinte"):
        op.drop_column("registre", colonne)
    for colonne in ("pilotes_max", "validee_le", "terminee_le", "purgee_le"):
        op.drop_column("preserie", colonne)


def _refuser_de_perdre() -> None:
    lire = op.get_bind().exec_driver_sql
    pleines = [table for table in IMMUABLES if lire(f"SELECT EXISTS (SELECT FROM {table})").scalar_one()]
    if pleines:
        raise CommandError(
            f"Revenir avant la version {revision} effacerait ce qui ne s'efface pas ({', '.join(pleines)}) : gardez "
            "cette version du schéma, sur laquelle la version précédente du service travaille aussi, sans journal."
        )
