"""What the bytes of a block say about its lines, before any value is read: ends, blanks, quotes, fields.

Vectorised over the bytes. A line is a record: a quotation mark opens a field only at its beginning, closes it only at
its end, and is doubled inside; anything else is not guessed at.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from services.ingest.reading.blocks import Block
from services.ingest.reading.limits import MOST_IN_LINE

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
TAB, LF, CR, SPACE, QUOTE, COMMA, DELETE = (ord(mark) for mark in '\t\n\r ",\x7f')
BREAK: Final = b"\0"
"""Stands for a line end inside a row: the one byte that a file which passed the screen does not hold."""
HIDDEN: Final = re.compile(
    rb"\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0\xa6-\xa9]|\xef\xbb\xbf|\xc2[\x80-\x9f]|\xf3\xa0[\x80\x81]."
)
"""UTF-8 of marks that change the direction of text or take no room, of line ends that few know, of byte order marks
inside of text, of C1 controls, and of invisible tags."""


class Shape(IntEnum):
    """What a line is by its bytes alone; later ones win where a line is several."""

    ROW = 0
    FIELD_COUNT = 1
    QUOTE_NOT_CLOSED = 2
    CONTROL_CHARACTER = 3
    LINE_TOO_LONG = 4
    FOOTER = 5
    BLANK = 6


@dataclass(frozen=True)
class Lines:
    """The lines of a block, each array of shape (lines,): where each begins and ends in the block's bytes (its end
    mark not counted), its length in bytes in the file, its number of fields (0 where quotes are broken), its shape;
    of how many physical lines it is made, and how many are before it in the block."""

    starts: Ints
    ends: Ints
    lengths: Ints
    fields: Ints
    shapes: npt.NDArray[np.int8]
    spans: Ints
    numbers: Ints


def measure(
    block: Block, width: int, footer: re.Pattern[bytes] | None, empty_is_blank: bool = False,
    marks: Collection[bytes] = (),
) -> Lines:  # fmt: skip
    """Lines of `block`, of which rows have `width` fields; `empty_is_blank`: those of nothing but commas are blank;
    `marks`: UTF-8 of controls that may stand in a row."""
    data = np.frombuffer(block.data, np.uint8)
    starts, ends = extent(data)
    lengths = ends - starts
    lengths[-1] += block.omitted
    quotes = np.flatnonzero(data == QUOTE)
    broken = _broken_quotes(data, quotes, starts, ends)
    fields = np.where(broken, 0, _fields(data, quotes, starts, ends))
    shapes = np.full(len(starts), Shape.ROW, np.int8)
    shapes[fields != width] = Shape.FIELD_COUNT
    shapes[broken] = Shape.QUOTE_NOT_CLOSED
    shapes[_has_any(_controls(block.data, data, marks), starts, ends)] = Shape.CONTROL_CHARACTER
    shapes[lengths > MOST_IN_LINE] = Shape.LINE_TOO_LONG
    if footer is not None:
        found = np.fromiter((match.start() for match in footer.finditer(block.data)), np.int64)
        shapes[_has_any(found, starts, ends)] = Shape.FOOTER
    shapes[_blank(data, starts, empty_is_blank)] = Shape.BLANK
    spans = _count(np.flatnonzero(data == BREAK[0]), starts, ends) + 1
    return Lines(starts, ends, lengths, fields, shapes, spans, np.cumsum(spans) - spans)


def footer_pattern(beginnings: list[str], encoding: str) -> re.Pattern[bytes]:
    """The beginning of a footer line; a quotation mark may stand before it, as where the text has commas."""
    return re.compile(rb"(?m)^\"?(?:" + b"|".join(re.escape(text.encode(encoding)) for text in beginnings) + rb")")


def only(data: bytes, lines: Lines, kept: Bools) -> bytes:
    """The bytes of the `kept` lines with their ends."""
    if kept.all():
        return data
    until = np.append(lines.starts[1:], len(data))
    mask = np.repeat(kept, until - lines.starts)
    return np.frombuffer(data, np.uint8)[mask].tobytes()


def controls_in(text: str) -> str:
    """The controls of a line by code point, such as `U+0007`."""
    found = {
        mark for mark in text if mark != "\t" and (mark < " " or HIDDEN.fullmatch(mark.encode()) or mark == "\x7f")
    }
    return ", ".join(sorted(f"U+{ord(mark):04X}" for mark in found)[:8])


def quotes_in_order(raw: bytes) -> bool:
    """Whether one row's quotation marks open only at the beginning of a field and close only at its end."""
    data = np.frombuffer(raw, np.uint8)
    one = np.array([0]), np.array([len(data)])
    return not _broken_quotes(data, np.flatnonzero(data == QUOTE), *one)[0]


def extent(data: Bytes) -> tuple[Ints, Ints]:
    """Where each line begins and ends, its end mark not counted."""
    newlines = np.flatnonzero(data == LF)
    starts = np.append(0, newlines + 1)
    ends = np.append(newlines, len(data))
    if starts[-1] == len(data):
        starts, ends = starts[:-1], ends[:-1]
    returned = (ends > starts) & (data[ends - 1] == CR)
    return starts, ends - returned


def _count(positions: Ints, starts: Ints, ends: Ints) -> Ints:
    return np.searchsorted(positions, ends) - np.searchsorted(positions, starts)


def _has_any(positions: Ints, starts: Ints, ends: Ints) -> Bools:
    if not len(positions):
        return np.zeros(len(starts), np.bool_)
    return _count(positions, starts, ends) > 0


def _broken_quotes(data: Bytes, quotes: Ints, starts: Ints, ends: Ints) -> Bools:
    """Lines with an odd number of quotation marks, or with one that neither opens, closes nor doubles."""
    if not len(quotes):
        return np.zeros(len(starts), np.bool_)
    line = np.searchsorted(starts, quotes, "right") - 1
    opens = (np.arange(len(quotes)) - np.searchsorted(quotes, starts)[line]) % 2 == 0
    before = np.where(quotes == starts[line], COMMA, data[quotes - 1])
    after = np.where(quotes + 1 >= ends[line], COMMA, data[np.minimum(quotes + 1, len(data) - 1)])
    beside = np.where(opens, before, after)
    stray = (beside != COMMA) & (beside != QUOTE)
    odd = _count(quotes, starts, ends) % 2 == 1
    broken: Bools = odd | _has_any(quotes[stray], starts, ends)
    return broken


def _fields(data: Bytes, quotes: Ints, starts: Ints, ends: Ints) -> Ints:
    """Commas outside quotation marks, plus one. Where each line has an even number of marks, those before a comma in
    the whole block say whether it is inside; else those before it in its own line do."""
    if len(quotes) and not (_count(quotes, starts, ends) % 2).any():
        inside = np.cumsum(data == QUOTE, dtype=np.uint8) & 1
        return _count(np.flatnonzero((data == COMMA) & (inside == 0)), starts, ends) + 1
    commas = np.flatnonzero(data == COMMA)
    if len(quotes):
        line = np.searchsorted(starts, commas, "right") - 1
        commas = commas[(np.searchsorted(quotes, commas) - np.searchsorted(quotes, starts)[line]) % 2 == 0]
    return _count(commas, starts, ends) + 1


def _controls(raw: bytes, data: Bytes, marks: Collection[bytes]) -> Ints:
    """Positions of control characters. One that ends a line belongs to the line's end, and is not counted there."""
    plain = np.flatnonzero(((data < SPACE) & (data != TAB) & (data != LF) & (data != BREAK[0])) | (data == DELETE))
    if raw.isascii():
        return plain
    found = (match.start() for match in HIDDEN.finditer(raw) if match.group() not in marks)
    hidden = np.fromiter(found, np.int64)
    return np.sort(np.concatenate([plain, hidden]))


def _blank(data: Bytes, starts: Ints, commas: bool) -> Bools:
    seen = (data != SPACE) & (data != TAB) & (data != LF) & (data != CR)
    if commas:
        seen &= data != COMMA
    return ~np.logical_or.reduceat(seen, starts)
