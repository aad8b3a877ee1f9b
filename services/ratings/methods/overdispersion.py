"""More spread between providers than chance allows: how much, and the limits that allow for it (Spiegelhalter 2005)."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import (
    BoolArray,
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
from services.ratings.methods.sums import total

MINIMUM_PROVIDERS = 10
WINSORISED_SHARE = 0.1
WINSORISED_QUANTILE = 1.2815516  # of the standard normal at 1 - share, to the digits that the method states


class DispersionRows(StrEnum):
    """Which rows say how much spread there is: left out (truncated) or pulled in (winsorised), never confused."""

    TRUNCATED_DECILES = "truncated_deciles"
    WINSORISED_10 = "winsorised_10"
    WINSORISED_10_CONSISTENT = "winsorised_10_consistent"
    ALL = "all"
    NONE = "none"


class DispersionStatus(StrEnum):
    ESTIMATED = "estimated"
    NOT_ESTIMATED = "not_estimated"  # fewer than ten providers
    NOT_REQUESTED = "not_requested"  # the indicator names `none`


@dataclass(frozen=True, eq=False)
class Dispersion:
    """phi and tau squared of a comparison set; both None unless `dispersion` is `estimated`. `kept` has shape (n,)."""

    rows: DispersionRows
    kept: BoolArray
    dispersion: DispersionStatus
    dispersion_ratio: float | None
    between_provider_variance: float | None
    method_version: str = METHOD_VERSION

    @property
    def variance_for_limits(self) -> float:
        """tau squared to draw limits with: 0, the plain limits, where none was estimated."""
        return self.between_provider_variance or 0.0


def estimate_dispersion(
    z_value: ArrayLike, s: ArrayLike, rows: DispersionRows, minimum_providers: int = MINIMUM_PROVIDERS
) -> Dispersion:
    """Dispersion ratio and between-provider variance (DerSimonian and Laird 1986) from z values and their s, (n,).

    Fewer providers than `minimum_providers`, or fewer than two kept: `not_estimated`. The order of rows changes no
    bit. Raises ValueError for an s that is not above 0 or a z that is not finite.
    """
    z, scale, rule = vector_of(z_value, "z_value"), positive_of(s, "s"), DispersionRows(rows)
    same_length(z, scale)
    kept = kept_rows(z, rule)
    if rule is DispersionRows.NONE:
        return Dispersion(rule, kept, DispersionStatus.NOT_REQUESTED, None, None)
    if len(z) < minimum_providers or kept.sum() < 2:
        return Dispersion(rule, kept, DispersionStatus.NOT_ESTIMATED, None, None)
    phi = dispersion_ratio(z[kept], rule)
    tau2 = between_provider_variance(phi, scale[kept])
    return Dispersion(rule, kept, DispersionStatus.ESTIMATED, phi, tau2)


def kept_rows(z_value: FloatArray, rows: DispersionRows) -> BoolArray:
    """Rows that enter the estimate, shape (n,). SHMI leaves out rank groups 0 and 9, g = floor(10 r / (n + 1))."""
    if rows is not DispersionRows.TRUNCATED_DECILES:
        return np.ones(z_value.shape, dtype=np.bool_)
    group = (10 * _doubled_ranks(z_value)) // (2 * (len(z_value) + 1))
    return (group > 0) & (group < 9)


def _doubled_ranks(values: FloatArray) -> IntArray:
    """Twice the average rank among n, so that ties stay whole numbers and no group hangs on a rounded quotient."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (2 * np.cumsum(counts) - counts + 1)[inverse].astype(np.int64)


def dispersion_ratio(z_value: FloatArray, rows: DispersionRows) -> float:
    """phi = sum z^2 / m over the kept rows, z pulled in first (and phi corrected for it) where the rule says so."""
    z = z_value
    if rows in (DispersionRows.WINSORISED_10, DispersionRows.WINSORISED_10_CONSISTENT):
        low, high = np.quantile(z, [WINSORISED_SHARE, 1 - WINSORISED_SHARE], method="linear")
        z = np.clip(z, low, high)
    phi = total(z**2) / len(z)
    return phi / winsorised_mean_square() if rows is DispersionRows.WINSORISED_10_CONSISTENT else phi


def winsorised_mean_square() -> float:
    """Mean of z^2 of a standard normal after winsorising 10% at each end: .6786545844."""
    q = WINSORISED_QUANTILE
    density = math.exp(-q * q / 2) / math.sqrt(2 * math.pi)
    return (1 - 2 * WINSORISED_SHARE) - 2 * q * density + 2 * WINSORISED_SHARE * q * q


def between_provider_variance(dispersion_ratio: float, s: FloatArray) -> float:
    """tau squared by moments (DerSimonian and Laird 1986): 0 where m phi < m - 1. `s` of the m >= 2 kept rows."""
    m, weights = len(s), 1 / s**2
    if m * dispersion_ratio < m - 1:
        return 0.0
    whole = total(weights)
    return (m * dispersion_ratio - (m - 1)) / (whole - total(weights**2) / whole)


def additive_limits(expected: ArrayLike, between_provider_variance: float) -> Limits:
    """exp(-/+ z sqrt(1/E + tau2)) around a ratio of 1, shape (n,); tau2 = 0 gives the plain log-scale limits.

    An upper limit too large for a float (E below about 2e-5) is absent. Raises ValueError for E not above 0 or a
    negative tau2.
    """
    if not 0 <= between_provider_variance < math.inf:
        raise ValueError("between_provider_variance must be finite and at least 0")
    expects = positive_of(expected, "expected")
    return _log_limits(np.sqrt(1 / expects + between_provider_variance), "log_ratio_additive")


def multiplicative_limits(expected: ArrayLike, dispersion_ratio: float) -> Limits:
    """exp(-/+ z sqrt(max(1, phi) / E)) around a ratio of 1, shape (n,): never narrower than the plain limits."""
    if not 0 <= dispersion_ratio < math.inf:
        raise ValueError("dispersion_ratio must be finite and at least 0")
    expects = positive_of(expected, "expected")
    return _log_limits(np.sqrt(max(1.0, dispersion_ratio) / expects), "log_ratio_multiplicative")


def _log_limits(spread: FloatArray, method: str) -> Limits:
    def bound(z: float) -> Figures:
        with np.errstate(over="ignore"):  # an overflow becomes an absent limit in the next line
            limit = np.exp(z * spread)
        return Figures.where(np.isfinite(limit), limit)

    warning, control = z_of(WARNING), z_of(CONTROL)
    return Limits(bound(-warning), bound(warning), bound(-control), bound(control), method)


def additive_test(observed: ArrayLike, expected: ArrayLike, between_provider_variance: float) -> TextArray:
    """Is O/E outside the additive limits around 1? Positions, shape (n,); O = 0 enters the log scale as 0.5.

    Raises ValueError where expected is not above 0.
    """
    counts, expects = rated_rows(observed, expected)
    return positions_against(entered(counts) / expects, additive_limits(expects, between_provider_variance))
