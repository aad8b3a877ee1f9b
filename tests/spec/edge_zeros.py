"""Decided answers where there are no events, none expected or no cases (`docs/edge-cases.md`)."""

import math

import numpy as np
import pytest
from scipy.special import betainc

from services.ratings.methods.absence import ImpossibleExpected
from services.ratings.methods.count_tails import count_tail_test
from services.ratings.methods.direct import directly_standardised_rate
from services.ratings.methods.funnel import interval_test, log_ratio_z, square_root_z, target_test
from services.ratings.methods.funnel_proportions import (
    arcsine_limits,
    binomial_limits,
    binomial_tail_test,
    proportion_z,
    wilson_limits,
)
from services.ratings.methods.gates import Gates, gated
from services.ratings.methods.intervals import (
    IntervalRule,
    byar_interval,
    exact_binomial_interval,
    exact_interval,
    mean_interval,
    wilson_interval,
)
from services.ratings.methods.ordering import place_intervals
from services.ratings.methods.overdispersion import (
    additive_test,
    multiplicative_test,
    square_root_multiplicative_test,
    square_root_test,
)
from services.ratings.methods.own_cases import ImpossibleOutcome, own_case_test
from services.ratings.methods.poisson_binomial import poisson_binomial
from services.ratings.methods.power import binomial_power, poisson_power
from services.ratings.methods.reliability import proportion_reliability, reliability, shrunk_ratio
from services.ratings.methods.robustness import Basis, robustness
from services.ratings.methods.standardisation import adjusted_rate, indirect_expected, standardise
from tests.spec.edge_register import (
    EVERY_PATH,
    Z2,
    ZERO_CASES,
    ZERO_EVENTS,
    ZERO_EXPECTED,
    decided,
    none,
    refused,
    turns_at,
)

# Zero events


@decided(ZERO_EVENTS, "count_interval")
def _() -> None:
    exact, byar = exact_interval([0], 0.95), byar_interval([0], 0.95)
    assert (exact.lower.values[0], byar.lower.values[0]) == (0.0, 0.0)
    assert (round(exact.upper[0], 3), round(byar.upper[0], 3)) == (3.689, 3.668)


@decided(ZERO_EVENTS, "wilson_interval")
def _() -> None:
    found = wilson_interval([0], [10], 0.95)
    assert (found.lower.values[0], found.upper[0]) == (0.0, pytest.approx(Z2 / (10 + Z2), rel=1e-14))


@decided(ZERO_EVENTS, "exact_binomial_interval")
def _() -> None:
    found = exact_binomial_interval([0], [10], 0.95)
    assert (found.lower.values[0], found.upper[0]) == (0.0, pytest.approx(1 - 0.025**0.1, rel=1e-13))


@decided(ZERO_EVENTS, "standardise")
def _() -> None:
    found = standardise([0], [50], [4.0], rule=IntervalRule.EXACT)
    assert (found.status[0], found.ratio.values[0], found.limits.lower_99_8.values[0]) == ("rated", 0.0, 0.0)
    assert found.limits.upper_99_8.values[0] == pytest.approx(-math.log(0.001) / 4, rel=1e-13)


@decided(ZERO_EVENTS, "adjusted_rate")
def _() -> None:
    assert adjusted_rate(standardise([0], [50], [4.0], rule=IntervalRule.BYAR), 0.1).rate.values.tolist() == [0.0]


@decided(ZERO_EVENTS, "indirect_expected")
def _() -> None:
    assert indirect_expected([0, 0], [0, 1], [10, 10], [0, 5], [100, 100]).tolist() == [0.5]


@decided(ZERO_EVENTS, "directly_standardised_rate")
def _() -> None:
    found = directly_standardised_rate([0, 0], [0, 1], [0, 0], [10, 10], [1, 1])
    assert (found.reason.tolist(), found.variance.tolist()) == (["count_below_10"], [0.0])
    assert not found.rate.present.any()


@decided(ZERO_EVENTS, "interval_test")
def _() -> None:
    turns_at(lambda expected: interval_test(none(expected), expected, IntervalRule.EXACT), 3.689, 6.908)


@decided(ZERO_EVENTS, "target_test")
def _() -> None:
    turns_at(lambda expected: target_test(none(expected), expected), 3.689, 6.908)


@decided(ZERO_EVENTS, "count_tail_test")
def _() -> None:
    turns_at(lambda expected: count_tail_test(none(expected), expected), 3.689, 6.908)
    # gamma with variance v: P(X = 0) = (1 + v E)^(-1/v)
    turns_at(lambda expected: count_tail_test(none(expected), expected, 0.1), 10 * (40**0.1 - 1), 10 * (1000**0.1 - 1))


@decided(ZERO_EVENTS, "log_ratio_z")
def _() -> None:
    found = log_ratio_z([0], [4.0])
    assert (found.z_value[0], found.continuity_applied[0]) == (pytest.approx(2 * math.log(0.125), rel=1e-14), True)


@decided(ZERO_EVENTS, "square_root_z")
def _() -> None:
    found = square_root_z([0], [4.0])
    assert (found.z_value[0], found.continuity_applied[0]) == (-4.0, False)


@decided(ZERO_EVENTS, "additive_test")
def _() -> None:
    turns_at(lambda expected: additive_test(none(expected), expected, 0.0), 2.0, 2.988)


@decided(ZERO_EVENTS, "square_root_test")
def _() -> None:
    turns_at(lambda expected: square_root_test(none(expected), expected, 0.0), Z2 / 4, 2.3874)


@decided(ZERO_EVENTS, "proportion_z")
def _() -> None:
    found = proportion_z([0], [100], 0.25)
    assert found.z_value[0] == pytest.approx(-20 * math.pi / 6, rel=1e-14)
    assert not found.continuity_applied.any()


@decided(ZERO_EVENTS, "binomial_tail_test")
def _() -> None:
    """.5^5 = .031, .5^6 = .016; .5^9 = .00195, .5^10 = .00098."""
    words = ["within", "below_warning", "below_warning", "below_control"]
    assert binomial_tail_test([0] * 4, [5, 6, 9, 10], 0.5).tolist() == words


@decided(ZERO_EVENTS, "shrunk_ratio")
def _() -> None:
    assert shrunk_ratio([0], [4.0], 0.25).tolist() == pytest.approx([0.125**0.5], rel=1e-14)


@decided(ZERO_EVENTS, "place_intervals")
def _() -> None:
    """Two providers with E equal: P(G(a) < G(b)) = P(at least a heads in a + b - 1 tosses), a = 0 + 4, b = 3 + 4."""
    shrunk = place_intervals([0, 3], [8.0, 8.0], seed=0, between_provider_variance=0.25)
    heads = sum(math.comb(10, count) for count in range(4, 11)) / 2**10
    assert shrunk.expected_place.tolist() == pytest.approx([2 - heads, 1 + heads], rel=1e-12)
    flat = place_intervals([0, 3], [8.0, 8.0], seed=0)
    assert flat.method == "poisson_binomial_at_nodes_gamma"
    assert flat.expected_place[1] == pytest.approx(1 + betainc(0.5, 3.5, 0.5), rel=1e-12)


@decided(ZERO_EVENTS, "poisson_binomial")
def _() -> None:
    found = poisson_binomial([0.1, 0.2], [1, 2])
    assert found.lower_tail(0) == pytest.approx(0.9 * 0.64, rel=1e-14)
    assert found.upper_tail(0) == pytest.approx(1.0, rel=1e-14)


@decided(ZERO_EVENTS, "own_case_test")
def _() -> None:
    found = own_case_test([0] * 4, range(4), [0.5] * 4, [5, 6, 9, 10])
    assert found.position.tolist() == ["within", "below_warning", "below_warning", "below_control"]


@decided(ZERO_EVENTS, "robustness")
def _() -> None:
    found = robustness(["within"], [Basis([0], [0.5])], EVERY_PATH)
    assert (found.paths.tolist(), found.agreeing.tolist()) == ([len(found.names)], [len(found.names)])


# Zero expected


@decided(ZERO_EXPECTED, "standardise")
def _() -> None:
    assert standardise([0], [5], [0.0], rule=IntervalRule.EXACT).reason.tolist() == ["no_expected"]
    with pytest.raises(ImpossibleExpected):
        standardise([1], [5], [0.0], rule=IntervalRule.EXACT)


@decided(ZERO_EXPECTED, "own_case_test")
def _() -> None:
    assert own_case_test([0], [0], [0.0], [5]).reason.tolist() == ["no_expected"]
    with pytest.raises(ImpossibleOutcome):
        own_case_test([1], [0], [0.0], [5])


@decided(ZERO_EXPECTED, "poisson_binomial")
def _() -> None:
    found = poisson_binomial([0.0], [3])
    assert (found.mass.tolist(), found.variance) == ([1.0, 0.0, 0.0, 0.0], 0.0)


@decided(ZERO_EXPECTED, "robustness")
def _() -> None:
    found = robustness(["within"], [Basis([0], [0.0]), Basis([0], [2.0], "other")], EVERY_PATH)
    assert found.paths.tolist() == [len(found.names) / 2]
    with pytest.raises(ImpossibleExpected):
        robustness(["within"], [Basis([1], [0.0])], EVERY_PATH)


refused(
    ZERO_EXPECTED,
    "expected must be above 0",
    interval_test=lambda: interval_test([0], [0.0], IntervalRule.EXACT),
    target_test=lambda: target_test([0], [0.0]),
    count_tail_test=lambda: count_tail_test([0], [0.0]),
    log_ratio_z=lambda: log_ratio_z([0], [0.0]),
    square_root_z=lambda: square_root_z([0], [0.0]),
    additive_test=lambda: additive_test([0], [0.0], 0.0),
    multiplicative_test=lambda: multiplicative_test([0], [0.0], 1.0),
    square_root_test=lambda: square_root_test([0], [0.0], 0.0),
    square_root_multiplicative_test=lambda: square_root_multiplicative_test([0], [0.0], 1.0),
    reliability=lambda: reliability([0.0], 0.1),
    shrunk_ratio=lambda: shrunk_ratio([0], [0.0], 0.1),
    poisson_power=lambda: poisson_power([0.0]),
    gated=lambda: gated(["within"], [5], [0.0], Gates()),
    place_intervals=lambda: place_intervals([0, 1], [0.0, 1.0], seed=0, between_provider_variance=0.1),
)

# Zero cases


@decided(ZERO_CASES, "standardise")
def _() -> None:
    assert standardise([0], [0], [0.0], rule=IntervalRule.EXACT).reason.tolist() == ["no_cases"]
    for observed, expected in ((1, 0.0), (0, 1.0)):
        with pytest.raises(ValueError, match="without cases"):
            standardise([observed], [0], [expected], rule=IntervalRule.EXACT)


@decided(ZERO_CASES, "indirect_expected")
def _() -> None:
    assert indirect_expected([0, 0, 0], [0, 1, 7], [10, 0, 0], [1, 0], [10, 0]).tolist() == [1.0]


@decided(ZERO_CASES, "own_case_test")
def _() -> None:
    found = own_case_test([0, 0], [1], [0.5], [0])
    assert (found.reason.tolist(), found.position.tolist()) == (["no_cases"] * 2, ["", ""])


@decided(ZERO_CASES, "poisson_binomial")
def _() -> None:
    found = poisson_binomial(np.array([], dtype=float), np.array([], dtype=int))
    assert (found.mass.tolist(), found.lower_tail(0), found.upper_tail(0)) == ([1.0], 1.0, 1.0)


@decided(ZERO_CASES, "gated")
def _() -> None:
    found = gated(["within"], [0], [50.0], Gates(minimum_cases=1))
    assert found.reason.tolist() == ["too_few_cases"]


refused(
    ZERO_CASES,
    "cases",
    directly_standardised_rate=lambda: directly_standardised_rate([0], [0], [0], [0], [1]),
    wilson_interval=lambda: wilson_interval([0], [0], 0.95),
    exact_binomial_interval=lambda: exact_binomial_interval([0], [0], 0.95),
    mean_interval=lambda: mean_interval([1.0], [0.0], [1], 0.95),
    binomial_limits=lambda: binomial_limits([0], 0.5),
    wilson_limits=lambda: wilson_limits([0], 0.5),
    arcsine_limits=lambda: arcsine_limits([0], 0.5),
    proportion_z=lambda: proportion_z([0], [0], 0.5),
    binomial_tail_test=lambda: binomial_tail_test([0], [0], 0.5),
    proportion_reliability=lambda: proportion_reliability([0], 0.5, 0.1),
    binomial_power=lambda: binomial_power([0], 0.1),
)
