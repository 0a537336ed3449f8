"""The answer that has no end: it sends what its reader can take, and ends with its key, its reader or the server."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.acces.roles import Acces
from app.bilan.faits import Dossier
from app.envoi import LecteurLent, connexion_de, depart, envoyer, rompre
from app.erreurs import CleRefusee
from app.flux.evenements import BATTEMENT, OUVERTURE, Evenement
from app.flux.service import Diffusion, Suivie
from app.observabilite import mesures
from app.stockage.base import ERREURS_DE_BASE

BATTEMENT_S = 15.0
ENVOI_S = 10.0
"""How long what is sent may find no room: whoever does not read for so long is cut off."""
_ENTETES: Mapping[str, str] = MappingProxyType(
    {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Connection": "close"}
)


@dataclass(frozen=True, slots=True)
class Lecteur:
    """Who follows: the header that bears the key, what it gave at first, and the last event already seen."""

    autorisation: str | None
    acces: Acces
    vu: str | None


class FluxDeBilan(Response):
    """The bilan of one présérie, at once unless the reader has it, and whenever it changes."""

    media_type = "text/event-stream"

    def __init__(self, diffusion: Diffusion, dossier: Dossier, lecteur: Lecteur) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers(_ENTETES)
        self._diffusion = diffusion
        self._dossier = dossier
        self._lecteur = lecteur

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connexion = connexion_de(scope)
        with self._diffusion.ouvrir(self._dossier.id, self._dossier.preserie) as suivie:
            arret = connexion.ouvrir_flux() if connexion is not None else asyncio.Event()
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            emission = asyncio.create_task(self._emettre(suivie, send))
            siennes = (emission, asyncio.create_task(depart(receive)), asyncio.ensure_future(arret.wait()))
            try:
                await asyncio.wait((*siennes, suivie.tache), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for tache in siennes:
                    tache.cancel()
                await asyncio.wait(siennes)
        try:
            with suppress(asyncio.CancelledError):
                emission.result()
            await envoyer(send, b"", ENVOI_S, encore=False)
        except LecteurLent:
            mesures.FLUX_ROMPUS.inc()
            await rompre(connexion, receive)

    async def _emettre(self, suivie: Suivie, send: Send) -> None:
        """Sends until the key no longer gives access."""
        vu = self._lecteur.vu
        await envoyer(send, OUVERTURE, ENVOI_S)
        while True:
            evenement = suivie.evenement
            if not await self._admis(evenement):
                return
            if evenement is not None and evenement.id != vu:
                await envoyer(send, evenement.texte, ENVOI_S)
                vu = evenement.id
            else:
                await envoyer(send, BATTEMENT, ENVOI_S)
            if suivie.evenement is evenement:
                await suivie.attendre(self._patience())

    def _patience(self) -> float:
        """Until the next sign of life, or the end of the key."""
        expire_le = self._lecteur.acces.expire_le
        if expire_le is None:
            return BATTEMENT_S
        return min(BATTEMENT_S, max(0.0, (expire_le - datetime.now(UTC)).total_seconds()))

    async def _admis(self, evenement: Evenement | None) -> bool:
        """Whether the key is still good, and the présérie its business. While nobody can say, it is what it was."""
        try:
            acces = await self._diffusion.reconnaitre(self._lecteur.autorisation)
        except CleRefusee:
            return False
        except ERREURS_DE_BASE:
            return not self._lecteur.acces.expiree(datetime.now(UTC))
        return evenement is None or acces.voit_preserie(self._dossier.preserie, evenement.editeur)
