"""Groups of numbers on a line: the exact optimum for our own schemes, and the two passes that CMS publishes by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import LARGEST, BoolArray, FloatArray, IntArray, vector_of
from services.ratings.methods.sums import total

EQUAL = 1e-12  # sums of squares this close, as a share of the whole, are equal: rounding must not choose the cut
FARTHEST = 1.0  # from every centre; what lies further is left out of the means of the second pass
MAX_ROUNDS = 10_000


class TooFewValues(ValueError):
    """Fewer distinct values than clusters."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """Label 1..k of each value, shape (n,), ascending with the values; `centres` of shape (k,).

    `within` is the sum of squares of the values about the means of their clusters.
    """

    label: IntArray
    centres: FloatArray
    within: float
    method: str
    method_version: str = METHOD_VERSION


def one_dimensional_kmeans(values: ArrayLike, clusters: int) -> Clusters:
    """The grouping with the smallest sum of squares within, exactly (Wang and Song 2011); shape (n,).

    Dynamic programme over sorted distinct values: D(q, m) = min over i of D(q - 1, i - 1) + within(i..m). Equal
    values share a cluster; among equal optima the leftmost last cut wins; the order of the values changes nothing.
    Raises TooFewValues, and ValueError for a value that is not finite or fewer than one cluster.
    """
    numbers, distinct, inverse, copies = _distinct(values, clusters)
    starts = _best_starts(distinct, copies, clusters)
    label = np.zeros(len(distinct), dtype=np.int64)
    end = len(distinct)
    for cluster in range(clusters, 0, -1):
        start = int(starts[cluster - 1, end - 1])
        label[start:end], end = cluster, start
    return _clusters(numbers, label[inverse], clusters, "exact_one_dimensional_kmeans")


def _best_starts(distinct: FloatArray, copies: IntArray, clusters: int) -> IntArray:
    """Where the last of q + 1 clusters over the values 0..m begins, shape (clusters, u)."""
    shifted = distinct - np.median(distinct)  # near 0, so that squares lose no digits
    weight, first, second = (np.concatenate([[0.0], np.cumsum(copies * shifted**power)]) for power in (0, 1, 2))
    slack = EQUAL * float(second[-1] - first[-1] ** 2 / weight[-1])
    best = np.full((clusters, len(distinct)), np.inf)
    starts = np.zeros((clusters, len(distinct)), dtype=np.int64)
    for m in range(len(distinct)):
        size = weight[m + 1] - weight[: m + 1]
        within = np.maximum(0.0, second[m + 1] - second[: m + 1] - (first[m + 1] - first[: m + 1]) ** 2 / size)
        best[0, m] = within[0]
        for q in range(1, min(clusters, m + 1)):
            cost = best[q - 1, q - 1 : m] + within[q:]
            best[q, m] = cost.min()
            starts[q, m] = q + np.flatnonzero(cost <= best[q, m] + slack)[0]
    return starts


def cms_two_pass(values: ArrayLike, clusters: int = 5, farthest: float | None = FARTHEST) -> Clusters:
    """k-means as CMS runs it for its star rating (April 2021), shape (n,): not the optimum, but the published rule.

    Cut at the type-1 quantiles and start from the median of each part; iterate to a fixed point; iterate again from
    there, leaving values more than `farthest` from every centre out of the means (None: one pass only); give every
    value to its nearest centre, the lower of two as near. Raises as `one_dimensional_kmeans`.
    """
    numbers, *_ = _distinct(values, clusters)
    ordered = np.sort(numbers)
    cuts = np.quantile(ordered, np.arange(1, clusters) / clusters, method="inverted_cdf")
    part = np.searchsorted(cuts, ordered, side="left")
    if len(np.unique(part)) < clusters:
        raise TooFewValues("a quantile group holds no value to start from")
    centres = np.array([np.median(ordered[part == each]) for each in range(clusters)])
    centres = _settled(ordered, centres, np.inf)
    if farthest is not None:
        centres = _settled(ordered, centres, farthest)
    return _clusters(numbers, _nearest(numbers, centres) + 1, clusters, "cms_two_pass", centres)


def _settled(ordered: FloatArray, centres: FloatArray, farthest: float) -> FloatArray:
    for _ in range(MAX_ROUNDS):
        label = _nearest(ordered, centres)
        counted = np.abs(ordered - centres[label]) <= farthest
        moved = np.array([_mean(ordered, counted & (label == each), centre) for each, centre in enumerate(centres)])
        if (moved == centres).all():
            return centres
        centres = moved
    raise ArithmeticError("the centres do not settle")


def _mean(ordered: FloatArray, chosen: BoolArray, otherwise: float) -> float:
    return total(ordered[chosen]) / int(chosen.sum()) if chosen.any() else otherwise


def _nearest(values: FloatArray, centres: FloatArray) -> IntArray:
    return np.asarray(np.abs(values[:, None] - centres[None, :]).argmin(axis=1), dtype=np.int64)


def _distinct(values: ArrayLike, clusters: int) -> tuple[FloatArray, FloatArray, IntArray, IntArray]:
    numbers = vector_of(values, "values")
    if clusters < 1 or (np.abs(numbers) > LARGEST).any():
        raise ValueError(f"clusters must be at least 1, and values at most {LARGEST} from 0")
    distinct, inverse, copies = np.unique(numbers, return_inverse=True, return_counts=True)
    if len(distinct) < clusters:
        raise TooFewValues(f"{len(distinct)} distinct values cannot make {clusters} clusters")
    return numbers, distinct, inverse, copies


def _clusters(
    values: FloatArray, label: IntArray, clusters: int, method: str, centres: FloatArray | None = None
) -> Clusters:
    members = [values[label == each] for each in range(1, clusters + 1)]
    means = np.array([total(each) / max(len(each), 1) for each in members])
    within = total(np.concatenate([(each - mean) ** 2 for each, mean in zip(members, means, strict=True)]))
    return Clusters(label, means if centres is None else centres, within, method)
