"""Table of the access keys."""

from datetime import datetime

from sqlalchemy import ARRAY, CheckConstraint, DateTime, Identity, LargeBinary, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.stockage.tables import Table


class CleAcces(Table):
    """An access key. ``editeur_code`` names an éditeur that the registry may not know yet."""

    __tablename__ = "cle_acces"
    __table_args__ = (
        CheckConstraint("role IN ('cnam', 'editeur', 'poste', 'lecture', 'supervision')", name="role"),
        CheckConstraint("role NOT IN ('editeur', 'poste') OR editeur_code IS NOT NULL", name="editeur"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    empreinte: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    role: Mapped[str] = mapped_column(Text)
    editeur_code: Mapped[str | None] = mapped_column(Text)
    numero_am: Mapped[str | None] = mapped_column(Text)
    preseries: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    libelle: Mapped[str | None] = mapped_column(Text)
    creee_le: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expire_le: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoquee_le: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
