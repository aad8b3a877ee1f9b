"""The figures of one comparison set: all subjects of an indicator, period and level, measured against one benchmark."""

import numpy as np
import polars as pl

from services.ratings.assembly.comparing import ComparisonSet
from services.ratings.assembly.places import places_of
from services.ratings.assembly.robust import robustness_of
from services.ratings.indicators.definition import Definition
from services.ratings.methods.arrays import Figures, FloatArray, IntArray, TextArray
from services.ratings.methods.count_tails import count_tail_curve, count_tail_limits, count_tail_test
from services.ratings.methods.funnel import interval_test, log_ratio_z, target_limits, target_test
from services.ratings.methods.funnel_curves import interval_curve
from services.ratings.methods.gates import gated
from services.ratings.methods.intervals import count_interval
from services.ratings.methods.levels import WARNING, Limits
from services.ratings.methods.overdispersion import (
    Dispersion,
    DispersionStatus,
    additive_limits,
    additive_test,
    estimate_dispersion,
)
from services.ratings.methods.power import poisson_power
from services.ratings.methods.reliability import reliability
from services.ratings.methods.rounding import half_away
from services.ratings.methods.standardisation import StandardisedRatio, adjusted_rate, standardise

INTERVAL_NAMES = {"exact": "exact_poisson", "byar": "byar"}
LIMIT_NAMES = {
    "log_ratio_additive": "overdispersed",
    "target_exact_poisson": "exact_poisson",
    "count_tails_poisson": "exact_poisson",
    "count_tails_gamma_poisson": "overdispersed",
    "interval_byar": "interval_byar",
    "interval_exact": "interval_exact",
    "interval_exact_below_10_then_byar": "interval_exact_below_10_then_byar",
}
PUBLIC_REASONS = {"no_cases": "not_applicable", "no_expected": "model_not_estimable"}
VARIANCE_DECIMALS = 3  # published as used, so that a reader draws the very same limits


def figures_of(subjects: pl.DataFrame, compared: ComparisonSet) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Results (one row per subject) and the one row about their comparison.

    `subjects`: subject, provider_id, consultant_id, cases, observed, expected, and `expected_without_<factor>` for each
    factor that the indicator's alternatives leave out. A subject without cases or without expected events stays in,
    with the reason in place of figures. Raises ImpossibleExpected (no release can be built).
    """
    counted = [subjects[name].to_numpy() for name in ("observed", "cases", "expected")]
    limits = compared.definition.limits
    whole = standardise(*counted, rule=limits.interval, lower_when_negative=limits.lower_when_negative)
    absent = subjects.with_columns(pl.Series("why", whole.reason.tolist(), pl.String))
    rated = subjects.filter(pl.Series(whole.rated))
    spread = _dispersion(rated, compared.definition)
    variance = published_variance(spread, compared.definition.dispersion.decimals)
    allowed = compared.allowed(variance)
    rows = pl.concat(
        [_with_figures(rated, compared, variance), _without(absent.filter(~pl.Series(whole.rated)))], how="diagonal"
    )
    shared = {
        "indicator": compared.definition.id, "period_id": compared.span.id, "level": compared.level,
        "period_start": compared.span.start, "period_end": compared.span.end,
    }  # fmt: skip
    method = limits_at(np.ones(1), compared.definition, allowed).method
    about = pl.DataFrame(
        {
            **{name: [value] for name, value in shared.items()},
            "limits_method": [LIMIT_NAMES[method]],
            "dispersion": [spread.dispersion.value],
            "between_provider_variance": pl.Series([allowed], dtype=pl.Float64),
            "merges": [compared.merges],
        }
    )
    nobodys = [pl.lit(None, pl.String).alias(name) for name in ("word", "verdict")]  # what others say is not ours
    return rows.with_columns(*(pl.lit(value).alias(name) for name, value in shared.items()), *nobodys), about


def limits_at(expected: FloatArray, definition: Definition, variance: float | None) -> Limits:
    """Limits of the ratio around 1 at each expected number, by the indicator's test and the variance it allows for."""
    if definition.limits.test == "interval":
        return interval_curve(expected, definition.limits.interval)
    if definition.limits.test == "count_tails":
        return count_tail_limits(expected, variance or 0.0)
    return target_limits(expected) if variance is None else additive_limits(expected, variance)


def curve_at(expected: FloatArray, definition: Definition, variance: float | None) -> Limits:
    """The same limits for drawing: those of counts go in steps, which a curve smooths."""
    if definition.limits.test == "count_tails":
        return count_tail_curve(expected, variance or 0.0)
    return limits_at(expected, definition, variance)


def _dispersion(rated: pl.DataFrame, definition: Definition) -> Dispersion:
    z = log_ratio_z(rated["observed"].to_numpy(), rated["expected"].to_numpy())
    return estimate_dispersion(z.z_value, z.s, definition.dispersion.rows)


def published_variance(spread: Dispersion, decimals: int = VARIANCE_DECIMALS) -> float | None:
    """Variance between providers as it is published and used, rounded; None where there is no estimate."""
    if spread.dispersion is not DispersionStatus.ESTIMATED:
        return None
    return float(half_away([spread.variance_for_limits], decimals)[0])


def _with_figures(rated: pl.DataFrame, compared: ComparisonSet, variance: float | None) -> pl.DataFrame:
    definition = compared.definition
    observed, cases, expected = (rated[name].to_numpy() for name in ("observed", "cases", "expected"))
    rules = definition.limits
    ratio = standardise(observed, cases, expected, rule=rules.interval, lower_when_negative=rules.lower_when_negative)
    estimate, ends = _in_unit(ratio, compared)
    allowed = compared.allowed(variance)
    limits = limits_at(expected, definition, allowed).times(compared.scale)
    found = _positions(observed, expected, definition, allowed)
    power = poisson_power(expected)
    position = gated(found, cases, expected, definition.gates.as_gates(), power.power_to_detect_doubling)
    interval = count_interval(observed, WARNING, rules.interval, rules.lower_when_negative)
    return rated.with_columns(
        pl.lit("published").alias("status"),
        pl.lit("").alias("reason"),
        ratio.ratio.as_series("ratio"),
        estimate.as_series("estimate"),
        ends.lower_95.as_series("interval_lower"),
        ends.upper_95.as_series("interval_upper"),
        _texts("interval_method", np.array([INTERVAL_NAMES[name] for name in interval.method], dtype=np.str_)),
        pl.lit(compared.scale).alias("benchmark"),
        _texts("comparison_status", position.status),
        _texts("not_rated_reason", position.reason),
        _texts("position", position.position),
        pl.lit(LIMIT_NAMES[limits.method]).alias("limits_method"),
        _or_zero(limits.lower_95).alias("warning_lower"),
        limits.upper_95.as_series("warning_upper"),
        _or_zero(limits.lower_99_8).alias("control_lower"),
        limits.upper_99_8.as_series("control_upper"),
        _reliability(expected, variance),
        pl.Series("power_to_detect_doubling", power.power_to_detect_doubling),
        pl.Series("min_detectable_ratio", power.min_detectable_ratio),
        *robustness_of(rated, found, position.position, compared),
        *places_of(rated, compared.seed, variance),
    )


def _in_unit(ratio: StandardisedRatio, compared: ComparisonSet) -> tuple[Figures, Limits]:
    """Estimate and limits in the indicator's unit: the ratio itself, or the risk-adjusted rate in percent."""
    if compared.definition.unit == "ratio":
        return ratio.ratio, ratio.limits
    adjusted = adjusted_rate(ratio, compared.rate, cap_percent=compared.cap)
    return adjusted.rate.times(100), adjusted.limits.times(100)


def _positions(observed: IntArray, expected: FloatArray, definition: Definition, variance: float | None) -> TextArray:
    rules = definition.limits
    if rules.test == "interval":
        return interval_test(observed, expected, rules.interval, rules.lower_when_negative)
    if rules.test == "count_tails":
        return count_tail_test(observed, expected, variance or 0.0)
    return target_test(observed, expected) if variance is None else additive_test(observed, expected, variance)


def _or_zero(lower: Figures) -> pl.Series:
    """A lower limit that even no event at all would not cross is 0: no ratio lies below it."""
    return pl.Series(np.where(lower.present, lower.values, 0.0))


def _reliability(expected: FloatArray, variance: float | None) -> pl.Series:
    if variance is None:
        return pl.Series("reliability", [None] * len(expected), dtype=pl.Float64)
    return pl.Series("reliability", reliability(expected, variance))


def _texts(name: str, values: TextArray) -> pl.Series:
    return pl.Series(name, values.tolist(), dtype=pl.String)


def _without(absent: pl.DataFrame) -> pl.DataFrame:
    """Subjects without a figure, with the public reason."""
    return absent.with_columns(
        pl.lit("not_available").alias("status"), pl.col("why").replace_strict(PUBLIC_REASONS).alias("reason")
    ).drop("why")
