"""The two recipes: expected numbers that come with the counts, and expected numbers from a model fitted here."""

from dataclasses import dataclass

import polars as pl

from services.ratings.assembly.figures import ComparisonSet, figures_of
from services.ratings.assembly.schema import BuildRefused, Span, as_declared
from services.ratings.casemix.counting import main_provider, members
from services.ratings.casemix.fitting import Merge, fit_counts
from services.ratings.indicators.definition import Definition
from services.ratings.indicators.risk_model import RiskModel


@dataclass(frozen=True, eq=False)
class Computed:
    """What one indicator adds to a release: three of the frames of `schema.FRAMES`."""

    results: pl.DataFrame
    comparisons: pl.DataFrame
    members: pl.DataFrame


def from_counts(counts: pl.DataFrame, definition: Definition) -> Computed | None:
    """Expected = expected percentage x cases / 100, per period of the measure; None where the feed has no such row.

    Raises BuildRefused where a period lacks the published row of the whole set.
    """
    rows = counts.filter(pl.col("measure") == definition.source.measure)
    computed = [
        _period_of_counts(group, definition)
        for _, group in rows.sort("period_start", "period_end", "provider").group_by(
            "period_start", "period_end", maintain_order=True
        )
    ]
    if not computed:
        return None
    return Computed(
        as_declared([results for results, _ in computed], "results"),
        as_declared([about for _, about in computed], "comparisons"),
        as_declared([], "members"),
    )


def _period_of_counts(rows: pl.DataFrame, definition: Definition) -> tuple[pl.DataFrame, pl.DataFrame]:
    span = Span(rows["period_start"][0], rows["period_end"][0])
    whole = rows.filter(pl.col("aggregate"))
    if whole.height != 1 or whole["observed"][0] == 0:
        raise BuildRefused(f"{definition.id}, {span.id}: there must be one row of the whole set, with events")
    subjects = rows.filter(~pl.col("aggregate")).select(
        pl.col("provider").alias("subject"),
        pl.col("provider").alias("provider_id"),
        pl.lit(None, pl.String).alias("consultant_id"),
        "cases",
        "observed",
        (pl.col("expected_percent") * pl.col("cases") / 100).alias("expected"),
    )
    rate = whole["observed"][0] / whole["cases"][0]
    return figures_of(subjects, ComparisonSet(definition, "provider", span, rate))


def from_patterns(counts: pl.DataFrame, definition: Definition, model: RiskModel) -> Computed | None:
    """Expected from the model fitted on all cases of the specialty; None where it has no case in the period.

    `counts` as from `count_patterns`. Raises what the fit raises, and ImpossibleExpected.
    """
    assert definition.period is not None
    own = counts.filter(pl.col("specialty") == definition.source.specialty)
    if own.is_empty():
        return None
    span = Span(definition.period.start, definition.period.end)
    fit = fit_counts(own, model)
    membership = members(own)
    by_provider = fit.expected_of("provider").select(
        pl.col("provider").alias("subject"),
        pl.col("provider").alias("provider_id"),
        pl.lit(None, pl.String).alias("consultant_id"),
        "cases", "observed", "expected",
    )  # fmt: skip
    by_consultant = (
        fit.expected_of("consultant")
        .join(main_provider(membership), on="consultant", how="inner")
        .select(
            pl.col("consultant").alias("subject"),
            pl.col("provider").alias("provider_id"),
            pl.col("consultant").alias("consultant_id"),
            "cases", "observed", "expected",
        )
    )  # fmt: skip
    merged = _in_words(fit.merges)
    computed = [figures_of(by_provider, ComparisonSet(definition, "provider", span, merges=merged))]
    if definition.revocable:
        computed.append(figures_of(by_consultant, ComparisonSet(definition, "consultant", span, merges=merged)))
    return Computed(
        as_declared([results for results, _ in computed], "results"),
        as_declared([about for _, about in computed], "comparisons"),
        as_declared(
            [membership.with_columns(pl.lit(definition.id).alias("indicator"), pl.lit(span.id).alias("period_id"))],
            "members",
        ),
    )


def _in_words(merges: tuple[Merge, ...]) -> str:
    return ", ".join(f"{merge.column}: {merge.level} counted as {merge.into}" for merge in merges)
