"""Where spans go: a collector, by OTLP over HTTP. It needs the extra ``telemetrie``, and a collector that is set.

A thread sends them in batches out of a bounded queue: a collector that is away, slow or silent costs spans, and no
request anything.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from importlib.metadata import version
from uuid import uuid4

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from app.observabilite.telemetrie import LIENS_MAX, Telemetrie

FILE_MAX = 2048
_LOT, _PERIODE_MS, _ENVOI_S = 128, 1000, 5.0
_DERNIERS_ENVOIS_S, ARRET_S = 1.0, 1.5
_SILENCE_S = 60.0
_journal = structlog.get_logger(__name__)


class Exportation:
    """The exporter of one worker, from when it is made until ``fermer``."""

    def __init__(self, url: str, part: float) -> None:
        # Its lines repeat what a request to the collector failed of; ours says that much without.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._envoi = _Envoi(OTLPSpanExporter(f"{url.rstrip('/')}/v1/traces", timeout=_ENVOI_S))
        self._fournisseur = TracerProvider(
            ALWAYS_ON,
            Resource.create(
                {
                    "service.name": "traces-postes",
                    "service.version": version("traces-postes"),
                    "service.instance.id": str(uuid4()),
                }
            ),
            shutdown_on_exit=False,
            span_limits=SpanLimits(max_links=LIENS_MAX),
        )
        self._fournisseur.add_span_processor(BatchSpanProcessor(self._envoi, FILE_MAX, _PERIODE_MS, _LOT))
        self.telemetrie = Telemetrie(self._fournisseur.get_tracer("traces-postes"), part)

    async def fermer(self) -> None:
        """Sends what is left, for as long as that may take; a sending that hangs ends with its process."""
        self._envoi.finir_avant(time.monotonic() + _DERNIERS_ENVOIS_S)
        fin = threading.Thread(target=self._fournisseur.shutdown, daemon=True)
        fin.start()
        await asyncio.to_thread(fin.join, ARRET_S)


class _Envoi(SpanExporter):
    """Sends a batch, and says now and then how many spans were lost."""

    def __init__(self, http: OTLPSpanExporter) -> None:
        self._http = http
        self._limite = float("inf")
        self._perdus = 0
        self._dit_a = float("-inf")

    def finir_avant(self, limite: float) -> None:
        """Nothing more is sent from this instant of the monotonic clock on."""
        self._limite = limite

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        maintenant = time.monotonic()
        envoyes = maintenant < self._limite and self._http.export(spans) is SpanExportResult.SUCCESS
        if not envoyes:
            self._perdre(len(spans), maintenant)
        return SpanExportResult.SUCCESS if envoyes else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self._http.shutdown()  # type: ignore[no-untyped-call]

    def _perdre(self, spans: int, maintenant: float) -> None:
        self._perdus += spans
        if maintenant - self._dit_a >= _SILENCE_S:
            _journal.warning("telemetrie_perdue", spans=self._perdus)
            self._perdus, self._dit_a = 0, maintenant
