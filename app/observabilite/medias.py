"""What a body may be: JSON in UTF-8; gzip only where it is said so."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.erreurs import MediaRefuse
from app.observabilite.requetes import reponse_probleme

Entetes = Mapping[bytes, bytes]
"""Headers of a request as the server gives them: names in lower case."""
_JSON = b"application/json"
PORTEURS = frozenset({"PATCH", "POST", "PUT"})


def verifier_media(entetes: Entetes) -> bool:
    """Whether the body is gzipped; raises MediaRefuse where it is neither plain nor gzipped JSON in UTF-8."""
    media = entetes.get(b"content-type", _JSON)
    if media != _JSON and not _est_json(media.decode("latin-1")):
        raise autre_media()
    codage = entetes.get(b"content-encoding", b"").strip().lower()
    if codage not in (b"", b"identity", b"gzip", b"x-gzip"):
        raise MediaRefuse("Envoyez le corps tel quel, ou compressé avec « Content-Encoding: gzip ».")
    return codage in (b"gzip", b"x-gzip")


def autre_media() -> MediaRefuse:
    return MediaRefuse("Envoyez du JSON en UTF-8, avec l'en-tête « Content-Type: application/json ».")


def compresse() -> MediaRefuse:
    return MediaRefuse("Envoyez du JSON sans compression, avec « Content-Type: application/json ».")


def _est_json(entete: str) -> bool:
    media, *parametres = (p.strip().lower() for p in entete.split(";"))
    jeux = [p.removeprefix("charset=").strip('"') for p in parametres if p.startswith("charset=")]
    return media == "application/json" and all(jeu in ("utf-8", "utf8") for jeu in jeux)


class Medias:
    """Refuses a body of another type to every route of an application; none of them takes gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in PORTEURS:
            try:
                _exiger_json(dict(scope["headers"]))
            except MediaRefuse as refus:
                await reponse_probleme(Request(scope), refus)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _exiger_json(entetes: Entetes) -> None:
    a_un_corps = entetes.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in entetes
    if a_un_corps and (b"content-type" not in entetes or verifier_media(entetes)):
        raise compresse()
