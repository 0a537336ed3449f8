"""Receptions that stored no trace, one by one: a figure that counts them can be opened, and read as of an instant.

What was received before this migration stays in the counters alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROLE = "traces_postes_service"


def upgrade() -> None:
    op.create_table(
        "reception_sans_suite",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("recue_le", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("preserie_id", sa.Integer(), nullable=False),
        sa.Column("pilote_id", sa.Integer(), nullable=False, comment="0: refusée sans pilote connu"),
        sa.Column("cle_id", sa.Integer(), nullable=False),
        sa.Column("issue", sa.Text(), nullable=False),
        sa.Column("champ", sa.Text(), nullable=True),
        sa.Column("trace_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("preserie_id", "id", name=op.f("pk_reception_sans_suite")),
    )
    op.execute(f"GRANT SELECT, INSERT ON reception_sans_suite TO {ROLE}")


def downgrade() -> None:
    op.drop_table("reception_sans_suite")
