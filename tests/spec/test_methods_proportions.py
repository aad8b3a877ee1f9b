"""Methods 2.3: funnels of proportions, their published limits, and definitions that must agree with one another."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from services.ratings.methods.funnel_proportions import (
    arcsine_limits,
    binomial_limits,
    binomial_tail_test,
    proportion_test,
    proportion_z,
    wilson_limits,
)
from services.ratings.methods.intervals import wilson_interval
from services.ratings.methods.levels import Limits, z_of

CABG_2003 = Path(__file__).resolve().parents[3] / "shared/data/ny-cardiac/hospital_cabg_2003.csv"
PARTS = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
TARGET = st.floats(1e-3, 1 - 1e-3)
DISTANCE = {"within": 0, "above_warning": 1, "below_warning": 1, "above_control": 2, "below_control": 2}


def four(limits: Limits, place: int = 0) -> list[float]:
    ordered = (limits.lower_99_8, limits.lower_95, limits.upper_95, limits.upper_99_8)
    return [float(figures.values[place]) for figures in ordered]


@pytest.fixture(scope="module")
def cabg() -> pl.DataFrame:
    if not CABG_2003.exists():
        pytest.skip("reference data is not beside this checkout")
    return pl.read_csv(CABG_2003)


def overall(cabg: pl.DataFrame) -> float:
    return int(cabg["Deaths"].sum()) / int(cabg["Cases"].sum())


def test_interpolated_limits_of_bypass_surgery_2003(cabg: pl.DataFrame) -> None:
    """Methods 2.3 (New York State, hospital_cabg_2003): four hospitals, nine beyond warning, two beyond control."""
    target = overall(cabg)
    assert 100 * target == pytest.approx(2.035777801, abs=5.1e-10)
    limits = binomial_limits(cabg["Cases"], target)
    found = proportion_test(cabg["Deaths"], cabg["Cases"], limits)
    published = {
        "Univ. Hosp. of Brooklyn": (466, 3.863, (0.232, 0.736, 3.313, 4.234), "above_warning"),
        "Westchester Medical Center": (1918, 3.076, (1.088, 1.402, 2.665, 3.074), "above_control"),
        "Staten Island - North": (1337, 0.823, (0.911, 1.277, 2.790, 3.288), "below_control"),
        "St. Francis": (4739, 2.321, (1.420, 1.633, 2.437, 2.688), "within"),
    }
    names = cabg["Hospital"].to_list()
    for name, (cases, rate, ends, position) in published.items():
        place = names.index(name)
        assert cabg["Cases"][place] == cases
        assert 100 * cabg["Deaths"][place] / cases == pytest.approx(rate, abs=5.1e-4)
        assert [100 * end for end in four(limits, place)] == pytest.approx(ends, abs=5.1e-4)
        assert found[place] == position
    control = {"Staten Island - North", "Westchester Medical Center"}
    warning = {"Maimonides", "Millard Fillmore", "NYU Hospitals Center", "St. Peters", "Univ. Hosp. of Brooklyn"}
    warning |= {"Vassar Brothers", "Weill Cornell-NYP"}
    assert {n for n, p in zip(names, found.tolist(), strict=True) if DISTANCE[p] == 2} == control
    assert {n for n, p in zip(names, found.tolist(), strict=True) if DISTANCE[p] == 1} == warning


def test_the_tails_themselves_keep_what_interpolation_promises(cabg: pl.DataFrame) -> None:
    """Westchester's 59 deaths lie above its interpolated control limit, and P(X >= 59) is nevertheless above .001."""
    target = overall(cabg)
    found = dict(zip(cabg["Hospital"], binomial_tail_test(cabg["Deaths"], cabg["Cases"], target), strict=True))
    assert binom.sf(58, 1918, target) > 0.001
    assert found["Westchester Medical Center"] == "above_warning"
    assert found["Staten Island - North"] == "below_control"


def test_wilson_type_limits() -> None:
    """Methods 2.3: t = .806424478571495, n = 3: 35.933491% to 100%, and 10.150815% to 100% at 99.8%."""
    limits = wilson_limits([3], 0.806424478571495)
    assert [100 * end for end in four(limits)] == pytest.approx([10.150815, 35.933491, 100, 100], abs=5.1e-7)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=20), TARGET)
def test_wilson_verdict_is_whether_the_target_lies_outside_the_wilson_limits(
    parts: list[tuple[int, int]], target: float
) -> None:
    x, n = [x for x, _ in parts], [n for _, n in parts]
    found = proportion_test(x, n, wilson_limits(n, target))
    inner, outer = wilson_interval(x, n, 0.95), wilson_interval(x, n, 0.998)
    for row, word in enumerate(found.tolist()):
        ends = [inner.lower.values[row], inner.upper[row], outer.lower.values[row], outer.upper[row]]
        assume(min(abs(end - target) for end in ends) > 1e-12)
        wanted = "above" if target < ends[0] else "below" if target > ends[1] else "within"
        if wanted != "within":
            wanted += "_control" if target < ends[2] or target > ends[3] else "_warning"
        assert word == wanted


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5000), TARGET)
def test_interpolated_limits_are_the_definition_by_another_library(n: int, target: float) -> None:
    for p, limit in zip((0.001, 0.025, 0.975, 0.999), four(binomial_limits([n], target)), strict=True):
        counts = np.arange(n + 1)
        below = binom.cdf(counts, n, target)
        assume(np.abs(below - p).min() > 1e-11)
        r = int(np.argmax(below >= p))
        a = (below[r] - p) / (below[r] - (below[r - 1] if r else 0.0))
        wanted = 1.0 if p > 0.5 and r == n else min(1.0, max(0.0, (r - a) / n))
        assert limit == pytest.approx(wanted, abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=20), TARGET)
def test_tail_positions_are_tails(parts: list[tuple[int, int]], target: float) -> None:
    x, n = np.array([x for x, _ in parts]), np.array([n for _, n in parts])
    upper, lower = np.asarray(binom.sf(x - 1, n, target)), np.asarray(binom.cdf(x, n, target))
    for word, above, below in zip(
        binomial_tail_test(x, n, target).tolist(), upper.tolist(), lower.tolist(), strict=True
    ):
        assume(min(abs(tail - edge) for tail in (above, below) for edge in (0.001, 0.025)) > 1e-11)
        side, tail = ("above", above) if above < below else ("below", below)
        assert word == ("within" if tail > 0.025 else f"{side}_control" if tail <= 0.001 else f"{side}_warning")


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=20), TARGET)
def test_arcsine_limits_are_its_z_values_turned_back(parts: list[tuple[int, int]], target: float) -> None:
    x, n = [x for x, _ in parts], [n for _, n in parts]
    z = proportion_z(x, n, target)
    found = proportion_test(x, n, arcsine_limits(n, target))
    for word, value in zip(found.tolist(), z.z_value.tolist(), strict=True):
        assume(min(abs(abs(value) - z_of(level)) for level in (0.95, 0.998)) > 1e-6)
        size = "within" if abs(value) < z_of(0.95) else "control" if abs(value) > z_of(0.998) else "warning"
        assert word.endswith(size)
        assert size == "within" or word.startswith("above" if value > 0 else "below")


def test_arcsine_by_hand() -> None:
    """x/n = 3/4 against 1/4: asin sqrt is a third and a sixth of pi, s = 1/20 at n = 100."""
    z = proportion_z([75], [100], 0.25)
    assert (z.z_value[0], z.s[0], z.scale) == (pytest.approx(np.pi / 6 * 20, rel=1e-14), 0.05, "arcsine")
    plain, wide = arcsine_limits([100], 0.25), arcsine_limits([100], 0.25, between_provider_variance=0.0075)
    assert four(plain)[2] == pytest.approx(np.sin(np.pi / 6 + 1.959963984540054 / 20) ** 2, rel=1e-14)
    assert four(wide)[2] == pytest.approx(np.sin(np.pi / 6 + 1.959963984540054 / 10) ** 2, rel=1e-14)
    assert four(arcsine_limits([100], 0.25, dispersion_ratio=4.0)) == pytest.approx(four(wide), rel=1e-14)
    assert four(arcsine_limits([100], 0.25, dispersion_ratio=0.3)) == four(plain)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=20), st.floats(0, 1))
def test_limits_stay_fractions_in_order_on_both_sides_of_the_target(cases: list[int], target: float) -> None:
    for limits in (wilson_limits(cases, target), arcsine_limits(cases, target)):
        for place in range(len(cases)):
            low, inner_low, inner_high, high = four(limits, place)
            assert 0 <= low <= inner_low <= target + 1e-15
            assert target - 1e-15 <= inner_high <= high <= 1
    for place in range(len(cases)):
        ends = four(binomial_limits(cases, target), place)
        assert ends == sorted(ends)
        assert (ends[0] >= 0, ends[-1] <= 1) == (True, True)


def test_every_case_may_have_the_event_by_chance() -> None:
    """Three of three at t = .99 has probability .97: the interpolated limit must not put that outside."""
    limits = binomial_limits([3], 0.99)
    assert four(limits)[2:] == [1.0, 1.0]
    assert proportion_test([3], [3], limits).tolist() == ["within"]


@pytest.mark.parametrize(("observed", "cases", "target"), [(11, 10, 0.5), (-1, 10, 0.5), (0, 0, 0.5), (1, 10, 1.5)])
def test_what_is_no_proportion_is_refused(observed: int, cases: int, target: float) -> None:
    with pytest.raises(ValueError, match=r"cases|observed|target"):
        proportion_z([observed], [cases], target)
    with pytest.raises(ValueError, match=r"cases|observed|target"):
        binomial_tail_test([observed], [cases], target)


def test_a_binomial_tail_of_exactly_025_or_001_is_beyond() -> None:
    """One case of one: P(X >= 1) is the target itself."""
    for target, position in ((0.025, "above_warning"), (0.001, "above_control"), (0.0251, "within")):
        assert binomial_tail_test([1], [1], target).tolist() == [position]
