"""PURE. What the reception of traces needs to know of the registry: whose présérie does a trace belong to?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from app.preseries.cycle import EtatTraces

PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True)
class PiloteConnu:
    """A pilote; ``accord`` is the first instant, in Paris, of the day of its principle agreement."""

    id: int
    accord_le: date
    retire: bool = False
    accord: datetime = field(init=False)

    def __post_init__(self) -> None:
        try:
            debut = datetime.combine(self.accord_le, time(), PARIS).astimezone(UTC)
        except OverflowError:  # the first day of the calendar
            debut = datetime.min.replace(tzinfo=UTC)
        object.__setattr__(self, "accord", debut)


@dataclass(frozen=True, slots=True)
class PreserieConnue:
    """A présérie with its pilotes by N° AM.

    ``depuis_le``: since when its traces are in their state. ``cle`` makes pseudonyms and digests, None once destroyed.
    ``operations`` and ``types_prescription`` are those of its référentiel.
    """

    id: int
    etat: EtatTraces
    depuis_le: datetime | None
    cle: bytes | None = field(repr=False)
    pilotes: Mapping[str, PiloteConnu] = field(repr=False)
    operations: frozenset[str] = field(repr=False)
    types_prescription: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Affectation:
    """The présérie that a trace belongs to, and its pilote."""

    preserie: PreserieConnue
    pilote: PiloteConnu


_ETATS = (EtatTraces.INACTIVES, EtatTraces.DESACTIVEES, EtatTraces.ACTIVES)


def _preference(affectation: Affectation) -> tuple[int, bool, int]:
    preserie = affectation.preserie
    return _ETATS.index(preserie.etat), not affectation.pilote.retire, preserie.id


@dataclass(frozen=True, slots=True)
class LogicielConnu:
    """A logiciel with all of its préséries.

    ``affectations`` tells by N° AM where a trace belongs: to the open présérie of its pilote, else to the one switched
    off; among equals to the one that it has not left, then to the latest. ``seule_ouverte`` is the logiciel's only open
    présérie, to which a refusal is counted when its pilote is unknown.
    """

    editeur: str
    preseries: tuple[PreserieConnue, ...]
    affectations: Mapping[str, Affectation] = field(init=False, repr=False)
    seule_ouverte: PreserieConnue | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        possibles = [
            (n, Affectation(preserie, pilote)) for preserie in self.preseries for n, pilote in preserie.pilotes.items()
        ]
        affectations = dict(sorted(possibles, key=lambda possible: _preference(possible[1])))
        ouvertes = [p for p in self.preseries if p.etat is EtatTraces.ACTIVES]
        object.__setattr__(self, "affectations", affectations)
        object.__setattr__(self, "seule_ouverte", ouvertes[0] if len(ouvertes) == 1 else None)


Annuaire = Mapping[str, LogicielConnu]
