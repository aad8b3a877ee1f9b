"""What becomes of the rows of a submission, given what the feed already holds. Pure: frames in, frames out.

Per key, in the order of receipt: the first line stands; a later line with the same values is a duplicate; one with
other values is in conflict, and so is the line that stood; from then on so is every later line with that key, until a
superseding submission replaces the key. Splitting a file in two and sending both parts gives the same fates.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from services.ingest.checks import AGGREGATE, LINE
from services.ingest.columns import LineNumber
from services.ingest.reading.batches import on_each_line
from services.ingest.reading.parts import LINES
from services.ingest.refusals import ASIDE, EXCERPT
from services.ingest.source import Source
from shared.contracts.ingest import Fate

STATUS: Final = "_status"
SUBMISSION: Final = "_submission"
ORIGIN: Final = "_origin"
"""Of a row that mends a line of an earlier submission: the number that the line has there."""
CONFLICT: Final = pl.lit(Fate.CONFLICT.value)
CODE: Final = "conflict"
AGREE: Final = "the same values in every line with this key"


@dataclass(frozen=True)
class Resolution:
    """`state`: the feed's rows from now on. `fates`: number of lines by fate. `aside`: lines in conflict (`ASIDE`, one
    for each physical line).

    `overtaken`: rows of earlier submissions that stood until now and are in conflict since: `_submission`, `_line`,
    `_lines`, `_status` (the fate they had) and the columns of `ASIDE`.
    """

    state: pl.DataFrame
    fates: dict[Fate, int]
    aside: pl.DataFrame
    overtaken: pl.DataFrame


def state_schema(source: Source) -> pl.Schema:
    """Key and values of each key the feed has seen, whether it stands, and the line it came from (the first of its
    `_lines`); in order of the key."""
    lineage = {STATUS: pl.String(), SUBMISSION: pl.String(), LINE: pl.Int64(), LINES: pl.Int64(), ORIGIN: pl.Int64()}
    return pl.Schema({**source.canonical, **lineage})


def in_full(frame: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Rows, or a state, in which nothing is missing that was not kept in earlier days, or that a source did not have:
    a row is one line, of no other origin, and has no value in a column that is new."""
    missing = [pl.lit(1, pl.Int64).alias(LINES)] if LINES not in frame.columns else [pl.col(LINES).cast(pl.Int64)]
    missing += [pl.lit(None, pl.Int64).alias(ORIGIN)] if ORIGIN not in frame.columns else []
    missing += [pl.lit(None, kind).alias(name) for name, kind in source.canonical.items() if name not in frame.columns]
    return frame.with_columns(missing)


def standing(rows: pl.DataFrame, submission: str) -> pl.DataFrame:
    """Rows of what was read (`checks.row_schema` and `_lines`) as a state has them where all of them stand."""
    return rows.with_columns(_standing().alias(STATUS), pl.lit(submission).alias(SUBMISSION))


def of_origin(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Mended rows: where the number of the line is a value, it is the number of the line that is mended."""
    return rows.with_columns(pl.col(ORIGIN).alias(one.name) for one in source.columns if isinstance(one, LineNumber))


def _superseded(state: pl.DataFrame, rows: pl.DataFrame, window: pl.DataFrame | None, source: Source) -> pl.DataFrame:
    """What of the state stays: no key that the rows carry, and with a `window` (`window_of`) no row of its days."""
    base = state.join(rows, on=source.key, how="anti", maintain_order="left")
    if window is not None and source.days is not None:
        if has_periods(source):
            return base.join(window, on=window.columns, how="anti", maintain_order="left")
        first, last = window.row(0)
        base = base.filter(~pl.col(source.days.first).is_between(first, last).fill_null(False))
    return base


def has_periods(source: Source) -> bool:
    """Whether its rows are about periods, each with a first and a last day, and not about single days."""
    return source.days is not None and source.days.first != source.days.last


def window_of(rows: pl.LazyFrame, source: Source) -> pl.DataFrame | None:
    """The days that `rows` cover: of a source of periods each that occurs, by its first and its last day, since those
    between two of them are in no row; else one row with the first and the last day of all. None where there are none.
    """
    if source.days is None:
        return None
    if has_periods(source):
        found = rows.select(source.days.first, source.days.last).drop_nulls().unique().collect()
    else:
        day = pl.col(source.days.first)
        found = rows.select(day.min().alias("first"), day.max().alias("last")).drop_nulls().collect()
    return None if found.is_empty() else found


def resolve(  # noqa: PLR0917  # rows and state first, then by whom, how, of what kind
    rows: pl.DataFrame, state: pl.DataFrame, submission: str, supersede: bool, source: Source,
    window: pl.DataFrame | None = None,
) -> Resolution:  # fmt: skip
    """Fates of `rows` (`checks.row_schema`, in order of line) of `submission`, against `state` (`state_schema`).

    What the submission said when it was decided before counts for nothing. With `supersede` the keys that the rows
    carry are first taken out of the state, and with a `window` all that the state has of its days. Fates are per
    key: rows and state may come in parts, each with all that there is of a key.
    """
    rows = in_full(rows, source)
    base = in_full(state, source).select(state_schema(source).names()).filter(pl.col(SUBMISSION) != submission)
    if supersede:
        base = _superseded(base, rows, window, source)
    if base.is_empty():
        ordered = is_ascending(rows, source.key)
        if ordered or not rows.select(source.key).is_duplicated().any():
            return _all_stand(rows, submission, source, ordered)
    compared = _compared(rows, _references(rows, base, submission, source), source)
    decided = compared.with_columns(_fate().alias("fate"))
    overtaken = base.join(decided.filter(_newly_overtaken()), on=source.key, how="semi", maintain_order="left")
    standing = base.with_columns(_status_after(overtaken, source))
    added = decided.filter(pl.col("first")).with_columns(pl.col("fate").alias(STATUS))
    after = pl.concat([standing, added.select(standing.columns)]).sort(source.key)
    in_conflict = decided.filter(pl.col("fate") == CONFLICT)
    return Resolution(after, counted(decided), _explained(in_conflict, source), _told(overtaken, source))


def is_ascending(rows: pl.DataFrame, key: list[str]) -> bool:
    """Whether every key is beyond the one before it: then they are in order, and none comes twice. Registers write
    their rows so, and to see it costs a tenth of sorting them."""
    beyond = pl.lit(False)
    for name in reversed(key):
        before = pl.col(name).shift(1)
        beyond = (pl.col(name) > before) | ((pl.col(name) == before) & beyond)
    return bool(rows.select(beyond.slice(1).fill_null(False).all()).item())


def _all_stand(rows: pl.DataFrame, submission: str, source: Source, ordered: bool) -> Resolution:
    """Where there is nothing to compare with. `ordered`: the rows are in order of the key already."""
    state = standing(rows, submission).select(state_schema(source).names())
    state = state if ordered else state.sort(source.key)
    overtaken = _told(state.clear(), source)
    return Resolution(
        state, counted(state.select(LINES, pl.col(STATUS).alias("fate"))), pl.DataFrame(schema=ASIDE), overtaken
    )


def counted(decided: pl.DataFrame) -> dict[Fate, int]:
    """Lines, not rows: a cell may hold the end of a line."""
    by_fate = decided.group_by("fate").agg(pl.col(LINES).sum())
    return {Fate(str(fate)): int(lines) for fate, lines in by_fate.iter_rows()}


def _standing() -> pl.Expr:
    return pl.when(AGGREGATE).then(pl.lit(Fate.AGGREGATE.value)).otherwise(pl.lit(Fate.ACCEPTED.value))


def _references(rows: pl.DataFrame, base: pl.DataFrame, submission: str, source: Source) -> pl.DataFrame:
    """For every key of `rows` the line that later ones are compared with: the feed's, else the file's first."""
    keys = source.key
    held = base.join(rows, on=keys, how="semi")
    fresh = rows.unique(subset=keys, keep="first", maintain_order=True).join(base, on=keys, how="anti")
    fresh = fresh.with_columns(pl.lit(None, pl.String).alias(STATUS), pl.lit(submission).alias(SUBMISSION))
    return pl.concat([held, fresh.select(held.columns)])


def _compared(rows: pl.DataFrame, references: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Rows beside their reference (`=name`), with `first` (it is its own), `differs`, and by key `any`, `since`."""
    beside = references.rename({name: f"={name}" for name in (*source.values, LINE)}).drop(LINES, ORIGIN)
    joined = rows.join(beside, on=source.key, how="left", maintain_order="left")
    unequal = [pl.col(name).ne_missing(pl.col(f"={name}")) for name in source.values]
    fresh = pl.col(STATUS).is_null() & (pl.col(LINE) == pl.col(f"={LINE}"))
    joined = joined.with_columns(fresh.alias("first"), pl.any_horizontal(False, *unequal).alias("differs"))
    if not joined["differs"].any():
        return joined.with_columns(pl.lit(False).alias("any"), pl.lit(False).alias("since"))
    differs = pl.col("differs")
    return joined.with_columns(
        differs.any().over(source.key).alias("any"),
        differs.cast(pl.Int8).cum_max().over(source.key).eq(1).alias("since"),
    )


def _fate() -> pl.Expr:
    was_conflict = pl.col(STATUS).eq_missing(CONFLICT)
    return (
        pl.when(was_conflict | pl.col("since") | (pl.col("first") & pl.col("any")))
        .then(CONFLICT)
        .when("first")
        .then(_standing())
        .otherwise(pl.lit(Fate.DUPLICATE.value))
    )


def _newly_overtaken() -> pl.Expr:
    """Lines whose key stood in the feed and does not any more."""
    return pl.col("any") & pl.col(STATUS).is_not_null() & (pl.col(STATUS) != CONFLICT)


def _status_after(overtaken: pl.DataFrame, source: Source) -> pl.Expr:
    if overtaken.is_empty():
        return pl.col(STATUS)
    keys = pl.struct(source.key)
    return (
        pl.when(keys.is_in(overtaken.select(keys).to_series().implode())).then(CONFLICT).otherwise(STATUS).alias(STATUS)
    )


def _explained(lines: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Each line in conflict: the first column that differs from the line it was compared with, and what that says."""
    values = [(name, pl.col(name).ne_missing(pl.col(f"={name}"))) for name in source.values]
    named: list[pl.Expr] = [pl.when(differs).then(pl.lit(source.shown(name))) for name, differs in values]
    column = pl.coalesce(named or [pl.lit(None, pl.String)])
    found = _first_differing(values, "")
    other = pl.format("{}, as in line {} of submission {}", _first_differing(values, "="), pl.col(f"={LINE}"),
                      pl.col(SUBMISSION).str.slice(0, 12))  # fmt: skip
    shown = lines.select(
        pl.col(LINE).alias("line"), _lit(Fate.CONFLICT, "fate"), _lit(CODE, "code"), column.alias("column"),
        pl.coalesce(found, _key_text(source)).str.slice(0, EXCERPT).alias("found"),
        pl.coalesce(other, pl.lit(AGREE)).alias("expected"),
    )  # fmt: skip
    return on_each_line(shown.match_to_schema(ASIDE), lines)


def _told(overtaken: pl.DataFrame, source: Source) -> pl.DataFrame:
    return overtaken.select(
        SUBMISSION, LINE, LINES, STATUS,
        pl.col(LINE).alias("line"), _lit(Fate.CONFLICT, "fate"), _lit(CODE, "code"),
        pl.lit(None, pl.String).alias("column"), _key_text(source).str.slice(0, EXCERPT).alias("found"),
        pl.lit(AGREE).alias("expected"),
    )  # fmt: skip


def _first_differing(values: list[tuple[str, pl.Expr]], prefix: str) -> pl.Expr:
    said: list[pl.Expr] = [
        pl.when(differs).then(pl.col(f"{prefix}{name}").cast(pl.String).fill_null("nothing").str.slice(0, EXCERPT))
        for name, differs in values
    ]
    return pl.coalesce(said or [pl.lit(None, pl.String)])


def _key_text(source: Source) -> pl.Expr:
    return pl.concat_str([pl.col(name).cast(pl.String) for name in source.key], separator=" ")


def _lit(value: str, name: str) -> pl.Expr:
    return pl.lit(str(value)).alias(name)
