"""Limit curves for drawing: ratio limits at each of many expected numbers.

The target curve is `funnel.target_limits`, the additive one `overdispersion.additive_limits`. The interval test has no
limits around 1 of its own; its curve is where the limits of O/E touch 1, found by inverting the interval.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods.arrays import BoolArray, Figures, FloatArray, positive_of
from services.ratings.methods.intervals import (
    BYAR_FROM,
    IntervalRule,
    byar_lower,
    byar_upper,
    exact_lower,
    exact_upper,
)
from services.ratings.methods.levels import CONTROL, WARNING, Limits

HALVINGS = 80  # enough to bring any bracket below the spacing of doubles

Formula = Callable[[FloatArray, float], FloatArray]


def interval_curve(expected: ArrayLike, rule: IntervalRule) -> Limits:
    """Ratios at which the interval test turns, shape (n,), over continuous counts.

    A whole count lies above the upper curve exactly where its lower limit exceeds E, and below the lower curve where
    its upper limit is under E. Where even a count of 0 would not be below, the lower curve is absent.
    Raises ValueError where expected is not above 0.
    """
    expects, rule = positive_of(expected, "expected"), IntervalRule(rule)
    lower, upper = _formula(rule, exact_lower, byar_lower), _formula(rule, exact_upper, byar_upper)
    return Limits(
        _turning(upper, WARNING, expects),
        _turning(lower, WARNING, expects),
        _turning(upper, CONTROL, expects),
        _turning(lower, CONTROL, expects),
        f"interval_{rule.value}",
    )


def _turning(limit: Formula, confidence: float, expected: FloatArray) -> Figures:
    """O*/E with limit(O*) = E, by bisection; absent where the limit of 0 events is already above E."""
    low, high = np.zeros_like(expected), 4 * expected + 100
    reachable: BoolArray = limit(low, confidence) <= expected
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        under = limit(middle, confidence) <= expected
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return Figures.where(reachable, low / expected)


def _formula(rule: IntervalRule, exact: Formula, byar: Formula) -> Formula:
    """The rule's limit over continuous counts, increasing, and equal to the rule at every whole count."""
    if rule is IntervalRule.EXACT:
        return exact
    if rule is IntervalRule.BYAR:
        return byar
    last_exact = BYAR_FROM - 1.0

    def joined(count: FloatArray, confidence: float) -> FloatArray:
        # Between 9 and 10 no count exists: a straight line joins the two formulae, which differ by a hair.
        share = np.clip(count - last_exact, 0.0, 1.0)
        below = exact(np.minimum(count, last_exact), confidence)
        return np.asarray((1 - share) * below + share * byar(np.maximum(count, float(BYAR_FROM)), confidence))

    return joined
