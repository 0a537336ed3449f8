"""What the last recount of each présérie found, for Prometheus; and the timeline of the log, for standbys to show.

Beside it the code of the version before goes on working.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ROLE = "traces_postes_service"


def upgrade() -> None:
    op.create_table(
        "recompte",
        sa.Column("preserie_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fait_le", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("differents", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["preserie_id"], ["preserie.id"], name=op.f("fk_recompte_preserie_id")),
        sa.PrimaryKeyConstraint("preserie_id", name=op.f("pk_recompte")),
    )
    op.create_table(
        "chronologie",
        sa.Column("unique_ligne", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("numero", sa.Integer(), nullable=False),
        sa.CheckConstraint("unique_ligne", name=op.f("ck_chronologie_une_ligne")),
        sa.PrimaryKeyConstraint("unique_ligne", name=op.f("pk_chronologie")),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON recompte, chronologie TO {ROLE}")


def downgrade() -> None:
    op.drop_table("chronologie")
    op.drop_table("recompte")
