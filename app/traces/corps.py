"""Reads the body of a POST: its media type, and gzip."""

import zlib

from starlette.types import Receive

from app.erreurs import CorpsIllisible
from app.observabilite.bornes import TAILLE_MAX, trop_grand
from app.observabilite.medias import Entetes, verifier_media

_MEMBRES_MAX = 100
"""Each member's end copies what is left: a body of nothing but tiny members would hold everyone up."""


async def lire_corps(entetes: Entetes, receive: Receive) -> bytes:
    """The decompressed body, of 1 MiB at most before (``app.observabilite.bornes``) and after decompression.

    Raises MediaRefuse (415), CorpsTropGrand (413), CorpsTropLent (408), CorpsIllisible (400).
    """
    gzip = verifier_media(entetes)
    message = await receive()
    corps: bytes = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        corps += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise CorpsIllisible("Le corps s'est interrompu : renvoyez les mêmes traces.")
    return decompresser(corps) if gzip else corps


def decompresser(corps: bytes, limite: int = TAILLE_MAX) -> bytes:
    """The content of one or several gzip members, never unpacking more than ``limite`` bytes and one."""
    contenu = bytearray()
    reste = corps
    for _ in range(_MEMBRES_MAX):
        if not reste:
            return bytes(contenu)
        membre = zlib.decompressobj(wbits=31)
        try:
            contenu += membre.decompress(reste, limite + 1 - len(contenu))
        except zlib.error:
            raise _mauvais_gzip() from None
        if len(contenu) > limite:
            raise trop_grand()
        if not membre.eof:
            raise _mauvais_gzip()
        reste = membre.unused_data
    raise _mauvais_gzip()


def _mauvais_gzip() -> CorpsIllisible:
    return CorpsIllisible("Le corps n'est pas du gzip complet et d'un seul tenant : compressez-le à nouveau.")
