"""One column's counts as they are told: in numbers rounded to what is the same on every machine, and of patients'
columns nothing that few lines have."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from services.ingest.columns import (
    AnyColumn,
    Code,
    Column,
    Day,
    Decimal,
    Flag,
    Identifier,
    Period,
    Pseudonym,
    SlugOf,
    Text,
    Whole,
)
from services.ingest.profiling.rules import reviewed
from services.ingest.profiling.tally import MOST, ROWS, VALUE, Tally
from services.ingest.source import Source
from services.ingest.told import AggregateFlag, Constant, LineNumber, NamedPeriod
from shared.contracts.ingest import Content
from shared.contracts.profiles import FEWEST, MOST_BINS, MOST_FREQUENT, Bin, ColumnProfile, Days, Frequent, Lengths
from shared.contracts.profiles import Numbers as NumbersTold
from shared.contracts.profiles import Type as TypeName

TYPES: Final[Mapping[type, TypeName]] = {
    Text: "text", Identifier: "identifier", Code: "code", SlugOf: "code", Flag: "flag", Pseudonym: "pseudonym",
    Whole: "whole", Decimal: "number", Day: "day", Period: "day", NamedPeriod: "day", Constant: "code",
}  # fmt: skip
LISTS: Final = ("code", "flag")
TEXTS: Final = ("text", "identifier")
MOST_CODES: Final = 200
DIGITS: Final = 10


def type_of(column: AnyColumn) -> TypeName | None:
    """None of columns that hold no value of the file."""
    if isinstance(column, AggregateFlag | LineNumber):
        return None
    if column.dtype == pl.Date():
        return "day"
    return TYPES[type(column)]


def tally_for(kind: TypeName) -> Tally:
    return Tally(numeric=kind in ("whole", "number"), measured=kind in ("text", "identifier"))


def told(column: AnyColumn, kind: TypeName, tally: Tally, absent: Mapping[str, int], source: Source) -> ColumnProfile:
    """`absent`: rows without a value by reason."""
    guarded = source.content is Content.PATIENTS
    told_of = _told_of(column.name, source.content)
    shown = _shown(kind, tally, guarded) if kind in told_of else []
    return ColumnProfile(
        name=column.name, heading=column.source if isinstance(column, Column) else column.name, type=kind,
        unit=column.unit if isinstance(column, Column) else None, present=tally.present, absent=dict(absent),
        distinct=_distinct(tally), more=not tally.exact,
        numbers=_numbers(tally, kind == "whole", guarded), days=_days(kind, tally),
        lengths=None if tally.lengths is None else Lengths(shortest=tally.lengths[0], longest=tally.lengths[1]),
        frequent=[Frequent(value=value, rows=rows) for value, rows in shown[:MOST_FREQUENT]],
        codes=sorted(value for value, _ in shown) if kind in LISTS and len(shown) <= MOST_CODES else None,
    )  # fmt: skip


def _told_of(name: str, content: Content) -> tuple[str, ...]:
    """Types of columns whose values are told: texts only of figures, since those of registers and patients may name
    somebody."""
    if name in reviewed().persons.columns:
        return ()
    return (*LISTS, *TEXTS) if content is Content.AGGREGATE else LISTS


def _distinct(tally: Tally) -> int:
    """Where not all were counted, how many there are at least."""
    if not tally.exact:
        return MOST
    return 0 if tally.counts is None else tally.counts.height


def rounded(number: float) -> float:
    """Ten digits: more would tell the order in which a machine adds."""
    return float(f"{number:.{DIGITS}g}") + 0.0  # of -0.0 the other


def _shown(kind: TypeName, tally: Tally, guarded: bool) -> list[tuple[str, int]]:
    """Values with their rows, most frequent first, those as frequent in their own order."""
    if tally.counts is None:
        return []
    counts = tally.counts.filter(pl.col(ROWS) >= FEWEST) if guarded else tally.counts
    if kind not in LISTS and counts[ROWS].max() == 1:  # names: none is more frequent than another
        return []
    texts = counts.with_columns(pl.col(VALUE).cast(pl.String))
    return [(str(value), int(rows)) for value, rows in texts.sort([ROWS, VALUE], descending=[True, False]).iter_rows()]


def _days(kind: TypeName, tally: Tally) -> Days | None:
    if kind != "day" or tally.lowest is None:
        return None
    return Days.model_validate({"first": tally.lowest, "last": tally.highest})


def _numbers(tally: Tally, whole: bool, guarded: bool) -> NumbersTold | None:
    if not tally.numeric or tally.counts is None:
        return None
    lowest, highest = float(str(tally.lowest)), float(str(tally.highest))
    spread = tally.moments.spread
    bins = _bins(tally.counts, lowest, highest, whole)
    return NumbersTold(
        minimum=rounded(lowest), lower_quartile=rounded(tally.at_rank(0.25)), median=rounded(tally.at_rank(0.5)),
        upper_quartile=rounded(tally.at_rank(0.75)), maximum=rounded(highest), mean=rounded(tally.moments.mean),
        total=rounded(tally.moments.total), spread=None if spread is None else rounded(spread), exact=tally.exact,
        bins=_none_rare(bins) if guarded else bins,
    )  # fmt: skip


def _bins(counts: pl.DataFrame, lowest: float, highest: float, whole: bool) -> list[Bin]:
    """One for each value where there are few, else of equal widths from the lowest to the highest."""
    if counts.height <= MOST_BINS:
        return [Bin(low=float(value), high=float(value), rows=rows) for value, rows in counts.iter_rows()]
    width = (highest - lowest) / MOST_BINS
    if whole:
        width = float(-(-(highest - lowest + 1) // MOST_BINS))
    place = ((pl.col(VALUE).cast(pl.Float64) - lowest) / width).floor().clip(0, MOST_BINS - 1).cast(pl.Int64)
    found = dict(counts.group_by(place.alias("place")).agg(pl.col(ROWS).sum()).iter_rows())
    last = max(found)
    return [
        Bin(low=rounded(lowest + at * width), high=rounded(min(lowest + (at + 1) * width, highest)),
            rows=found.get(at, 0))
        for at in range(last + 1)
    ]  # fmt: skip


def _none_rare(bins: list[Bin]) -> list[Bin]:
    """Put together with the next until each has `FEWEST` rows; a rest joins the last. None where all are too few."""
    together: list[Bin] = []
    low, rows = None, 0
    for one in bins:
        low, rows = one.low if low is None else low, rows + one.rows
        if rows >= FEWEST:
            together.append(Bin(low=low, high=one.high, rows=rows))
            low, rows = None, 0
    if rows and together:
        last = together.pop()
        together.append(Bin(low=last.low, high=bins[-1].high, rows=last.rows + rows))
    return together
