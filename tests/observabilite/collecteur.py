"""A collector of OpenTelemetry on 127.0.0.1: keeps the bytes that come, and what they say."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanEnvoye

from tests.processus.lancement import attendre

REQUETE = "traces_postes.requete_id"
Contexte = tuple[str, str]
"""Ids of a trace and of a span, in hexadecimal."""


@dataclass(frozen=True)
class Recu:
    """A span as it came."""

    nom: str
    genre: int
    contexte: Contexte
    parent: str
    attributs: Mapping[str, object]
    service: Mapping[str, object]
    liens: tuple[Contexte, ...]
    statut: int
    evenements: tuple[str, ...]


@dataclass
class Collecteur:
    """What came so far."""

    url: str
    envois: list[bytes] = field(default_factory=list)
    chemins: set[str] = field(default_factory=set)

    def spans(self) -> list[Recu]:
        return [recu for envoi in list(self.envois) for recu in _lire(envoi)]

    def de(self, requete_id: str) -> Recu:
        """The span of a request, once it has come."""
        attendre(lambda: any(s.attributs.get(REQUETE) == requete_id for s in self.spans()))
        [recu] = [s for s in self.spans() if s.attributs.get(REQUETE) == requete_id]
        return recu


@contextmanager
def collecteur(*, statut: int | None = 200) -> Iterator[Collecteur]:
    """A collector that answers all with a status; or one that accepts connections and never answers."""
    fin = threading.Event()

    class Prise(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            envoi = self.rfile.read(int(self.headers["Content-Length"]))
            if statut is None:
                fin.wait()
                return
            lui.chemins.add(self.path)
            lui.envois.append(envoi)
            self.send_response(statut)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 — as it is called
            pass

    serveur = ThreadingHTTPServer(("127.0.0.1", 0), Prise)
    lui = Collecteur(f"http://127.0.0.1:{serveur.server_port}")
    fil = threading.Thread(target=serveur.serve_forever, args=(0.05,))
    fil.start()
    try:
        yield lui
    finally:
        fin.set()
        serveur.shutdown()
        fil.join()
        serveur.server_close()


def _lire(envoi: bytes) -> Iterator[Recu]:
    for ressource in ExportTraceServiceRequest.FromString(envoi).resource_spans:
        service = _attributs(ressource.resource.attributes)
        for portee in ressource.scope_spans:
            for span in portee.spans:
                yield _recu(span, service)


def _recu(span: SpanEnvoye, service: Mapping[str, object]) -> Recu:
    return Recu(
        nom=span.name,
        genre=span.kind,
        contexte=(span.trace_id.hex(), span.span_id.hex()),
        parent=span.parent_span_id.hex(),
        attributs=_attributs(span.attributes),
        service=service,
        liens=tuple((lien.trace_id.hex(), lien.span_id.hex()) for lien in span.links),
        statut=span.status.code,
        evenements=tuple(evenement.name for evenement in span.events),
    )


def _attributs(paires: Iterable[KeyValue]) -> dict[str, object]:
    lus = {}
    for paire in paires:
        lus[paire.key] = getattr(paire.value, paire.value.WhichOneof("value") or "string_value")
    return lus
