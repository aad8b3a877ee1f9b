"""Episodes become whole numbers of cases and events per unit, consultant and covariate pattern.

By a dense table where it is small (`contingency`), else by one group-by (`count_by`): the same counts in one order.
"""

import polars as pl

from services.ratings.casemix.contingency import contingency
from services.ratings.casemix.grouping import count_by
from services.ratings.indicators.definition import Period
from services.ratings.indicators.risk_model import RiskModel
from services.ratings.methods.design_matrix import MISSING

UNITS = ("specialty", "provider", "consultant")
NOBODY = ""  # the consultant of a case that was sent without one


def count_patterns(episodes: pl.LazyFrame, model: RiskModel, period: Period) -> pl.DataFrame:
    """`cases` and `observed` (int64) per specialty, provider, consultant and pattern of the model's columns.

    Episodes dated outside the period are not counted. Sorted by the full key, so the same episodes in any order give
    the same frame.
    """
    dated = episodes.filter(pl.col("date").is_between(period.start, period.end, closed="both"))
    named = dated.with_columns(pl.col("consultant").fill_null(NOBODY))
    levels = {factor.column: factor.levels for factor in model.factor}
    table = contingency(named, UNITS, levels, model.outcome)
    if table is not None:
        return table.frame()
    return count_by(named, [*UNITS, *model.columns], model.outcome, dict.fromkeys(model.columns, MISSING))


def members(counts: pl.DataFrame) -> pl.DataFrame:
    """`provider`, `consultant`, `cases`: who treated how many where. Cases without a consultant belong to nobody."""
    treated = counts.filter(pl.col("consultant") != NOBODY)
    return treated.group_by("provider", "consultant").agg(pl.col("cases").sum()).sort("provider", "consultant")


def main_provider(membership: pl.DataFrame) -> pl.DataFrame:
    """`consultant`, `provider`: the hospital with most of a consultant's cases, ties by code."""
    ordered = membership.sort(["consultant", "cases", "provider"], descending=[False, True, False])
    return ordered.unique("consultant", keep="first", maintain_order=True).select("consultant", "provider")
