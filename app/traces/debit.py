"""PURE but for the clock that is handed in. A token bucket per key, in one worker; off unless set."""

import math

from app.erreurs import TropDeRequetes

_CLES_MAX = 10_000


class Debit:
    """At most ``par_seconde`` requests per second and key, with one second's worth of burst."""

    def __init__(self, par_seconde: int) -> None:
        self._par_seconde = par_seconde
        self._seaux: dict[int, tuple[float, float]] = {}

    def admettre(self, cle_id: int, maintenant: float) -> None:
        """Takes one request off the bucket of a key at a monotonic instant in seconds; raises TropDeRequetes (429)."""
        reste, vu = self._seaux.pop(cle_id, (float(self._par_seconde), maintenant))
        reste = min(float(self._par_seconde), reste + (maintenant - vu) * self._par_seconde)
        admise = reste >= 1
        self._seaux[cle_id] = (reste - 1 if admise else reste, maintenant)
        if len(self._seaux) > _CLES_MAX:
            del self._seaux[next(iter(self._seaux))]
        if not admise:
            attente = math.ceil((1 - reste) / self._par_seconde)
            raise trop_de_requetes(attente)


def trop_de_requetes(attente_s: int) -> TropDeRequetes:
    return TropDeRequetes(
        "Cette clé envoie trop de requêtes : groupez les traces en tableaux et renvoyez-les plus tard.",
        entetes={"Retry-After": str(attente_s)},
    )
