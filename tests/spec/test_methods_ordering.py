"""Places with their uncertainty (methods 2.13; Goldstein and Spiegelhalter 1996)."""

import tracemalloc
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma, norm

from services.ratings.methods.arrays import BLOCK_PAIRS
from services.ratings.methods.levels import WARNING, z_of
from services.ratings.methods.ordering import (
    TooFewProviders,
    expected_places,
    place_intervals,
    separable_from,
    separation,
)
from services.ratings.methods.place_distribution import intervals_by_draws, place_probabilities
from services.ratings.methods.ratio_posterior import RatioPosterior

THREE = ([10, 20, 40], [20.0, 20.0, 20.0])
ROWS = st.lists(st.tuples(st.integers(0, 60), st.floats(0.5, 60)), min_size=2, max_size=25)


def _columns(rows: list[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [o for o, _ in rows], [e for _, e in rows]


def test_expected_places_of_three_providers() -> None:
    """Methods 2.13: O 10 20 40, E 20 each."""
    places = expected_places(*THREE)
    assert places.tolist() == pytest.approx([1.0141983, 2, 2.9858017], abs=5.1e-8)
    assert places.sum() == pytest.approx(6, abs=1e-12)


def test_the_distribution_of_the_first_place() -> None:
    """Methods 2.13: place of the first = 1, 2, 3 with .98581 .01419 .00000 (to .0003)."""
    found = place_probabilities(RatioPosterior.of(*THREE), 0)
    assert found.tolist() == pytest.approx([0.98581, 0.01419, 0.00000], abs=3e-4)


def test_three_providers_have_their_places() -> None:
    found = place_intervals(*THREE, seed=0)
    assert (found.place.tolist(), found.of, found.draws) == ([1, 2, 3], 3, 0)
    assert (found.place_lower.tolist(), found.place_upper.tolist()) == ([1, 2, 3], [1, 2, 3])
    assert found.method == "poisson_binomial_at_nodes_normal_log_ratio"


def test_the_mean_of_the_place_distribution_is_the_expected_place() -> None:
    observed, expected = [12, 30, 25, 8, 40, 22], [20.0, 25.0, 25.0, 12.0, 30.0, 22.0]
    posterior, places = RatioPosterior.of(observed, expected), expected_places(observed, expected)
    for subject, row in enumerate(posterior.row):
        mean = place_probabilities(posterior, int(row)) @ np.arange(1, 7)
        assert mean == pytest.approx(places[subject], abs=2e-4)  # a hundred levels stand for a continuous ratio


def test_the_place_distribution_is_every_way_that_others_can_fall() -> None:
    """The whole distribution against adaptive quadrature of the sums over all 2^4 outcomes of the four others."""
    observed, expected = [12, 30, 25, 8, 40], [20.0, 25.0, 25.0, 12.0, 30.0]
    y, s = np.log(np.array(observed) / expected), 1 / np.sqrt(expected)

    def density(ratio: float, below: int) -> float:
        chance = norm.cdf((ratio - y[1:]) / s[1:])
        ways = [
            np.where(fall, chance, 1 - chance).prod() for fall in product([False, True], repeat=4) if sum(fall) == below
        ]
        return float(norm.pdf(ratio, y[0], s[0]) * sum(ways))

    by_hand = [quad(density, y[0] - 9 * s[0], y[0] + 9 * s[0], args=(below,))[0] for below in range(5)]
    posterior = RatioPosterior.of(observed, expected)
    assert place_probabilities(posterior, int(posterior.row[0])).tolist() == pytest.approx(by_hand, abs=2e-5)


def test_a_provider_without_events_brings_gamma_posteriors_for_everybody() -> None:
    """Methods 2.13; P(one gamma below another) in closed form against scipy's quadrature."""
    observed, expected = [0, 7, 12], [3.0, 8.0, 9.0]
    found = expected_places(observed, expected)
    each = [gamma(o + 0.5, scale=1 / e) for o, e in zip(observed, expected, strict=True)]
    below = each[0].expect(each[1].cdf, epsabs=1e-12) + each[0].expect(each[2].cdf, epsabs=1e-12)
    assert found[0] == pytest.approx(1 + below, abs=1e-9)
    assert found.sum() == pytest.approx(6, abs=1e-12)
    assert place_intervals(observed, expected, seed=0).method == "poisson_binomial_at_nodes_gamma"


@pytest.mark.parametrize("without_events", [False, True])
def test_nodes_and_draws_agree_within_one_place(without_events: bool) -> None:
    """Methods 2.13. 400,000 draws, so that the draws' own error (.00025 in probability) is below one place."""
    generator = np.random.default_rng(5)
    expected = generator.uniform(5, 100, 120)
    observed = generator.poisson(expected * np.exp(generator.normal(0, 0.15, 120)))
    observed[7] = 0 if without_events else 9
    nodes = place_intervals(observed, expected, seed=1)
    drawn = place_intervals(observed, expected, seed=1, nodes_up_to=0, draws=400_000)
    assert (nodes.draws, drawn.draws) == (0, 400_000)
    assert np.abs(nodes.place_lower - drawn.place_lower).max() <= 1
    assert np.abs(nodes.place_upper - drawn.place_upper).max() <= 1
    assert nodes.expected_place.tolist() == drawn.expected_place.tolist()


def test_above_400_providers_places_are_drawn_from_the_seed() -> None:
    generator = np.random.default_rng(2)
    expected = generator.uniform(5, 100, 401)
    observed = generator.poisson(expected) + 1
    one, same, other = (place_intervals(observed, expected, seed=seed, draws=1000) for seed in (3, 3, 4))
    assert (one.draws, one.method) == (1000, "draws_normal_log_ratio")
    assert one.place_lower.tolist() == same.place_lower.tolist() != other.place_lower.tolist()


@pytest.mark.parametrize("observed", [[3, 9, 5, 11, 3, 6], [0, 9, 5, 11, 0, 6]])
def test_the_size_of_a_block_of_draws_changes_no_bit(observed: list[int]) -> None:
    posterior = RatioPosterior.of(observed, [5.0, 7.0, 5.0, 8.0, 5.0, 4.0])
    whole = intervals_by_draws(posterior, 11, 3000, block_cells=10**9)
    for cells in (1, 7 * 6, 1000 * 6, 2999 * 6):
        blocks = intervals_by_draws(posterior, 11, 3000, block_cells=cells)
        assert [end.tolist() for end in blocks] == [end.tolist() for end in whole]


def test_memory_does_not_grow_with_draws_times_providers() -> None:
    """2,000 providers x 20,000 draws would be 160 MB of 32-bit places; blocks and both fortieths are held instead."""
    generator = np.random.default_rng(2)
    expected = generator.uniform(5, 100, 2000)
    observed = generator.poisson(expected) + 1
    tracemalloc.start()
    try:
        place_intervals(observed, expected, seed=3, draws=20_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 110e6


@pytest.mark.parametrize("without_events", [False, True])
def test_expected_places_are_the_sum_over_all_pairs(without_events: bool) -> None:
    """More than one block of pairs, against the double sum written out."""
    generator = np.random.default_rng(2)
    expected = generator.uniform(5, 100, 1500)
    observed = generator.poisson(expected) + 1
    observed[3] = 0 if without_events else 5
    posterior = RatioPosterior.of(observed, expected)
    assert len(posterior.copies) > BLOCK_PAIRS // len(posterior.copies)
    three = [3, 700, int(posterior.row.argmax())]
    some = posterior.row[three]
    below = posterior.chance_below(some, np.arange(len(posterior.copies)))
    by_hand = 0.5 + (below * posterior.copies).sum(axis=1)
    assert expected_places(observed, expected)[three].tolist() == pytest.approx(by_hand.tolist(), rel=1e-12)


def test_the_ends_are_the_smallest_places_that_reach_the_levels() -> None:
    """Draws against numpy's inverted empirical distribution, on the same draws; equal rows share their rounded mean."""
    generator = np.random.default_rng(6)
    expected = generator.uniform(5, 30, 80)
    observed = generator.poisson(expected) + 1
    posterior = RatioPosterior.of(np.repeat(observed, 3), np.repeat(expected, 3))
    ratios = posterior.draw(np.random.default_rng(11), 1000)
    places = np.argsort(np.argsort(ratios, axis=1), axis=1) + 1
    found = intervals_by_draws(posterior, 11, 1000)
    for end, level in zip(found, (0.025, 0.975), strict=True):
        each = np.quantile(places, level, axis=0, method="inverted_cdf").reshape(80, 3)
        assert end.tolist() == np.floor(each.mean(axis=1) + 0.5).tolist()


@settings(max_examples=30)
@given(ROWS, st.randoms(), st.sampled_from([0, 400]))
def test_the_order_of_rows_changes_no_bit(rows: list[tuple[int, float]], random: Random, nodes_up_to: int) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)
    one = place_intervals(*_columns(rows), seed=9, draws=1000, nodes_up_to=nodes_up_to)
    two = place_intervals(*_columns([rows[i] for i in order]), seed=9, draws=1000, nodes_up_to=nodes_up_to)
    for name in ("place", "expected_place", "place_lower", "place_upper"):
        assert getattr(one, name)[order].tolist() == getattr(two, name).tolist()


@settings(max_examples=30)
@given(ROWS)
def test_places_add_up_and_lie_inside_their_intervals(rows: list[tuple[int, float]]) -> None:
    n, found = len(rows), place_intervals(*_columns(rows), seed=0)
    assert found.place.sum() == n * (n + 1) / 2
    assert found.expected_place.sum() == pytest.approx(n * (n + 1) / 2, abs=1e-9 * n * n)
    assert ((found.place_lower >= 1) & (found.place_upper <= n) & (found.place_lower <= found.place_upper)).all()


@pytest.mark.parametrize("nodes_up_to", [0, 400])
def test_providers_that_are_all_equal_share_the_middle_place(nodes_up_to: int) -> None:
    found = place_intervals([6] * 50, [5.0] * 50, seed=0, nodes_up_to=nodes_up_to)
    assert found.place.tolist() == found.expected_place.tolist() == [25.5] * 50
    assert (set(found.place_lower.tolist()), set(found.place_upper.tolist())) == ({2}, {49})


def test_one_provider_has_no_order() -> None:
    with pytest.raises(TooFewProviders):
        expected_places([3], [2.0])
    with pytest.raises(TooFewProviders):
        place_intervals([3], [2.0], seed=0)
    with pytest.raises(TooFewProviders):
        separation([], [])


@pytest.mark.parametrize(("observed", "expected"), [([1, 2], [1.0, 0.0]), ([1.5, 2], [1.0, 1.0]), ([1], [1.0, 2.0])])
def test_rows_that_cannot_be_rated_are_refused(observed: list[float], expected: list[float]) -> None:
    with pytest.raises(ValueError, match=r"expected|observed|lengths"):
        expected_places(observed, expected)


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="1000"):
        place_intervals(*THREE, seed=0, draws=999)


def test_separable_from_a_readers_provider() -> None:
    """Methods 2.13: |y_i - y_j| > z sqrt(s_i^2 + s_j^2); z sqrt(2/20) = .6198, ln 2 = .6931, ln 1.75 = .5596."""
    assert z_of(WARNING) * np.sqrt(2 / 20) == pytest.approx(0.6198, abs=1e-4)
    assert separable_from(1, [10, 20, 35, 40], [20.0] * 4).tolist() == ["lower", "inseparable", "inseparable", "higher"]
    assert separable_from(1, [10, 20, 35, 40], [20.0] * 4, 0.998).tolist() == ["inseparable"] * 4


@given(ROWS)
def test_group_sizes_equal_the_pairs_seen_one_by_one(rows: list[tuple[int, float]]) -> None:
    found = separation(*_columns(rows))
    assert (found.lower + found.inseparable + found.higher).tolist() == [len(rows) - 1] * len(rows)
    for subject in range(len(rows)):
        words = separable_from(subject, *_columns(rows)).tolist()
        assert (found.lower[subject], found.higher[subject]) == (words.count("lower"), words.count("higher"))


def test_every_provider_with_no_event_at_all() -> None:
    found = place_intervals([0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0], seed=0)
    assert found.place.tolist() == [3.0] * 5
    assert (np.diff(found.expected_place) < 0).all()  # nobody expected more had fewer, so certainty puts them lower
    assert found.place_upper.max() <= 5
