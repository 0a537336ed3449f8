"""The bounds on every body: 1 MiB, and so many seconds. Within them a body may be read whole."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.erreurs import CorpsTropGrand, CorpsTropLent

TAILLE_MAX = 1024 * 1024


class Bornes:
    """Raises CorpsTropGrand (413) or CorpsTropLent (408) from the reading of a body that passes a bound."""

    def __init__(self, app: ASGIApp, delai_s: float) -> None:
        self._app = app
        self._delai_s = delai_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        recus = 0
        complet = False
        limite = asyncio.get_running_loop().time() + self._delai_s

        async def recevoir() -> Message:
            nonlocal recus, complet
            if complet:
                return await receive()
            try:
                async with asyncio.timeout_at(limite):
                    message = await receive()
            except TimeoutError:
                raise _trop_lent() from None
            recus += len(message.get("body", b""))
            if recus > TAILLE_MAX or (recus and _annoncee(scope) > TAILLE_MAX):
                raise trop_grand()
            complet = not message.get("more_body", False)
            return message

        await self._app(scope, recevoir, send)


def trop_grand() -> CorpsTropGrand:
    return CorpsTropGrand(
        "Un envoi pèse au plus 1 Mio, même décompressé : coupez-le en deux et renvoyez chaque moitié.",
        entetes={"Connection": "close"},
    )


def _trop_lent() -> CorpsTropLent:
    return CorpsTropLent(
        "Le corps n'est pas arrivé à temps : renvoyez les mêmes traces, en plus petits envois.",
        entetes={"Connection": "close"},
    )


def _annoncee(scope: Scope) -> int:
    for nom, valeur in scope["headers"]:
        if nom == b"content-length" and valeur.isdigit():
            return int(valeur[:12])
    return 0
