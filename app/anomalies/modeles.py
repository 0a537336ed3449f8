"""Table of what people did about anomalies; rows are only ever added. What traces say is in ``traces.modeles``."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.stockage.tables import Table


class SuiteAnomalie(Table):
    """One act about the anomaly (operation, code): ``statut`` is what it made of it, ``declaree`` where it opened it.

    ``libelle``, ``origine`` and ``bloquante`` are a declaration's.
    """

    __tablename__ = "suite_anomalie"
    __table_args__ = (CheckConstraint("statut IN ('declaree', 'ouverte', 'corrigee', 'ecartee')", name="statut"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    le: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    cle_id: Mapped[int]
    preserie_id: Mapped[int] = mapped_column(ForeignKey("preserie.id"), index=True)
    role: Mapped[str] = mapped_column(Text)
    operation: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    statut: Mapped[str] = mapped_column(Text)
    libelle: Mapped[str | None] = mapped_column(Text)
    origine: Mapped[str | None] = mapped_column(Text)
    bloquante: Mapped[bool | None]
    version_corrective: Mapped[str | None] = mapped_column(Text)
    motif: Mapped[str | None] = mapped_column(Text)
