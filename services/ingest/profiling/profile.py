"""The profile of what was read of a file: one pass over its rows, and another where keys come again, in memory that
does not grow with their number but for eight bytes a row for their keys."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Final

import polars as pl

from services.ingest.checks import AGGREGATE
from services.ingest.columns import AnyColumn, Column, Whole
from services.ingest.profiling.columns import rounded, tally_for, told, type_of
from services.ingest.profiling.keys import KeyTally
from services.ingest.profiling.rules import reviewed
from services.ingest.profiling.tally import ROWS, VALUE, Tally
from services.ingest.reading.parts import Read
from services.ingest.source import Source
from shared.contracts.ingest import Fates
from shared.contracts.profiles import ColumnProfile, Days, Keys, Profile, Providers, SetAside, Total
from shared.contracts.profiles import Type as TypeName
from shared.kit.ahead import WORKERS

NO_REASON: Final = "none-given"


def profile_of(
    frames: Callable[[], Iterable[pl.DataFrame]], read: Read, source: Source, aside: Iterable[pl.DataFrame] = ()
) -> Profile:
    """Of the rows in `frames` (`checks.row_schema` and `_lines`, in order of line; the same whenever they are asked
    for) of what was `read`, and the lines in `aside` (`ASIDE`); `source` is in the layout of the file. The same reading
    gives the same profile.

    Raises RuntimeError unless every line has one fate.
    """
    columns = [_Counted(column, kind, source) for column in source.columns if column.keep and (kind := type_of(column))]
    keys, held = KeyTally(source), 0
    with ThreadPoolExecutor(WORKERS) as others:  # each column has a tally of its own, which hears frames in order
        for frame in frames():
            numbered = others.submit(keys.add, frame)
            rows = frame.filter(~pl.col(AGGREGATE)) if frame[AGGREGATE].any() else frame
            held += rows.height
            for _ in others.map(_Counted.add, columns, repeat(rows)):
                pass
            numbered.result()
    keyed = keys.result(frames)
    fates = read.fates(keyed.fates, sum(piece.rows for piece in read.aside))
    tallies = {one.column.name: one.tally for one in columns}
    return Profile(
        source=source.id, kind=source.kind, content=source.content, encoding=read.encoding, lines=read.lines,
        fates=Fates(**{fate.value: lines for fate, lines in fates.items()}), rows=held,
        period=_period(source, tallies), columns=[one.told() for one in columns],
        keys=Keys(columns=source.key, repeated=keyed.repeated, contradicted=keyed.contradicted),
        providers=_providers(tallies), set_aside=_set_aside(aside), totals=_totals(read, columns),
    )  # fmt: skip


class _Counted:
    """A column, its values counted, and the reasons of those that are not there."""

    def __init__(self, column: AnyColumn, kind: TypeName, source: Source) -> None:
        self.column, self.kind, self.source = column, kind, source
        self.tally, self.absent = tally_for(kind), Counter[str]()

    @property
    def reasons(self) -> str | None:
        return self.column.reason_name if isinstance(self.column, Column) and self.column.keep_reason else None

    def add(self, rows: pl.DataFrame) -> None:
        self.tally.add(rows[self.column.name])
        if self.reasons in rows.columns:
            missing = rows.filter(pl.col(self.column.name).is_null())[self.reasons].fill_null(NO_REASON)
            self.absent.update(dict(missing.alias(VALUE).value_counts(name=ROWS).iter_rows()))

    def told(self) -> ColumnProfile:
        unexplained = self.tally.missing - self.absent.total()
        reasons = self.absent + Counter({NO_REASON: unexplained})
        return told(self.column, self.kind, self.tally, dict(sorted(reasons.items())), self.source)


def _totals(read: Read, columns: list[_Counted]) -> list[Total] | None:
    """What the one line of totals states beside the sum of its column, where no row lacks a value. None where no line
    is a total; of several nobody knows which lines each sums up."""
    if len({stated.line for stated in read.totals}) != 1:
        return None
    found = []
    for counted in columns:
        column, tally = counted.column, counted.tally
        if isinstance(column, Whole) and tally.present and not tally.missing:
            texts = [(one, _parsed(column, one.text)) for one in read.totals if one.column in column.aliases]
            found += [
                Total(line=one.line, column=one.column, stated=value, found=rounded(tally.moments.total))
                for one, value in texts
                if value is not None
            ]
    return found


def _parsed(column: Whole, text: str) -> float | None:
    value = pl.select(column.parse(pl.lit(text))).item()
    return None if value is None else float(value)


def _set_aside(aside: Iterable[pl.DataFrame]) -> list[SetAside]:
    counts: Counter[tuple[str, str | None]] = Counter()
    for frame in aside:
        for code, column, lines in frame.group_by("code", "column").len().iter_rows():
            counts[code, column] += lines
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0][0], one[0][1] or ""))
    return [SetAside(code=code, column=column, lines=lines) for (code, column), lines in ordered]


def _period(source: Source, tallies: Mapping[str, Tally]) -> Days | None:
    """From the first day of the columns that say so to the last; None where there are none, or they are empty."""
    first, last = _edges(source)
    if first not in tallies or last not in tallies:
        return None
    days = tallies[first].lowest, tallies[last].highest
    return None if None in days else Days.model_validate({"first": days[0], "last": days[1]})


def _edges(source: Source) -> tuple[str, str]:
    if source.days is not None:
        return source.days.first, source.days.last
    return "period_start", "period_end"


def _providers(tallies: Mapping[str, Tally]) -> Providers | None:
    name = next((name for name in reviewed().providers.columns if name in tallies), None)
    if name is None or not (tally := tallies[name]).exact or tally.counts is None or tally.numeric:
        return None
    spread = tally.counts[ROWS]
    median = spread.median()
    assert isinstance(median, float)
    return Providers(
        number=spread.len(), fewest_rows=int(spread.to_numpy().min()), median_rows=median,
        most_rows=int(spread.to_numpy().max()), codes=[str(code) for code in tally.counts[VALUE]],
    )  # fmt: skip
