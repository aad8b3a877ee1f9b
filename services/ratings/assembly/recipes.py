"""The two recipes: expected numbers that come with the counts, and expected numbers from a model fitted here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from services.ratings.assembly.cards import Fitted, card_of
from services.ratings.assembly.comparing import ComparisonSet
from services.ratings.assembly.feed_rows import feed_rows
from services.ratings.assembly.figures import figures_of
from services.ratings.assembly.places import seed_of
from services.ratings.assembly.robust import expected_without
from services.ratings.assembly.schema import BuildRefused, Computed, Span, as_declared
from services.ratings.casemix.counting import NOBODY, main_provider, members
from services.ratings.casemix.fitting import Fit, Merge, fit_counts
from services.ratings.indicators.definition import Definition
from services.ratings.indicators.risk_model import RiskModel


@dataclass(frozen=True)
class Origin:
    """Digests of the snapshots that a recipe reads, and of the reviewed files that it follows, by their paths."""

    snapshots: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


UNKNOWN = Origin()


def from_counts(counts: pl.DataFrame, definition: Definition, origin: Origin = UNKNOWN) -> Computed | None:
    """Expected numbers as the feed has them, or expected percentage x cases / 100, per period of the slice; None where
    it has no such row.

    Raises BuildRefused where columns are missing, one provider has two rows of a period, or, where the rate of the
    whole set is the scale, a period lacks the published row of it.
    """
    rows = feed_rows(counts, definition)
    computed = [
        _period_of_counts(group, definition, origin)
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
        as_declared([], "cells"),
        as_declared([], "models"),
    )


def _period_of_counts(rows: pl.DataFrame, definition: Definition, origin: Origin) -> tuple[pl.DataFrame, pl.DataFrame]:
    span, columns = Span(rows["period_start"][0], rows["period_end"][0]), definition.source.columns
    own = rows.filter(~pl.col("aggregate"))
    if own["provider"].is_duplicated().any():
        raise BuildRefused(
            f"{definition.id}, {span.id}: one provider has two rows; say in `where` which of them counts"
        )
    subjects = own.select(
        pl.col("provider").alias("subject"),
        pl.col("provider").alias("provider_id"),
        pl.lit(None, pl.String).alias("consultant_id"),
        pl.col(columns.cases).alias("cases"),
        pl.col(columns.observed).alias("observed"),
        _expected_of(definition).alias("expected"),
    )
    rate, seed = _rate_of(rows, definition, span), _seed(definition, span, origin)
    return figures_of(subjects, ComparisonSet(definition, "provider", span, rate, seed=seed))


def _expected_of(definition: Definition) -> pl.Expr:
    """The expected number of events of each row."""
    assert definition.expected is not None
    if definition.expected.number is not None:
        return pl.col(definition.expected.number).cast(pl.Float64)
    return pl.col(definition.expected.column or "") * pl.col(definition.source.columns.cases) / 100


def _rate_of(rows: pl.DataFrame, definition: Definition, span: Span) -> float:
    """Of the whole set as a fraction, from its published row; 1.0 where ratios are published."""
    if definition.benchmark.rate == "as_expected":
        return 1.0
    whole, columns = rows.filter(pl.col("aggregate")), definition.source.columns
    if whole.height != 1 or whole[columns.observed][0] == 0:
        raise BuildRefused(f"{definition.id}, {span.id}: there must be one row of the whole set, with events")
    return float(whole[columns.observed][0] / whole[columns.cases][0])


def from_patterns(
    counts: pl.DataFrame, definition: Definition, model: RiskModel, origin: Origin = UNKNOWN
) -> Computed | None:
    """Expected from the model fitted on all cases of the specialty; None where it has no case in the period.

    `counts` as from `count_patterns`. Raises what the fit raises, and ImpossibleExpected.
    """
    assert definition.period is not None
    own = counts.filter(pl.col("specialty") == definition.source.specialty)
    if own.is_empty():
        return None
    span = Span(definition.period.start, definition.period.end)
    fits = _fits(own, definition, model)
    membership = members(own)
    merged = _in_words(fits[""].merges)
    at_provider = ComparisonSet(definition, "provider", span, merges=merged, seed=_seed(definition, span, origin))
    computed = [figures_of(_by_provider(fits), at_provider)]
    if definition.revocable:
        at_consultant = ComparisonSet(definition, "consultant", span, merges=merged)
        computed.append(figures_of(_by_consultant(fits, membership), at_consultant))
    card = card_of(Fitted(fits[""], own, model), definition, span, origin.snapshots, origin.files)
    key = [pl.lit(definition.id).alias("indicator"), pl.lit(span.id).alias("period_id")]
    return Computed(
        as_declared([results for results, _ in computed], "results"),
        as_declared([about for _, about in computed], "comparisons"),
        as_declared([membership.with_columns(key)], "members"),
        as_declared([_cells(fits[""]).with_columns(key)] if definition.revocable else [], "cells"),
        as_declared([pl.DataFrame({"card": [card.model_dump_json()]}).with_columns(key)], "models"),
    )


def _seed(definition: Definition, span: Span, origin: Origin) -> int | None:
    """None where consultants have figures: places among units would tell of those that are hidden; and where the
    publisher says that providers must not be put in order."""
    return None if definition.revocable or not definition.ranked else seed_of(origin.snapshots, definition.id, span.id)


def _fits(own: pl.DataFrame, definition: Definition, model: RiskModel) -> dict[str, Fit]:
    """The model under the empty name, and under each factor that an alternative leaves out, the model without it."""
    without = definition.alternatives.without if definition.alternatives else []
    return {"": fit_counts(own, model)} | {one: fit_counts(own, model.without(one)) for one in without}


def _expected(fits: Mapping[str, Fit], by: str) -> pl.DataFrame:
    """`by`, `cases`, `observed`, `expected`, and a column for every model without a factor."""
    found = fits[""].expected_of(by)
    for factor, fit in fits.items():
        if factor:
            other = fit.expected_of(by).select(by, pl.col("expected").alias(expected_without(factor)))
            found = found.join(other, on=by, how="left", validate="1:1", maintain_order="left")
    return found


def _by_provider(fits: Mapping[str, Fit]) -> pl.DataFrame:
    return _expected(fits, "provider").select(
        pl.col("provider").alias("subject"),
        pl.col("provider").alias("provider_id"),
        pl.lit(None, pl.String).alias("consultant_id"),
        pl.exclude("provider"),
    )


def _by_consultant(fits: Mapping[str, Fit], membership: pl.DataFrame) -> pl.DataFrame:
    found = _expected(fits, "consultant").join(main_provider(membership), on="consultant", how="inner")
    return found.select(
        pl.col("consultant").alias("subject"),
        pl.col("provider").alias("provider_id"),
        pl.col("consultant").alias("consultant_id"),
        pl.exclude("consultant", "provider"),
    )


def _cells(fit: Fit) -> pl.DataFrame:
    """`provider`, `consultant`, `cases`, `observed`, `expected`: each consultant's part in each hospital's figures."""
    where = fit.counts.filter(pl.col("consultant") != NOBODY).select("provider", "consultant").unique().sort(pl.all())
    numbered = where.with_row_index("cell")
    counts = fit.counts.join(numbered, on=["provider", "consultant"], how="inner")
    found = replace(fit, counts=counts).expected_of("cell")
    return found.join(numbered, on="cell", how="inner", validate="1:1").drop("cell")


def _in_words(merges: tuple[Merge, ...]) -> str:
    return ", ".join(f"{merge.column}: {merge.level} counted as {merge.into}" for merge in merges)
