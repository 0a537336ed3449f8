"""Reads the body of a POST: its media type, and gzip."""

import zlib
from collections.abc import Mapping

from starlette.types import Receive

from app.erreurs import CorpsIllisible, MediaRefuse
from app.observabilite.bornes import TAILLE_MAX, trop_grand

Entetes = Mapping[bytes, bytes]
"""Headers of a request as the server gives them: names in lower case."""
_JSON = b"application/json"
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


def verifier_media(entetes: Entetes) -> bool:
    """Whether the body is gzipped; raises MediaRefuse where it is neither plain nor gzipped JSON in UTF-8."""
    media = entetes.get(b"content-type", _JSON)
    if media != _JSON and not _est_json(media.decode("latin-1")):
        raise MediaRefuse("Envoyez du JSON en UTF-8, avec l'en-tête « Content-Type: application/json ».")
    codage = entetes.get(b"content-encoding", b"").strip().lower()
    if codage not in (b"", b"identity", b"gzip"):
        raise MediaRefuse("Envoyez le corps tel quel, ou compressé avec « Content-Encoding: gzip ».")
    return codage == b"gzip"


def _est_json(entete: str) -> bool:
    media, *parametres = (p.strip().lower() for p in entete.split(";"))
    jeux = [p.removeprefix("charset=").strip('"') for p in parametres if p.startswith("charset=")]
    return media == "application/json" and all(jeu in ("utf-8", "utf8") for jeu in jeux)


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
    return CorpsIllisible("Le corps n'est pas du gzip complet : compressez-le à nouveau et renvoyez les mêmes traces.")
