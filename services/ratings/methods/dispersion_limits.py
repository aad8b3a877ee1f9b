"""Limits around 1 that allow for spread between providers, on the log and the square-root scale, and their tests.

Both scales come from Spiegelhalter (2005); limits are made on the transformed scale and transformed back. Additive:
every provider has a true ratio of its own, variance tau squared on that scale (a tau squared of one scale means nothing
on the other). Multiplicative: chance is sqrt(phi) times as wide as counting says, never narrower.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods.arrays import (
    Figures,
    FloatArray,
    IntArray,
    TextArray,
    positive_of,
    same_length,
    vector_of,
)
from services.ratings.methods.funnel import entered, positions_against, rated_rows
from services.ratings.methods.levels import CONTROL, WARNING, Limits, z_of

HIGHER, AS_EXPECTED, LOWER = 1, 2, 3  # the bands of the Summary Hospital-level Mortality Indicator


def additive_limits(expected: ArrayLike, between_provider_variance: float) -> Limits:
    """exp(-/+ z sqrt(1/E + tau2)) around a ratio of 1, shape (n,); tau2 = 0 gives the plain log-scale limits.

    An upper limit too large for a float (E below about 2e-5) is absent. Raises ValueError for E not above 0 or a
    negative tau2.
    """
    inverse = _inverse(expected)
    return _log_limits(np.sqrt(inverse + _spread(between_provider_variance, "between_provider_variance")), "additive")


def multiplicative_limits(expected: ArrayLike, dispersion_ratio: float) -> Limits:
    """exp(-/+ z sqrt(max(1, phi) / E)) around a ratio of 1, shape (n,): never narrower than the plain limits.

    Raises ValueError for E not above 0 or a negative phi.
    """
    inverse = _inverse(expected)
    return _log_limits(np.sqrt(max(1.0, _spread(dispersion_ratio, "dispersion_ratio")) * inverse), "multiplicative")


def square_root_limits(expected: ArrayLike, between_provider_variance: float) -> Limits:
    """max(0, 1 - h)^2 and (1 + h)^2 around a ratio of 1, h = z sqrt(1/(4E) + tau2), shape (n,).

    The scale of the Care Quality Commission. The squares matter: a ratio is never compared with 1 -/+ h itself.
    Raises ValueError for E not above 0 or a negative tau2.
    """
    quarter = _inverse(expected) / 4
    variance = _spread(between_provider_variance, "between_provider_variance")
    return _square_root_limits(np.sqrt(quarter + variance), "additive")


def square_root_multiplicative_limits(expected: ArrayLike, dispersion_ratio: float) -> Limits:
    """As `square_root_limits` with h = z sqrt(max(1, phi) / (4E)), shape (n,); raises ValueError alike."""
    quarter = _inverse(expected) / 4
    return _square_root_limits(
        np.sqrt(max(1.0, _spread(dispersion_ratio, "dispersion_ratio")) * quarter), "multiplicative"
    )


def additive_test(observed: ArrayLike, expected: ArrayLike, between_provider_variance: float) -> TextArray:
    """Is O/E outside the additive limits around 1? Positions, shape (n,); O = 0 enters the log scale as 0.5.

    Raises ValueError where expected is not above 0.
    """
    counts, expects = rated_rows(observed, expected)
    return positions_against(entered(counts) / expects, additive_limits(expects, between_provider_variance))


def multiplicative_test(observed: ArrayLike, expected: ArrayLike, dispersion_ratio: float) -> TextArray:
    """Is O/E outside the multiplicative log-scale limits? Positions, shape (n,), as `additive_test` makes them."""
    counts, expects = rated_rows(observed, expected)
    return positions_against(entered(counts) / expects, multiplicative_limits(expects, dispersion_ratio))


def square_root_test(observed: ArrayLike, expected: ArrayLike, between_provider_variance: float) -> TextArray:
    """Is O/E outside the squared limits? Positions, shape (n,); O = 0 needs no continuity correction on this scale.

    Raises ValueError where expected is not above 0.
    """
    counts, expects = rated_rows(observed, expected)
    return positions_against(counts / expects, square_root_limits(expects, between_provider_variance))


def square_root_multiplicative_test(observed: ArrayLike, expected: ArrayLike, dispersion_ratio: float) -> TextArray:
    """Positions, shape (n,), by the multiplicative limits of the square-root scale; raises ValueError alike."""
    counts, expects = rated_rows(observed, expected)
    return positions_against(counts / expects, square_root_multiplicative_limits(expects, dispersion_ratio))


def shmi_band(ratio: ArrayLike, limits: Limits) -> IntArray:
    """Bands of SHMI, shape (n,): 1 higher, 2 as expected, 3 lower than the 95% limits (NHS Digital, SHMI method).

    Ratio and limits unrounded: one published band is reproduced only so. Raises ValueError for a ratio that is not
    finite or another number of limits.
    """
    ratios = vector_of(ratio, "ratio")
    same_length(ratios, limits.lower_95.values)
    crossed = [limits.upper_95.present & (ratios > limits.upper_95.values)]
    crossed.append(limits.lower_95.present & (ratios < limits.lower_95.values))
    return np.select(crossed, [HIGHER, LOWER], default=AS_EXPECTED).astype(np.int64)


def _inverse(expected: ArrayLike) -> FloatArray:
    return np.asarray(1 / positive_of(expected, "expected"))


def _spread(value: float, name: str) -> float:
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} must be finite and at least 0")
    return value


def _log_limits(spread: FloatArray, effect: str) -> Limits:
    return _both_sides(lambda z: np.exp(z * spread), f"log_ratio_{effect}")


def _square_root_limits(spread: FloatArray, effect: str) -> Limits:
    return _both_sides(lambda z: np.maximum(0.0, 1 + z * spread) ** 2, f"square_root_{effect}")


def _both_sides(limit_at: Callable[[float], FloatArray], method: str) -> Limits:
    def bound(z: float) -> Figures:
        with np.errstate(over="ignore"):  # an overflow becomes an absent limit in the next line
            limit = limit_at(z)
        return Figures.where(np.isfinite(limit), limit)

    warning, control = z_of(WARNING), z_of(CONTROL)
    return Limits(bound(-warning), bound(warning), bound(-control), bound(control), method)
