"""Coverage that has to be drawn: directly standardised rates and means."""

from collections.abc import Callable

import numpy as np

from services.ratings.methods.arrays import BoolArray, FloatArray
from services.ratings.methods.direct import directly_standardised_rate
from services.ratings.methods.intervals import mean_interval
from services.ratings.methods.levels import CONTROL, WARNING
from services.ratings.simulation.lines import Line, share_error

PART = "coverage"
WEIGHTS = np.array([5000.0, 3000.0, 2000.0])
RATES = np.array([0.5, 1.0, 2.0])
EVENTS = (20, 50, 200)
PERSONS = 100_000
SAMPLES = (5, 20, 100)
LEVELS = {"coverage_95": WARNING, "coverage_99_8": CONTROL}
Draw = Callable[[np.random.Generator, tuple[int, int]], FloatArray]


def drawn_coverage(draws: int, seed: int) -> list[Line]:
    """`draws` providers per rate and mean."""
    return [*_rates(draws, seed), *_means(draws, seed + 1)]


def _rates(draws: int, seed: int) -> list[Line]:
    """Three strata of 100,000 persons; limits that are not given (under ten events) are left out of the share."""
    chance, found = np.random.Generator(np.random.PCG64(seed)), []
    for events in EVENTS:
        means = events * RATES / RATES.sum()
        true_rate = float((WEIGHTS * means / PERSONS).sum() / WEIGHTS.sum())
        drawn = chance.poisson(means, (draws, 3))
        codes, strata = np.repeat(np.arange(draws), 3), np.tile(np.arange(3), draws)
        result = directly_standardised_rate(codes, strata, drawn.ravel(), np.full(3 * draws, PERSONS), WEIGHTS)
        limits, given = result.limits, result.rate.present
        for figure, lower, upper in (
            ("coverage_95", limits.lower_95, limits.upper_95),
            ("coverage_99_8", limits.lower_99_8, limits.upper_99_8),
        ):
            held = ((~lower.present | (lower.values <= true_rate)) & (upper.values >= true_rate))[given]
            what = ("direct_dobson", f"{events} events in three strata", figure)
            found.append(_line(what, held, "Byar's limits, scaled: an approximation"))
    return found


def _means(draws: int, seed: int) -> list[Line]:
    chance, found = np.random.Generator(np.random.PCG64(seed)), []
    laws: dict[str, tuple[Draw, float]] = {
        "normal values": (lambda g, shape: g.standard_normal(shape), 0.0),
        "skewed values (exponential)": (lambda g, shape: g.standard_exponential(shape), 1.0),
    }
    for name, (draw, truth) in laws.items():
        for size in SAMPLES:
            values = draw(chance, (draws, size))
            mean, deviation = values.mean(axis=1), values.std(axis=1, ddof=1)
            for figure, level in LEVELS.items():
                limits = mean_interval(mean, deviation, np.full(draws, size), level)
                held = (limits.lower.values <= truth) & (limits.upper >= truth)
                exact = truth == 0.0
                why = "" if exact else "promised for normal values only"
                found.append(_line(("mean_t", f"{size} {name}", figure), held, why, promised=exact))
    return found


def _line(what: tuple[str, str, str], held: BoolArray, why: str, *, promised: bool = True) -> Line:
    rule, world, figure = what
    level = LEVELS[figure]
    error = max(share_error(level, len(held)), share_error(float(held.mean()), len(held)))
    approximate = rule == "direct_dobson"
    return Line(
        PART, rule, world, figure, float(held.mean()), error, level, level if promised else None,
        at_least=True, refused_for_ours=approximate, why=why,
    )  # fmt: skip
