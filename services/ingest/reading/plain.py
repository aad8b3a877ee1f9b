"""Blocks that need no second look: no quotation mark, nothing but printable ASCII, as many commas as rows have.

Nearly all blocks of nearly all files are so, and everything here is one pass over memory at the speed of a search.
"""

import numpy as np

from services.ingest.reading.blocks import count_of
from services.ingest.reading.limits import MOST_IN_LINE
from services.ingest.reading.structure import COMMA, CR, LF, SPACE
from services.ingest.source import Source


def is_plain(data: bytes, width: int, source: Source) -> bool:
    """Whether every line is a row of `width` fields, provided that none has more: then, as the commas are as many as
    all of them have together, none has fewer either."""
    if b'"' in data or not data.isascii() or not data.endswith(b"\n") or width < 2:
        return False
    lines = count_of(b"\n", data)
    if count_of(b",", data) != lines * (width - 1) or _has_controls(data, lines):
        return False
    if source.empty_rows_are_blank and _may_have_empty_row(data):
        return False
    return not _has_footer(data, source) and not _has_overlong(data)


def _has_controls(data: bytes, lines: int) -> bool:
    """Any beside line ends; a tab counts too, which is none, but rare."""
    low = int(np.count_nonzero(np.frombuffer(data, np.uint8) < 0x20))
    return low != lines + (data.count(b"\r\n") if b"\r" in data else 0) or b"\x7f" in data


def _may_have_empty_row(data: bytes) -> bool:
    """Of nothing but commas and spaces: such a line begins with one of them."""
    return data[:1] in (b",", b" ") or b"\n," in data or b"\n " in data


def _has_footer(data: bytes, source: Source) -> bool:
    if source.footer is None:
        return False
    begun = [text.encode("ascii", "ignore") for text in source.footer.starts_with]
    return any(data.startswith(text) or b"\n" + text in data for text in begun)


def _has_overlong(data: bytes) -> bool:
    at = 0
    while len(data) - at > MOST_IN_LINE:
        newline = data.rfind(b"\n", at, at + MOST_IN_LINE + 1)
        if newline < 0:
            return True
        at = newline + 1
    return False


def is_tidy(data: bytes) -> bool:
    """Whether no field of these plain lines has spaces around it; no tab is in plain lines. They end with a line end,
    so that one is beside a space at the very beginning too: before the first byte numpy finds the last."""
    if b" " not in data:
        return True
    marks = np.frombuffer(data, np.uint8)
    spaces = np.flatnonzero(marks == SPACE)
    beside = marks[np.concatenate([spaces - 1, spaces + 1])]
    return not np.isin(beside, (COMMA, LF, CR)).any()
