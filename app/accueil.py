"""What one worker lets in: how many connections, how slow a client may be, and how much work may wait.

The one rule against overload: a POST of traces is refused, before its body is looked at, while more of them are in hand
than were lately answered in time. How many that are is found as TCP finds its window: fewer while answers take too
long, more while they do not. A refusal costs little, since neither key nor body is looked at.
"""

import asyncio
import math
import resource
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from app.erreurs import Surcharge
from app.observabilite import mesures
from app.reglages import Reglages

ETAT = "accueil"
"""Under which the lifespan hands it to the connections."""
EN_MAIN = "traces_postes.en_main"
"""Where the scope of a POST of traces has its ``EnMain``."""
POIDS_REQUETE = 4 * 1024
"""What a request weighs beside its body: one trace alone costs as much as ten in an array."""
POIDS_GZIP = 10
"""What a byte of gzip weighs: about what it unpacks to."""
_POIDS_MIN = 1024 * 1024
"""Whatever happens, so much may be in hand: a few clients that wait for their answers are not refused."""
_AJUSTEMENT_S = 0.1
_MOINS, _PLUS = 0.8, 1.05
_PERIODE_S = 1.0
_ATTENTE_DITE_MAX_S = 30
_DESCRIPTEURS_RESERVES = 200
"""For the database, the logs and the metrics."""
_journal = structlog.get_logger(__name__)


class Connexion(Protocol):
    """One client's connection."""

    def surveiller(self, maintenant: float) -> None:
        """Ends it where its client makes the server wait for too long."""


class Accueil:
    """The doorkeeper of one worker; ``retard`` says for how long the oldest traces have waited for their commit."""

    def __init__(self, reglages: Reglages, retard: Callable[[], float]) -> None:
        self.entete_delai_s = reglages.entete_delai_s
        self.corps_delai_s = reglages.corps_delai_s
        self.lecture_delai_s = reglages.lecture_delai_s
        self.connexions_max = _connexions_possibles(reglages.connexions_max)
        self.connexions: set[Connexion] = set()
        self.retard = retard
        self.poids = 0
        """Of the POSTs of traces that came in whole and are not answered yet, in bytes."""
        self.poids_permis: float = reglages.receptions_max_octets
        self._poids_max = reglages.receptions_max_octets
        self._attente_visee_s = reglages.attente_visee_s
        self._ajuste_a = self._durees = 0.0
        self._reponses = 0

    def attente_s(self) -> int | None:
        """For how long one more POST of traces has to wait outside; None where it may come in."""
        if self.poids < self.poids_permis:
            return None
        # What has been stuck for so long will be for as long again; a queue alone is gone within a second.
        return min(_ATTENTE_DITE_MAX_S, max(1, math.ceil(self.retard())))

    def repondu(self, attente_s: float) -> None:
        """A POST of traces was answered so long after it had come in whole."""
        maintenant = time.monotonic()
        self._durees += attente_s
        self._reponses += 1
        if maintenant - self._ajuste_a < _AJUSTEMENT_S:
            return
        facteur = _MOINS if self._durees > self._reponses * self._attente_visee_s else _PLUS
        self.poids_permis = min(self._poids_max, max(_POIDS_MIN, self.poids_permis * facteur))
        self._ajuste_a, self._durees, self._reponses = maintenant, 0.0, 0

    @property
    def complet(self) -> bool:
        return len(self.connexions) > self.connexions_max

    async def tourner(self) -> None:
        """Looks at every connection once a second, until cancelled: a timer for each would cost each request."""
        while True:
            await asyncio.sleep(min(_PERIODE_S, self.entete_delai_s / 4, self.lecture_delai_s / 4))
            maintenant = time.monotonic()
            for connexion in list(self.connexions):
                connexion.surveiller(maintenant)
            mesures.CONNEXIONS_OUVERTES.set(len(self.connexions))
            mesures.CONNEXIONS_OUVERTES_MAX.set(self.connexions_max)
            mesures.RECEPTIONS.set(self.poids)
            mesures.RECEPTIONS_MAX.set(self.poids_permis)
            mesures.RETARD.set(self.retard())


class EnMain:
    """One POST of traces: in hand from when it has come in whole until its task ends, whoever still listens."""

    __slots__ = ("_accueil", "_depuis", "_finie", "_poids")

    def __init__(self, accueil: Accueil) -> None:
        self._accueil = accueil
        self._poids = 0
        self._depuis = 0.0
        self._finie = False

    def prendre(self, octets: int) -> None:
        """Counts it, once, with a body of so many bytes. Raises Surcharge where too many others came in before it."""
        if self._poids or self._finie:
            return
        if (attente_s := self._accueil.attente_s()) is not None:
            raise Surcharge(attente_s=attente_s)
        self._poids = POIDS_REQUETE + octets
        self._depuis = time.monotonic()
        self._accueil.poids += self._poids

    def rendre(self) -> None:
        """Its task has ended: what comes after is no work."""
        self._finie = True
        if self._poids:
            self._accueil.poids -= self._poids
            self._accueil.repondu(time.monotonic() - self._depuis)
            self._poids = 0


def _connexions_possibles(voulues: int) -> int:
    """As many as wanted, or as the system gives file descriptors for: raised to what it allows."""
    _, permis = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (permis, permis))
    if permis == resource.RLIM_INFINITY:
        return voulues
    possibles = max(10, permis - _DESCRIPTEURS_RESERVES)
    if possibles < voulues:
        _journal.warning("descripteurs_insuffisants", permis=permis, connexions_max=possibles)
    return min(voulues, possibles)
