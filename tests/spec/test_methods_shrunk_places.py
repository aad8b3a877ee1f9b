"""Places where the spread between providers is known: posteriors of the random-effects model (methods 2.13, 2.9).

The specification has the flat prior only (`test_methods_ordering`); the simulator showed its intervals to be too short.
Reference: Clayton and Kaldor 1987, the gamma-Poisson posterior.
"""

import math
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma

from services.ratings.methods.ordering import TooFewProviders, expected_places, place_intervals
from services.ratings.methods.place_distribution import place_probabilities
from services.ratings.methods.ratio_posterior import VARIANCES, RatioPosterior
from tests.spec.strict import NO_WARNING

ROWS = st.lists(st.tuples(st.integers(0, 60), st.floats(0.5, 60)), min_size=2, max_size=25)
SPREADS = st.sampled_from([0.0, 0.001, 0.05, 2.0])
FIVE = ([12, 30, 0, 8, 40], [20.0, 25.0, 4.0, 12.0, 30.0])


def _columns(rows: list[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [o for o, _ in rows], [e for _, e in rows]


def test_two_providers_are_a_count_of_coin_tosses() -> None:
    """With E equal, P(G(a) < G(b)) = P(at least a heads in a + b - 1 tosses), a = O + 1/tau2: 10 and 40, tau2 = .1."""
    below = sum(math.comb(69, heads) for heads in range(20, 70)) / 2**69
    found = expected_places([10, 40], [20.0, 20.0], between_provider_variance=0.1)
    assert found.tolist() == pytest.approx([2 - below, 1 + below], abs=1e-12)


def test_the_place_distribution_is_every_way_that_others_can_fall() -> None:
    """The whole distribution against adaptive quadrature of the sums over all 2^4 outcomes of the four others."""
    observed, expected, prior = *FIVE, 1 / 0.05
    each = [gamma(o + prior, scale=1 / (e + prior)) for o, e in zip(observed, expected, strict=True)]

    def density(ratio: float, below: int) -> float:
        chance = np.array([other.cdf(ratio) for other in each[1:]])
        ways = [
            np.where(fall, chance, 1 - chance).prod() for fall in product([False, True], repeat=4) if sum(fall) == below
        ]
        return float(each[0].pdf(ratio) * sum(ways))

    by_hand = [quad(density, 0, 3, args=(below,), limit=200)[0] for below in range(5)]
    posterior = RatioPosterior.of(observed, expected, 0.05)
    assert place_probabilities(posterior, int(posterior.row[0])).tolist() == pytest.approx(by_hand, abs=2e-5)


@pytest.mark.parametrize("spread", [0.01, 0.06])
@pytest.mark.parametrize("without_events", [False, True])
def test_nodes_and_draws_agree_within_one_place(spread: float, without_events: bool) -> None:
    """Methods 2.13. 400,000 draws, so that the draws' own error (.00025 in probability) is below one place."""
    generator = np.random.default_rng(5)
    expected = generator.uniform(5, 100, 60)
    observed = generator.poisson(expected * np.exp(generator.normal(0, 0.15, 60)))
    observed[7] = 0 if without_events else 9
    nodes = place_intervals(observed, expected, seed=1, between_provider_variance=spread)
    drawn = place_intervals(observed, expected, seed=1, nodes_up_to=0, draws=400_000, between_provider_variance=spread)
    assert (nodes.method, nodes.draws) == ("poisson_binomial_at_nodes_gamma_random_effects", 0)
    assert (drawn.method, drawn.draws) == ("draws_gamma_random_effects", 400_000)
    assert np.abs(nodes.place_lower - drawn.place_lower).max() <= 1
    assert np.abs(nodes.place_upper - drawn.place_upper).max() <= 1
    assert nodes.expected_place.tolist() == drawn.expected_place.tolist()


def test_a_wide_spread_tends_to_the_flat_form() -> None:
    """With hundreds of events G(O, E) is normal on the log scale; the variance is that of ratios of 1 to 1,000."""
    generator = np.random.default_rng(5)
    expected = generator.uniform(400, 900, 80)
    observed = generator.poisson(expected * np.exp(generator.normal(0, 0.05, 80)))
    flat = place_intervals(observed, expected, seed=0)
    wide = place_intervals(observed, expected, seed=0, between_provider_variance=VARIANCES[1])
    narrow = place_intervals(observed, expected, seed=0, between_provider_variance=0.0025)
    assert np.abs(flat.place_lower - wide.place_lower).max() <= 1
    assert np.abs(flat.place_upper - wide.place_upper).max() <= 1
    assert np.abs(flat.expected_place - wide.expected_place).max() < 0.5
    assert narrow.expected_place.std() < 0.95 * flat.expected_place.std(), "and a narrow one does not"


def test_a_small_provider_is_believed_less_than_a_large_one_with_the_same_ratio() -> None:
    observed, expected = [2, 200, 40, 50, 60], [4.0, 400.0, 40.0, 50.0, 60.0]
    found = place_intervals(observed, expected, seed=0, between_provider_variance=0.02)
    assert found.place.tolist() == [1.5, 1.5, 4, 4, 4], "the order of the plain ratios stays what it is"
    assert found.expected_place[1] == pytest.approx(1, abs=0.01)
    assert (found.place_lower[1], found.place_upper[1]) == (1, 1)
    assert (found.place_lower[0], found.place_upper[0]) == (2, 5), "any place that the large one leaves"


def test_without_spread_every_place_is_as_likely_for_everyone() -> None:
    """The ends of the uniform distribution: 1/40 and 39/40 of 2, 39, 40, 41 and 120 places, rounded up."""
    for providers, lower, upper in ((2, 1, 2), (39, 1, 39), (40, 1, 39), (41, 2, 40), (120, 3, 117)):
        observed, expected = range(providers), [20.0] * providers
        found = place_intervals(observed, expected, seed=0, between_provider_variance=0.0)
        assert (found.method, found.draws, found.of) == ("every_place_as_likely", 0, providers)
        assert (set(found.place_lower), set(found.place_upper)) == ({lower}, {upper})
        assert found.place.tolist() == list(range(1, providers + 1))
        middle = [(providers + 1) / 2] * providers
        assert found.expected_place.tolist() == middle
        assert expected_places(observed, expected, between_provider_variance=0.0).tolist() == middle


@pytest.mark.parametrize("nodes_up_to", [0, 400])
@pytest.mark.parametrize("spread", [0.0, 1e-300, 0.04, 1e300])
def test_providers_that_are_all_equal_share_the_middle_place(nodes_up_to: int, spread: float) -> None:
    found = place_intervals([6] * 50, [5.0] * 50, seed=0, nodes_up_to=nodes_up_to, between_provider_variance=spread)
    assert found.place.tolist() == found.expected_place.tolist() == [25.5] * 50
    assert (set(found.place_lower.tolist()), set(found.place_upper.tolist())) == ({2}, {49})


def test_no_event_says_little_where_little_was_expected() -> None:
    """Posterior of nobody's event at E = .5 and at E = 30, among 18 as expected."""
    observed, expected = [0, 0] + [20] * 18, [0.5, 30.0] + [20.0] * 18
    found = place_intervals(observed, expected, seed=0, between_provider_variance=0.04)
    assert found.place[:2].tolist() == [1.5, 1.5]
    assert (found.place_lower[1], found.place_upper[1]) == (1, 1)
    assert (found.place_lower[0], found.place_upper[0]) == (2, 20), "any place that the other leaves"


@settings(max_examples=40)
@given(ROWS, st.randoms(), st.sampled_from([0, 400]), SPREADS)
def test_the_order_of_rows_changes_no_bit(
    rows: list[tuple[int, float]], random: Random, nodes_up_to: int, spread: float
) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)
    one, two = (
        place_intervals(*_columns(some), seed=9, draws=1000, nodes_up_to=nodes_up_to, between_provider_variance=spread)
        for some in (rows, [rows[i] for i in order])
    )
    for name in ("place", "expected_place", "place_lower", "place_upper"):
        assert getattr(one, name)[order].tolist() == getattr(two, name).tolist()


@NO_WARNING
@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.floats(1e-290, 1e6)), min_size=2, max_size=12),
    st.one_of(st.floats(0, 1e-3), st.floats(0, 1e9)),
)
def test_places_add_up_however_extreme(rows: list[tuple[int, float]], spread: float) -> None:
    n, found = len(rows), place_intervals(*_columns(rows), seed=0, between_provider_variance=spread)
    assert found.expected_place.sum() == pytest.approx(n * (n + 1) / 2, abs=1e-9 * n * n)
    assert ((found.place_lower >= 1) & (found.place_upper <= n) & (found.place_lower <= found.place_upper)).all()


@pytest.mark.parametrize("spread", [-0.01, math.inf, math.nan])
def test_a_variance_that_is_none_is_refused(spread: float) -> None:
    with pytest.raises(ValueError, match="between_provider_variance"):
        expected_places(*FIVE, between_provider_variance=spread)
    with pytest.raises(ValueError, match="between_provider_variance"):
        place_intervals(*FIVE, seed=0, between_provider_variance=spread)


def test_one_provider_has_no_order() -> None:
    for spread in (0.0, 0.1):
        with pytest.raises(TooFewProviders):
            place_intervals([3], [2.0], seed=0, between_provider_variance=spread)
