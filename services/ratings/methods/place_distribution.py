"""The distribution of a provider's place: by Poisson-binomial where there are few providers, by draws where many."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.ratio_posterior import RatioPosterior

NODES, WEIGHTS = np.polynomial.legendre.leggauss(100)
"""Levels of a provider's own ratio, on (-1, 1), at which the others are counted, and their weights (sum 2).

Gauss and Legendre's hundred err by 3e-5 in a cumulative probability where 400 mid-quantiles err by 5e-4, in a quarter
of the time (sets of 55 and 120 providers of mixed sizes, against 20,000 mid-quantiles)."""
LEAF = 32  # others that are convolved one by one before the transform takes over
LOWER_SHARE = 40  # one in forty places lies below place_lower: .025, kept as a whole number so that no float decides
BLOCK_CELLS = 2_000_000  # draws x providers held at a time

SmallInts: TypeAlias = NDArray[np.int32]  # half the memory of the usual integers, and no place needs more


def intervals_by_nodes(posterior: RatioPosterior) -> tuple[IntArray, IntArray]:
    """Smallest places with cumulative probability >= .025 and >= .975, shape (u,) each, without simulation."""
    ends = [_ends(place_probabilities(posterior, row)) for row in range(len(posterior.copies))]
    lower, upper = np.array(ends, dtype=np.int64).T
    return lower, upper


def place_probabilities(posterior: RatioPosterior, row: int) -> FloatArray:
    """P(place 1), ..., P(place n) of one distinct row, shape (n,), summing to 1; place 1 = the lowest ratio."""
    # Given its own ratio, the number of others below it is a sum of independent yes-or-no's, one per provider.
    below = posterior.cumulative(posterior.quantiles(row, (NODES + 1) / 2))
    others = posterior.copies.copy()
    others[row] -= 1
    chances = np.repeat(below, others, axis=0)
    places = len(chances) + 1
    width = next_fast_len(places, real=True)
    product = (np.prod(rfft(_leaves(chances), width, axis=0), axis=1) * (WEIGHTS / 2)).sum(axis=1)
    return np.clip(irfft(product, width)[:places], 0.0, 1.0)


def _leaves(chances: FloatArray) -> FloatArray:
    """Distributions of the count among each group of at most LEAF others, shape (LEAF + 1, groups, nodes)."""
    groups = max(1, -(-len(chances) // LEAF))
    padded = np.zeros((groups * LEAF, chances.shape[1]))  # somebody who is never below changes no count
    padded[: len(chances)] = chances
    steps = padded.reshape(LEAF, groups, chances.shape[1])
    mass = np.zeros((LEAF + 1, groups, chances.shape[1]))
    mass[0] = 1.0
    for seen, chance in enumerate(steps):
        mass[1 : seen + 2] += chance * (mass[: seen + 1] - mass[1 : seen + 2])
        mass[0] *= 1 - chance
    return mass


def _ends(probabilities: FloatArray) -> tuple[int, int]:
    lower, upper = np.searchsorted(np.cumsum(probabilities), [1 / LOWER_SHARE, 1 - 1 / LOWER_SHARE]) + 1
    return int(lower), int(upper)


def intervals_by_draws(
    posterior: RatioPosterior, seed: int, draws: int, block_cells: int = BLOCK_CELLS
) -> tuple[IntArray, IntArray]:
    """The same two places from seeded draws, shape (u,) each; the size of a block of draws changes no bit.

    Memory: a block, and the outermost fortieth of the places at either end. Equal rows are drawn apart and share the
    rounded mean of their ends, or the order in which they stand would show.
    """
    providers = int(posterior.copies.sum())
    generator = np.random.default_rng(seed)
    lowest, highest = _Smallest(-(-draws // LOWER_SHARE)), _Smallest(draws // LOWER_SHARE + 1)
    step = max(1, block_cells // providers)
    for start in range(0, draws, step):
        places = _places(posterior.draw(generator, min(step, draws - start)))
        lowest.add(places)
        highest.add(providers - 1 - places)
    lower, upper = 1 + lowest.last(), providers - highest.last()
    return _shared(lower, posterior.copies), _shared(upper, posterior.copies)


def _places(ratios: FloatArray) -> SmallInts:
    """Place - 1 of each provider in each draw, shape (n, draws)."""
    draws, providers = ratios.shape
    places = np.empty((draws, providers), dtype=np.int32)
    np.put_along_axis(places, np.argsort(ratios, axis=1), np.arange(providers, dtype=np.int32)[None, :], axis=1)
    return places.T


class _Smallest:
    """The `keep` smallest numbers of each row, while the columns arrive block by block."""

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self.kept: SmallInts | None = None

    def add(self, block: SmallInts) -> None:
        whole = block if self.kept is None else np.concatenate([self.kept, block], axis=1)
        if whole.shape[1] > self.keep:
            whole = np.partition(whole, self.keep - 1, axis=1)[:, : self.keep].copy()
        self.kept = whole

    def last(self) -> IntArray:
        """The largest of those kept, shape (n,)."""
        if self.kept is None:
            raise ValueError("nothing was drawn")
        return np.asarray(self.kept.max(axis=1), dtype=np.int64)


def _shared(ends: IntArray, copies: IntArray) -> IntArray:
    sums = np.add.reduceat(ends, np.cumsum(copies) - copies)
    return np.asarray((2 * sums + copies) // (2 * copies))
