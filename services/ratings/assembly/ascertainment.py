"""Case ascertainment: how many of a unit's cases were sent, by a count that somebody else made, and what follows.

A unit that did not send enough of its cases is not compared, nor is whoever has cases there: grey, whatever the figure
is, with one exception. Beyond the control limits on the side that is worse, a result stays what it is: cases that are
kept back may take a word of praise away, never one of warning.
"""

from datetime import date
from typing import Final

import polars as pl

from services.ratings.assembly.schema import BuildRefused
from services.ratings.indicators.definition import Definition

NEEDED: Final = ("provider", "period_start", "period_end", "cases")
LOW: Final = "case_ascertainment_low"
NOT_TOLD: Final = "case_ascertainment_not_published"
FLAG_LOW: Final = "cases_missing"
FLAG_MORE: Final = "more_cases_than_expected"
WORSE: Final = {
    "lower_is_better": ("above_control",), "higher_is_better": ("below_control",),
    "neutral": ("above_control", "below_control"),
}  # fmt: skip
UNSAID: Final = (
    "robustness_paths", "robustness_agreeing", "robustness_differing", "place_lower", "place_upper", "places_of",
)  # fmt: skip
"""What is told of a position or a place, and goes with it."""
STEP: Final = 5
KEY: Final = ("indicator", "period_id", "provider")


def ascertainment_of(results: pl.DataFrame, counts: pl.DataFrame | None, definition: Definition) -> pl.DataFrame:
    """One row per period and unit with results or with a count: KEY, `cases` (sent), `expected_cases` (null where
    nobody has counted), `share` (null without a count above 0, and above 1 where more was sent than counted), `status`.

    `status` is `no_count`, `low` (below the indicator's minimum), `more` (than expected) or `enough`. `counts`: the
    feed of expected counts, None where it has no rows. Where counts are told to the nearest five, so are these: a share
    of the exact number would give it back. Raises BuildRefused for a feed of another form.
    """
    units = results.filter(pl.col("level") == "provider")
    spans = units.select("period_id", "period_start", "period_end").unique().sort("period_id")
    found = [_of_period(units, _expected(counts, definition, start, end), period, definition)
             for period, start, end in spans.iter_rows()]  # fmt: skip
    return pl.concat(found) if found else pl.DataFrame()


def _expected(counts: pl.DataFrame | None, definition: Definition, start: date, end: date) -> pl.DataFrame:
    """`provider`, `expected_cases`: of units whose counts cover every day of the period, and none twice."""
    if counts is None:
        return pl.DataFrame(schema={"provider": pl.String, "expected_cases": pl.Int64})
    if missing := [name for name in NEEDED if name not in counts.columns]:
        raise BuildRefused(f"{definition.source.expected_counts}: expected counts need {', '.join(missing)}")
    own = counts
    if "specialty" in counts.columns:
        own = own.filter(pl.col("specialty") == definition.source.specialty)
    within = own.filter((pl.col("period_start") >= start) & (pl.col("period_end") <= end))
    follows = pl.col("period_start") == pl.col("period_end").shift(1).over("provider") + pl.duration(days=1)
    ordered = within.sort("provider", "period_start").with_columns(
        begins=pl.when(pl.col("period_end").shift(1).over("provider").is_null())
        .then(pl.col("period_start") == start)
        .otherwise(follows)
    )
    whole = ordered.group_by("provider").agg(
        pl.col("cases").sum().alias("expected_cases"),
        (pl.col("begins").all() & (pl.col("period_end").max() == end)).alias("whole"),
    )
    return whole.filter("whole").select("provider", pl.col("expected_cases").cast(pl.Int64))


def _of_period(units: pl.DataFrame, expected: pl.DataFrame, period: str, definition: Definition) -> pl.DataFrame:
    cases = pl.col("cases")
    told = (2 * cases + STEP) // (2 * STEP) * STEP if definition.patient_rule == "counts-1-7" else cases
    sent = units.filter(pl.col("period_id") == period).select(pl.col("subject").alias("provider"), told.alias("cases"))
    joined = sent.join(expected, on="provider", how="full", coalesce=True)
    every = joined.with_columns(
        pl.lit(definition.id).alias("indicator"), pl.lit(period).alias("period_id"), pl.col("cases").fill_null(0)
    )
    counted = every.with_columns(
        share=pl.when(pl.col("expected_cases") > 0).then(pl.col("cases") / pl.col("expected_cases"))
    )
    minimum = definition.minimum_ascertainment
    low = pl.lit(value=False) if minimum is None else pl.col("share") < minimum
    return counted.select(
        *KEY, pl.col("cases").cast(pl.Int64), "expected_cases", "share",
        pl.when(pl.col("expected_cases").is_null()).then(pl.lit("no_count"))
        .when(low).then(pl.lit("low"))
        .when(pl.col("cases") > pl.col("expected_cases")).then(pl.lit("more"))
        .otherwise(pl.lit("enough")).alias("status"),
    ).sort(*KEY)  # fmt: skip


def gated_by_cases(
    results: pl.DataFrame, ascertained: pl.DataFrame, members: pl.DataFrame, polarity: str
) -> pl.DataFrame:
    """Results of one indicator in which units that are `low`, and whoever has a case in one, are not compared.

    `members`: `period_id`, `provider`, `consultant`. Touches rows alone that are rated; one beyond the control limits
    on the worse side stays.
    """
    low = ascertained.filter(pl.col("status") == "low").select("period_id", "provider")
    if low.is_empty():
        return results
    people = members.join(low, on=["period_id", "provider"], how="semi").select("period_id", subject="consultant")
    concerned = pl.concat(
        [low.select("period_id", pl.lit("provider").alias("level"), pl.col("provider").alias("subject")),
         people.unique().select("period_id", pl.lit("consultant").alias("level"), "subject")]
    )  # fmt: skip
    marked = results.join(
        concerned.with_columns(concerned=pl.lit(value=True)), on=["period_id", "level", "subject"], how="left",
        maintain_order="left",
    )  # fmt: skip
    takes = pl.col("concerned").fill_null(value=False) & loses_its_word(polarity)
    return not_rated(marked, takes, LOW).drop("concerned")


def loses_its_word(polarity: str) -> pl.Expr:
    """Rated rows whose position may go."""
    return (pl.col("comparison_status") == "rated") & ~pl.col("position").is_in(WORSE[polarity])


def not_rated(rows: pl.DataFrame, where: pl.Expr, reason: str) -> pl.DataFrame:
    """With these rows not compared for that reason, and nothing left that follows from a position or a place."""
    mark = rows.with_columns(the_mark=where.fill_null(value=False))
    greyed = mark.with_columns(
        pl.when("the_mark").then(pl.lit("not_rated")).otherwise("comparison_status").alias("comparison_status"),
        pl.when("the_mark").then(pl.lit(reason)).otherwise("not_rated_reason").alias("not_rated_reason"),
        pl.when("the_mark").then(pl.lit("")).otherwise("position").alias("position"),
        *(pl.when(~pl.col("the_mark")).then(pl.col(name)).alias(name) for name in UNSAID if name in rows.columns),
    )
    return greyed.drop("the_mark")
