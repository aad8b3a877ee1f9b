"""Places with their uncertainty: no place without its interval (Goldstein and Spiegelhalter 1996).

Place 1 is the lowest ratio. Providers with equal counts and equal expected numbers have equal answers; providers that
are all equal share the middle place, with an interval over nearly all of them. Fewer than two providers have no order.

With the between-provider variance, intervals hold the true place as often as they say; the flat prior, as Goldstein and
Spiegelhalter have it, takes extreme counts for extreme providers, and holds it in as few as four of five
(docs/methods.md). Releases use the first, the second is for reproducing what others published. The random effects are
gamma whatever the counts: a normal log ratio with variance 1/E is too sure of itself where true ratios spread widely.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import FloatArray, IntArray, TextArray, row_blocks
from services.ratings.methods.levels import WARNING, tail_of
from services.ratings.methods.place_distribution import LOWER_SHARE, intervals_by_draws, intervals_by_nodes
from services.ratings.methods.ratio_posterior import RatioPosterior
from services.ratings.methods.ties import average_places

DRAWS = 20_000
MINIMUM_DRAWS = 1_000
EVERY_PLACE_AS_LIKELY = "every_place_as_likely"
NODES_UP_TO = 400  # providers; above it the Poisson-binomial costs more than it tells


class TooFewProviders(ValueError):
    """An order needs at least two providers."""


@dataclass(frozen=True, eq=False)
class Places:
    """Places among `of` providers, shape (n,) each. `place` is the order of the plain ratios, ties averaged.

    `place_lower` and `place_upper` hold the middle 95% of the place's distribution. `method` says how they were
    found and of which posterior; `draws` is 0 where nothing was drawn.
    """

    place: FloatArray
    expected_place: FloatArray
    place_lower: IntArray
    place_upper: IntArray
    of: int
    method: str
    draws: int
    method_version: str = METHOD_VERSION


def expected_places(
    observed: ArrayLike, expected: ArrayLike, *, between_provider_variance: float | None = None
) -> FloatArray:
    """Expected place in closed form, shape (n,), 1 = lowest ratio; the sum is n (n + 1) / 2.

    1 + sum over j of Phi((y_i - y_j) / sqrt(s_i^2 + s_j^2)), y = ln(O/E), s = 1/sqrt E; where any O is 0, the same
    for gamma posteriors (O + .5, rate E) by the incomplete beta integral. With tau2, the between-provider variance, for
    gamma posteriors (O + 1/tau2, rate E + 1/tau2); with tau2 = 0 all expect the middle place. Raises TooFewProviders,
    and ValueError for a bad count, E not above 0 or a negative tau2.
    """
    posterior = _ordered(observed, expected, between_provider_variance)
    if between_provider_variance == 0:
        return _middle(posterior)
    return _expected(posterior)[posterior.row]


def place_intervals(
    observed: ArrayLike,
    expected: ArrayLike,
    *,
    seed: int,
    draws: int = DRAWS,
    nodes_up_to: int = NODES_UP_TO,
    between_provider_variance: float | None = None,
) -> Places:
    """Places of all providers with 95% intervals; the order of the rows changes no bit of any provider's answer.

    Up to `nodes_up_to` providers by Poisson-binomial at 100 levels of the provider's own ratio, which needs no seed;
    above by `draws` seeded draws, in memory that does not grow with draws x providers but with a fortieth of it.
    Posteriors as in `expected_places`; with a between-provider variance of 0 nothing tells anybody apart, and every
    place is as likely for everyone. Raises TooFewProviders, and ValueError for a bad count, E not above 0, a negative
    variance or fewer than 1,000 draws.
    """
    posterior = _ordered(observed, expected, between_provider_variance)
    if draws < MINIMUM_DRAWS:
        raise ValueError(f"draws must be at least {MINIMUM_DRAWS}: an end of the interval is one in forty of them")
    place = average_places((posterior.observed / posterior.expected)[posterior.row])
    if between_provider_variance == 0:
        return _undivided(place, _middle(posterior))
    by_nodes = len(posterior.row) <= nodes_up_to
    lower, upper = intervals_by_nodes(posterior) if by_nodes else intervals_by_draws(posterior, seed, draws)
    return Places(
        place,
        _expected(posterior)[posterior.row],
        lower[posterior.row],
        upper[posterior.row],
        len(posterior.row),
        f"{'poisson_binomial_at_nodes' if by_nodes else 'draws'}_{posterior.shape.value}",
        0 if by_nodes else draws,
    )


def separable_from(subject: int, observed: ArrayLike, expected: ArrayLike, confidence: float = WARNING) -> TextArray:
    """Every provider against one: `lower`, `higher` or `inseparable`, shape (n,); the subject itself is inseparable.

    Separable: |y_i - y_j| > z sqrt(s_i^2 + s_j^2), a pair of its own, not corrected for the number of pairs; equality
    is inseparable. Raises as `expected_places`, and ValueError for a subject that is not among the rows.
    """
    posterior = _ordered(observed, expected)
    if not 0 <= subject < len(posterior.row):
        raise ValueError("subject is not one of the rows")
    every = np.arange(len(posterior.copies))
    below = posterior.chance_below(posterior.row[[subject]], every)[0][posterior.row]
    sides = [below > 1 - tail_of(confidence), below < tail_of(confidence)]
    return np.select(sides, ["lower", "higher"], "inseparable")


@dataclass(frozen=True, eq=False)
class Separation:
    """How many other providers are separably lower, inseparable, separably higher, shape (n,) each; sum n - 1."""

    lower: IntArray
    inseparable: IntArray
    higher: IntArray
    confidence: float
    method_version: str = METHOD_VERSION


def separation(observed: ArrayLike, expected: ArrayLike, confidence: float = WARNING) -> Separation:
    """Sizes of everybody's groups in one pass over blocks of pairs; raises as `expected_places`."""
    posterior, tail = _ordered(observed, expected), tail_of(confidence)
    counts = np.zeros((2, len(posterior.copies)), dtype=np.int64)
    for rows in row_blocks(len(posterior.copies)):
        below = posterior.chance_below(rows, np.arange(len(posterior.copies)))
        counts[0, rows] = (below > 1 - tail) @ posterior.copies
        counts[1, rows] = (below < tail) @ posterior.copies
    lower, higher = counts[:, posterior.row]
    return Separation(lower, len(posterior.row) - 1 - lower - higher, higher, confidence)


def _ordered(
    observed: ArrayLike, expected: ArrayLike, between_provider_variance: float | None = None
) -> RatioPosterior:
    """The posteriors; with a variance of 0, of which there are none, the flat ones in their place."""
    posterior = RatioPosterior.of(observed, expected, between_provider_variance or None)
    if len(posterior.row) < 2:
        raise TooFewProviders("an order needs at least two providers")
    return posterior


def _middle(posterior: RatioPosterior) -> FloatArray:
    providers = len(posterior.row)
    return np.full(providers, (providers + 1) / 2)


def _undivided(place: FloatArray, middle: FloatArray) -> Places:
    """Smallest of n equally likely places that reach .025 and .975, in whole numbers so that no float decides."""
    of = len(place)
    lower, upper = (np.full(of, end, dtype=np.int64) for end in (-(-of // LOWER_SHARE), of - of // LOWER_SHARE))
    return Places(place, middle, lower, upper, of, EVERY_PLACE_AS_LIKELY, 0)


def _expected(posterior: RatioPosterior) -> FloatArray:
    """Expected place of each distinct row, shape (u,)."""
    copies = posterior.copies.astype(np.float64)
    places = np.full(len(copies), 0.5)  # with itself a provider has chance one half, which stands for no other
    for rows in row_blocks(len(copies)):
        end = int(rows[-1]) + 1
        below = posterior.chance_below(rows, np.arange(rows[0], len(copies)))
        places[rows] += (below * copies[rows[0] :]).sum(axis=1)
        later = below[:, len(rows) :]  # pairs with later rows are met once: the other way round is the rest
        places[end:] += ((1 - later) * copies[rows, None]).sum(axis=0)
    return places
