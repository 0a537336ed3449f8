"""PURE. What the reception of traces needs to know of the registry: whose présérie does a trace belong to?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from app.preseries.cycle import EtatTraces, Statut, etat_traces

PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True)
class PiloteConnu:
    """A pilote; ``accord`` is the first instant, in Paris, of the day of its principle agreement."""

    id: int
    accord_le: date
    accord: datetime = field(init=False)

    def __post_init__(self) -> None:
        debut = datetime.combine(self.accord_le, time(), PARIS).astimezone(UTC)
        object.__setattr__(self, "accord", debut)


@dataclass(frozen=True, slots=True)
class PreserieConnue:
    """A présérie with its pilotes by N° AM.

    ``depuis_le``: since when its traces are in their state. ``cle`` makes pseudonyms and digests, None once destroyed.
    """

    id: int
    statut: Statut
    traces_actives: bool
    depuis_le: datetime | None
    cle: bytes | None = field(repr=False)
    pilotes: Mapping[str, PiloteConnu] = field(repr=False)

    @property
    def etat(self) -> EtatTraces:
        return etat_traces(self.statut, self.traces_actives)


@dataclass(frozen=True, slots=True)
class Affectation:
    """The présérie that a trace belongs to, and its pilote."""

    preserie: PreserieConnue
    pilote: PiloteConnu


_PREFERENCE = (EtatTraces.INACTIVES, EtatTraces.DESACTIVEES, EtatTraces.ACTIVES)


@dataclass(frozen=True, slots=True)
class LogicielConnu:
    """A logiciel with all of its préséries."""

    editeur: str
    preseries: tuple[PreserieConnue, ...]

    def affectation(self, numero_am: str) -> Affectation | None:
        """The présérie of this pilote: the open one, else the one switched off, else the latest."""
        siennes = [p for p in self.preseries if numero_am in p.pilotes]
        if not siennes:
            return None
        preserie = max(siennes, key=lambda p: (_PREFERENCE.index(p.etat), p.id))
        return Affectation(preserie, preserie.pilotes[numero_am])

    def seule_ouverte(self) -> PreserieConnue | None:
        """The only open présérie of the logiciel, to which a refusal is counted when its pilote is unknown."""
        ouvertes = [p for p in self.preseries if p.etat is EtatTraces.ACTIVES]
        return ouvertes[0] if len(ouvertes) == 1 else None


Annuaire = Mapping[str, LogicielConnu]
