"""The paths from counts to positions that an indicator declares as defensible, walked for all providers at once."""

from dataclasses import dataclass
from enum import StrEnum

from services.ratings.methods.arrays import FloatArray, IntArray, TextArray
from services.ratings.methods.count_tails import count_tail_test
from services.ratings.methods.funnel import interval_test, target_test
from services.ratings.methods.intervals import IntervalRule
from services.ratings.methods.overdispersion import DispersionRows
from services.ratings.methods.scales import Effect, Scale, positions_on, spread_on


class TargetTest(StrEnum):
    """Tests that draw their limits around 1. `count_tails` allows for the spread that each rule of rows finds."""

    TARGET = "target"
    COUNT_TAILS = "count_tails"


@dataclass(frozen=True)
class Alternatives:
    """What an indicator declares as defensible beside its own choice; an empty tuple offers nothing of that kind.

    Scales are crossed with rows and effects, `count_tails` with rows (none named: without spread). Repeats count once.
    """

    interval: tuple[IntervalRule, ...] = ()
    test: tuple[TargetTest, ...] = ()
    scale: tuple[Scale, ...] = ()
    rows: tuple[DispersionRows, ...] = ()
    effect: tuple[Effect, ...] = ()


def walk(observed: IntArray, expected: FloatArray, alternatives: Alternatives) -> dict[str, TextArray]:
    """Positions by the name of their path, shape (n,) each, for rows that can be rated (E above 0, else ValueError).

    Names read `interval_exact`, `target_exact_poisson`, `count_tails_all`, `log_truncated_deciles_additive`.
    """
    found = {f"interval_{rule}": interval_test(observed, expected, rule) for rule in alternatives.interval}
    if TargetTest.TARGET in alternatives.test:
        found["target_exact_poisson"] = target_test(observed, expected)
    if TargetTest.COUNT_TAILS in alternatives.test:
        found |= _by_count_tails(observed, expected, alternatives)
    for scale in alternatives.scale:
        for rows in alternatives.rows:
            found |= _by_scale(observed, expected, scale, rows, alternatives.effect)
    return found


def _by_count_tails(observed: IntArray, expected: FloatArray, alternatives: Alternatives) -> dict[str, TextArray]:
    """The count's own scale, with the variance between true ratios that the log scale shows."""
    found = {}
    for rows in alternatives.rows or (DispersionRows.NONE,):
        variance = spread_on(observed, expected, Scale.LOG, rows).found.variance_for_limits
        found[f"count_tails_{rows}"] = count_tail_test(observed, expected, variance)
    return found


def _by_scale(
    observed: IntArray, expected: FloatArray, scale: Scale, rows: DispersionRows, effects: tuple[Effect, ...]
) -> dict[str, TextArray]:
    spread = spread_on(observed, expected, scale, rows)
    if (
        spread.found.rows is DispersionRows.NONE
    ):  # nothing to add and nothing to multiply: one path, whatever the effects
        return {f"{scale}_none": positions_on(observed, expected, spread, Effect.ADDITIVE)}
    return {f"{scale}_{rows}_{effect}": positions_on(observed, expected, spread, effect) for effect in effects}
