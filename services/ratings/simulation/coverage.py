"""Coverage of the intervals of counts and proportions: summed over all outcomes, so without noise."""

from collections.abc import Callable

import numpy as np
from scipy.stats import binom, poisson

from services.ratings.methods.arrays import FloatArray
from services.ratings.methods.intervals import (
    Interval,
    IntervalRule,
    LowerWhenNegative,
    count_interval,
    exact_binomial_interval,
    wilson_interval,
)
from services.ratings.methods.levels import CONTROL, WARNING
from services.ratings.simulation.lines import Line

PART = "coverage"
MEANS = np.geomspace(0.05, 300, 1200)
SIZES = (10, 50, 200, 1000)
SHARES = np.linspace(0.002, 0.998, 499)
LEVELS = {"coverage_95": WARNING, "coverage_99_8": CONTROL}
CURVE = np.geomspace(0.05, 100, 241)  # true means of the picture

Proportion = Callable[[FloatArray, FloatArray, float], Interval]


def coverage_lines() -> list[Line]:
    """The smallest coverage over the grid, which an exact interval promises, and the mean, which nobody does."""
    found = []
    for figure, level in LEVELS.items():
        for rule in IntervalRule:
            name = f"interval_{rule}"
            found += _two((name, "means 0.05 to 300", figure), level, count_coverage(rule, level, MEANS), False)
        for size in SIZES:
            for name, interval in (("wilson", wilson_interval), ("exact_binomial", exact_binomial_interval)):
                covered = proportion_coverage(interval, size, level)
                found += _two((name, f"{size} cases", figure), level, covered, name == "wilson")
    return found


def count_coverage(rule: IntervalRule, confidence: float, means: FloatArray) -> FloatArray:
    """Chance that the limits hold the true mean, shape (means,); a lower limit that is left out holds everything."""
    most = float(means.max())
    counts = np.arange(np.ceil(most + 12 * np.sqrt(most) + 20))
    limits = count_interval(counts, confidence, rule, LowerWhenNegative.ZERO)
    return _covered(np.asarray(poisson.pmf(counts[None], means[:, None])), limits, means)


def proportion_coverage(interval: Proportion, size: int, confidence: float) -> FloatArray:
    """The same for x of `size`, shape (shares,)."""
    counts = np.arange(size + 1, dtype=np.float64)
    limits = interval(counts, np.full(size + 1, float(size)), confidence)
    return _covered(np.asarray(binom.pmf(counts[None], size, SHARES[:, None])), limits, SHARES)


def _covered(mass: FloatArray, limits: Interval, truth: FloatArray) -> FloatArray:
    inside = (limits.lower.values[None] <= truth[:, None]) & (limits.upper[None] >= truth[:, None])
    return np.asarray((mass * inside).sum(axis=1), dtype=np.float64)


def _two(what: tuple[str, str, str], level: float, covered: FloatArray, approximate: bool) -> list[Line]:
    name, world, figure = what
    why = "a score interval: only its mean is near the level" if approximate else "summed over all counts"
    smallest = Line(
        PART, name, world, f"{figure}_smallest", float(covered.min()), 0.0, level, level,
        at_least=True, refused_for_ours=approximate, why=why,
    )  # fmt: skip
    mean = Line(PART, name, world, f"{figure}_mean", float(covered.mean()), 0.0, level, why="over the grid")
    return [smallest, mean]
