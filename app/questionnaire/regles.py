"""PURE. What the answers of pilotes amount to (DOMAIN, criterion 5)."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.preseries.annuaire import PARIS

NOTES = range(1, 6)
"""From very dissatisfied to very satisfied."""
_SEPARATION = r"[\s.\u2010-\u2015-]{0,3}"
_NUMERO_AM = re.compile(rf"(?<![0-9])[0-9]{_SEPARATION}[0-9ABab](?:{_SEPARATION}[0-9]){{7}}(?![0-9])")
MASQUE = "[N° AM masqué]"


@dataclass(frozen=True, slots=True)
class Reponse:
    """The latest answer of one pilote; ``levee_le`` and ``motif`` where the Cnam lifted its frein."""

    id: int
    le: datetime
    satisfaction: int
    operations: Mapping[str, int]
    frein_bloquant: bool
    frein: str | None
    commentaire: str | None
    levee_le: datetime | None
    motif: str | None

    @property
    def frein_ouvert(self) -> bool:
        return self.frein_bloquant and self.levee_le is None


@dataclass(frozen=True, slots=True)
class Notes:
    """Marks to one question: how many of each, from 1 to 5, and their mean, None without any."""

    repartition: Sequence[int]

    @property
    def moyenne(self) -> float | None:
        nombre = sum(self.repartition)
        total = sum(note * combien for note, combien in zip(NOTES, self.repartition, strict=True))
        return total / nombre if nombre else None


def noter(notes: Iterable[int]) -> Notes:
    compte = Counter(notes)
    return Notes([compte[note] for note in NOTES])


def masquer(texte: str | None) -> str | None:
    """A text as it may be shown: whatever looks like an N° AM is hidden, also where spaces, dots or dashes part it."""
    return _NUMERO_AM.sub(MASQUE, texte) if texte is not None else None


def jour_de(instant: datetime) -> date:
    """The day of an answer, in France: all that is told of when it came."""
    return instant.astimezone(PARIS).date()
