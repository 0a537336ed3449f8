"""Tables of sealed bilans. The database itself refuses to change or delete a seal or an approval."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, LargeBinary, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.stockage.tables import Table


class Arrete(Table):
    """A bilan as known at ``au``: ``contenu`` is its canonical JSON (RFC 8785), ``empreinte`` the SHA-256 of that."""

    __tablename__ = "arrete"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    preserie_id: Mapped[int] = mapped_column(ForeignKey("preserie.id"), index=True)
    au: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    cle_id: Mapped[int]
    verdict: Mapped[str] = mapped_column(Text)
    contenu: Mapped[str] = mapped_column(Text)
    empreinte: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    cle_signature: Mapped[str] = mapped_column(Text)


class Approbation(Table):
    """What one side made of a sealed bilan, signed too."""

    __tablename__ = "approbation"
    __table_args__ = (
        CheckConstraint("partie IN ('cnam', 'editeur')", name="partie"),
        CheckConstraint("sens IN ('approuve', 'refuse')", name="sens"),
    )

    arrete_id: Mapped[UUID] = mapped_column(ForeignKey("arrete.id"), primary_key=True)
    partie: Mapped[str] = mapped_column(Text, primary_key=True)
    le: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    cle_id: Mapped[int]
    sens: Mapped[str] = mapped_column(Text)
    motif: Mapped[str | None] = mapped_column(Text)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    cle_signature: Mapped[str] = mapped_column(Text)


class Feuilles(Table):
    """Of each trace behind a sealed bilan, its id and digest, sorted: what names a trace that was changed since.

    The digest of the whole is part of what was signed. They go with the raw traces (``purger_traces``).
    """

    __tablename__ = "feuilles_arrete"

    arrete_id: Mapped[UUID] = mapped_column(ForeignKey("arrete.id"), primary_key=True)
    feuilles: Mapped[bytes] = mapped_column(LargeBinary)
