"""Funnel limits of a proportion around a target t, by provider size n, as fractions in [0, 1].

Interpolated exact binomial (Spiegelhalter 2005), Wilson-type, and on the arcsine scale. Where t is 0 or 1 every limit
is t: chance takes nobody away from a certainty.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc

from services.ratings.methods.arrays import BoolArray, Figures, FloatArray, IntArray, TextArray, counts_of
from services.ratings.methods.counting import quantile_guess, smallest_count
from services.ratings.methods.funnel import ZValues, positions, positions_against
from services.ratings.methods.intervals import parts_of
from services.ratings.methods.levels import CONTROL, WARNING, Limits, tail_of, z_of


def binomial_limits(cases: ArrayLike, target: float) -> Limits:
    """Interpolated exact limits, shape (n,): r = smallest count with F(r) >= p, limit (r - a)/n clipped to [0, 1],
    a = (F(r) - p)/(F(r) - F(r - 1)), for p = .001 .025 .975 .999 (Spiegelhalter 2005).

    Where r is n itself every case may have the event by chance, and the upper limit is 1: the formula would fall short
    of it and put a provider outside with P(X = n) above the tail. Raises ValueError for n < 1 or t outside [0, 1].
    """
    n, t = _sizes(cases), _target(target)
    warning, control = tail_of(WARNING), tail_of(CONTROL)
    lower_95, lower_99_8 = (_interpolated(n, t, p) for p in (warning, control))
    upper_95, upper_99_8 = (_interpolated(n, t, 1 - p, full=1.0) for p in (warning, control))
    return _limits((lower_95, upper_95, lower_99_8, upper_99_8), "binomial_interpolated", t)


def wilson_limits(cases: ArrayLike, target: float) -> Limits:
    """t -/+ z sqrt(t(1 - t)/n), shape (n,), clipped to [0, 1]: x/n is outside exactly where t lies outside the Wilson
    limits of x/n (Wilson 1927). Raises ValueError for n < 1 or t outside [0, 1].
    """
    n, t = _sizes(cases), _target(target)
    spread = np.sqrt(t * (1 - t) / n)
    ends = tuple(np.clip(t + z * spread, 0.0, 1.0) for z in _two_sided())
    return _limits((ends[0], ends[1], ends[2], ends[3]), "wilson_type", t)


def arcsine_limits(
    cases: ArrayLike, target: float, between_provider_variance: float = 0.0, dispersion_ratio: float = 1.0
) -> Limits:
    """sin^2(asin sqrt t -/+ z sqrt(max(1, phi)/(4n) + tau2)), shape (n,): made on the arcsine scale, where the angle
    stays within 0 and a right angle, and transformed back (Spiegelhalter 2005).

    Name tau2 (additive) or phi (multiplicative), both as estimated on this scale. Raises ValueError for n < 1, t
    outside [0, 1], a negative or infinite tau2 or phi.
    """
    n, t = _sizes(cases), _target(target)
    if not 0 <= between_provider_variance < math.inf or not 0 <= dispersion_ratio < math.inf:
        raise ValueError("between_provider_variance and dispersion_ratio must be finite and at least 0")
    spread = np.sqrt(max(1.0, dispersion_ratio) / (4 * n) + between_provider_variance)
    angles = (np.clip(math.asin(math.sqrt(t)) + z * spread, 0.0, math.pi / 2) for z in _two_sided())
    lower_95, upper_95, lower_99_8, upper_99_8 = (np.sin(angle) ** 2 for angle in angles)
    return _limits((lower_95, upper_95, lower_99_8, upper_99_8), "arcsine", t)


def proportion_z(observed: ArrayLike, cases: ArrayLike, target: float) -> ZValues:
    """z = (asin sqrt(x/n) - asin sqrt t) / s with s = 1/(2 sqrt n), shape (n,); no count needs a correction.

    Raises ValueError for x < 0, n < 1, x > n or t outside [0, 1].
    """
    x, n = parts_of(observed, cases)
    s = 1 / (2 * np.sqrt(n))
    y = np.arcsin(np.sqrt(x / n)) - math.asin(math.sqrt(_target(target)))
    return ZValues(y / s, s, np.zeros(s.shape, dtype=np.bool_), "arcsine")


def proportion_test(observed: ArrayLike, cases: ArrayLike, limits: Limits) -> TextArray:
    """Positions of x/n, shape (n,), against limits drawn around the target; raises ValueError as `proportion_z`."""
    x, n = parts_of(observed, cases)
    return positions_against(x / n, limits)


def binomial_tail_test(observed: ArrayLike, cases: ArrayLike, target: float) -> TextArray:
    """Positions, shape (n,), from the tails themselves: above where P(X >= x) <= .025 (.001), below where P(X <= x) is.

    Never more false alarms than promised, which interpolated limits are not: their upper one passes through the middle
    of a step. Raises ValueError as `proportion_z` does.
    """
    x, n = parts_of(observed, cases)
    t = _target(target)
    lower, upper = _up_to(x, n, t), np.where(x == 0, 1.0, betainc(np.maximum(x, 1.0), n - x + 1, t))
    warning, control = tail_of(WARNING), tail_of(CONTROL)
    return positions(upper <= warning, upper <= control, lower <= warning, lower <= control)


def _interpolated(n: FloatArray, t: float, p: float, full: float | None = None) -> FloatArray:
    """The limit at p; `full` where it falls on the last count."""
    count = _quantile(n, t, p)
    at, under = _up_to(count, n, t), _up_to(count - 1, n, t)
    limit = np.clip((count - (at - p) / (at - under)) / n, 0.0, 1.0)
    return limit if full is None else np.where(count == n, full, limit)


def _quantile(n: FloatArray, t: float, p: float) -> FloatArray:
    """Smallest count with F >= p, shape (n,)."""
    if t in (0, 1):
        return n * t
    variance = n * t * (1 - t)
    guess = quantile_guess(n * t, variance, (1 - 2 * t) / np.sqrt(variance), p)

    def reached(count: FloatArray, rows: IntArray) -> BoolArray:
        return _up_to(count, n[rows], t) >= p

    return smallest_count(reached, np.clip(guess, 0.0, n), 0)


def _up_to(count: FloatArray, n: FloatArray, t: float) -> FloatArray:
    """P(X <= count), an incomplete beta integral; 0 under 0 and 1 from n."""
    inside = (count >= 0) & (count < n)
    k = np.where(inside, count, 0.0)
    return np.where(inside, betainc(np.where(inside, n - k, 1.0), k + 1, 1 - t), np.where(count < 0, 0.0, 1.0))


def _two_sided() -> tuple[float, float, float, float]:
    warning, control = z_of(WARNING), z_of(CONTROL)
    return -warning, warning, -control, control


def _limits(ends: tuple[FloatArray, FloatArray, FloatArray, FloatArray], method: str, t: float) -> Limits:
    certain = t in (0, 1)
    lower_95, upper_95, lower_99_8, upper_99_8 = (
        Figures.all_of(np.full(end.shape, t) if certain else end) for end in ends
    )
    return Limits(lower_95, upper_95, lower_99_8, upper_99_8, method)


def _sizes(cases: ArrayLike) -> FloatArray:
    sizes = counts_of(cases, "cases")
    if (sizes < 1).any():
        raise ValueError("cases must be at least 1")
    return sizes.astype(np.float64)


def _target(target: float) -> float:
    if not 0 <= target <= 1:
        raise ValueError("target must lie in [0, 1]")
    return float(target)
