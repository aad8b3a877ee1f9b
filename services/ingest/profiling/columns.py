"""One column's counts as they are told: in numbers rounded to what is the same on every machine, and of patients'
columns nothing that few lines have."""

from collections.abc import Mapping
from typing import Any, Final

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
        numbers=_numbers(tally, kind == "whole", guarded),
        days=_days(kind, tally, guarded=guarded and not _is_edge(column, source)),
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


def _is_edge(column: AnyColumn, source: Source) -> bool:
    """Whether its first and last days are the file's own, which everybody is told who reads of the file."""
    return source.days is not None and column.name in (source.days.first, source.days.last)


def _extremes(tally: Tally, guarded: bool) -> tuple[Any, Any] | None:
    """The lowest and the highest value; where `guarded`, what `FEWEST` rows at least lie at or below, and at or above:
    the oldest patient is one patient. None where the two would be told of the same rows, or too many values to know."""
    if not guarded:
        return None if tally.lowest is None else (tally.lowest, tally.highest)
    if tally.counts is None or tally.present < 2 * FEWEST:
        return None
    upto = tally.counts[ROWS].cum_sum()
    downto = tally.counts[ROWS].reverse().cum_sum()
    values = tally.counts[VALUE]
    first, last = (int((rows < FEWEST).sum()) for rows in (upto, downto))
    return values[first], values[len(values) - 1 - last]


def _days(kind: TypeName, tally: Tally, *, guarded: bool) -> Days | None:
    if kind != "day" or (found := _extremes(tally, guarded)) is None:
        return None
    return Days.model_validate({"first": found[0], "last": found[1]})


def _numbers(tally: Tally, whole: bool, guarded: bool) -> NumbersTold | None:
    if not tally.numeric or tally.counts is None or (found := _extremes(tally, guarded)) is None:
        return None
    low, high = (float(str(one)) for one in found)
    spread = tally.moments.spread
    bins = _bins(tally.counts, float(str(tally.lowest)), float(str(tally.highest)), whole)
    quartiles = [rounded(min(max(tally.at_rank(share), low), high)) for share in (0.25, 0.5, 0.75)]
    return NumbersTold(
        minimum=rounded(low), lower_quartile=quartiles[0], median=quartiles[1], upper_quartile=quartiles[2],
        maximum=rounded(high), mean=rounded(tally.moments.mean), total=rounded(tally.moments.total),
        spread=None if spread is None else rounded(spread), exact=tally.exact,
        bins=[_within(one, rounded(low), rounded(high)) for one in _none_rare(bins)] if guarded else bins,
    )  # fmt: skip


def _within(one: Bin, low: float, high: float) -> Bin:
    """Without ends that would tell the lowest or the highest value after all."""
    return Bin(low=min(max(one.low, low), high), high=max(min(one.high, high), low), rows=one.rows)


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
