"""Reads the body of a POST: its media type, and gzip."""

import zlib

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request

from app.erreurs import CorpsIllisible, MediaRefuse
from app.observabilite.bornes import TAILLE_MAX, trop_grand


async def lire_corps(requete: Request) -> bytes:
    """The decompressed body, of 1 MiB at most before (``app.observabilite.bornes``) and after decompression.

    Raises MediaRefuse (415), CorpsTropGrand (413), CorpsTropLent (408), CorpsIllisible (400).
    """
    gzip = verifier_media(requete.headers)
    try:
        corps = await requete.body()
    except ClientDisconnect:
        raise CorpsIllisible("Le corps s'est interrompu : renvoyez les mêmes traces.") from None
    return decompresser(corps) if gzip else corps


def verifier_media(entetes: Headers) -> bool:
    """Whether the body is gzipped; raises MediaRefuse where it is neither plain nor gzipped JSON in UTF-8."""
    media, *parametres = (p.strip().lower() for p in entetes.get("content-type", "application/json").split(";"))
    jeux = [p.removeprefix("charset=").strip('"') for p in parametres if p.startswith("charset=")]
    if media != "application/json" or any(jeu not in ("utf-8", "utf8") for jeu in jeux):
        raise MediaRefuse("Envoyez du JSON en UTF-8, avec l'en-tête « Content-Type: application/json ».")
    codage = entetes.get("content-encoding", "identity").strip().lower()
    if codage not in ("identity", "gzip", ""):
        raise MediaRefuse("Envoyez le corps tel quel, ou compressé avec « Content-Encoding: gzip ».")
    return codage == "gzip"


def decompresser(corps: bytes, limite: int = TAILLE_MAX) -> bytes:
    """The content of one or several gzip members, never unpacking more than ``limite`` bytes and one."""
    contenu = bytearray()
    reste = corps
    while reste:
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
    return bytes(contenu)


def _mauvais_gzip() -> CorpsIllisible:
    return CorpsIllisible("Le corps n'est pas du gzip complet : compressez-le à nouveau et renvoyez les mêmes traces.")
