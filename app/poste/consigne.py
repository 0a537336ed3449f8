"""May this workstation still send? Asked before sending, then as often as the service says."""

import asyncio
import logging
from dataclasses import dataclass, field

import httpx

from app.poste import lecture
from app.poste.reglages import Temps
from app.poste.resultat import DESACTIVEES

CHEMIN = "/traces/consigne"
CONSULTATION_S = 900.0
NOUVELLE_TENTATIVE_S = 60.0
DELAI_REPONSE_S = 10.0


@dataclass(frozen=True, slots=True)
class PosteSuivi:
    """The workstation that obeys the consigne: one logiciel at one pilote's."""

    logiciel: str
    numero_am: str = field(repr=False)


class _SansRequete(logging.Filter):
    """httpx logs the whole address of a request at level INFO: here that would write the N° AM in a log."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                arg.copy_with(query=None) if isinstance(arg, httpx.URL) and arg.path.endswith(CHEMIN) else arg
                for arg in record.args
            )
        return True


_SANS_REQUETE = _SansRequete()


class Consigne:
    """What the service last told this workstation, asked again when due. One question at a time."""

    def __init__(
        self, http: httpx.AsyncClient, url: str, entetes: dict[str, str], poste: PosteSuivi, temps: Temps
    ) -> None:
        logging.getLogger("httpx").addFilter(_SANS_REQUETE)
        self._http = http
        self._url = url + CHEMIN
        self._entetes = entetes
        self._parametres = {"logiciel": poste.logiciel, "numero_am": poste.numero_am}
        self._temps = temps
        self._etat: str | None = None
        self._etag: str | None = None
        self._intervalle_s = CONSULTATION_S
        self._echeance: float | None = None
        self._verrou = asyncio.Lock()

    async def desactivees(self) -> bool:
        """Whether to stop sending. When the service cannot be asked, what it last said holds."""
        async with self._verrou:
            if self._echeance is None or self._temps.horloge() >= self._echeance:
                attente = self._intervalle_s if await self._consulter() else NOUVELLE_TENTATIVE_S
                # Later than asked, never earlier, and not all workstations at once.
                self._echeance = self._temps.horloge() + attente * (1 + self._temps.hasard() / 10)
        return self._etat == DESACTIVEES

    def perimer(self) -> None:
        """The service has just said something newer elsewhere: ask again before sending more."""
        self._echeance = None

    async def _consulter(self) -> bool:
        entetes = self._entetes | ({"If-None-Match": self._etag} if self._etag else {})
        try:
            async with asyncio.timeout(DELAI_REPONSE_S):
                reponse = await self._http.get(self._url, params=self._parametres, headers=entetes)
            return self._lire(reponse)
        except (TimeoutError, httpx.RequestError, lecture.ReponseInattendue):
            return False

    def _lire(self, reponse: httpx.Response) -> bool:
        if reponse.status_code == 304:
            return self._etat is not None
        if reponse.status_code != 200:
            return False
        corps = lecture.objet(reponse.content)
        etat, intervalle = lecture.etat_traces(corps), lecture.entier(corps, "prochaine_consultation_s")
        self._etat, self._intervalle_s = etat, max(1.0, float(min(intervalle, 86_400)))
        self._etag = reponse.headers.get("ETag")
        return True
