"""What libraries say, as lines like ours, and nothing of what they were handling.

A library's sentence, and the words of an exception, may quote a value: a key that is there already, an input that is
no number. So an error is told by its kind and by where it was raised, and a sentence as the library's authors wrote it,
with numbers where they left room for them.
"""

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import structlog

MOST_ERRORS: Final = 8  # of one chain, or group
MOST_PLACES: Final = 12  # of one error: the innermost
PARTS: Final = 3  # of a file's path
TRACE: Final = "Traceback (most recent call last)"


class Libraries(logging.Handler):
    """For the root logger: each record is one line of the structured log, event `library`."""

    def emit(self, record: logging.LogRecord) -> None:
        told: dict[str, Any] = {"logger": record.name, "said": said(record)}
        if record.exc_info and record.exc_info[1]:
            told["errors"] = [
                {"kind": type(error).__name__, "where": list(_places(error))} for error in _chain(record.exc_info[1])
            ]
        structlog.get_logger().log(record.levelno, "library", **told)


def said(record: logging.LogRecord) -> str:
    """The first line of a library's sentence. Of the text of a trace, which is how an application that cannot start is
    told of, the last: nobody has asked it for anything by then."""
    sentence = str(record.msg).strip()
    if record.args and isinstance(record.args, tuple) and all(isinstance(one, int | float) for one in record.args):
        sentence = record.getMessage().strip()
    lines = sentence.splitlines() or [""]
    return lines[-1] if lines[0].startswith(TRACE) else lines[0]


def _chain(error: BaseException) -> list[BaseException]:
    """An error, those of its group, and what led to each."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting and len(found) < MOST_ERRORS:
        one = waiting.pop(0)
        if one is None or any(one is known for known in found):
            continue
        found.append(one)
        waiting += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        waiting.append(one.__cause__ or (None if one.__suppress_context__ else one.__context__))
    return found


def _places(error: BaseException) -> Iterator[str]:
    """`services/gateway/barrier.py:105 wait`, outermost first."""
    for frame, line in list(traceback.walk_tb(error.__traceback__))[-MOST_PLACES:]:
        code = frame.f_code
        yield f"{'/'.join(Path(code.co_filename).parts[-PARTS:])}:{line} {code.co_name}"
