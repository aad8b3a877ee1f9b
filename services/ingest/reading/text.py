"""Text files, block by block: what a line is by its bytes, and the fields of those that are rows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from services.ingest.reading.batches import Batch, Broken, Misshapen, Opened, numbered, set_aside
from services.ingest.reading.blocks import Block, blocks
from services.ingest.reading.header import Head, header_of
from services.ingest.reading.limits import MOST_IN_LINE
from services.ingest.reading.plain import is_plain, is_tidy
from services.ingest.reading.records import records
from services.ingest.reading.screen import screened
from services.ingest.reading.structure import BREAK, Lines, Shape, controls_in, footer_pattern, measure, only
from services.ingest.refusals import ASIDE, EXCERPT, excerpt
from services.ingest.source import Source

MISSHAPEN = (Shape.FIELD_COUNT, Shape.QUOTE_NOT_CLOSED, Shape.CONTROL_CHARACTER, Shape.LINE_TOO_LONG)
OF_LINE = 40  # characters of an overlong line that are shown beside its length


@dataclass(frozen=True)
class Layout:
    """How the lines of one file are read."""

    encoding: str
    head: Head
    source: Source
    footer: re.Pattern[bytes] | None

    @property
    def width(self) -> int:
        return self.head.width


def open_text(path: Path, source: Source) -> Opened:
    """Raises Refused where the file as a whole cannot be taken, now or from its batches."""
    encoding = screened(path, source.encodings)
    head = header_of(path, encoding, source)
    footer = footer_pattern(source.footer.starts_with, encoding) if source.footer else None
    layout = Layout(encoding, head, source.as_sent(head.names), footer)
    spare = dict(zip(head.columns[len(head.names) :], head.spare, strict=True))
    return Opened(encoding, layout.source, spare, _batches(path, layout), path.stat().st_size)


def _batches(path: Path, layout: Layout) -> Iterator[Batch]:
    misshapen, done = Misshapen(), 0
    yield Batch(layout.head.lines, _no_texts(layout), pl.DataFrame(schema=ASIDE), header=layout.head.lines)
    with path.open("rb") as opened:
        rest = (part for block in blocks(opened) if (part := _after(block, layout.head.lines)).data)
        for block in records(rest) if layout.source.form.line_breaks else rest:
            batch = _batch(block, layout, misshapen)
            misshapen.refuse_too_long(batch.lines)
            done += len(block.data) + block.omitted
            yield replace(batch, done=done)


def _after(block: Block, lines: int) -> Block:
    """`block` without the first `lines` lines of the file."""
    data, first = block.data, block.first
    while first <= lines and data:
        data, first = data.partition(b"\n")[2], first + 1
    return Block(data, first, block.omitted if data else 0)


def _batch(block: Block, layout: Layout, misshapen: Misshapen) -> Batch:
    if not block.omitted and is_plain(block.data, layout.width, layout.source):
        texts = _fields_of(block.data, layout)
        if texts is not None:
            first = pl.int_range(block.first, block.first + texts.height, dtype=pl.Int64(), eager=True)
            tidy = is_tidy(block.data)
            return Batch(texts.height, numbered(texts, first), pl.DataFrame(schema=ASIDE), tidy=tidy)
    source = layout.source
    lines = measure(block, layout.width, layout.footer, source.empty_rows_are_blank, source.form.kept_controls)
    counts = np.bincount(lines.shapes, weights=lines.spans, minlength=len(Shape)).astype(np.int64)
    broken = np.flatnonzero(np.isin(lines.shapes, MISSHAPEN))
    misshapen.more(int(lines.spans[broken].sum()), lambda: _broken(block, lines, int(broken[0]), layout))
    return Batch(
        int(lines.spans.sum()), _rows(block, lines, layout), _aside(block, lines, broken, layout),
        blank=int(counts[Shape.BLANK]), footer=int(counts[Shape.FOOTER]),
    )  # fmt: skip


def _rows(block: Block, lines: Lines, layout: Layout) -> pl.DataFrame:
    """The rows of a block as text, one column for each field, `_line` and `_lines`."""
    kept = lines.shapes == Shape.ROW
    texts = _fields_of(only(block.data, lines, kept), layout)
    first, spans = (pl.Series(one[kept], dtype=pl.Int64()) for one in (lines.numbers + block.first, lines.spans))
    if texts is None or texts.height != first.len():  # never: the shapes were measured so that the two agree
        raise RuntimeError(f"{first.len()} lines gave {None if texts is None else texts.height} rows")
    if layout.source.form.line_breaks:
        texts = texts.with_columns(pl.all().str.replace_all(BREAK.decode(), "\n", literal=True))
    return numbered(texts, first, spans)


def _fields_of(data: bytes, layout: Layout) -> pl.DataFrame | None:
    """None where some line has more fields than there are columns."""
    raw = data if layout.encoding == "utf-8" or data.isascii() else data.decode(layout.encoding).encode()
    names = layout.head.columns
    if not raw:
        return _no_fields(layout)
    try:
        return pl.read_csv(
            raw, has_header=False, schema=dict.fromkeys(names, pl.String()), empty_string_is_null=False, quote_char='"'
        )
    except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
        return None


def _no_fields(layout: Layout) -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(layout.head.columns, pl.String()))


def _no_texts(layout: Layout) -> pl.DataFrame:
    return numbered(_no_fields(layout), pl.Series([], dtype=pl.Int64()))


def _broken(block: Block, lines: Lines, at: int, layout: Layout) -> Broken:
    _, _, found, expected = _why(block, lines, at, layout)
    return Broken(int(lines.numbers[at]) + block.first, found, expected)


def _aside(block: Block, lines: Lines, broken: np.typing.NDArray[np.int64], layout: Layout) -> pl.DataFrame:
    return set_aside(
        [
            (int(lines.numbers[at]) + block.first + more, *_why(block, lines, int(at), layout))
            for at in broken
            for more in range(int(lines.spans[at]))
        ]
    )


def _why(block: Block, lines: Lines, at: int, layout: Layout) -> tuple[str, None, str, str]:
    """Code, column, found and expected of a line that is no row."""
    shape = Shape(lines.shapes[at])
    raw = block.data[lines.starts[at] : lines.ends[at]].replace(BREAK, b" ")
    code = shape.name.lower().replace("_", "-")
    if shape is Shape.FIELD_COUNT:
        return code, None, _fields(int(lines.fields[at])), _fields(layout.width)
    if shape is Shape.LINE_TOO_LONG:
        found = f"{excerpt(raw, layout.encoding, OF_LINE)} ({lines.lengths[at]:,} bytes)"
        return code, None, found, f"at most {MOST_IN_LINE:,} bytes in a line"
    if shape is Shape.CONTROL_CHARACTER:
        return code, None, controls_in(raw.decode(layout.encoding, "replace")), "text without control characters"
    expected = "quotation marks only around a whole field, and doubled inside it"
    return code, None, excerpt(raw, layout.encoding, EXCERPT), expected


def _fields(number: int) -> str:
    return f"{number} field" if number == 1 else f"{number} fields"
