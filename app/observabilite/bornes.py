"""The bounds on every body: 1 MiB, and so many seconds. Within them a body may be read whole."""

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.erreurs import CorpsTropGrand, CorpsTropLent

TAILLE_MAX = 1024 * 1024
CORPS_ENTIER = "traces_postes.corps_entier"
"""Set in the scope by our server once a body has come in whole: nothing is left to wait for, nor to time."""


class Bornes:
    """Bounds the bodies of every route of an application."""

    def __init__(self, app: ASGIApp, delai_s: float) -> None:
        self._app = app
        self._delai_s = delai_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive = borner(scope, receive, self._delai_s)
        await self._app(scope, receive, send)


def borner(scope: Scope, receive: Receive, delai_s: float) -> Receive:
    """A ``receive`` that raises CorpsTropGrand (413) or CorpsTropLent (408) once a body passes a bound."""
    recus = 0
    complet = False
    debut = time.monotonic()
    annonces = _annonces(scope)

    async def recevoir() -> Message:
        nonlocal recus, complet
        if complet:
            return await receive()
        if annonces > TAILLE_MAX:
            raise trop_grand()
        if CORPS_ENTIER in scope:
            message = await receive()
        else:
            try:
                async with asyncio.timeout(debut + delai_s - time.monotonic()):
                    message = await receive()
            except TimeoutError:
                raise trop_lent() from None
        recus += len(message.get("body", b""))
        if recus > TAILLE_MAX:
            raise trop_grand()
        complet = not message.get("more_body", False)
        return message

    return recevoir


def trop_grand() -> CorpsTropGrand:
    """The refusal of a body beyond 1 MiB. The connection stays open, or a client still sending would not see it."""
    return CorpsTropGrand(
        "Un envoi pèse au plus 1 Mio, même décompressé : coupez-le en deux et renvoyez chaque moitié."
    )


def trop_lent() -> CorpsTropLent:
    """The refusal of a body that takes too long; what is left of it would spoil the connection."""
    return CorpsTropLent(
        "Le corps n'est pas arrivé à temps : renvoyez les mêmes traces, en plus petits envois.",
        entetes={"Connection": "close"},
    )


def _annonces(scope: Scope) -> int:
    """The bytes that ``Content-Length`` announces, 0 where it says nothing."""
    for nom, valeur in scope["headers"]:
        if nom == b"content-length" and valeur.isdigit():
            return int(valeur[:12])
    return 0
