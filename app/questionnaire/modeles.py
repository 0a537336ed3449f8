"""Tables of the questionnaire. Rows are only ever added: a pilote's latest invitation and latest answer count."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, LargeBinary, SmallInteger, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.stockage.tables import Table


class Invitation(Table):
    """``empreinte`` is the SHA-256 of the token that the pilote was given."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    le: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    cle_id: Mapped[int]
    preserie_id: Mapped[int] = mapped_column(ForeignKey("preserie.id"), index=True)
    pilote_id: Mapped[int]
    empreinte: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expire_le: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Reponse(Table):
    """An answer, or a correction of one: scores from 1 to 5, ``operations`` by the name of the operation."""

    __tablename__ = "reponse"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    le: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    preserie_id: Mapped[int] = mapped_column(ForeignKey("preserie.id"), index=True)
    pilote_id: Mapped[int]
    satisfaction: Mapped[int] = mapped_column(SmallInteger)
    operations: Mapped[dict[str, int]] = mapped_column(JSONB)
    frein_bloquant: Mapped[bool]
    frein: Mapped[str | None] = mapped_column(Text)
    commentaire: Mapped[str | None] = mapped_column(Text)


class LeveeFrein(Table):
    """The Cnam lifted the frein of one answer, or put it back; the latest of an answer counts.

    It holds for the answer as it was given: a later one of the pilote may bring the frein back.
    """

    __tablename__ = "levee_frein"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    le: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    cle_id: Mapped[int]
    reponse_id: Mapped[int] = mapped_column(ForeignKey("reponse.id"), index=True)
    leve: Mapped[bool]
    motif: Mapped[str] = mapped_column(Text)
