"""Rows whose quoted cells hold line ends: the lines of each are joined, and everything else stays as it was.

A line whose quotation marks are odd in number is joined with those that follow until the next such line, where that
gives a row: with its quotation marks in order, and no longer than a line may be. Where it does not, the line is broken
by itself, and reading goes on with the next one: one mark that is not closed cannot swallow the rest of a file.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from services.ingest.reading.blocks import Block
from services.ingest.reading.limits import MOST_IN_LINE
from services.ingest.reading.structure import BREAK, QUOTE, extent, quotes_in_order


def records(lines: Iterator[Block]) -> Iterator[Block]:
    """`lines` with the line ends inside of rows replaced by `BREAK`, which no text file holds."""
    carried = Block(b"", 1)
    for block in lines:
        if block.omitted:
            yield from _joined(carried, to_end=True)[0]
            yield block
            carried = Block(b"", block.first + 1)
            continue
        joint = Block(carried.data + block.data, carried.first if carried.data else block.first)
        done, carried = _joined(joint, to_end=False)
        yield from done
    yield from _joined(carried, to_end=True)[0]


def _joined(block: Block, to_end: bool) -> tuple[list[Block], Block]:
    """What is known of `block`, and the rest: a row that may go on behind it."""
    if not block.data:
        return [], block
    data = np.frombuffer(block.data, np.uint8)
    starts, ends = extent(data)
    odd = _odd(data, starts)
    out, keep, until = bytearray(block.data), np.ones(len(data), np.bool_), len(starts)
    place = 0
    while place < len(odd):
        first = int(odd[place])
        last = int(odd[place + 1]) if place + 1 < len(odd) else None
        if last is None:
            if not to_end and len(data) - starts[first] <= MOST_IN_LINE:
                until = first
            break
        if _is_row(block.data[starts[first] : ends[last]]):
            for line in range(first, last):
                out[starts[line + 1] - 1] = BREAK[0]
                keep[ends[line] : starts[line + 1] - 1] = False
            place += 1
        place += 1
    at = int(starts[until]) if until < len(starts) else len(data)
    whole = np.frombuffer(bytes(out), np.uint8)[:at][keep[:at]].tobytes()
    rest = Block(block.data[at:], block.first + until)
    return ([Block(whole, block.first)] if whole else []), rest


def _odd(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    quotes = np.flatnonzero(data == QUOTE)
    counts = np.diff(np.searchsorted(quotes, np.append(starts, len(data))))
    return np.flatnonzero(counts % 2)


def _is_row(raw: bytes) -> bool:
    return len(raw) <= MOST_IN_LINE and quotes_in_order(raw)
