"""Every rule of positions that an indicator may name, called by the functions that a release calls."""

from collections.abc import Callable
from dataclasses import dataclass

from services.ratings.indicators.own_rules import allowed_for_ours
from services.ratings.methods.arrays import FloatArray, IntArray, TextArray
from services.ratings.methods.count_tails import count_tail_test
from services.ratings.methods.funnel import interval_test, target_test
from services.ratings.methods.intervals import IntervalRule
from services.ratings.methods.overdispersion import DispersionRows
from services.ratings.methods.scales import Effect, Scale, positions_on, spread_on

Positions = Callable[[IntArray, FloatArray], TextArray]


@dataclass(frozen=True)
class Rule:
    """`meets`: the kinds of world whose truth the rule allows for, so that its level is a promise there."""

    name: str
    rows: DispersionRows
    positions: Positions
    meets: frozenset[str]
    refused_for_ours: bool


def dispersion_rules() -> list[Rule]:
    """Scales x effects x rows, and count tails x rows; `none` needs no effect."""
    found = [_tails(rows) for rows in DispersionRows]
    for scale in Scale:
        found += [_scaled(scale, rows, effect) for rows in DispersionRows if rows != "none" for effect in Effect]
        found.append(_scaled(scale, DispersionRows.NONE, Effect.ADDITIVE))
    return found


def chance_only_tests() -> list[Rule]:
    """The tests that allow for chance and nothing else, whatever the volume: exact levels can be summed."""
    intervals = [
        Rule(
            f"interval_{rule}",
            DispersionRows.NONE,
            lambda observed, expected, rule=rule: interval_test(observed, expected, rule),  # type: ignore[misc]
            frozenset({"null"}),
            not allowed_for_ours("interval", DispersionRows.NONE, rule),
        )
        for rule in IntervalRule
    ]
    target = Rule("target_exact_poisson", DispersionRows.NONE, target_test, frozenset({"null"}), not _ours("target"))
    plain = [_scaled(scale, DispersionRows.NONE, Effect.ADDITIVE) for scale in Scale]
    return [_tails(DispersionRows.NONE), *intervals, target, *plain]


def _ours(test: str, rows: DispersionRows = DispersionRows.NONE) -> bool:
    return allowed_for_ours(test, rows, IntervalRule.EXACT)


def _tails(rows: DispersionRows) -> Rule:
    def positions(observed: IntArray, expected: FloatArray) -> TextArray:
        variance = spread_on(observed, expected, Scale.LOG, rows).found.variance_for_limits
        return count_tail_test(observed, expected, variance)

    return Rule(f"count_tails_{rows}", rows, positions, _meets(rows, Effect.ADDITIVE), not _ours("count_tails", rows))


def _scaled(scale: Scale, rows: DispersionRows, effect: Effect) -> Rule:
    def positions(observed: IntArray, expected: FloatArray) -> TextArray:
        return positions_on(observed, expected, spread_on(observed, expected, scale, rows), effect)

    name = f"{scale}_none" if rows is DispersionRows.NONE else f"{scale}_{rows}_{effect}"
    return Rule(name, rows, positions, _meets(rows, effect), not _ours("target", rows))


def _meets(rows: DispersionRows, effect: Effect) -> frozenset[str]:
    if rows is DispersionRows.NONE:
        return frozenset({"null"})
    return frozenset({"null", "multiplicative"} if effect is Effect.MULTIPLICATIVE else {"null", "additive", "counts"})
