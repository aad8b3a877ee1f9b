"""Structured logs, one JSON object a line on standard error. Fields are the caller's; never a body, name or number of
a person: routes are logged by template, not by path, and libraries' errors by kind and place (`liblogs`).

A log never stops an answer: what cannot be written is dropped, counted, and told once when writing works again.
"""

import io
import logging
import os
import sys
from datetime import UTC, datetime
from threading import Lock
from typing import Final, TextIO, cast

import orjson
import structlog

from shared.kit.liblogs import Libraries

log: structlog.stdlib.BoundLogger = structlog.get_logger("candour")
STANDARD_ERROR: Final = 2


class LossyStream(io.TextIOBase):
    """A text stream onto a file descriptor whose writes never raise. Each goes out whole and unbuffered, or is dropped:
    text kept back would fill the memory, and would fail once more when the process ends."""

    def __init__(self, descriptor: int, service: str) -> None:
        self.descriptor, self.service = descriptor, service
        self.lost, self.cut = 0, False  # texts dropped since the last that went out; whether the last stands cut off
        self.turn = Lock()

    def write(self, text: str, /) -> int:
        data = text.encode("utf-8", "backslashreplace")
        with self.turn:
            if (self.lost and not self._told()) or not self._out(data):
                self.lost += 1
        return len(text)

    def _told(self) -> bool:
        """Whether what was lost could be said, on a line of its own."""
        told = {"lost": self.lost, "service": self.service, "level": "error",
                "timestamp": datetime.now(UTC).isoformat(), "event": "log_lines_lost"}  # fmt: skip
        if not self._out((b"\n" if self.cut else b"") + orjson.dumps(told) + b"\n"):
            return False
        self.lost, self.cut = 0, False
        return True

    def _out(self, data: bytes) -> bool:
        """Whether all of `data` went out. A part of it may have: a disk that fills up takes what still fits."""
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self.descriptor, left) :]
        except OSError:
            self.cut = self.cut or len(left) < len(data)
            return False
        return True

    def flush(self) -> None:
        """Nothing is ever kept back."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.descriptor

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a stream of this one encoding
        return "utf-8"


def configure_logs(service: str, level: str = "INFO") -> None:
    """Call once per process, before serving. From here on everything that goes to standard error, the interpreter's own
    words and those of libraries included, may get lost on a full disk and never raises."""
    stream = cast(TextIO, LossyStream(STANDARD_ERROR, service))
    sys.stderr = stream
    logging.basicConfig(handlers=[Libraries()], level=logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            lambda _, __, told: {"service": service, **told},
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.EventRenamer("event"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
    )
