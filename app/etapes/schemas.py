"""Wire forms of the steps of a présérie (CONTRACT, « Registry »)."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StrictBool

from app.formes import Corps, Jour
from app.textes_libres import Motif

Sens = Literal["validation", "prolongation", "abandon"]
PILOTES_MAX = 1_000


class DecisionCorps(Corps):
    sens: Sens
    motif: Motif
    pilotes_max: Annotated[int, Field(ge=1, le=PILOTES_MAX, strict=True)] | None = None
    fin_prevue_le: Jour | None = None
    observee_depuis: Jour | None = None


class DecisionLue(Corps):
    sens: Sens
    motif: str
    pilotes_max: int | None
    fin_prevue_le: date | None
    observee_depuis: date | None
    prise_le: datetime
    cle: int
    arrete: str | None


class TracesPostesCorps(Corps):
    actives: StrictBool


class TracesPostesLues(TracesPostesCorps):
    traces_postes: str
    depuis_le: datetime | None
