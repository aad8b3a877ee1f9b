"""Directly standardised rates: what a provider's rates would give in a standard population."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.absence import Reason, Status
from services.ratings.methods.arrays import (
    BoolArray,
    Figures,
    FloatArray,
    IntArray,
    TextArray,
    counts_of,
    positive_of,
    same_length,
)
from services.ratings.methods.intervals import byar_lower, byar_upper
from services.ratings.methods.levels import CONTROL, WARNING, Limits
from services.ratings.methods.sums import sum_by_group, total

MINIMUM_COUNT = 10  # below it the limits are not trusted (English public-health practice)


@dataclass(frozen=True, eq=False)
class DirectRate:
    """Per provider, shape (n,): events X, rate per person (times 100,000 is the reader's), variance and limits.

    Rate and limits are absent exactly where `reason` is given: `count_below_10`. The variance always stands.
    """

    observed: IntArray
    rate: Figures
    variance: FloatArray
    limits: Limits
    status: TextArray
    reason: TextArray
    method: str = "direct_dobson"
    method_version: str = METHOD_VERSION


def directly_standardised_rate(
    provider: ArrayLike,
    stratum: ArrayLike,
    observed: ArrayLike,
    cases: ArrayLike,
    weight: ArrayLike,
    *,
    squared_events: ArrayLike | None = None,
) -> DirectRate:
    """DSR = sum(w x/n) / sum w over strata, limits DSR + sqrt(var/X)(Byar(X) - X) (Dobson et al. 1991).

    One row per provider and stratum: codes 0..n-1 and 0..K-1, events x in n persons, shape (m,); `weight`: the standard
    population, shape (K,), every stratum of which each provider must have. var = sum(w^2 v/n^2) / (sum w)^2 with v = x,
    or, where one person may have several events, `squared_events`: the sum over persons of (own events)^2, which is
    sum over f of f^2 x (persons with f events). Raises ValueError for a stratum that is missing, twice there or empty,
    and for v below x.
    """
    codes, strata, x, sizes = (
        counts_of(a, b)
        for a, b in ((provider, "provider"), (stratum, "stratum"), (observed, "observed"), (cases, "cases"))
    )
    weights = positive_of(weight, "weight")
    v = x if squared_events is None else counts_of(squared_events, "squared_events")
    same_length(codes, strata, x, sizes, v)
    providers = _complete(codes, strata, len(weights))
    if (sizes < 1).any() or (v < x).any():
        raise ValueError("a stratum has no cases, or fewer squared events than events")
    share = weights[strata] / total(weights) / sizes
    rate = sum_by_group(codes, providers, share * x)
    variance = sum_by_group(codes, providers, share**2 * v)
    events = sum_by_group(codes, providers, x.astype(np.float64)).astype(np.int64)
    enough = events >= MINIMUM_COUNT
    return DirectRate(
        events,
        Figures.where(enough, rate),
        variance,
        _limits(rate, variance, np.maximum(events, 1).astype(np.float64), enough),
        np.where(enough, Status.RATED.value, Status.NOT_RATED.value),
        np.where(enough, Reason.NONE.value, Reason.COUNT_BELOW_10.value),
    )


def _complete(codes: IntArray, strata: IntArray, wanted: int) -> int:
    """The number of providers; raises ValueError unless each has each stratum of the standard population once."""
    providers = int(codes.max(initial=-1)) + 1
    if len(codes) != providers * wanted or (strata >= wanted).any():
        raise ValueError("every provider needs every stratum of the standard population, once")
    if len(np.unique(codes * wanted + strata)) < len(codes):
        raise ValueError("a provider has one stratum twice")
    return providers


def _limits(rate: FloatArray, variance: FloatArray, events: FloatArray, enough: BoolArray) -> Limits:
    scale = np.sqrt(variance / events)

    def at(count_limit: FloatArray) -> Figures:
        return Figures.where(enough, rate + scale * (count_limit - events))

    return Limits(
        at(byar_lower(events, WARNING)),
        at(byar_upper(events, WARNING)),
        at(byar_lower(events, CONTROL)),
        at(byar_upper(events, CONTROL)),
        "direct_dobson_byar",
    )
