"""Coverage that has to be drawn: directly standardised rates, means, and the places of providers."""

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata

from services.ratings.methods.arrays import BoolArray, FloatArray
from services.ratings.methods.direct import directly_standardised_rate
from services.ratings.methods.intervals import mean_interval
from services.ratings.methods.levels import CONTROL, WARNING
from services.ratings.methods.ordering import place_intervals
from services.ratings.simulation.lines import Line, share_error

PART = "coverage"
WEIGHTS = np.array([5000.0, 3000.0, 2000.0])
RATES = np.array([0.5, 1.0, 2.0])
EVENTS = (20, 50, 200)
PERSONS = 100_000
SAMPLES = (5, 20, 100)
LEVELS = {"coverage_95": WARNING, "coverage_99_8": CONTROL}
PLACED = 60
PLACED_WORLDS = {
    "spread 0.1, 5 to 80 expected": (0.1, 5.0, 80.0),
    "spread 0.25, 5 to 80 expected": (0.25, 5.0, 80.0),
    "spread 0.25, 80 to 400 expected": (0.25, 80.0, 400.0),
    "spread 1, 5 to 80 expected": (1.0, 5.0, 80.0),
}
"""True spread on the log scale, and the range of the expected numbers."""

Draw = Callable[[np.random.Generator, tuple[int, int]], FloatArray]


def drawn_coverage(draws: int, worlds: int, seed: int) -> list[Line]:
    """`draws` providers per rate and mean; `worlds` sets of 60 providers for the places."""
    return [*_rates(draws, seed), *_means(draws, seed + 1), *_places(worlds, seed + 2)]


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


def _places(worlds: int, seed: int) -> list[Line]:
    """Places among 60 providers. The intervals come from each provider's own data, as if any ratio were as likely:
    where true ratios differ little, extreme data are taken for extreme truth, and too few intervals hold."""
    found = []
    for number, (world, (spread, fewest, most)) in enumerate(PLACED_WORLDS.items()):
        chance, shares = np.random.Generator(np.random.PCG64(seed + number)), []
        for _ in range(worlds):
            expected = np.exp(chance.uniform(np.log(fewest), np.log(most), PLACED))
            ratio = np.exp(chance.normal(0.0, spread, PLACED))
            places = place_intervals(chance.poisson(expected * ratio), expected, seed=seed)
            true_place = rankdata(ratio)
            shares.append(float(((places.place_lower <= true_place) & (true_place <= places.place_upper)).mean()))
        error = float(np.std(shares, ddof=1)) / worlds**0.5
        why = "not shrunk, as specified: short where true differences are small beside chance"
        found.append(
            Line(
                PART, "place_intervals", world, "coverage_95", float(np.mean(shares)), error, WARNING, WARNING,
                at_least=True, known_off=True, why=why,
            )
        )  # fmt: skip
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
