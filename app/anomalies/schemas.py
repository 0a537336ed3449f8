"""Wire forms of anomalies."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, StrictBool, StringConstraints

from app.formes import Corps
from app.textes_libres import LibelleLibre, Motif, sans_nir
from app.traces.schemas import CODE_ERREUR, Operation, Origine, Version


class StatutAnomalie(StrEnum):
    """Where an anomaly stands: open, corrected in a version, or set aside by the Cnam."""

    OUVERTE = "ouverte"
    CORRIGEE = "corrigee"
    ECARTEE = "ecartee"


class DeclarationCorps(Corps):
    operation: Operation
    code: Annotated[str, StringConstraints(pattern=CODE_ERREUR), AfterValidator(sans_nir)]
    libelle: LibelleLibre
    origine: Origine
    bloquante: StrictBool


class SuiteCorps(Corps):
    """A correction says in which version, a setting aside why."""

    statut: StatutAnomalie
    version_corrective: Annotated[Version, AfterValidator(sans_nir)] | None = None
    motif: Motif | None = None


class SuiteLue(BaseModel):
    """One act about an anomaly, by a key of this role; ``libelle``, ``origine``, ``bloquante``: what was declared."""

    le: datetime
    role: str
    statut: Literal["declaree", "ouverte", "corrigee", "ecartee"]
    libelle: str | None
    origine: str | None
    bloquante: bool | None
    version_corrective: str | None
    motif: str | None


class AnomalieInscrite(BaseModel):
    """An anomaly as the journal keeps it: it names no pilote."""

    operation: str
    libelle: str | None
    origine: str
    bloquante: bool
    statut: StatutAnomalie
    version_corrective: str | None


class AnomalieLue(BaseModel):
    """Intrinsic where ``origine`` is ``logiciel``: what failed by the logiciel's own fault.

    ``rouverte_par``: versions in which it was seen again after its correction. ``premiere_le`` and ``derniere_le`` are
    emissions, None where it was declared and never seen.
    """

    operation: str
    code: str
    libelle: str | None
    origine: str
    bloquante: bool
    statut: StatutAnomalie
    occurrences: int
    premiere_le: datetime | None
    derniere_le: datetime | None
    versions: list[str]
    pilotes: list[str]
    version_corrective: str | None
    motif: str | None
    rouverte_par: list[str]
    historique: list[SuiteLue]

    @property
    def intrinseque_bloquante(self) -> bool:
        return self.bloquante and self.origine == "logiciel"
