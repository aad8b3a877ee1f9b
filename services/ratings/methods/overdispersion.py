"""More spread between providers than chance allows: how much of it there is (Spiegelhalter 2005).

The limits that allow for it are drawn in `dispersion_limits`, and reached from here as well: one word, one door.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import BoolArray, FloatArray, IntArray, positive_of, same_length, vector_of
from services.ratings.methods.dispersion_limits import (
    additive_limits,
    additive_test,
    multiplicative_limits,
    multiplicative_test,
    shmi_band,
    square_root_limits,
    square_root_multiplicative_limits,
    square_root_multiplicative_test,
    square_root_test,
)
from services.ratings.methods.sums import total

__all__ = [
    "Dispersion",
    "DispersionRows",
    "DispersionStatus",
    "additive_limits",
    "additive_test",
    "between_provider_variance",
    "dispersion_ratio",
    "estimate_dispersion",
    "kept_rows",
    "multiplicative_limits",
    "multiplicative_test",
    "shmi_band",
    "square_root_limits",
    "square_root_multiplicative_limits",
    "square_root_multiplicative_test",
    "square_root_test",
    "winsorised_mean_square",
]

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

    @property
    def ratio_for_limits(self) -> float:
        """phi to widen limits by: 1, the plain limits, where none was estimated or less than chance was found."""
        return max(1.0, self.dispersion_ratio or 1.0)


def estimate_dispersion(
    z_value: ArrayLike, s: ArrayLike, rows: DispersionRows, minimum_providers: int = MINIMUM_PROVIDERS
) -> Dispersion:
    """Dispersion ratio and between-provider variance (DerSimonian and Laird 1986) from z values and their s, (n,).

    Fewer providers than `minimum_providers`, or fewer than two kept: `not_estimated`. The order of rows changes no
    bit. Raises ValueError for an s that is not above 0, a z that is not finite, and either beyond what can be squared.
    """
    z, scale, rule = vector_of(z_value, "z_value"), positive_of(s, "s"), DispersionRows(rows)
    same_length(z, scale)
    kept = kept_rows(z, rule)
    if rule is DispersionRows.NONE:
        return Dispersion(rule, kept, DispersionStatus.NOT_REQUESTED, None, None)
    if len(z) < minimum_providers or kept.sum() < 2:
        return Dispersion(rule, kept, DispersionStatus.NOT_ESTIMATED, None, None)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # what overflows is refused in the next line
        phi = dispersion_ratio(z[kept], rule)
        tau2 = between_provider_variance(phi, scale[kept])
    if not math.isfinite(phi) or not math.isfinite(tau2):
        raise ValueError("z_value or s lies beyond what can be squared")
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
    m, weights = len(s), np.sort(1 / s**2)
    if m * dispersion_ratio < m - 1:
        return 0.0
    # sum w - sum w^2 / sum w as sum w (rest / sum w): one weight above all others would leave nothing of the difference
    whole, others = total(weights), total(weights[:-1])
    rest = np.append(whole - weights[:-1], others)
    return (m * dispersion_ratio - (m - 1)) / total(weights * (rest / whole))
