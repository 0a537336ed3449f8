"""The outermost middleware: a request id, one log line, and a problem instead of a traceback."""

import random
import time
from collections.abc import Iterator, MutableMapping
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.erreurs import ErreurInterne, ErreurMetier, probleme
from app.observabilite import mesures
from app.observabilite.journaux import REQUETE_ID, trajet
from app.observabilite.telemetrie import Telemetrie, noter_erreur, noter_probleme
from app.reponses import TYPE_PROBLEME
from app.stockage.lectures import AGE_S

_journal = structlog.get_logger(__name__)
_DISCRETES = frozenset({"/traces", "/sante/vivant", "/sante/pret", "/traces/consigne", "/metrics"})
_HASARD = random.Random()  # noqa: S311
_VERSION_4 = 0x4000_8000 << 48
_LIBRES = ~(0xF000_C000 << 48)
GABARIT = "traces_postes.gabarit"
"""Where what is served without the router says under which template."""


def requete_id(scope: MutableMapping[str, Any]) -> str:
    """The id of this request: in the answer, in the problem, in the log."""
    identifiant: str = scope["traces_postes.requete_id"]
    return identifiant


def reponse_probleme(requete: Request, erreur: ErreurMetier) -> JSONResponse:
    """A domain error as an answer of type ``application/problem+json``."""
    mesures.PROBLEMES[erreur.code](1)
    noter_probleme(erreur.code, erreur.statut)
    corps = probleme(erreur, requete_id(requete.scope))
    return JSONResponse(corps, erreur.statut, erreur.entetes, media_type=TYPE_PROBLEME)


def reponse_imprevue(requete: Request, erreur: Exception) -> JSONResponse:
    """Our own fault: logged by where it came through, and answered with a 500."""
    _journal.error("erreur_imprevue", erreur=type(erreur).__name__, trajet=trajet(erreur.__traceback__))
    reponse = reponse_probleme(requete, ErreurInterne())
    noter_erreur(erreur)
    return reponse


def nouvel_identifiant() -> str:
    """A random UUID; no secret, hence without the system call that ``uuid4`` makes for each."""
    bits = _HASARD.getrandbits(128) & _LIBRES | _VERSION_4
    chiffres = f"{bits:032x}"
    return f"{chiffres[:8]}-{chiffres[8:12]}-{chiffres[12:16]}-{chiffres[16:20]}-{chiffres[20:]}"


class Requetes:
    """Wraps every HTTP request. A status of 0: nobody was there to answer, or the answer broke off unbegun."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.telemetrie: Telemetrie | None = None
        """Where a collector is set."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifiant = nouvel_identifiant()
        scope["traces_postes.requete_id"] = identifiant
        REQUETE_ID.set(identifiant)
        suivi = None if self.telemetrie is None else self.telemetrie.suivre(scope, identifiant)
        entete = (b"x-request-id", identifiant.encode())
        debut = time.perf_counter()
        statut = 0

        async def envoyer(message: Message) -> None:
            nonlocal statut
            if message["type"] == "http.response.start":
                statut = message["status"]
                message["headers"] = [*message.get("headers", ()), entete, *_age(scope)]
            await send(message)

        try:
            await self._app(scope, receive, envoyer)
        except Exception as erreur:  # the boundary: whatever broke, the caller gets a problem
            if statut:
                noter_erreur(erreur)
                raise
            await reponse_imprevue(Request(scope), erreur)(scope, receive, envoyer)
        finally:
            route: str = scope.get(GABARIT, "") or getattr(scope.get("route"), "path", "")
            _consigner(scope["method"], route, statut, time.perf_counter() - debut)
            if suivi is not None:
                suivi.finir(route, statut)


def _age(scope: Scope) -> Iterator[tuple[bytes, bytes]]:
    """Of an answer that was read from a standby: how old it may be, in seconds."""
    age_s = scope.get(AGE_S)
    if age_s is not None:
        yield b"x-donnees-age", f"{age_s:.3f}".encode()


def _consigner(methode: str, route: str, statut: int, duree_s: float) -> None:
    mesures.mesurer_requete(methode, route, statut, duree_s)
    if 0 < statut < 400 and route in _DISCRETES:
        return
    _journal.info(
        "requete",
        methode=methode,
        route=route,
        statut=statut,
        duree_ms=round(duree_s * 1000, 1),
    )
