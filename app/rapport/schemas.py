"""Wire forms of the quality of the data."""

from datetime import datetime

from pydantic import BaseModel

EXEMPLES = 20
"""So many of a kind are named; of the others it is said how many there are."""


class TraceDecalee(BaseModel):
    """Both instants are kept as they are; ``execution`` opens the execution that the trace is part of."""

    id: str
    numero_am: str
    execution: str | None
    emise_le: datetime
    recue_le: datetime


class PosteTroue(BaseModel):
    numero_am: str
    poste: str | None
    perdues: int
    trous: int


class SequencesPerdues(BaseModel):
    """Numbers that never reached us, and in how many gaps."""

    perdues: int
    trous: int
    postes: list[PosteTroue]


class QualiteLue(BaseModel):
    """What to know of the data beside the figures, of which it changes none."""

    preserie: str
    au: datetime | None
    executions_repetees: int
    repetees: list[str]
    horloges_decalees: int
    decalees: list[TraceDecalee]
    sequences: SequencesPerdues
