"""A list that is sent while it is read: one snapshot, a few rows in memory, and no end where something broke."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, aclosing

import structlog
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Receive, Scope, Send

from app.envoi import LecteurLent, connexion_de, delai, envoyer, rompre
from app.observabilite.medias import CSV

PATIENCE_S = 60.0
"""Who takes nothing for so long is cut off: a snapshot and a connection wait for it."""
ENTIER_S = 900.0
"""So is who has not taken the whole file by then."""
_journal = structlog.get_logger(__name__)


class Export(StreamingResponse):
    """Begins once the first rows are read: what fails before is answered as a problem.

    What fails later cuts the connection, so that a part is never taken for the whole.
    """

    def __init__(
        self,
        lire: Callable[[], AbstractAsyncContextManager[AsyncSession]],
        ecrire: Callable[[AsyncSession], AsyncGenerator[bytes, None]],
        nom: str,
    ) -> None:
        entetes = {"Content-Disposition": f'attachment; filename="{nom}"', "Vary": "Accept"}
        super().__init__((), headers=entetes, media_type=CSV)
        self._lire = lire
        self._ecrire = ecrire

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connexion = connexion_de(scope)
        try:
            await super().__call__(scope, receive, send)
        except LecteurLent:
            _journal.info("fichier_rompu")
            await rompre(connexion, receive)

    async def stream_response(self, send: Send) -> None:
        async with self._lire() as session, aclosing(self._ecrire(session)) as morceaux:
            premier = await anext(morceaux)
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with delai(ENTIER_S):
                await envoyer(send, premier, PATIENCE_S)
                async for morceau in morceaux:
                    await envoyer(send, morceau, PATIENCE_S)
        await envoyer(send, b"", PATIENCE_S, encore=False)
