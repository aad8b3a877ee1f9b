"""What a level may be expected to hold where the spread has to be estimated: the price of not knowing it.

Limits drawn with a variance estimated from m providers are crossed a little more often than their level says, as with
Student's t. phi-hat is treated as a mean square with that many degrees of freedom which give it its own variance
(Satterthwaite 1946): m for all rows, 2 m / v for winsorised ones with the consistency factor, v the variance of their
mean square by its influence function (Huber 1981), the quantiles being estimated too. Rules that leave out rows or
forget the factor are granted what the corrected ones are: they promise the same.

This is a bound of ours, laid beside the nominal level and never in its place: a share above the level in the rule's
name by more than three Monte Carlo errors is reported as such, also where it is within this price.
"""

import math
from functools import lru_cache

from scipy.integrate import quad
from scipy.stats import norm, t

from services.ratings.methods.levels import z_of
from services.ratings.methods.overdispersion import WINSORISED_QUANTILE, WINSORISED_SHARE, DispersionRows

ALL_ROWS = 2.0  # variance of the square of a standard normal


def promised_share(confidence: float, rows: DispersionRows, providers: int) -> float:
    """Two-sided share outside, between 0 and 1, that a rule with estimated spread may reach in the long run."""
    if rows is DispersionRows.NONE:
        return nominal_share(confidence)
    variance = ALL_ROWS if rows is DispersionRows.ALL else winsorised_variance()
    return float(2 * t.sf(z_of(confidence), 2 * providers / variance))


def nominal_share(confidence: float) -> float:
    """.05 and .002, not what is left of them in binary."""
    return round(1 - confidence, 12)


@lru_cache(maxsize=1)
def winsorised_variance() -> float:
    """n times the relative variance of the winsorised mean square of n normal values: 2.81 against 2 for all rows."""
    q, share = WINSORISED_QUANTILE, WINSORISED_SHARE
    mean = float(quad(lambda x: x * x * norm.pdf(x), -q, q)[0]) + 2 * share * q * q
    pull = 2 * share * q / math.exp(-q * q / 2) * math.sqrt(2 * math.pi)  # a quantile's move, into the mean square
    inside, outside = -mean - 2 * share * pull, q * q - mean + (1 - 2 * share) * pull
    variance = float(quad(lambda x: (x * x + inside) ** 2 * norm.pdf(x), -q, q)[0]) + 2 * share * outside**2
    return variance / mean**2
