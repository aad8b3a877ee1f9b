"""Reads one file of a source: every physical line becomes header, blank, footer, total, a canonical row, or is set
aside. In memory for small files, or into files of its own, piece by piece; both are the same rows."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import polars as pl

from services.ingest.checks import LINE, check, row_schema
from services.ingest.columns import Whole
from services.ingest.reading.batches import Batch, Opened, Told, on_each_line
from services.ingest.reading.files import Pieces
from services.ingest.reading.opening import opened
from services.ingest.reading.parts import LINES, Read, Stated, write_contents
from services.ingest.refusals import ASIDE, EXCERPT, Refused
from services.ingest.source import Source
from shared.contracts.ingest import Fate
from shared.kit.ahead import ahead

MOST_TOTALS: Final = 10


class Keeping(Protocol):
    """Where frames go, in order."""

    def add(self, frame: pl.DataFrame) -> None: ...


@dataclass
class Counts:
    """Physical lines of what has been read so far."""

    lines: int = 0
    header: int = 0
    blank: int = 0
    footer: int = 0
    aggregate: int = 0
    taken: int = 0
    aside: int = 0
    totals: list[Stated] = field(default_factory=list)

    def state(self, totals: pl.DataFrame, columns: list[str]) -> None:
        """Keep what lines that sum up others say of `columns`, of the first few."""
        for row in totals.head(max(0, MOST_TOTALS - len({one.line for one in self.totals}))).iter_rows(named=True):
            self.totals += [Stated(row[LINE], name, row[name].strip(" \t")) for name in columns]

    def check(self) -> None:
        """Raises Refused where there is nothing but form; RuntimeError unless every line is one of these."""
        known = self.header + self.blank + self.footer + self.aggregate + self.taken + self.aside
        if known != self.lines:  # never: it would be a line without a fate
            raise RuntimeError(f"{known} of {self.lines} lines are known")
        if not self.taken + self.aside:
            raise Refused("no-rows", "The file has a header and no rows. Nothing was taken from it.", "no rows", "rows")


@dataclass(frozen=True)
class Reading:
    """A small file. `rows`: `checks.row_schema` and `_lines`, in order of line. `aside`: lines quarantined, and why,
    one for each physical line. lines = header + blank + footer + aggregate + those of rows + aside."""

    encoding: str
    lines: int
    header: int
    blank: int
    footer: int
    aggregate: int
    rows: pl.DataFrame
    aside: pl.DataFrame

    def fates(self, of_rows: Mapping[Fate, int]) -> dict[Fate, int]:
        """Lines by fate, given what became of the lines behind the rows. Raises RuntimeError unless each has one."""
        told = Read(self.encoding, self.lines, self.header, self.blank, self.footer, self.aggregate, (), ())
        return told.fates(of_rows, self.aside.height)


@dataclass
class Kept:
    """Frames in memory."""

    frames: list[pl.DataFrame] = field(default_factory=list)

    def add(self, frame: pl.DataFrame) -> None:
        self.frames.append(frame)

    def all(self, schema: pl.Schema) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=schema), *(frame.cast(schema) for frame in self.frames)])


def read(path: Path, source: Source, name: str | None = None, key: bytes | None = None) -> Reading:
    """A file that fits into memory. `name`: what its sender calls it, where the source reads names; `key`: what
    pseudonyms are made with. Raises Refused where the file as a whole cannot be taken; then nothing of it is."""
    rows, aside = Kept(), Kept()
    with (
        tempfile.TemporaryDirectory(prefix="candour-reading-") as scratch,
        _opened(path, source, name, scratch) as file,
    ):
        counts = _take(file, key, rows, aside, _tell_nobody)
        schema = rows_schema(file.source)
    return Reading(
        file.encoding, counts.lines, counts.header, counts.blank, counts.footer, counts.aggregate, rows.all(schema),
        aside.all(ASIDE).sort("line", maintain_order=True),
    )  # fmt: skip


def read_into(  # noqa: PLR0917  # each is needed
    path: Path, source: Source, folder: Path, name: str | None, key: bytes | None, told: Told
) -> Read:
    """A file of any size, into the empty `folder`, in bounded memory. Raises Refused as `read` does, OSError (ENOSPC
    where the disk is full)."""
    with _opened(path, source, name, str(folder)) as file:
        rows = Pieces(folder, "rows", rows_schema(file.source))
        aside = Pieces(folder, "aside", ASIDE)
        counts = _take(file, key, rows, aside, told)
    made = Read(
        file.encoding, counts.lines, counts.header, counts.blank, counts.footer, counts.aggregate, rows.finished(),
        aside.finished(), tuple(counts.totals), file.sheets_left_alone,
    )  # fmt: skip
    write_contents(folder, made)
    return made


def _tell_nobody(_done: int, _total: int) -> None:
    """Small files are read before anybody could ask."""


def rows_schema(source: Source) -> pl.Schema:
    """What `rows` have: `checks.row_schema`, and how many physical lines each is made of."""
    return pl.Schema({**row_schema(source), LINES: pl.Int64()})


@contextmanager
def _opened(path: Path, source: Source, name: str | None, scratch: str) -> Iterator[Opened]:
    try:
        source = source.of_file(name)
    except ValueError as error:
        detail = "The name of the file does not tell what it should. Send it under its publisher's name."
        raise Refused("unknown-name", detail, os.path.basename(name or "") or "no name", str(error)) from None
    with opened(path, source, Path(scratch)) as file:
        yield file


def _take(file: Opened, key: bytes | None, rows: Keeping, aside: Keeping, told: Told) -> Counts:
    """Every batch's rows and lines set aside, kept in the order of their lines. While one is checked the next is made
    of the bytes."""
    counts = Counts()
    with closing(ahead(file.batches)) as batches:
        for batch in batches:
            taken, refused = _checked(batch, file, key, counts)
            rows.add(taken)
            aside.add(refused)
            counts.lines += batch.lines
            counts.header += batch.header
            counts.blank += batch.blank
            counts.footer += batch.footer
            counts.taken += int(taken[LINES].sum())
            counts.aside += refused.height
            told(min(batch.done, file.total), file.total)
    counts.check()
    return counts


def _checked(batch: Batch, file: Opened, key: bytes | None, counts: Counts) -> tuple[pl.DataFrame, pl.DataFrame]:
    source = file.source
    texts, unexpected = _without_spare(_without_totals(batch.texts, source, counts), file.spare)
    taken, refused = check(texts.drop(LINES), source, key, batch.tidy)
    lines = batch.texts.select(LINE, LINES)
    refused = on_each_line(pl.concat([unexpected, refused]), lines)
    if texts.height == taken.height and (texts[LINES] == 1).all():
        taken = taken.with_columns(pl.lit(1, pl.Int64()).alias(LINES))
    else:
        taken = taken.join(lines, on=LINE, how="left", maintain_order="left")
    return taken, pl.concat([batch.aside, refused]).sort("line", maintain_order=True)


def _without_totals(texts: pl.DataFrame, source: Source, counts: Counts) -> pl.DataFrame:
    if source.totals is None:
        return texts
    sums_up = pl.col(source.totals.column).str.strip_chars(" \t").is_in(source.totals.texts)
    totals = texts.filter(sums_up)
    counts.aggregate += int(totals[LINES].sum())
    counts.state(totals, [column.source for column in source.sent if isinstance(column, Whole)])
    return texts.filter(~sums_up)


def _without_spare(texts: pl.DataFrame, spare: Mapping[str, str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows whose spare columns are empty, without those columns; and the others, set aside."""
    if not spare:
        return texts, pl.DataFrame(schema=ASIDE)
    filled = {name: pl.col(name).str.strip_chars(" \t") != "" for name in spare}
    unexpected = texts.filter(pl.any_horizontal(filled.values()))
    found = pl.coalesce(pl.when(full).then(pl.col(name).str.slice(0, EXCERPT)) for name, full in filled.items())
    column = pl.coalesce(pl.when(full).then(pl.lit(spare[name])) for name, full in filled.items())
    aside = unexpected.select(
        pl.col(LINE).alias("line"), pl.lit(Fate.QUARANTINED.value).alias("fate"),
        pl.lit("unexpected-value").alias("code"), column.alias("column"), found.alias("found"),
        pl.lit("nothing: this column has no meaning").alias("expected"),
    ).match_to_schema(ASIDE)  # fmt: skip
    return texts.filter(~pl.any_horizontal(filled.values())).drop(list(spare)), aside
