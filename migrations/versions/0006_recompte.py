"""What the last recount of each présérie found: Prometheus tells who is to look.

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
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON recompte TO {ROLE}")


def downgrade() -> None:
    op.drop_table("recompte")
