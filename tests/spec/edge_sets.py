"""Decided answers for a lone provider, for equal ones and for every event (`docs/edge-cases.md`)."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from services.ratings.methods.arrays import TextArray
from services.ratings.methods.funnel import log_ratio_z, target_test
from services.ratings.methods.funnel_proportions import (
    arcsine_limits,
    binomial_limits,
    binomial_tail_test,
    proportion_test,
    proportion_z,
    wilson_limits,
)
from services.ratings.methods.intervals import (
    IntervalRule,
    exact_binomial_interval,
    exact_interval,
    wilson_interval,
)
from services.ratings.methods.levels import Limits
from services.ratings.methods.multiplicity import benjamini_hochberg, expected_false_alarms
from services.ratings.methods.ordering import TooFewProviders, place_intervals
from services.ratings.methods.overdispersion import (
    DispersionRows,
    DispersionStatus,
    additive_test,
    estimate_dispersion,
    multiplicative_test,
    square_root_test,
)
from services.ratings.methods.own_cases import ImpossibleOutcome, own_case_test
from services.ratings.methods.poisson_binomial import poisson_binomial
from services.ratings.methods.reliability import reliability, shrunk_ratio
from services.ratings.methods.robustness import Basis, robustness
from services.ratings.methods.scales import Effect, Scale, limits_on, spread_on
from services.ratings.methods.standardisation import adjusted_rate, indirect_expected, standardise
from tests.spec.edge_register import (
    EQUAL,
    ESTIMATING,
    EVERY_EVENT,
    EVERY_PATH,
    ONE,
    Z2,
    Answer,
    decided,
)

# One provider


@decided(ONE, "estimate_dispersion")
def _() -> None:
    for rows in ESTIMATING:
        for scale in Scale:
            spread = spread_on([9], [4.0], scale, rows)
            assert spread.found.dispersion is DispersionStatus.NOT_ESTIMATED
            for effect in Effect:
                plain = limits_on([4.0], spread_on([9], [4.0], scale, DispersionRows.NONE), Effect.ADDITIVE)
                assert limits_on([4.0], spread, effect).upper_95.values == plain.upper_95.values


@decided(ONE, "standardise")
def _() -> None:
    alone = standardise([9], [50], [4.0], rule=IntervalRule.EXACT)
    among = standardise([9, 1], [50, 50], [4.0, 4.0], rule=IntervalRule.EXACT)
    assert alone.limits.upper_95.values[0] == among.limits.upper_95.values[0]


@decided(ONE, "indirect_expected")
def _() -> None:
    expected = indirect_expected([0, 0], [0, 1], [40, 10], [4, 5], [40, 10])
    assert expected.tolist() == [9.0]
    assert target_test([9], expected).tolist() == ["within"]


@decided(ONE, "robustness")
def _() -> None:
    found = robustness(["within"], [Basis([9], [4.0])], EVERY_PATH)
    by_name = dict(zip(found.names, found.position_on[:, 0].tolist(), strict=True))
    assert len({word for name, word in by_name.items() if name.startswith("log")}) == 1


@decided(ONE, "benjamini_hochberg")
def _() -> None:
    assert [benjamini_hochberg([p], 0.05).kept.tolist() for p in (0.05, 0.051)] == [[True], [False]]


@decided(ONE, "expected_false_alarms")
def _() -> None:
    assert expected_false_alarms(1, 0.998) == 0.002


@decided(ONE, "place_intervals")
def _() -> None:
    for spread in (None, 0.0, 0.1):
        with pytest.raises(TooFewProviders):
            place_intervals([9], [4.0], seed=0, between_provider_variance=spread)


# All-equal providers


@decided(EQUAL, "estimate_dispersion")
def _() -> None:
    for rows in ESTIMATING:
        as_expected = estimate_dispersion([0.0] * 12, [0.5] * 12, rows)
        assert (as_expected.dispersion_ratio, as_expected.between_provider_variance) == (0.0, 0.0)
        away = estimate_dispersion([3.0] * 12, [0.5] * 12, rows)
        assert away.kept.all()
        assert (away.dispersion_ratio or 0) >= 9.0
        assert away.variance_for_limits > 0


def equal_and_within(test: Callable[..., TextArray], spread: float) -> Answer:
    def answer() -> None:
        assert test([20] * 12, [20.0] * 12, spread).tolist() == ["within"] * 12

    return answer


for name, test, value in (
    ("additive_test", additive_test, 0.0),
    ("multiplicative_test", multiplicative_test, 0.0),
    ("square_root_test", square_root_test, 0.0),
):
    decided(EQUAL, name)(equal_and_within(test, value))


def common_rate(limits_of: Callable[[list[int], float], Limits]) -> Answer:
    def answer() -> None:
        for x in (0, 3, 10):
            assert proportion_test([x] * 12, [10] * 12, limits_of([10] * 12, x / 10)).tolist() == ["within"] * 12

    return answer


for name, limits_of in (
    ("binomial_limits", binomial_limits),
    ("wilson_limits", wilson_limits),
    ("arcsine_limits", arcsine_limits),
):
    decided(EQUAL, name)(common_rate(limits_of))


@decided(EQUAL, "reliability")
def _() -> None:
    assert reliability([20.0] * 12, 0.0).tolist() == [0.0] * 12


@decided(EQUAL, "shrunk_ratio")
def _() -> None:
    assert shrunk_ratio([20] * 12, [20.0] * 12, 0.0).tolist() == [1.0] * 12


@decided(EQUAL, "benjamini_hochberg")
def _() -> None:
    assert [benjamini_hochberg([p] * 12).kept.all() for p in (0.05, 0.051)] == [True, False]
    assert not benjamini_hochberg([0.051] * 12).kept.any()


@decided(EQUAL, "robustness")
def _() -> None:
    found = robustness(["within"] * 12, [Basis([20] * 12, [20.0] * 12)], EVERY_PATH)
    assert found.share.values.tolist() == [1.0] * 12


@decided(EQUAL, "place_intervals")
def _() -> None:
    for spread in (None, 0.0, 0.1):
        found = place_intervals([20] * 50, [20.0] * 50, seed=0, between_provider_variance=spread)
        assert found.expected_place.tolist() == [25.5] * 50
        assert (set(found.place_lower), set(found.place_upper)) == ({2}, {49})
    unlike = place_intervals(range(50), [20.0] * 50, seed=0, between_provider_variance=0.0)
    assert (set(unlike.place_lower), set(unlike.place_upper)) == ({2}, {49})


# Every event


@decided(EVERY_EVENT, "wilson_interval")
def _() -> None:
    found = wilson_interval([10], [10], 0.95)
    assert (found.upper[0], found.lower.values[0]) == (1.0, pytest.approx(10 / (10 + Z2), rel=1e-14))


@decided(EVERY_EVENT, "exact_binomial_interval")
def _() -> None:
    found = exact_binomial_interval([10], [10], 0.95)
    assert (found.upper[0], found.lower.values[0]) == (1.0, pytest.approx(0.025**0.1, rel=1e-13))


@decided(EVERY_EVENT, "standardise")
def _() -> None:
    found = standardise([10], [10], [4.0], rule=IntervalRule.EXACT)
    assert (found.status[0], found.ratio.values[0]) == ("rated", 2.5)
    assert found.limits.upper_95.values[0] == exact_interval([10], 0.95).upper[0] / 4


@decided(EVERY_EVENT, "adjusted_rate")
def _() -> None:
    ratio = standardise([10], [10], [4.0], rule=IntervalRule.EXACT)
    assert adjusted_rate(ratio, 0.4).limits.upper_95.values[0] > 1
    assert adjusted_rate(ratio, 0.4, cap_percent=100).limits.upper_95.values[0] == 1.0


@decided(EVERY_EVENT, "indirect_expected")
def _() -> None:
    assert indirect_expected([0, 1], [0, 0], [7, 3], [10], [10]).tolist() == [7.0, 3.0]


@decided(EVERY_EVENT, "estimate_dispersion")
def _() -> None:
    observed, expected = [400] + [0] * 19, [20.0] * 20
    z = log_ratio_z(observed, expected)
    variances = [estimate_dispersion(z.z_value, z.s, rows).variance_for_limits for rows in ESTIMATING]
    assert all(math.isfinite(variance) for variance in variances)
    lone = np.append(np.zeros(19), 60.0)
    assert estimate_dispersion(lone, [0.2] * 20, DispersionRows.WINSORISED_10).variance_for_limits == 0.0
    assert estimate_dispersion(lone, [0.2] * 20, DispersionRows.ALL).variance_for_limits > 0


@decided(EVERY_EVENT, "binomial_limits")
def _() -> None:
    limits = binomial_limits([3, 3], 0.99)
    assert limits.upper_99_8.values.tolist() == [1.0, 1.0]
    assert binomial_limits([1000], 0.5).upper_99_8.values[0] < 0.6


@decided(EVERY_EVENT, "binomial_tail_test")
def _() -> None:
    words = ["within", "above_warning", "above_warning", "above_control"]
    assert binomial_tail_test([5, 6, 9, 10], [5, 6, 9, 10], 0.5).tolist() == words


@decided(EVERY_EVENT, "proportion_z")
def _() -> None:
    assert proportion_z([100], [100], 0.25).z_value[0] == pytest.approx(20 * math.pi / 3, rel=1e-14)


@decided(EVERY_EVENT, "poisson_binomial")
def _() -> None:
    assert poisson_binomial([0.1, 0.2], [1, 2]).upper_tail(3) == pytest.approx(0.1 * 0.04, rel=1e-14)


@decided(EVERY_EVENT, "own_case_test")
def _() -> None:
    found = own_case_test([5, 6, 9, 10], range(4), [0.5] * 4, [5, 6, 9, 10])
    assert found.position.tolist() == ["within", "above_warning", "above_warning", "above_control"]
    with pytest.raises(ImpossibleOutcome):
        own_case_test([2], [0], [1.0], [3])
