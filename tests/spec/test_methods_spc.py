"""XmR charts and their rules (methods 2.10; Wheeler 2000)."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ratings.methods.arrays import IntArray
from services.ratings.methods.spc import Assurance, Preferred, assurance, limits_of, xmr
from services.ratings.methods.spc_rules import in_pairs, rules_of

TWENTY = [
    -0.56047565, -0.23017749, 1.55870831, 0.07050839, 0.12928774, 1.71506499, 0.46091621, -1.26506123, -0.68685285,
    -0.44566197, 1.22408180, 0.35981383, 0.40077145, 0.11068272, -0.55584113, 1.78691314, 0.49785048, -1.96661716,
    0.70135590, -0.47279141,
]  # fmt: skip
WITH_TEN = [*TWENTY[:14], 10.0, *TWENTY[15:]]
NUMBERS = st.lists(st.integers(-20, 20), min_size=12, max_size=40)


def column(numbers: Sequence[float]) -> np.ndarray:
    return np.array(numbers, dtype=float)[:, None]


def fired(numbers: Sequence[float], centre: float, half: float, near: float) -> list[int]:
    line = (np.array([number]) for number in (centre, half, near))
    return [int(rule) for rule in rules_of(column(numbers), *line)[0][:, 0]]


@pytest.mark.parametrize(
    ("values", "screen", "mean", "lower", "upper"),
    [
        (TWENTY, False, 0.1416238, -3.0113796, 3.2946272),
        (WITH_TEN, True, 0.6694159, -2.3836656, 3.7224973),
        (WITH_TEN, False, 0.6694159, -4.5966252, 5.9354569),
    ],
)
def test_limits(values: list[float], screen: bool, mean: float, lower: float, upper: float) -> None:
    """Methods 2.10: the series of twenty, and the same with its 15th point at 10, screened and not."""
    chart = xmr(column(values), screen_ranges=screen)
    found = [chart.centre[0, 0], chart.lower[0, 0], chart.upper[0, 0]]
    assert found == pytest.approx([mean, lower, upper], abs=5.1e-8)
    third = (chart.upper - chart.centre) / 3
    assert chart.upper_near - chart.centre == pytest.approx(2 * third)
    assert chart.centre - chart.lower_near == pytest.approx(2 * third)


def test_a_point_outside_a_limit_is_rule_1() -> None:
    chart = xmr(column(WITH_TEN))
    assert (np.flatnonzero(chart.rule == 1).tolist(), chart.side[14, 0]) == ([14], 1)
    below = xmr(column([-value for value in WITH_TEN]))
    assert (np.flatnonzero(below.rule == 1).tolist(), below.side[14, 0]) == ([14], -1)


def test_seven_rising_points_fire_at_the_eighth_and_mark_the_run() -> None:
    """Methods 2.10: 2 1 2 3 4 5 6 7 3 first fires rule 2 at its 8th."""
    series = [2, 1, 2, 3, 4, 5, 6, 7, 3]
    far = (4.0, 100.0, 90.0)
    assert [fired(series[:points], *far).count(2) for points in (7, 8, 9)] == [0, 7, 7]
    assert fired(series, *far) == [0, 2, 2, 2, 2, 2, 2, 2, 0]
    assert fired([-value for value in series], -4.0, 100.0, 90.0) == [0, 2, 2, 2, 2, 2, 2, 2, 0]


def test_two_of_three_beyond_a_near_limit() -> None:
    """Methods 2.10: near flags 0 0 1 0 1 0 0, all above the mean: windows hit 0 0 1 1 1 0 0."""
    near = np.array([0, 0, 1, 0, 1, 0, 0], dtype=bool)[:, None]
    assert in_pairs(near, np.ones_like(near))[:, 0].astype(int).tolist() == [0, 0, 1, 1, 1, 0, 0]
    assert fired([-1, 1, 7, 1, 7, 1, -1], 0.0, 9.0, 6.0) == [0, 0, 3, 0, 3, 0, 0]


def test_two_of_three_needs_all_three_on_one_side() -> None:
    """Methods 2.10: none when sides alternate."""
    assert fired([-1, 7, -1, 7, -1, 7, -1], 0.0, 9.0, 6.0) == [0] * 7
    assert fired([-1, 7, -7, 7, -7, 7, -1], 0.0, 9.0, 6.0) == [0] * 7


def test_a_shift_is_seven_on_one_side() -> None:
    """Methods 2.10: 6 above then 1 below: nothing; 8 above: rule 4, the whole run."""
    above = [1, 2, 1, 2, 1, 2, 1, 2]
    assert fired([*above[:6], -1], 0.0, 9.0, 6.0) == [0] * 7
    assert fired([-1, *above, -1], 0.0, 9.0, 6.0) == [0, *[4] * 8, 0]
    assert fired([1, 2, 1, 0, 1, 2, 1], 0.0, 9.0, 6.0) == [0] * 7  # a point at the mean is on neither side


def test_the_first_rule_that_fires_is_named() -> None:
    assert fired([1, 2, 3, 4, 5, 6, 10], 0.0, 9.0, 6.0) == [2, 2, 2, 2, 2, 2, 1]
    assert fired([1, 7, 1, 7, 1, 2, 1], 0.0, 9.0, 6.0) == [4, 3, 4, 3, 4, 4, 4]
    assert fired([1, 10, 7, 1], 0.0, 9.0, 6.0) == [0, 1, 3, 0]  # a point outside is beyond the near limit, too


def test_a_point_at_a_limit_is_inside() -> None:
    assert fired([9, 0, 6, 6, 0], 0.0, 9.0, 6.0) == [0] * 5


@pytest.mark.parametrize(
    ("target", "higher", "lower"),
    [
        (4.0, "consistently_missed", "consistently_met"),
        (-4.0, "consistently_met", "consistently_missed"),
        (0.0, "inconsistent", "inconsistent"),
    ],
)
def test_assurance(target: float, higher: str, lower: str) -> None:
    """Methods 2.10: target above the upper limit = consistently missed when higher is preferred, reversed otherwise."""
    chart = xmr(column(TWENTY))
    assert assurance(chart, target, Preferred.HIGHER).tolist() == [higher]
    assert assurance(chart, target, Preferred.LOWER).tolist() == [lower]
    assert assurance(chart, target, Preferred.NEITHER).tolist() == [Assurance.NONE]


def test_a_target_at_a_limit_is_inconsistent() -> None:
    chart = xmr(column(TWENTY))
    for limit in (chart.upper, chart.lower):
        assert assurance(chart, float(limit[-1, 0]), Preferred.HIGHER).tolist() == ["inconsistent"]


def test_rebase_starts_new_limits_and_new_runs() -> None:
    low, high = TWENTY[:12], [value + 50 for value in TWENTY[:13]]
    chart = xmr(column([*low, *high]), rebase=[12])
    assert chart.upper[11, 0] == xmr(column(low)).upper[0, 0]
    assert chart.upper[12, 0] == xmr(column(high)).upper[0, 0]
    assert not chart.rule.any()
    assert xmr(column([*low, *high])).rule.any()


@given(NUMBERS, NUMBERS)
def test_each_series_is_what_it_is_alone(one: list[int], other: list[int]) -> None:
    points = min(len(one), len(other))
    both = xmr(np.column_stack([one[:points], other[:points]]))
    for place, series in enumerate((one, other)):
        alone = xmr(column([float(value) for value in series[:points]]))
        for name in ("centre", "lower", "upper", "rule", "side"):
            assert getattr(both, name)[:, place].tolist() == getattr(alone, name)[:, 0].tolist()


@given(NUMBERS)
def test_a_mirrored_series_fires_the_same_rules_on_the_other_side(series: list[int]) -> None:
    one = xmr(column([float(value) for value in series]))
    two = xmr(column([-float(value) for value in series]))
    assert one.rule.tolist() == two.rule.tolist()
    turning = (one.rule == 2) & (one.side == two.side)  # the top between a rising and a falling run is in both
    assert (one.side[~turning] == -two.side[~turning]).all()


def test_eleven_points_are_too_few() -> None:
    """Methods 2, table: under 12 points not rated; also for every stretch between rebases."""
    for chart in (xmr(column(TWENTY[:11])), xmr(column(TWENTY), rebase=[11]), xmr(column(TWENTY), rebase=[9])):
        assert (chart.status.tolist(), chart.reason.tolist()) == (["not_rated"], ["too_few_points"])
        assert not chart.rule.any()
        assert assurance(chart, 4.0, Preferred.LOWER).tolist() == [""]
    assert xmr(column(TWENTY[:12])).status.tolist() == ["rated"]


@pytest.mark.parametrize("level", [0.0, 0.1, 1 / 3, 7.0])
def test_points_that_are_all_equal_fire_nothing(level: float) -> None:
    chart = xmr(column([level] * 21), screen_ranges=True)
    assert (set(chart.upper[:, 0]), set(chart.lower[:, 0])) == ({level}, {level})
    assert not chart.rule.any()


def test_screening_happens_once() -> None:
    """Ranges 1, 20 and 500: 500 goes; 20 would go only from the mean of a second screening."""
    ranges: IntArray = np.array([1] * 60 + [20] + [500])
    values = np.cumsum(np.concatenate([[0], ranges * np.where(np.arange(62) % 2, 1, -1)])).astype(float)
    _, half = limits_of(column(values.tolist()), screen_ranges=True)
    assert half.tolist() == pytest.approx([2.66 * (60 + 20) / 61])


@pytest.mark.parametrize("bad", [[[float("nan")]] * 12, [1.0] * 12])
def test_what_is_no_chart_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="value"):
        xmr(bad)


@pytest.mark.parametrize("rebase", [[0], [12, 12], [24], [30]])
def test_a_rebase_outside_the_points_is_refused(rebase: list[int]) -> None:
    with pytest.raises(ValueError, match="rebase"):
        xmr(column(TWENTY[:12] * 2), rebase=rebase)


def test_a_point_at_a_near_limit_is_not_beyond_it() -> None:
    lines = np.array([0.0]), np.array([3.0]), np.array([2.0])
    assert rules_of(np.array([[2.0], [2.0], [1.0]]), *lines)[0].ravel().tolist() == [0, 0, 0]
    assert rules_of(np.array([[2.5], [2.5], [1.0]]), *lines)[0].ravel().tolist() == [3, 3, 0]


def test_a_range_of_exactly_3267_thousandths_of_the_mean_is_dropped() -> None:
    """Methods 2.10: ranges >= 3.267 x their mean. Eleven ranges whose mean is 1000 and one is 3267, all exact."""
    ranges = [773.0] * 9 + [776.0, 3267.0]
    assert sum(ranges) == 11_000.0
    assert 3.267 * 1000.0 == 3267.0
    steps = [step * (-1) ** place for place, step in enumerate(ranges)]
    _, half = limits_of(np.cumsum([0.0, *steps])[:, None], screen_ranges=True)
    assert half.tolist() == [pytest.approx(2.66 * (9 * 773 + 776) / 10, rel=1e-12)]
