"""Two frames of results compared, row by row: who is in both, whose position moved, which figures are other."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from services.ratings.assembly.schema import RESULT_KEY

KEY: Final = list(RESULT_KEY)
POSITION: Final = "told"
FIGURES: Final = (
    "cases", "observed", "expected", "status", "estimate", "interval_lower", "interval_upper", "benchmark",
    "position", "warning_lower", "warning_upper", "control_lower", "control_upper", "reliability", "word", "verdict",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Compared:
    """`changed` has `was`, `now` and the list `figures`, moved positions first; `new` and `gone` have `told`; `counts`
    one row for each indicator: rows, same, changed, new, gone."""

    changed: pl.DataFrame
    new: pl.DataFrame
    gone: pl.DataFrame
    counts: pl.DataFrame
    moved: int


def compared(before: pl.DataFrame, after: pl.DataFrame) -> Compared:
    """Of two frames with the columns RESULTS."""
    old, new = _told(before), _told(after)
    both = new.join(old, on=KEY, how="inner", suffix="_before")
    other = [
        pl.when(pl.col(name).ne_missing(pl.col(f"{name}_before"))).then(pl.lit(name)) for name in FIGURES
    ]  # fmt: skip
    both = both.with_columns(figures=pl.concat_list(other).list.drop_nulls())
    moved = pl.col(POSITION) != pl.col(f"{POSITION}_before")
    changed = (
        both.filter((pl.col("figures").list.len() > 0) | moved)
        .with_columns(moved=moved)
        .sort("moved", *KEY, descending=[True, *[False] * len(KEY)])
        .select(*KEY, was=f"{POSITION}_before", now=POSITION, figures="figures", moved="moved")
    )
    came, went = new.join(old, on=KEY, how="anti"), old.join(new, on=KEY, how="anti")
    return Compared(
        changed, came.sort(KEY).select(*KEY, POSITION), went.sort(KEY).select(*KEY, POSITION),
        _counts(both, changed, came, went), changed.filter("moved").height,
    )  # fmt: skip


def _told(frame: pl.DataFrame) -> pl.DataFrame:
    """With one word for where a row stands: its position, or what its publisher says, else why it has none."""
    return frame.with_columns(
        pl.when(pl.col("status") != "published").then("status")
        .when(pl.col("position").is_not_null() & (pl.col("position") != "")).then("position")
        .otherwise(pl.coalesce("word", "verdict", pl.lit("not_rated")))
        .alias(POSITION)
    )  # fmt: skip


def _counts(both: pl.DataFrame, changed: pl.DataFrame, came: pl.DataFrame, went: pl.DataFrame) -> pl.DataFrame:
    parts = [
        frame.group_by("indicator").len().select("indicator", pl.lit(name).alias("part"), pl.col("len").cast(pl.Int64))
        for name, frame in (("both", both), ("changed", changed), ("new", came), ("gone", went))
    ]
    counted = pl.concat(parts).pivot("part", index="indicator", values="len").sort("indicator")
    missing = [pl.lit(None, pl.Int64).alias(name) for name in ("both", "changed", "new", "gone")
               if name not in counted.columns]  # fmt: skip
    whole = counted.with_columns(missing).fill_null(0)
    return whole.select(
        "indicator", "changed", "new", "gone", rows=pl.col("both") + pl.col("new"),
        same=pl.col("both") - pl.col("changed"),
    )  # fmt: skip
