"""What becomes of the rows of a submission, given what the feed already holds. Pure: frames in, frames out.

Per key, in the order of receipt: the first line stands; a later line with the same values is a duplicate; one with
other values is in conflict, and so is the line that stood; from then on so is every later line with that key, until a
superseding submission replaces the key. Splitting a file in two and sending both parts gives the same fates.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from services.ingest.checks import AGGREGATE, LINE
from services.ingest.refusals import ASIDE, EXCERPT
from services.ingest.source import Source
from shared.contracts.ingest import Fate

STATUS: Final = "_status"
SUBMISSION: Final = "_submission"
CONFLICT: Final = pl.lit(Fate.CONFLICT.value)
CODE: Final = "conflict"
AGREE: Final = "the same values in every line with this key"


@dataclass(frozen=True)
class Resolution:
    """`state`: the feed's rows from now on. `fates`: number of lines by fate. `aside`: lines in conflict (`ASIDE`).

    `overtaken`: lines of earlier submissions that stood until now and are in conflict since: `_submission`, `_line`,
    `_status` (the fate they had) and the columns of `ASIDE`.
    """

    state: pl.DataFrame
    fates: dict[Fate, int]
    aside: pl.DataFrame
    overtaken: pl.DataFrame


def state_schema(source: Source) -> pl.Schema:
    """Key and values of each key the feed has seen, whether it stands, and the line it came from."""
    return pl.Schema({**source.canonical, STATUS: pl.String(), SUBMISSION: pl.String(), LINE: pl.Int64()})


def resolve(rows: pl.DataFrame, state: pl.DataFrame, submission: str, supersede: bool, source: Source) -> Resolution:
    """Fates of `rows` (`checks.row_schema`, in order of line) of `submission`, against `state` (`state_schema`).

    With `supersede` the keys that the rows carry are first taken out of the state.
    """
    base = state.join(rows, on=source.key, how="anti", maintain_order="left") if supersede else state
    compared = _compared(rows, _references(rows, base, submission, source), source)
    decided = compared.with_columns(_fate().alias("fate"))
    overtaken = base.join(decided.filter(_newly_overtaken()), on=source.key, how="semi", maintain_order="left")
    standing = base.with_columns(_status_after(overtaken, source))
    added = decided.filter(pl.col("first")).with_columns(pl.col("fate").alias(STATUS))
    after = pl.concat([standing, added.select(standing.columns)]).sort(source.key)
    counted = {Fate(str(fate)): int(lines) for fate, lines in decided.group_by("fate").len().iter_rows()}
    in_conflict = decided.filter(pl.col("fate") == CONFLICT)
    return Resolution(after, counted, _explained(in_conflict, source), _told(overtaken, source))


def _references(rows: pl.DataFrame, base: pl.DataFrame, submission: str, source: Source) -> pl.DataFrame:
    """For every key of `rows` the line that later ones are compared with: the feed's, else the file's first."""
    keys = source.key
    held = base.join(rows, on=keys, how="semi")
    fresh = rows.unique(subset=keys, keep="first", maintain_order=True).join(base, on=keys, how="anti")
    fresh = fresh.with_columns(pl.lit(None, pl.String).alias(STATUS), pl.lit(submission).alias(SUBMISSION))
    return pl.concat([held, fresh.select(held.columns)])


def _compared(rows: pl.DataFrame, references: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Rows beside their reference (`=name`), with `first` (it is its own), `differs`, and by key `any`, `since`."""
    beside = references.rename({name: f"={name}" for name in (*source.values, LINE)})
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
    stands = pl.when(AGGREGATE).then(pl.lit(Fate.AGGREGATE.value)).otherwise(pl.lit(Fate.ACCEPTED.value))
    return (
        pl.when(was_conflict | pl.col("since") | (pl.col("first") & pl.col("any")))
        .then(CONFLICT)
        .when("first")
        .then(stands)
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
    return shown.match_to_schema(ASIDE)


def _told(overtaken: pl.DataFrame, source: Source) -> pl.DataFrame:
    return overtaken.select(
        SUBMISSION, LINE, STATUS,
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
