"""Methods 2.2: directly standardised rates, worked by hand and by the published example."""

from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ratings.methods.arrays import IntArray
from services.ratings.methods.direct import DirectRate, directly_standardised_rate
from services.ratings.methods.intervals import byar_interval

ESP_2013 = Path(__file__).resolve().parents[3] / "shared/data/phe/esp2013.csv"
WEIGHTS = [5000, 3000, 2000]


def three_strata(counts: list[int], squared: list[int] | None = None) -> DirectRate:
    return directly_standardised_rate([0] * 3, range(3), counts, [1000] * 3, WEIGHTS, squared_events=squared)


def in_the_order(rows: IntArray) -> DirectRate:
    return directly_standardised_rate(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], WEIGHTS)


def test_the_published_example() -> None:
    """Methods 2.2 (Dobson 1991): 1,700 per 100,000, var 5.5e-6, and both pairs of limits."""
    found = three_strata([10, 20, 30])
    limits = [found.limits.lower_95, found.limits.upper_95, found.limits.lower_99_8, found.limits.upper_99_8]
    assert found.rate.values[0] * 1e5 == pytest.approx(1700, rel=1e-14)
    assert found.variance[0] == pytest.approx(5.5e-6, rel=1e-14)
    published = [1269.581945, 2221.761766, 1059.809432, 2548.718077]
    assert [f.values[0] * 1e5 for f in limits] == pytest.approx(published, abs=5.1e-7)


def test_below_ten_events_there_is_a_reason_and_no_rate() -> None:
    """Methods 2.2: X < 10 is not rated, count_below_10; ten is enough."""
    nine, ten = three_strata([3, 3, 3]), three_strata([3, 3, 4])
    assert (nine.rate.present.tolist(), nine.reason.tolist()) == ([False], ["count_below_10"])
    assert (nine.limits.lower_95.present.tolist(), nine.limits.upper_99_8.present.tolist()) == ([False], [False])
    assert (ten.rate.present.tolist(), ten.reason.tolist(), ten.status.tolist()) == ([True], [""], ["rated"])


def test_events_that_repeat_widen_the_limits() -> None:
    """Methods 2.2: var = sum f^2 var_f. 10 persons with one event and 10 with two: 30 events, v = 50."""
    once, often = three_strata([30, 30, 30]), three_strata([30, 30, 30], [50, 50, 50])
    by_f = sum(f**2 * three_strata([10, 10, 10]).variance[0] for f in (1, 2))
    assert often.variance[0] == pytest.approx(by_f, rel=1e-14)
    assert often.rate.values.tolist() == once.rate.values.tolist()
    assert often.limits.lower_95.values[0] < once.limits.lower_95.values[0]
    assert often.limits.upper_95.values[0] > once.limits.upper_95.values[0]


@settings(max_examples=60, deadline=None)
@given(st.integers(10, 10_000), st.integers(1, 10**6))
def test_one_stratum_is_the_crude_rate_with_byars_limits(events: int, persons: int) -> None:
    found = directly_standardised_rate([0], [0], [events], [persons], [7.0])
    byar = byar_interval([events], 0.95)
    assert found.rate.values[0] == pytest.approx(events / persons, rel=1e-12)
    assert found.limits.lower_95.values[0] == pytest.approx(byar.lower.values[0] / persons, rel=1e-9)
    assert found.limits.upper_95.values[0] == pytest.approx(byar.upper[0] / persons, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 5000)), min_size=9, max_size=9), st.randoms())
def test_the_order_of_rows_changes_no_bit(cells: list[tuple[int, int]], random: Random) -> None:
    rows = [(place // 3, place % 3, x, n) for place, (x, n) in enumerate(cells)]
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, two = (in_the_order(np.array(order)) for order in (rows, shuffled))
    assert one.rate.values.tolist() == two.rate.values.tolist()
    assert one.variance.tolist() == two.variance.tolist()
    assert one.limits.upper_99_8.values.tolist() == two.limits.upper_99_8.values.tolist()


def test_rates_that_are_the_same_in_every_stratum_stand_whatever_the_weights() -> None:
    """With the European Standard Population 2013: every band at 1 in 50 gives 1 in 50."""
    if not ESP_2013.exists():
        pytest.skip("reference data is not beside this checkout")
    weights = pl.read_csv(ESP_2013).to_series().to_numpy()
    assert (len(weights), weights.sum()) == (19, 100_000)
    n = np.arange(1, 20) * 50
    found = directly_standardised_rate([0] * 19, np.arange(19), np.arange(1, 20), n, weights)
    assert found.rate.values[0] == pytest.approx(0.02, rel=1e-14)


@pytest.mark.parametrize(
    ("provider", "stratum", "observed", "cases"),
    [
        ([0, 0, 0], [0, 1, 2], [10, 0, 0], [5, 5, 0]),
        ([0, 0], [0, 1], [10, 0], [50, 50]),
        ([0, 0, 0], [0, 1, 1], [10, 0, 0], [50, 50, 50]),
        ([0, 0, 0], [0, 1, 3], [10, 0, 0], [50, 50, 50]),
        ([0, 0, 0], [0, 1, 2], [10, -1, 0], [50, 50, 50]),
    ],
)
def test_a_stratum_without_persons_missing_twice_or_unknown_is_refused(
    provider: list[int], stratum: list[int], observed: list[int], cases: list[int]
) -> None:
    with pytest.raises(ValueError, match=r"stratum|observed"):
        directly_standardised_rate(provider, stratum, observed, cases, WEIGHTS)


def test_fewer_squares_than_events_cannot_be() -> None:
    with pytest.raises(ValueError, match="squared"):
        three_strata([10, 10, 10], [9, 10, 10])
