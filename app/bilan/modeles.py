"""Table of the executions that the Cnam set aside, or took back; rows are only ever added, the latest one counts."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, LargeBinary, SmallInteger, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.stockage.tables import Table


class MiseALEcart(Table):
    """What was decided of one execution, which its key names."""

    __tablename__ = "mise_a_l_ecart"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    le: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    cle_id: Mapped[int]
    preserie_id: Mapped[int] = mapped_column(ForeignKey("preserie.id"), index=True)
    pilote_id: Mapped[int]
    pseudonyme: Mapped[bytes] = mapped_column(LargeBinary)
    numero_execution: Mapped[int] = mapped_column(SmallInteger)
    ecartee: Mapped[bool]
    motif: Mapped[str] = mapped_column(Text)
