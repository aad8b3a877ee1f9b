"""The traffic light of general practice, and providers beside their peers (methods 5.1, 5.3)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from services.ratings.methods.composites.traffic_light import traffic_light
from services.ratings.methods.count_tails import count_tail_test
from services.ratings.methods.funnel import log_ratio_z, positions_against
from services.ratings.methods.overdispersion import DispersionRows, additive_limits, additive_test, estimate_dispersion
from services.ratings.methods.peers import nearest_peers, nearest_separable
from services.ratings.methods.power import power_to_detect_doubling
from services.ratings.methods.standardisation import indirect_expected


@pytest.mark.parametrize(
    ("years", "power", "colour"),
    [
        (("above_control", "above_control", "within"), 0.1, "red"),
        (("above_control", "within", "above_control"), 0.9, "red"),
        (("below_control", "below_control", "below_control"), 0.9, "green"),
        (("above_control", "below_control", "within"), 0.9, "middle"),
        (("within", "within", "above_control"), 0.9, "grey"),
        (("within", "within", "within"), 0.5, "middle"),
        (("within", "within", "within"), 0.49, "grey"),
        (("within", "within", "above_warning"), 0.9, "middle"),
        (("within", "within", ""), 0.9, "grey"),
    ],
)
def test_traffic_light(years: tuple[str, str, str], power: float, colour: str) -> None:
    """Methods 5.1: red or green only on the same side in 2 of 3 years; the middle colour needs the power."""
    column = np.array(years)[:, None]
    assert traffic_light(column, [power], lower_is_better=True).tolist() == [colour]
    mirrored = {"red": "green", "green": "red"}.get(colour, colour)
    assert traffic_light(column, [power], lower_is_better=False).tolist() == [mirrored]


def _lights(observed: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """The rule of methods 5.1 on three years: log scale, winsorised_10_consistent, additive."""
    years = []
    for events in observed:
        z = log_ratio_z(events, expected)
        spread = estimate_dispersion(z.z_value, z.s, DispersionRows.WINSORISED_10_CONSISTENT).variance_for_limits
        years.append(additive_test(events, expected, spread))
    return traffic_light(np.array(years), power_to_detect_doubling(expected), lower_is_better=True)


def test_8000_identical_practices() -> None:
    """Methods 5.1: at most .02% coloured, and the middle colour wherever there is power. Scale of 2.16: E = 107.5."""
    expected = np.full(8000, 865_494 / 8049)
    colours = _lights(np.random.default_rng(20).poisson(expected, (3, 8000)), expected)
    assert np.isin(colours, ["red", "green"]).sum() <= 0.0002 * 8000
    assert (colours == "middle").sum() >= 0.99 * 8000
    assert set(colours[~np.isin(colours, ["red", "green"])].tolist()) <= {"middle", "grey"}


def _coloured(expected: float, log_scale: bool) -> float:
    """Exact chance that an identical practice is coloured, with no spread between practices."""
    counts = np.arange(int(expected * 4) + 60)
    each = np.full(len(counts), expected)
    words = additive_test(counts, each, 0.0) if log_scale else count_tail_test(counts, each)
    chance = poisson.pmf(counts, expected)
    sides = [chance[words == word].sum() for word in ("above_control", "below_control")]
    return float(sum(3 * p**2 * (1 - p) + p**3 for p in sides))


def test_the_colour_rule_by_exact_arithmetic_on_the_log_scale() -> None:
    """Methods 5.1 promises .02%. On the log scale that holds from about 35 expected events; below it a practice with
    few events is green too easily (.7% at 3), because O = 0 enters as .5 and the lower limit is drawn too high."""
    assert _coloured(107.5, log_scale=True) == pytest.approx(1.8e-5, abs=1e-6)
    assert max(_coloured(expected, log_scale=True) for expected in (35, 40, 50, 60, 80, 107.5, 150, 300)) <= 0.0002
    assert _coloured(20, log_scale=True) > 0.0003
    assert _coloured(3, log_scale=True) == pytest.approx(0.0072, abs=1e-4)


@pytest.mark.parametrize("expected", [0.5, 1, 3, 7, 10, 20, 35, 107.5, 300])
def test_the_colour_rule_by_exact_arithmetic_on_count_tails(expected: float) -> None:
    """With positions from the tails of the count itself the promise holds at every size: at most 6 in a million."""
    assert _coloured(expected, log_scale=False) <= 6.1e-6


def test_practices_that_differ_only_by_deprivation_are_not_coloured() -> None:
    """Methods 5.1: nothing is coloured once deprivation is a stratum; without it the extremes are."""
    rates, generator = np.array([0.02, 0.016, 0.013, 0.011, 0.009]), np.random.default_rng(3)
    mix = generator.multinomial(40_000, [0.2] * 5, 400)
    mix[:80] = [30_000, 4_000, 3_000, 2_000, 1_000]
    exact = np.rint(mix * rates).astype(int)
    population, events = mix.sum(axis=0), (mix * rates).sum(axis=0)
    provider, fifth = np.repeat(np.arange(400), 5), np.tile(np.arange(5), 400)
    with_fifths = indirect_expected(provider, fifth, mix.ravel(), np.rint(events).astype(int), population)
    without = mix.sum(axis=1) * events.sum() / population.sum()
    observed = np.tile(exact.sum(axis=1), (3, 1))
    assert not np.isin(_lights(observed, with_fifths), ["red", "green"]).any()
    plain = positions_against(observed[0] / without, additive_limits(without, 0.0))
    assert (plain[:80] == "above_control").all()


@pytest.mark.parametrize(
    ("years", "power"), [([["within"]] * 2, [0.5]), ([["good"]] * 3, [0.5]), ([["within"]] * 3, [1.5])]
)
def test_lights_that_cannot_be_are_refused(years: list[list[str]], power: list[float]) -> None:
    with pytest.raises(ValueError, match="position"):
        traffic_light(years, power, lower_is_better=True)


def test_peers_by_hand() -> None:
    """Methods 5.3: columns standardised over the kind, ties by code; a provider lacking a column has no peers."""
    codes, context = ["d", "a", "c", "b", "x"], np.array([[0.0, 5], [1, 5], [-1, 5], [4, 5], [0, 0]])
    found = nearest_peers(codes, context, np.array([True] * 4 + [False]), peers=2)
    assert found.rows.tolist() == [[1, 2], [0, 2], [0, 1], [1, 0], [-1, -1]]  # of d, a and c are as near: a first
    deviation = np.std([0, 1, -1, 4], ddof=1)
    assert found.distance[0].tolist() == pytest.approx([1 / deviation] * 2)
    assert found.distance[4].tolist() == [0.0, 0.0]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=25), st.integers(1, 12))
def test_peers_are_those_of_a_plain_sort(context: list[tuple[int, int]], peers: int) -> None:
    values = np.array(context, dtype=float)
    codes = [f"{(7 * i) % 101:03}" for i in range(len(values))]
    found = nearest_peers(codes, values, np.ones(len(values), dtype=bool), peers)
    spread = values.std(axis=0, ddof=1) if len(values) > 1 else np.ones(2)
    standard = values / np.where(spread > 0, spread, np.inf)
    for i in range(len(values)):
        others = [j for j in range(len(values)) if j != i]
        squares = {j: round(float(((standard[i] - standard[j]) ** 2).sum()), 9) for j in others}
        wanted = sorted(others, key=lambda j: (squares[j], codes[j]))[:peers]
        assert [squares[j] for j in found.rows[i] if j >= 0] == [squares[j] for j in wanted]
        assert (found.rows[i] >= 0).sum() == min(peers, len(values) - 1)


def test_peers_with_equal_context_go_by_code_whatever_the_order_of_rows() -> None:
    codes = np.array([f"{i:02}" for i in np.random.default_rng(1).permutation(30)])
    found = nearest_peers(codes, np.zeros((30, 2)), np.ones(30, dtype=bool), 3)
    assert codes[found.rows[int(np.flatnonzero(codes == "00")[0])]].tolist() == ["01", "02", "03"]
    assert codes[found.rows[int(np.flatnonzero(codes == "02")[0])]].tolist() == ["00", "01", "03"]


def test_nearest_separable_peer() -> None:
    """Methods 5.3: the closest peer separable (2.13) in the preferred direction."""
    observed, expected = [40, 38, 10, 80, 12], [40.0] * 5
    peers = nearest_peers(list("abcde"), np.array([[0.0], [1], [2.5], [2], [3]]), np.ones(5, dtype=bool))
    assert nearest_separable(0, peers, observed, expected, lower_is_better=True) == 2
    assert nearest_separable(0, peers, observed, expected, lower_is_better=False) == 3
    assert nearest_separable(3, peers, observed, expected, lower_is_better=False) is None


@pytest.mark.parametrize(
    ("codes", "context"), [(["a", "a"], [[1.0], [2.0]]), (["a", "b"], [[1.0], [float("nan")]]), (["a"], [[1.0], [2.0]])]
)
def test_peers_that_cannot_be_found_are_refused(codes: list[str], context: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="code"):
        nearest_peers(codes, context, np.ones(len(context), dtype=bool))
