"""Wire forms of the steps of a présérie (CONTRACT, « Registry »)."""

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StringConstraints

from app.formes import NUMERO_AM, SANS_NUL, Corps, Jour
from app.traces.nir import contient_nir

Sens = Literal["validation", "prolongation", "abandon"]
PILOTES_MAX = 1_000


_UN_NUMERO_AM = re.compile(rf"(?<![0-9A-Za-z]){NUMERO_AM.strip('^$')}(?![0-9A-Za-z])")


def _sans_personne(texte: str) -> str:
    """A decision is kept for ever, and shown: it names nobody."""
    if contient_nir(texte):
        raise ValueError("un numéro de sécurité sociale n'a pas sa place ici : ôtez-le")
    if _UN_NUMERO_AM.search(texte):
        raise ValueError("un N° AM n'a pas sa place ici : désignez le pilote autrement")
    return texte


Motif = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000, pattern=SANS_NUL),
    AfterValidator(_sans_personne),
]


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


class TracesPostesCorps(Corps):
    actives: StrictBool


class TracesPostesLues(TracesPostesCorps):
    traces_postes: str
    depuis_le: datetime | None
