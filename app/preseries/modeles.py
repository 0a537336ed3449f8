"""Tables of the registry. Rows are never deleted; ``code`` is what callers know, ``id`` what the hot path carries."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    Text,
    UniqueConstraint,
    false,
    func,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.preseries.enveloppe import Enveloppe
from app.stockage.tables import Table


class Registre(Table):
    """One row: every change of the registry adds one to it, which is how caches learn that they are old.

    It also holds the head of the journal, so that a missing end is noticed.
    """

    __tablename__ = "registre"
    __table_args__ = (CheckConstraint("unique_ligne", name="une_ligne"),)

    unique_ligne: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=true())
    generation: Mapped[int] = mapped_column(BigInteger, server_default="0")
    journal_numero: Mapped[int] = mapped_column(BigInteger, server_default="0")
    journal_empreinte: Mapped[bytes] = mapped_column(LargeBinary, server_default="\\x")


class Chronologie(Table):
    """At most one row: the timeline of the primary's log, which a standby that follows another one does not show."""

    __tablename__ = "chronologie"
    __table_args__ = (CheckConstraint("unique_ligne", name="une_ligne"),)

    unique_ligne: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=true())
    numero: Mapped[int]


class Editeur(Table):
    __tablename__ = "editeur"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    raison_sociale: Mapped[str] = mapped_column(Text)
    solution_sesam_vitale: Mapped[bool]


class Module(Table):
    __tablename__ = "module"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    editeur_id: Mapped[int] = mapped_column(ForeignKey("editeur.id"))
    nom: Mapped[str] = mapped_column(Text)


class Logiciel(Table):
    __tablename__ = "logiciel"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    editeur_id: Mapped[int] = mapped_column(ForeignKey("editeur.id"))
    module_id: Mapped[int] = mapped_column(ForeignKey("module.id"))
    nom: Mapped[str] = mapped_column(Text)
    sesam_vitale: Mapped[bool]
    cnda_numero: Mapped[str | None] = mapped_column(Text)
    cnda_le: Mapped[date | None] = mapped_column(Date)


class Preserie(Table):
    """``cle_enveloppee`` is the key of its pseudonyms, wrapped by the master key; None once destroyed.

    ``pilotes_max`` is what a prolongation has raised the référentiel's maximum to. ``terminee_le``: closed or given up.
    ``bilan_arrete_le`` is the instant of its latest sealed bilan, None where a prolongation came since.
    """

    __tablename__ = "preserie"
    __table_args__ = (
        CheckConstraint("statut IN ('preparation', 'en_cours', 'validee', 'cloturee', 'abandonnee')", name="statut"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    logiciel_id: Mapped[int] = mapped_column(ForeignKey("logiciel.id"), index=True)
    categorie_ps: Mapped[str] = mapped_column(Text)
    referentiel_version: Mapped[str] = mapped_column(Text)
    cpam: Mapped[list[str]] = mapped_column(ARRAY(Text))
    fin_prevue_le: Mapped[date | None] = mapped_column(Date)
    statut: Mapped[str] = mapped_column(Text, server_default="preparation")
    traces_actives: Mapped[bool] = mapped_column(Boolean, server_default=false())
    demarree_le: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    traces_depuis_le: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    observee_depuis: Mapped[date | None] = mapped_column(Date)
    pilotes_max: Mapped[int | None]
    validee_le: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    terminee_le: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    purgee_le: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    bilan_arrete_le: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cle_enveloppee: Mapped[bytes | None] = mapped_column(LargeBinary)
    creee_le: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    @property
    def enveloppe(self) -> Enveloppe | None:
        return Enveloppe(self.cle_enveloppee, self.code) if self.cle_enveloppee is not None else None


class Jalon(Table):
    __tablename__ = "jalon"

    preserie_id: Mapped[int] = mapped_column(ForeignKey("preserie.id"), primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    le: Mapped[date] = mapped_column(Date)


class Prerequis(Table):
    """A technical prerequisite of deployment; ``preuve`` tells what its validation rests on."""

    __tablename__ = "prerequis"

    preserie_id: Mapped[int] = mapped_column(ForeignKey("preserie.id"), primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    libelle: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    valide_le: Mapped[date | None] = mapped_column(Date)
    preuve: Mapped[str | None] = mapped_column(Text)
    retire_le: Mapped[date | None] = mapped_column(Date)


class Decision(Table):
    """What was decided of a présérie, and why; never changed afterwards. A validation names its sealed bilan."""

    __tablename__ = "decision"
    __table_args__ = (CheckConstraint("sens IN ('validation', 'prolongation', 'abandon')", name="sens"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    preserie_id: Mapped[int] = mapped_column(ForeignKey("preserie.id"), index=True)
    prise_le: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    cle_id: Mapped[int]
    sens: Mapped[str] = mapped_column(Text)
    motif: Mapped[str] = mapped_column(Text)
    pilotes_max: Mapped[int | None]
    fin_prevue_le: Mapped[date | None] = mapped_column(Date)
    observee_depuis: Mapped[date | None] = mapped_column(Date)
    arrete_id: Mapped[UUID | None]


class Pilote(Table):
    __tablename__ = "pilote"
    __table_args__ = (UniqueConstraint("preserie_id", "numero_am"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    preserie_id: Mapped[int] = mapped_column(ForeignKey("preserie.id"))
    numero_am: Mapped[str] = mapped_column(Text)
    cpam: Mapped[str] = mapped_column(Text)
    sesam_vitale: Mapped[bool]
    accord_le: Mapped[date] = mapped_column(Date)
    equipement_verifie: Mapped[bool]
    forme_le: Mapped[date | None] = mapped_column(Date)
    installation_prevue_le: Mapped[date | None] = mapped_column(Date)
    installe_le: Mapped[date | None] = mapped_column(Date)
    phase_2_le: Mapped[date | None] = mapped_column(Date)
    retire_le: Mapped[date | None] = mapped_column(Date)
