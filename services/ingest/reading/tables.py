"""Rows that come as cells and not as bytes, from workbooks and Parquet files: what becomes of each by its cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from services.ingest.checks import LINE
from services.ingest.reading.batches import Batch, Broken, Misshapen, numbered, set_aside
from services.ingest.reading.header import Head
from services.ingest.reading.limits import MOST_IN_FIELD
from services.ingest.reading.structure import controls_in
from services.ingest.refusals import EXCERPT
from services.ingest.source import Source

CONTROLS: Final = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}\x{2066}-\x{2069}"
    r"\x{feff}\x{e0000}-\x{e007f}]"
)
"""What `structure.HIDDEN` and the controls of ASCII are in bytes; line ends are looked at apart."""
Why = tuple[str, str | None, str, str]
Aside = tuple[int, str, str | None, str, str]


@dataclass
class Table:
    """Cells of one file under its header. `wrong`: rows set aside already, by number, each with code, column, found
    and expected, such as those with formulas."""

    source: Source
    head: Head
    wrong: Mapping[int, Why] = field(default_factory=dict)
    misshapen: Misshapen = field(default_factory=Misshapen)

    def batch(self, cells: pl.DataFrame, first: int, done: int) -> Batch:
        """`cells`: every column as text, empty where there is nothing; the first row is line `first`."""
        self.misshapen.refuse_too_long(cells.height)
        lines = pl.int_range(first, first + cells.height, dtype=pl.Int64(), eager=True).alias(LINE)
        blank = self._blank(cells)
        footer = self._footer(cells) & ~blank
        known = cells.select(lines, pl.all()).filter(~(blank | footer))
        aside = self._aside(known)
        kept = known.filter(~pl.col(LINE).is_in([line for line, *_ in aside]))
        names = dict(zip(cells.columns, self.head.columns, strict=False))
        missing = [pl.lit("").alias(name) for name in self.head.columns[len(names) :]]
        texts = kept.select(list(names)).rename(names).with_columns(missing)
        return Batch(
            cells.height, numbered(texts, kept[LINE]), set_aside(aside), blank=int(blank.sum()),
            footer=int(footer.sum()), done=done,
        )  # fmt: skip

    def empty(self) -> pl.DataFrame:
        schema = dict.fromkeys(self.head.columns, pl.String())
        return numbered(pl.DataFrame(schema=schema), pl.Series([], dtype=pl.Int64()))

    def _blank(self, cells: pl.DataFrame) -> pl.Series:
        return cells.select(pl.all_horizontal(pl.all().str.strip_chars(" \t\r\n") == "").alias("blank"))["blank"]

    def _footer(self, cells: pl.DataFrame) -> pl.Series:
        if self.source.footer is None:
            return pl.repeat(False, cells.height, eager=True)
        text = pl.coalesce(pl.when(pl.col(name) != "").then(pl.col(name)) for name in cells.columns)
        begun = [text.str.starts_with(beginning) for beginning in self.source.footer.starts_with]
        return cells.select(pl.any_horizontal(begun).fill_null(False).alias("footer"))["footer"]

    def _aside(self, known: pl.DataFrame) -> list[Aside]:
        """Lines that are no rows, in order; the first thing that is wrong with each."""
        found: dict[int, Why] = {}
        numbers = set(known[LINE].to_list())
        found.update({line: why for line, why in self.wrong.items() if line in numbers})
        for rule in (self._too_wide, self._too_long, self._controlled):
            found = {**rule(known), **found}
        if found:
            first = min(found)
            self.misshapen.more(len(found), lambda: Broken(first, found[first][2], found[first][3]))
        return [(line, *found[line]) for line in sorted(found)]

    def _too_wide(self, known: pl.DataFrame) -> dict[int, Why]:
        extra = known.columns[1 + self.head.width :]
        if not extra:
            return {}
        filled = known.filter(pl.any_horizontal(pl.col(name) != "" for name in extra)).select(LINE, *extra)
        width = self.head.width
        return {
            line: ("field-count", None, f"{width + _last_filled(cells)} fields", f"{width} fields")
            for line, *cells in filled.iter_rows()
        }

    def _too_long(self, known: pl.DataFrame) -> dict[int, Why]:
        found: dict[int, Why] = {}
        for heading, name in self._columns(known):
            for line, length in known.select(LINE, pl.col(name).str.len_chars()).filter(
                pl.col(name) > MOST_IN_FIELD
            ).iter_rows():  # fmt: skip
                expected = f"at most {MOST_IN_FIELD:,} characters in a cell"
                found[line] = ("line-too-long", heading, f"{length:,} characters", expected)
        return found

    def _controlled(self, known: pl.DataFrame) -> dict[int, Why]:
        pattern = CONTROLS if self.source.form.line_breaks else f"{CONTROLS[:-1]}\\n]"
        found: dict[int, Why] = {}
        for heading, name in self._columns(known):
            for line, text in known.select(LINE, name).filter(pl.col(name).str.contains(pattern)).iter_rows():
                shown = controls_in(text)[:EXCERPT]
                found[line] = ("control-character", heading, shown, "text without control characters")
        return found

    def _columns(self, known: pl.DataFrame) -> list[tuple[str, str]]:
        headings = [*self.head.names, *self.head.spare]
        return list(zip(headings, known.columns[1:], strict=False))


def _last_filled(cells: Sequence[str]) -> int:
    return max(place for place, text in enumerate(cells, start=1) if text)
