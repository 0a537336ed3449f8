"""Structured logs, one JSON object a line on standard error. Never a body, a header, a path or an exception's text."""

import logging
import sys
import traceback
from types import TracebackType

import structlog


def configurer(niveau: str) -> None:
    """Sets up structlog, and keeps the libraries' own logs to their warnings."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
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
