"""The bounds on every body: 1 MiB, and so many seconds; and on all of those that are on their way."""

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.erreurs import CorpsTropGrand, CorpsTropLent, Surcharge

TAILLE_MAX = 1024 * 1024
INACHEVES_MAX = 64 * TAILLE_MAX
"""Bytes that one worker holds of bodies of which more is to come: slow senders must not fill its memory."""
CORPS_ENTIER = "traces_postes.corps_entier"
"""Set in the scope by our server once a body has come in whole: nothing is left to wait for, nor to time."""


class Bornes:
    """The bounds of the bodies of one worker: of each its size and its time, of those that are not whole their sum."""

    def __init__(self, delai_s: float) -> None:
        self.delai_s = delai_s
        self.inacheves = 0
        """Bytes of bodies of which more is to come."""

    def corps(self, scope: Scope, receive: Receive) -> "CorpsBorne":
        return CorpsBorne(self, scope, receive)


class CorpsBorne:
    """One body: what is called as a ``receive``, and let go of in the end."""

    __slots__ = ("_annonces", "_bornes", "_complet", "_debut", "_entier", "_receive", "_recus", "_tenus")

    def __init__(self, bornes: Bornes, scope: Scope, receive: Receive) -> None:
        self._bornes = bornes
        self._receive = receive
        self._annonces = _annonces(scope)
        self._entier = CORPS_ENTIER in scope
        self._debut = time.monotonic()
        self._recus = self._tenus = 0
        self._complet = False

    async def __call__(self) -> Message:
        """Raises CorpsTropGrand (413), CorpsTropLent (408) or Surcharge (503) once a bound is passed."""
        if self._complet:
            return await self._receive()
        if self._annonces > TAILLE_MAX:
            raise trop_grand()
        message = await self._receive() if self._entier else await self._attendre()
        self._recus += len(message.get("body", b""))
        if self._recus > TAILLE_MAX:
            raise trop_grand()
        self._complet = not message.get("more_body", False)
        if not self._complet:
            self._tenir()
        return message

    def lacher(self) -> None:
        """The body is whole, or nobody waits for it any longer."""
        self._bornes.inacheves -= self._tenus
        self._tenus = 0

    async def _attendre(self) -> Message:
        try:
            async with asyncio.timeout(self._debut + self._bornes.delai_s - time.monotonic()):
                return await self._receive()
        except TimeoutError:
            raise trop_lent() from None

    def _tenir(self) -> None:
        self._bornes.inacheves += self._recus - self._tenus
        self._tenus = self._recus
        if self._bornes.inacheves > INACHEVES_MAX:
            raise trop_de_corps()


class Bornage:
    """Bounds the bodies of every route of an application."""

    def __init__(self, app: ASGIApp, bornes: Bornes) -> None:
        self._app = app
        self._bornes = bornes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        corps = self._bornes.corps(scope, receive)
        try:
            await self._app(scope, corps, send)
        finally:
            corps.lacher()


def trop_grand() -> CorpsTropGrand:
    """The refusal of a body beyond 1 MiB. The connection stays open, or a client still sending would not see it."""
    return CorpsTropGrand(
        "Un envoi pèse au plus 1 Mio, même décompressé : coupez-le en deux et renvoyez chaque moitié."
    )


def trop_de_corps() -> Surcharge:
    """The refusal of a body while too many others are on their way."""
    return Surcharge("Trop d'envois arrivent à la fois : renvoyez le même dans un instant.")


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
