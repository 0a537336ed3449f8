"""Wire forms of the list of workstations."""

from datetime import datetime

from pydantic import BaseModel


class TracesDuPoste(BaseModel):
    """Receptions by outcome."""

    enregistrees: int
    doublons: int
    rejetees: int


class TrouLu(BaseModel):
    """Numbers that never reached us, both ends included."""

    de: int
    a: int


class SequencesLues(BaseModel):
    """The numbers seen, and between them those that were lost; ``trous`` are the first ones."""

    premiere: int
    derniere: int
    perdues: int
    trous: list[TrouLu]


class ApresDesactivation(BaseModel):
    """What still came since traces were switched off: refusals and doublons."""

    nombre: int
    derniere_le: datetime | None


class PosteSuiviLu(BaseModel):
    """One workstation: an N° AM and a name, either of which may be missing."""

    numero_am: str | None
    poste: str | None
    derniere_reception_le: datetime | None
    version: str | None
    traces: TracesDuPoste
    sequences: SequencesLues | None
    apres_desactivation: ApresDesactivation | None
    silencieux: bool
