"""Table of the last recount of each présérie."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from app.stockage.tables import Table


class DernierRecompte(Table):
    """When it was made, and how many rows of counters differed from the traces."""

    __tablename__ = "recompte"

    preserie_id: Mapped[int] = mapped_column(ForeignKey("preserie.id"), primary_key=True, autoincrement=False)
    fait_le: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    differents: Mapped[int] = mapped_column(BigInteger)
