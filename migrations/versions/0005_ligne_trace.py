"""The form in which traces come to the one statement that writes them: whole rows, not one array per column."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TYPE ligne_trace AS (
          preserie_id int4, id uuid, emise_le timestamptz, cle_id int4, pilote_id int4, poste text, sequence int8,
          version text, operation text, pseudonyme bytea, numero_execution int2, type_prescription text, succes bool,
          erreur_code text, erreur_origine text, erreur_bloquante bool, erreur_message text, scor_envoye bool,
          duree_ms int4, empreinte bytea)""")


def downgrade() -> None:
    op.execute("DROP TYPE ligne_trace")
