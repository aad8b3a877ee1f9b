"""Tests of a proportion against a target, at every size: false alarms summed over all counts, so without noise."""

from collections.abc import Callable

import numpy as np
from scipy.stats import binom

from services.ratings.methods.arrays import IntArray, TextArray
from services.ratings.methods.funnel_proportions import (
    arcsine_limits,
    binomial_limits,
    binomial_tail_test,
    proportion_test,
    wilson_limits,
)
from services.ratings.methods.levels import tail_of
from services.ratings.simulation.lines import Line
from services.ratings.simulation.volumes import LEVELS_PART, SIDES

TARGETS = (0.02, 0.3)
SIZES = np.unique(np.geomspace(5, 2000, 60).astype(np.int64))
KEEPS_ITS_LEVEL = "binomial_tails"

Test = Callable[[IntArray, IntArray, float], TextArray]
TESTS: dict[str, Test] = {
    KEEPS_ITS_LEVEL: binomial_tail_test,
    "binomial_interpolated": lambda x, n, t: proportion_test(x, n, binomial_limits(n, t)),
    "wilson_type": lambda x, n, t: proportion_test(x, n, wilson_limits(n, t)),
    "arcsine": lambda x, n, t: proportion_test(x, n, arcsine_limits(n, t)),
}


def proportion_levels() -> list[Line]:
    """Per test, target and side the largest share of false alarms over sizes from 5 to 2,000.

    No recipe of a release makes proportions yet: all but the tails of the count would be refused for ours.
    """
    found = []
    for name, test in TESTS.items():
        for target in TARGETS:
            shares = np.array([_shares(test, int(size), target) for size in SIZES])
            for column, (figure, (_, level)) in enumerate(SIDES.items()):
                worst, tail = int(shares[:, column].argmax()), tail_of(level)
                where = f"worst at {SIZES[worst]} cases; mean {shares[:, column].mean():.5f}"
                found.append(
                    Line(
                        LEVELS_PART, name, f"proportion {target:g}, 5 to 2,000 cases", figure,
                        float(shares[worst, column]), 0.0, tail, tail,
                        refused_for_ours=name != KEEPS_ITS_LEVEL, why=where,
                    )
                )  # fmt: skip
    return found


def _shares(test: Test, size: int, target: float) -> list[float]:
    counts = np.arange(size + 1)
    positions, mass = test(counts, np.full(size + 1, size), target), binom.pmf(counts, size, target)
    return [float(mass[np.isin(positions, words)].sum()) for words, _ in SIDES.values()]
