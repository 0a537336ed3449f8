"""Structured logs, one JSON object a line on standard error. Never a body, a header, a path or an exception's text."""

import json
import logging
import sys
import traceback
from collections.abc import MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import structlog
from opentelemetry.context import create_key, get_value
from opentelemetry.trace import format_trace_id, get_current_span

REQUETE_ID: ContextVar[str | None] = ContextVar("requete_id", default=None)
"""The id of the request at hand, for every line that is logged on its behalf, however deep."""

TRACE_A_NOUS = create_key("traces_postes.trace_a_nous")
"""Whether the trace at hand was begun here: the id of a caller's is what it sent, which no log repeats."""


def _avec_la_requete(_journal: object, _methode: str, ligne: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if (identifiant := REQUETE_ID.get()) is not None:
        ligne["requete_id"] = identifiant
    contexte = get_current_span().get_span_context()
    if contexte.trace_flags.sampled and get_value(TRACE_A_NOUS):
        ligne["trace_id"] = format_trace_id(contexte.trace_id)
    return ligne


class _EnJson(logging.Formatter):
    """A library's log line without its traceback, whose text may hold values."""

    def format(self, record: logging.LogRecord) -> str:
        instant = datetime.fromtimestamp(record.created, UTC).isoformat()
        ligne = {"event": record.getMessage(), "level": record.levelname.lower(), "timestamp": instant}
        return json.dumps(_avec_la_requete(None, "", {"bibliotheque": record.name} | ligne), ensure_ascii=False)


def configurer(niveau: str) -> None:
    """Sets up structlog, and gives the libraries' own warnings the same form."""
    sortie = logging.StreamHandler(sys.stderr)
    sortie.setFormatter(_EnJson())
    logging.basicConfig(level=logging.WARNING, handlers=[sortie], force=True)
    structlog.configure(
        processors=[
            _avec_la_requete,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[niveau]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def trajet(trace: TracebackType | None) -> list[str]:
    """Where an exception came through, without the values that its text may hold."""
    return [f"{cadre.name}:{cadre.lineno}" for cadre in traceback.extract_tb(trace)]
