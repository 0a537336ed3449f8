"""Pure: what to do after an answer or its loss, and how long to wait before the next attempt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from app.poste.resultat import Resultat


class Suite(StrEnum):
    """What follows from one attempt."""

    ACQUITTE = "acquitte"
    REPRENDRE = "reprendre"
    COUPER = "couper"
    CLE_REFUSEE = "cle-refusee"
    CERTIFICAT_REFUSE = "certificat-refuse"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Issue:
    """What one attempt came to. `motif` is for people: a status or the kind of failure, never a content."""

    suite: Suite
    motif: str
    accuse: Resultat | None = None
    attente_demandee: float | None = None
    code: str | None = None
    detail: str | None = None


DU_PROXY = {
    "certificat-absent": Suite.CERTIFICAT_REFUSE,
    "certificat-refuse": Suite.CERTIFICAT_REFUSE,
    "acces-refuse": Suite.IMPOSSIBLE,
}
"""What a 403 of the proxy before the service is for, by its code."""


def suite_de_la_reponse(statut: int, code: str | None = None) -> Suite:
    """The traces of an array are answered one by one, so a 403 for the whole is for the key, or is the proxy's."""
    if statut == 403 and code in DU_PROXY:
        return DU_PROXY[code]
    if 200 <= statut < 300:
        return Suite.ACQUITTE
    if statut in {401, 403}:
        return Suite.CLE_REFUSEE
    if statut == 413:
        return Suite.COUPER
    if statut in {408, 429} or statut >= 500:
        return Suite.REPRENDRE
    return Suite.IMPOSSIBLE


def attente_demandee(retry_after: str | None, maintenant: datetime) -> float | None:
    """Seconds asked for by `Retry-After` (a number or an HTTP date); None if absent or unreadable."""
    if retry_after is None:
        return None
    texte = retry_after.strip()
    if texte.isascii() and texte.isdigit():
        return float(texte)
    date = lire_date(texte)
    return None if date is None else max(0.0, (date - maintenant).total_seconds())


def lire_date(texte: str) -> datetime | None:
    """An HTTP date, with its offset (UTC where it gives none)."""
    try:
        date = parsedate_to_datetime(texte)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Attentes:
    """How long to wait between attempts: exponential with full jitter, or what the service asks for."""

    base_s: float
    plafond_s: float

    def delai(self, essai: int, demandee: float | None, hasard: Callable[[], float]) -> float:
        """Seconds before the attempt that follows number `essai` (from 0). `hasard` draws from [0, 1)."""
        if demandee is not None:
            # The added jitter keeps workstations that were sent away together from coming back together.
            return min(demandee, self.plafond_s) + hasard() * self.base_s
        # Beyond 2**30 the cap has long been reached, and floats would overflow.
        return hasard() * min(self.plafond_s, self.base_s * 2.0 ** min(essai, 30))
