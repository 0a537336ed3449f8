"""Asks the service at short intervals whether it is ready, as a load balancer would: over a new connection each."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_PAS_S = 0.05
_PATIENCE_S = 30.0
_DE_SUITE = 4
"""Yeses in a row: one worker alone may answer some of them."""


@dataclass
class Sonde:
    """Each answer by when it came, with its status (0: none) and how long it took."""

    port: int
    releves: list[tuple[float, int, float]] = field(default_factory=list)

    def tourner(self, arret: threading.Event) -> None:
        while not arret.wait(_PAS_S):
            debut = time.monotonic()
            statut = self._demander()
            fin = time.monotonic()
            self.releves.append((fin, statut, fin - debut))

    def _demander(self) -> int:
        connexion = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_S)
        try:
            connexion.request("GET", "/sante/pret")
            return connexion.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connexion.close()

    def pret_depuis(self, depuis: float) -> float | None:
        """When it was ready for good after that instant; None as long as it is not."""
        apres = [releve for releve in list(self.releves) if releve[0] - releve[2] >= depuis]
        derniers_non = [rang for rang, (_, statut, _) in enumerate(apres) if statut != 200]
        prets = apres[derniers_non[-1] + 1 :] if derniers_non else apres
        return prets[0][0] if len(prets) >= _DE_SUITE else None

    def entre(self, debut: float) -> tuple[set[int], float]:
        """The statuses since then, and the slowest answer."""
        vus = [releve for releve in list(self.releves) if releve[0] >= debut]
        return {statut for _, statut, _ in vus}, max((duree for *_, duree in vus), default=0.0)


@contextmanager
def sonde(port: int) -> Iterator[Sonde]:
    elle, arret = Sonde(port), threading.Event()
    fil = threading.Thread(target=elle.tourner, args=(arret,))
    fil.start()
    try:
        yield elle
    finally:
        arret.set()
        fil.join()
