"""Spans of our own, with OpenTelemetry's API alone: of a request, of a commit, of a reading that may be slow.

They hold nothing that was sent: no path, no query, no body, no exception's text. Where they go is
``app.observabilite.exportation``'s, which is imported only where a collector is set.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Token
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from opentelemetry.context import Context, attach, create_key, detach, get_current, get_value, set_value
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import Scope

from app.observabilite.journaux import TRACE_A_NOUS
from app.observabilite.mesures import METHODES
from app.reglages import ReglageInvalide, Reglages

if TYPE_CHECKING:
    from app.observabilite.exportation import Exportation

PAR_SECONDE, RAFALE = 20, 100
"""Requests that one worker records in a second and at once, whoever asks for it: no load makes that dearer."""
LIENS_MAX = 32
_TRACEPARENT_MAX = 128
_TRACEUR = create_key("traces_postes.traceur")
_HASARD = random.Random()  # noqa: S311
_APPELANT = TraceContextTextMapPropagator()


class Telemetrie:
    """What one worker records: of the requests without a trace of their caller ``part``, 0 to 1; else as it says."""

    def __init__(self, traceur: Tracer, part: float) -> None:
        self._traceur = traceur
        self._part = part
        self._reste = float(RAFALE)
        self._vu = time.monotonic()

    def suivre(self, scope: Scope, requete_id: str) -> "Suivi | None":
        """Begins the span of a request, which is the current one from then on, until ``finir``; None without one."""
        appelant = _appelant(scope)
        # Decided here: the SDK takes ten times as long to make a span that nobody will see.
        if not self._voulue(appelant) or not self._admise():
            # A pipelined request begins within the one before it.
            return Suivi(None, "", attach(Context())) if get_current() else None
        nom, methode = (scope["method"],) * 2 if scope["method"] in METHODES else ("HTTP", "_OTHER")
        attributs = {"http.request.method": methode, "traces_postes.requete_id": requete_id}
        span = self._traceur.start_span(nom, appelant or Context(), SpanKind.SERVER, attributs)
        contexte = set_value(TRACE_A_NOUS, appelant is None, set_value(_TRACEUR, self._traceur, Context()))
        return Suivi(span, nom, attach(set_span_in_context(span, contexte)))

    @contextmanager
    def commit(self, origines: Sequence[SpanContext], attributs: Mapping[str, int]) -> Iterator[None]:
        """The span of a commit that several requests share: linked to each, the child of none."""
        with self._traceur.start_as_current_span(
            "commit de traces",
            set_value(TRACE_A_NOUS, True, Context()),
            SpanKind.CLIENT,
            {"db.system.name": "postgresql", **attributs},
            [Link(origine) for origine in origines[:LIENS_MAX]],
            record_exception=False,
            set_status_on_exception=False,
        ):
            yield

    def _voulue(self, appelant: Context | None) -> bool:
        if appelant is None:
            return _HASARD.random() < self._part
        return get_current_span(appelant).get_span_context().trace_flags.sampled

    def _admise(self) -> bool:
        """Takes one from a bucket that fills evenly: under load, what is seen is spread over the second."""
        maintenant = time.monotonic()
        reste = min(float(RAFALE), self._reste + (maintenant - self._vu) * PAR_SECONDE)
        self._vu = maintenant
        admise = reste >= 1
        self._reste = reste - 1 if admise else reste
        return admise


class Suivi:
    """One request; ``span`` is None where it only has to be kept out of another one's."""

    __slots__ = ("_jeton", "_nom", "_span")

    def __init__(self, span: Span | None, nom: str, jeton: Token[Context]) -> None:
        self._span = span
        self._nom = nom
        self._jeton = jeton

    def finir(self, route: str, statut: int) -> None:
        """Ends it: ``route`` is a template or empty, ``statut`` 0 where nothing was answered."""
        detach(self._jeton)
        span = self._span
        if span is None:
            return
        if route:
            span.update_name(f"{self._nom} {route}")
            span.set_attribute("http.route", route)
        if statut:
            span.set_attribute("http.response.status_code", statut)
        if statut >= 500:
            span.set_status(StatusCode.ERROR)
        span.end()


def suivie() -> SpanContext | None:
    """The span at hand, to be linked to; None where there is none that is recorded."""
    contexte = get_current_span().get_span_context()
    return contexte if contexte.trace_flags.sampled else None


@contextmanager
def etape(nom: str) -> Iterator[None]:
    """A part of a request that is worth a span of its own, where the request is recorded."""
    traceur = get_value(_TRACEUR)
    if not isinstance(traceur, Tracer):
        yield
        return
    with traceur.start_as_current_span(nom, record_exception=False, set_status_on_exception=False):
        try:
            yield
        except Exception as erreur:
            noter_erreur(erreur)
            raise


def noter_probleme(code: str, statut: int) -> None:
    """The span at hand ends in a problem."""
    span = get_current_span()
    span.set_attribute("traces_postes.probleme", code)
    if statut >= 500:
        span.set_attribute("error.type", code)


def noter_erreur(erreur: BaseException) -> None:
    """The span at hand failed: the kind of an exception, never its text, which may hold values."""
    span = get_current_span()
    span.set_attribute("error.type", type(erreur).__qualname__)
    span.set_status(StatusCode.ERROR)


def noter_reprise(erreur: BaseException) -> None:
    """The commit at hand is begun again."""
    get_current_span().add_event("reprise", {"error.type": type(erreur).__qualname__})


def _appelant(scope: Scope) -> Context | None:
    """The trace that the caller is in, by W3C Trace Context; None where it says nothing that can be read.

    ``tracestate`` and ``baggage`` are not looked at: they may hold anything.
    """
    dits = [valeur for nom, valeur in scope["headers"] if nom == b"traceparent"]
    if len(dits) != 1 or len(dits[0]) > _TRACEPARENT_MAX:
        return None
    return _APPELANT.extract({"traceparent": dits[0].decode("latin-1")}, Context()) or None


def exportateur(reglages: Reglages) -> "Callable[[], Exportation] | None":
    """What makes an exporter to the collector; None where none is set.

    Raises ReglageInvalide where one is set and the extra that it needs is not installed.
    """
    if reglages.otlp_url is None:
        return None
    try:
        exportation = import_module("app.observabilite.exportation")
    except ModuleNotFoundError:
        raise ReglageInvalide(
            "TRACES_POSTES_OTLP_URL est donné, mais de quoi exporter n'est pas installé : ajoutez opentelemetry-sdk et "
            "opentelemetry-exporter-otlp-proto-http (l'extra « telemetrie » de traces-postes), ou retirez ce réglage."
        ) from None
    return partial(exportation.Exportation, reglages.otlp_url, reglages.otlp_part)
