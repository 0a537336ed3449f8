"""Tables of the journal. The database itself refuses to change or delete a row of the chain."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.stockage.tables import Table


class EntreeJournal(Table):
    """One change. ``numero`` has no gap; ``empreinte`` covers the row and, through ``precedente``, all before it.

    ``role`` and ``cle_id`` say who: of the console (a command on the server) the key is None. ``editeur`` is whose
    object it is. ``empreinte_personnelle`` covers what lies beside the chain, None where nothing does.
    """

    __tablename__ = "journal"

    numero: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    le: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    role: Mapped[str] = mapped_column(Text)
    cle_id: Mapped[int | None]
    action: Mapped[str] = mapped_column(Text)
    objet: Mapped[str] = mapped_column(Text)
    code: Mapped[str | None] = mapped_column(Text)
    editeur: Mapped[str | None] = mapped_column(Text, index=True)
    preserie: Mapped[str | None] = mapped_column(Text, index=True)
    avant: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    apres: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    empreinte_personnelle: Mapped[bytes | None] = mapped_column(LargeBinary)
    precedente: Mapped[bytes] = mapped_column(LargeBinary)
    empreinte: Mapped[bytes] = mapped_column(LargeBinary)


class DonneesPersonnelles(Table):
    """What an entry says of a person, with the salt of its hash: once the row is gone, the hash tells nothing."""

    __tablename__ = "journal_personnel"

    numero: Mapped[int] = mapped_column(ForeignKey("journal.numero"), primary_key=True, autoincrement=False)
    sel: Mapped[bytes] = mapped_column(LargeBinary)
    donnees: Mapped[dict[str, Any]] = mapped_column(JSONB)
