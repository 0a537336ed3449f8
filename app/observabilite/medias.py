"""What a body may be: JSON in UTF-8; CSV, a form, or gzip only where it is said so."""

from collections.abc import Collection, Iterable, Mapping

from starlette.requests import Request
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from app.erreurs import MediaRefuse
from app.observabilite.requetes import reponse_probleme

Entetes = Mapping[bytes, bytes]
"""Headers of a request as the server gives them: names in lower case."""
_JSON = b"application/json"
CSV = "text/csv"
FORMULAIRE = "application/x-www-form-urlencoded"
_GZIP = frozenset({b"gzip", b"x-gzip"})
_CODAGES = _GZIP | {b"", b"identity"}
PORTEURS = frozenset({"PATCH", "POST", "PUT"})


def verifier_media(entetes: Entetes) -> bool:
    """Whether the body is gzipped; raises MediaRefuse where it is neither plain nor gzipped JSON in UTF-8."""
    media = entetes.get(b"content-type", _JSON)
    if media != _JSON and not _est(media.decode("latin-1"), "application/json"):
        raise autre_media()
    codage = entetes.get(b"content-encoding", b"").strip().lower()
    if codage not in _CODAGES:
        raise MediaRefuse("Envoyez le corps tel quel, ou compressé avec « Content-Encoding: gzip ».")
    return codage in _GZIP


def est_gzip(entetes: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a body says that it is gzipped, as ``verifier_media`` takes it."""
    return any(nom == b"content-encoding" and valeur.strip().lower() in _GZIP for nom, valeur in entetes)


def autre_media() -> MediaRefuse:
    return MediaRefuse("Envoyez du JSON en UTF-8, avec l'en-tête « Content-Type: application/json ».")


def compresse() -> MediaRefuse:
    return MediaRefuse("Envoyez du JSON sans compression, avec « Content-Type: application/json ».")


def csv_attendu() -> MediaRefuse:
    return MediaRefuse("Envoyez un fichier CSV en UTF-8, sans compression, avec « Content-Type: text/csv ».")


def formulaire_attendu() -> MediaRefuse:
    return MediaRefuse(f"Envoyez du JSON sans compression, ou un formulaire : « Content-Type: {FORMULAIRE} ».")


def _est(entete: str, attendu: str) -> bool:
    media, *parametres = (p.strip().lower() for p in entete.split(";"))
    jeux = [p.removeprefix("charset=").strip('"') for p in parametres if p.startswith("charset=")]
    return media == attendu and all(jeu in ("utf-8", "utf8") for jeu in jeux)


class Medias:
    """Refuses a body of another type to every route of an application, and gzip.

    JSON; but CSV at the addresses ``csv``, and a form as well at the addresses ``formulaires``.
    """

    def __init__(self, app: ASGIApp, csv: Collection[str] = (), formulaires: Collection[str] = ()) -> None:
        self._app = app
        self._exigences = [
            *((compile_path(chemin)[0], _exiger_csv) for chemin in csv),
            *((compile_path(chemin)[0], _exiger_json_ou_formulaire) for chemin in formulaires),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in PORTEURS:
            trouvees = (exiger for forme, exiger in self._exigences if forme.match(scope["path"]))
            exiger = next(trouvees, _exiger_json)
            entetes: Entetes = dict(scope["headers"])
            try:
                if entetes.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in entetes:
                    exiger(entetes)
            except MediaRefuse as refus:
                await reponse_probleme(Request(scope), refus)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _exiger_json(entetes: Entetes) -> None:
    if b"content-type" not in entetes or verifier_media(entetes):
        raise compresse()


def _exiger_csv(entetes: Entetes) -> None:
    if not _en_clair(entetes) or not _est(_media(entetes), CSV):
        raise csv_attendu()


def _exiger_json_ou_formulaire(entetes: Entetes) -> None:
    media = _media(entetes)
    if not _en_clair(entetes) or not (_est(media, "application/json") or _est(media, FORMULAIRE)):
        raise formulaire_attendu()


def _media(entetes: Entetes) -> str:
    return entetes.get(b"content-type", b"").decode("latin-1")


def _en_clair(entetes: Entetes) -> bool:
    return entetes.get(b"content-encoding", b"").strip().lower() in (b"", b"identity")
