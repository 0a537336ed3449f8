"""A stand-in of the remote service: a real HTTP server that answers as each test has scripted it."""

import asyncio
import gzip
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

Traces = list[Any]
Etape = Callable[["Distant", Traces], Response]

CLE = "cle-de-test"


@dataclass
class Recue:
    """One request as it came in."""

    entetes: MutableMapping[str, str]
    octets: int
    corps: bytes
    parametres: dict[str, str] = field(default_factory=dict)

    @property
    def traces(self) -> Traces:
        lues: Traces = json.loads(self.corps)
        return lues


class Distant:
    """Takes the next scripted step for each POST; without a script, acknowledges like the service."""

    def __init__(self) -> None:
        self.url = ""
        self.remettre_a_zero()

    def remettre_a_zero(self) -> None:
        self.postes: list[Recue] = []
        self.consultations: list[Recue] = []
        self.script: deque[Etape] = deque()
        self.consignes: deque[Response] = deque()
        self.connus: set[str] = set()
        self.pause_s = 0.0
        self.en_vol = 0
        self.en_vol_max = 0
        self.etat = "actives"

    @property
    def tailles(self) -> list[int]:
        return [len(recue.traces) for recue in self.postes]

    async def recevoir(self, requete: Request) -> Response:
        brut = await requete.body()
        corps = gzip.decompress(brut) if requete.headers.get("content-encoding") == "gzip" else brut
        recue = Recue(dict(requete.headers), len(brut), corps)
        self.postes.append(recue)
        self.en_vol += 1
        self.en_vol_max = max(self.en_vol, self.en_vol_max)
        etape = self.script.popleft() if self.script else acquitter
        await asyncio.sleep(self.pause_s)
        self.en_vol -= 1
        return etape(self, recue.traces)

    async def repondre_consigne(self, requete: Request) -> Response:
        self.consultations.append(Recue(dict(requete.headers), 0, b"", dict(requete.query_params)))
        return self.consignes.popleft() if self.consignes else Response(status_code=404)


def acquitter(distant: Distant, traces: Traces) -> Response:
    """Like the service: each trace is recorded, a doublon, or refused because it is no object."""
    rejets = [
        {"index": index, "code": "trace-invalide", "champ": None, "detail": "Envoyez un objet."}
        for index, trace in enumerate(traces)
        if not isinstance(trace, dict)
    ]
    ids = [str(UUID(trace["id"])) for trace in traces if isinstance(trace, dict)]
    connus_avant = len(distant.connus)
    distant.connus.update(ids)
    nouvelles = len(distant.connus) - connus_avant
    return JSONResponse(
        {
            "recues": len(traces),
            "enregistrees": nouvelles,
            "doublons": len(ids) - nouvelles,
            "rejetees": len(rejets),
            "rejets": rejets,
            "avertissements": [
                {"index": index, "code": "horloge-decalee", "detail": "Réglez l'horloge."}
                for index, trace in enumerate(traces)
                if isinstance(trace, dict) and trace.get("horloge") == "decalee"
            ],
            "traces_postes": distant.etat,
        }
    )


def statut(code: int, entetes: dict[str, str] | None = None, contenu: bytes = b"") -> Etape:
    return lambda _distant, _traces: Response(contenu, status_code=code, headers=entetes)


def probleme(code_http: int, code: str, detail: str) -> Etape:
    corps = {"type": f"urn:traces-postes:probleme:{code}", "title": code, "status": code_http, "detail": detail}
    return lambda _distant, _traces: JSONResponse(corps, status_code=code_http, media_type="application/problem+json")


def repondre(corps: object) -> Etape:
    return lambda _distant, _traces: JSONResponse(corps)


def html(_distant: Distant, _traces: Traces) -> Response:
    """What a captive portal or a proxy answers in the service's place."""
    return Response("<html>Connectez-vous</html>", media_type="text/html")


class _Tronquee(Response):
    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"999")]})
        await send({"type": "http.response.body", "body": b'{"recues": ', "more_body": False})


def couper(_distant: Distant, _traces: Traces) -> Response:
    """The connection drops in the middle of the answer."""
    return _Tronquee()


def enregistrer_puis(echec: Etape) -> Etape:
    """The service does commit, but its answer is lost."""

    def etape(distant: Distant, traces: Traces) -> Response:
        acquitter(distant, traces)
        return echec(distant, traces)

    return etape


@contextmanager
def servir(distant: Distant) -> Iterator[Distant]:
    prise = socket.socket()
    prise.bind(("127.0.0.1", 0))
    distant.url = f"http://127.0.0.1:{prise.getsockname()[1]}"
    application = Starlette(
        routes=[
            Route("/traces", distant.recevoir, methods=["POST"]),
            Route("/traces/consigne", distant.repondre_consigne, methods=["GET"]),
        ]
    )
    reglages = uvicorn.Config(application, log_config=None, log_level=60, lifespan="off", ws="none", date_header=False)
    serveur = uvicorn.Server(reglages)
    fil = threading.Thread(target=serveur.run, kwargs={"sockets": [prise]})
    fil.start()
    while not serveur.started:
        time.sleep(0.005)
    try:
        yield distant
    finally:
        serveur.should_exit = True
        fil.join()
        prise.close()
