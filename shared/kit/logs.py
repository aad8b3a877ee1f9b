"""Structured logs, one JSON object a line on standard error. Fields are the caller's; never a body, name or number of
a person: routes are logged by template, not by path."""

import logging
import sys

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger("candour")


def configure_logs(service: str, level: str = "INFO") -> None:
    """Call once per process, before serving."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.EventRenamer("event"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    structlog.contextvars.bind_contextvars(service=service)
