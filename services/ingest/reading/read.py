"""Reads one file of a source: every physical line becomes header, blank, footer, a canonical row, or is set aside."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from services.ingest.checks import LINE, check, row_schema
from services.ingest.reading.blocks import MOST_IN_LINE, Block, blocks
from services.ingest.reading.header import header_of
from services.ingest.reading.screen import screened
from services.ingest.reading.structure import Lines, Shape, controls_in, footer_pattern, measure, only
from services.ingest.refusals import ASIDE, EXCERPT, Refused, excerpt
from services.ingest.source import Source
from shared.contracts.ingest import Fate

MISSHAPEN = (Shape.FIELD_COUNT, Shape.QUOTE_NOT_CLOSED, Shape.CONTROL_CHARACTER, Shape.LINE_TOO_LONG)
MOST_MISSHAPEN = 100_000  # each costs a few hundred bytes to explain: more are another kind of file, not mistakes
OF_LINE = 40  # characters of an overlong line that are shown beside its length


@dataclass(frozen=True)
class Reading:
    """`rows`: `_line`, `_aggregate` and the canonical columns, in order of line. `aside`: lines quarantined, and why.

    lines = 1 (header) + blank + footer + rows + aside.
    """

    encoding: str
    lines: int
    blank: int
    footer: int
    rows: pl.DataFrame
    aside: pl.DataFrame

    def fates(self, of_rows: Mapping[Fate, int]) -> dict[Fate, int]:
        """Lines by fate, given what became of the rows. Raises RuntimeError unless every line has one."""
        read = {Fate.HEADER: 1, Fate.BLANK: self.blank, Fate.FOOTER: self.footer, Fate.QUARANTINED: self.aside.height}
        fates = {**of_rows, **read}
        if sum(fates.values()) != self.lines:  # never; the database's constraint would refuse it too
            raise RuntimeError(f"{sum(fates.values())} fates for {self.lines} lines")
        return fates


@dataclass(frozen=True)
class Broken:
    """The first line that is no row: what was found in it, and what was expected."""

    line: int
    found: str
    expected: str


def read(path: Path, source: Source) -> Reading:
    """Raises Refused where the file as a whole cannot be taken; then nothing of it is."""
    encoding = screened(path, source.encodings)
    source = source.as_sent(header_of(path, encoding, source.headers))
    footer = footer_pattern(source.footer.starts_with, encoding) if source.footer else None
    counts = np.zeros(len(Shape), np.int64)
    rows, aside = [pl.DataFrame(schema=row_schema(source))], [pl.DataFrame(schema=ASIDE)]
    first: Broken | None = None
    for block, lines in _measured(path, source, footer):
        counts += np.bincount(lines.shapes, minlength=len(Shape))
        first = first or _first_misshapen(block, lines, encoding, len(source.header))
        _refuse_too_many(int(counts[list(MISSHAPEN)].sum()), first)
        taken, refused = check(_texts(block, lines, encoding, source), source)
        rows.append(taken)
        aside += [refused, _misshapen(block, lines, encoding, len(source.header))]
    blank, foot = int(counts[Shape.BLANK]), int(counts[Shape.FOOTER])
    reading = Reading(encoding, 1 + int(counts.sum()), blank, foot, pl.concat(rows), pl.concat(aside).sort("line"))
    if reading.rows.is_empty() and reading.aside.is_empty():
        raise Refused("no-rows", "The file has a header and no rows. Nothing was taken from it.", "no rows", "rows")
    return reading


def _measured(path: Path, source: Source, footer: re.Pattern[bytes] | None) -> Iterator[tuple[Block, Lines]]:
    """Blocks with their lines measured; the header is not among them."""
    with path.open("rb") as opened:
        for block in blocks(opened):
            rest = Block(block.data.partition(b"\n")[2], 2, block.omitted) if block.first == 1 else block
            if rest.data:
                yield rest, measure(rest, len(source.header), footer, source.empty_rows_are_blank)


def _texts(block: Block, lines: Lines, encoding: str, source: Source) -> pl.DataFrame:
    """The rows of a block as text, one column for each of the header's, and `_line`."""
    kept = lines.shapes == Shape.ROW
    numbers = pl.Series(LINE, np.flatnonzero(kept) + block.first, pl.Int64)
    raw = only(block.data, lines, kept)
    if encoding != "utf-8":
        raw = raw.decode(encoding).encode()
    names = source.header
    frame = pl.read_csv(
        raw, has_header=False, schema=dict.fromkeys(names, pl.String()), empty_string_is_null=False, quote_char='"'
    )
    if frame.height != numbers.len():  # never: the shapes were measured so that the two agree
        raise RuntimeError(f"{numbers.len()} lines gave {frame.height} rows")
    return frame.insert_column(0, numbers)


def _first_misshapen(block: Block, lines: Lines, encoding: str, width: int) -> Broken | None:
    broken = np.isin(lines.shapes, MISSHAPEN)
    if not broken.any():
        return None
    at = int(broken.argmax())
    _, _, found, expected = _why(block, lines, at, encoding, width)
    return Broken(at + block.first, found, expected)


def _refuse_too_many(number: int, first: Broken | None) -> None:
    """Raises Refused `too-many-broken-lines`, before anything is kept of each."""
    if first is None or number <= MOST_MISSHAPEN:
        return
    detail = (
        f"More than {MOST_MISSHAPEN:,} lines are not of the form of this source, line {first.line} the first: "
        f"it has {first.found}, not {first.expected}. Nothing was taken from the file."
    )
    raise Refused("too-many-broken-lines", detail, first.found, first.expected, first.line)


def _misshapen(block: Block, lines: Lines, encoding: str, width: int) -> pl.DataFrame:
    found = [
        (int(at) + block.first, Fate.QUARANTINED, *_why(block, lines, int(at), encoding, width))
        for at in np.flatnonzero(np.isin(lines.shapes, MISSHAPEN))
    ]
    return pl.DataFrame(found, schema=ASIDE, orient="row")


def _why(block: Block, lines: Lines, at: int, encoding: str, width: int) -> tuple[str, None, str, str]:
    """Code, column, found and expected of a line that is no row."""
    shape = Shape(lines.shapes[at])
    raw = block.data[lines.starts[at] : lines.ends[at]]
    code = shape.name.lower().replace("_", "-")
    if shape is Shape.FIELD_COUNT:
        return code, None, _fields(int(lines.fields[at])), _fields(width)
    if shape is Shape.LINE_TOO_LONG:
        found = f"{excerpt(raw, encoding, OF_LINE)} ({lines.lengths[at]:,} bytes)"
        return code, None, found, f"at most {MOST_IN_LINE:,} bytes in a line"
    if shape is Shape.CONTROL_CHARACTER:
        return code, None, controls_in(raw.decode(encoding)), "text without control characters"
    expected = "quotation marks only around a whole field, and doubled inside it"
    return code, None, excerpt(raw, encoding, EXCERPT), expected


def _fields(number: int) -> str:
    return f"{number} field" if number == 1 else f"{number} fields"
