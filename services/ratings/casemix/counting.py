"""The one group-by: episodes become whole numbers of cases and events per unit, consultant and covariate pattern."""

import polars as pl

from services.ratings.indicators.definition import Period
from services.ratings.indicators.risk_model import RiskModel

UNITS = ("specialty", "provider", "consultant")
NOBODY = ""  # the consultant of a case that was sent without one


def count_patterns(episodes: pl.LazyFrame, model: RiskModel, period: Period) -> pl.DataFrame:
    """`cases` and `observed` (int64) per specialty, provider, consultant and pattern of the model's columns.

    Episodes dated outside the period are not counted. Sorted by the full key, so the same episodes in any order give
    the same frame.
    """
    key = [*UNITS, *model.columns]
    counted = (
        episodes.filter(pl.col("date").is_between(period.start, period.end, closed="both"))
        .with_columns(pl.col("consultant").fill_null(NOBODY))
        .group_by(key)
        .agg(cases=pl.len().cast(pl.Int64), observed=pl.col(model.outcome).cast(pl.Int64).sum())
    )
    return counted.collect().sort(key)


def specialties_in(counts: pl.DataFrame) -> set[str]:
    return set(counts["specialty"].unique().to_list())


def members(counts: pl.DataFrame) -> pl.DataFrame:
    """`provider`, `consultant`, `cases`: who treated how many where. Cases without a consultant belong to nobody."""
    treated = counts.filter(pl.col("consultant") != NOBODY)
    return treated.group_by("provider", "consultant").agg(pl.col("cases").sum()).sort("provider", "consultant")


def main_provider(membership: pl.DataFrame) -> pl.DataFrame:
    """`consultant`, `provider`: the hospital with most of a consultant's cases, ties by code."""
    ordered = membership.sort(["consultant", "cases", "provider"], descending=[False, True, False])
    return ordered.unique("consultant", keep="first", maintain_order=True).select("consultant", "provider")
