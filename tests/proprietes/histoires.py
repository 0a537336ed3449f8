"""Histories of receptions: one generator over a ``Random``, driven by Hypothesis or by a seed.

What it says of a présérie is what happens in one: retries across midnight, versions and changes of time, renewals,
failures before and after successes, doublons in other words, reused ids, faulty traces, several préséries at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from tests.proprietes.fautes import gater
from tests.proprietes.registre import LOGICIELS, OUVERTES, PILOTES

Corps = dict[str, Any]
JOURS = tuple(
    datetime(annee, mois, jour, tzinfo=UTC)
    for annee, mois, jour in (
        (2026, 11, 20),
        *((2026, 10, jour) for jour in (24, 25, 26)),
        *((2027, 3, jour) for jour in (27, 28, 29)),
        (2026, 12, 31),
        (2028, 2, 29),
    )
)
HEURES = tuple(
    timedelta(hours=h, minutes=m, seconds=s, microseconds=us)
    for h, m, s, us in (
        *((8, 12, 44, 120_000), (21, 59, 59, 999_999), (22, 0, 0, 0), (22, 30, 0, 0), (22, 59, 59, 999_999)),
        *((23, 0, 0, 0), (23, 0, 0, 1), (0, 0, 0, 0), (0, 59, 59, 0), (1, 0, 0, 0), (1, 30, 0, 5)),
    )
)
DECALAGES = (0, 60, 120, -300, 330, 840)
PHASES = (None, date(2026, 1, 5), date(2026, 1, 5), *(date(2026, 10, j) for j in (25, 26)), date(2027, 3, 28))
VERSIONS = ("4.2.1", "4.2.0", "4.10")
TYPES = ("dispositifs_medicaux", "medicaments", "kinesitherapie")
_POIDS_DES_IDS = (0, 1 << 127, 0xFF << 56, 0x7F << 120)


@dataclass(frozen=True)
class Lot:
    """One array, sent with a key that is bound to an éditeur or to none."""

    traces: list[object]
    editeur: str | None = None


@dataclass(frozen=True)
class Histoire:
    """The ``phase_2_le`` of some pilotes, then what is received, in order."""

    phases: dict[tuple[str, str], date | None]
    lots: list[Lot]


def histoire(hasard: Random, taille: int) -> Histoire:
    """A history of at most ``taille`` gestures; each is the reception of one or two traces."""
    atelier = _Atelier(hasard, taille)
    for _ in range(taille):
        hasard.choice(_GESTES)(atelier)
    phases = {(p, n): hasard.choice(PHASES) for p in OUVERTES for n in PILOTES[p]}
    lots = []
    recues = atelier.recues
    while recues:
        coupe = hasard.choice((len(recues), 1, 3, 20))
        lots.append(Lot(recues[:coupe][:1000], "alpha" if coupe <= 20 and hasard.random() > 0.85 else None))
        recues = recues[len(lots[-1].traces) :]
    return Histoire(phases, lots)


@st.composite
def histoires(tirer: st.DrawFn, taille_max: int = 30) -> Histoire:
    """Histories that Hypothesis can shrink: the first of every choice is the plainest."""
    return histoire(tirer(st.randoms(use_true_random=False)), tirer(st.integers(1, taille_max)))


class _Atelier:
    """Makes traces, remembering those that it made: few ordonnances, days and hours, so that they often meet."""

    def __init__(self, hasard: Random, taille: int) -> None:
        self.hasard = hasard
        self._ordonnances = [f"ORD{n:013d}" for n in range(1 + taille // 10)]
        self._jours = [hasard.choice(JOURS) for _ in range(2 + taille // 50)]
        self._heures = [hasard.choice(HEURES) for _ in range(2 + taille // 50)]
        self.recues: list[object] = []
        self._faites: list[Corps] = []

    def neuve(self) -> Corps:
        preserie = self.hasard.choice((*[OUVERTES[0]] * 4, *OUVERTES))
        trace = self._socle(preserie, self.hasard.choice((PILOTES[preserie][0], *PILOTES[preserie])))
        if self.hasard.choice((False, False, True)):
            trace |= {"resultat": "echec", "erreur": self._erreur()}
        for champ, valeurs in _FACULTATIFS.items():
            if (valeur := self.hasard.choice(valeurs)) is not ...:
                trace[champ] = valeur
        self._faites.append(trace)
        return trace

    def _socle(self, preserie: str, numero_am: str) -> Corps:
        operation = self.hasard.choice(("execution", "execution", "execution", "consultation", "annulation"))
        trace: Corps = {
            "id": str(UUID(int=self.hasard.choice(_POIDS_DES_IDS) + len(self._faites) + 1)),
            "emise_le": dire(self.hasard.choice(self._jours) + self.hasard.choice(self._heures), self.hasard),
            "numero_am": numero_am,
            "logiciel": LOGICIELS[preserie],
            "version": self.hasard.choice(VERSIONS),
            "operation": operation,
            "resultat": "succes",
        }
        if operation == "execution" or self.hasard.choice((False, True)):
            trace |= {
                "ordonnance": self.hasard.choice(self._ordonnances),
                "type_prescription": self.hasard.choice(TYPES),
            }
        return trace

    def _erreur(self) -> Corps:
        erreur: Corps = {
            "code": self.hasard.choice(("TLS-0042", "LOG.1", "log_2")),
            "origine": self.hasard.choice(("teleservice", "logiciel", "reseau", "poste")),
        }
        for champ, valeurs in (("bloquante", (..., False, True, None)), ("message", (..., "délai dépassé", None, ""))):
            if (valeur := self.hasard.choice(valeurs)) not in (..., ""):
                erreur[champ] = valeur
        return erreur

    def ancienne(self) -> Corps:
        return self.hasard.choice(self._faites) if self._faites else self.neuve()


_FACULTATIFS: dict[str, tuple[Any, ...]] = {
    "scor_envoye": (..., True, False, None),
    "numero_execution": (..., 1, 2, None, 10_000),
    "poste": (..., "poste-1", "poste é", None),
    "sequence": (..., 7, None, 2**63 - 1),
    "duree_ms": (..., 412, 0, None),
}


def dire(instant: datetime, hasard: Random) -> str:
    """An instant in one of the many ways to write it."""
    decalage = hasard.choice(DECALAGES)
    texte = instant.astimezone(timezone(timedelta(minutes=decalage))).isoformat(timespec="microseconds")
    date_heure, fuseau = texte[:26], texte[26:]
    if hasard.choice((True, False)):
        date_heure = date_heure.rstrip("0").rstrip(".")
    elif hasard.choice((False, True)):
        date_heure += "000"
    return date_heure + ("Z" if decalage == 0 and hasard.choice((True, False)) else fuseau)


def redire(trace: Corps, hasard: Random) -> Corps:
    """The same content in other words: offset, key order, explicit defaults, null for absent, upper-case UUID."""
    dite = dict(trace) | {"emise_le": dire(_lire(trace["emise_le"]), hasard)}
    if hasard.choice((True, False)):
        dite["id"] = dite["id"].upper()
    dite.setdefault("numero_execution", hasard.choice((1, None)))
    for champ in ("poste", "sequence", "ordonnance", "type_prescription", "erreur", "scor_envoye", "duree_ms"):
        if hasard.choice((True, False)):
            dite.setdefault(champ, None)
    if dite.get("erreur") is not None:
        erreur = {"bloquante": False, "message": None} | dite["erreur"]
        dite["erreur"] = dict(reversed(erreur.items()))
    return dict(reversed(dite.items())) if hasard.choice((True, False)) else dite


def _lire(texte: str) -> datetime:
    """What ``dire`` wrote."""
    texte = texte.replace("Z", "+00:00")
    return datetime.fromisoformat(texte[:-6][:26] + texte[-6:]).astimezone(UTC)


def _alterer(trace: Corps, hasard: Random) -> Corps:
    """The same id with another content."""
    autres: tuple[Corps, ...] = (
        {"duree_ms": (trace.get("duree_ms") or 0) + 1},
        {"scor_envoye": not trace.get("scor_envoye")},
        {"version": trace["version"] + "b"},
        {"poste": "autre"},
        {"emise_le": dire(_lire(trace["emise_le"]) + timedelta(microseconds=1), hasard)},
        {"numero_execution": 3},
    )
    return trace | hasard.choice(autres)


def _envoyer_neuve(atelier: _Atelier) -> None:
    atelier.recues.append(atelier.neuve())


def _repeter(atelier: _Atelier) -> None:
    atelier.recues.append(dict(atelier.ancienne()))


def _redire(atelier: _Atelier) -> None:
    atelier.recues.append(redire(atelier.ancienne(), atelier.hasard))


def _reutiliser(atelier: _Atelier) -> None:
    atelier.recues.append(_alterer(atelier.ancienne(), atelier.hasard))


def _changer_de_preserie(atelier: _Atelier) -> None:
    preserie = atelier.hasard.choice(OUVERTES)
    ailleurs = {"logiciel": LOGICIELS[preserie], "numero_am": atelier.hasard.choice(PILOTES[preserie])}
    atelier.recues.append(atelier.ancienne() | ailleurs)


def _gater(atelier: _Atelier) -> None:
    """Half of the time the trace is then sent as it should have been: a refusal leaves its id free."""
    trace = atelier.neuve()
    atelier.recues.append(gater(trace, atelier.hasard))
    if atelier.hasard.choice((False, True)):
        atelier.recues.append(trace)


_GESTES: tuple[Callable[[_Atelier], None], ...] = (
    *([_envoyer_neuve] * 8),
    _repeter,
    *([_redire] * 2),
    _reutiliser,
    _changer_de_preserie,
    *([_gater] * 2),
)
