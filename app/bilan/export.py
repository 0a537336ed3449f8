"""A list that is sent while it is read: one snapshot, a few rows in memory, and no end where something broke."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Send

from app.observabilite.medias import CSV
from app.stockage.base import Base

PATIENCE_S = 60.0
"""Who takes nothing for so long is cut off: a snapshot and a connection wait for it."""


class Export(StreamingResponse):
    """Begins once the first rows are read: what fails before is answered as a problem.

    What fails later cuts the connection, so that a part is never taken for the whole.
    """

    def __init__(self, base: Base, ecrire: Callable[[AsyncSession], AsyncGenerator[bytes, None]], nom: str) -> None:
        entetes = {"Content-Disposition": f'attachment; filename="{nom}"', "Vary": "Accept"}
        super().__init__((), headers=entetes, media_type=CSV)
        self._base = base
        self._ecrire = ecrire

    async def stream_response(self, send: Send) -> None:
        async with self._base.lecture() as session, aclosing(self._ecrire(session)) as morceaux:
            premier = await anext(morceaux)
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await _envoyer(send, premier)
            async for morceau in morceaux:
                await _envoyer(send, morceau)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _envoyer(send: Send, morceau: bytes) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await send({"type": "http.response.body", "body": morceau, "more_body": True})
