"""Wire forms of the lists behind figures: executions, traces, receptions; and of an execution set aside."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, StrictBool

from app.formes import Corps
from app.textes_libres import Motif
from app.traces.refus import Refus


class ExecutionLue(BaseModel):
    """One execution, folded from all of its traces."""

    id: str
    preserie: str
    pilote: str
    numero_execution: int
    type_prescription: str
    version: str
    enregistree: bool
    phase: int
    conformite: str
    ecartee: bool
    jour: date
    premiere_le: datetime
    derniere_le: datetime
    tentatives: int


class ErreurLue(BaseModel):
    code: str
    origine: str
    bloquante: bool
    message: str | None


class TraceLue(BaseModel):
    """A stored trace as it was sent, but for the prescription's number, which was never kept."""

    id: str
    emise_le: datetime
    recue_le: datetime
    numero_am: str
    poste: str | None
    sequence: int | None
    version: str
    operation: str
    execution: str | None
    numero_execution: int
    type_prescription: str | None
    resultat: Literal["succes", "echec"]
    erreur: ErreurLue | None
    scor_envoye: bool | None
    duree_ms: int | None


class ReceptionLue(BaseModel):
    """A reception that stored no trace; ``code`` tells why one was refused."""

    recue_le: datetime
    issue: Literal["doublon", "rejetee"]
    code: Refus | None
    champ: str | None
    id: str | None
    numero_am: str | None


class EcartCorps(Corps):
    ecartee: StrictBool
    motif: Motif


class MiseALEcartLue(BaseModel):
    """An execution was set aside, or taken back."""

    le: datetime
    ecartee: bool
    motif: str


class ExecutionDetaillee(ExecutionLue):
    """``traces`` is empty once they were purged; ``mises_a_l_ecart`` in their order."""

    traces: list[TraceLue]
    traces_purgees_le: datetime | None
    mises_a_l_ecart: list[MiseALEcartLue]
