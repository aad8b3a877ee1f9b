"""Methods 2.8: events when each case has a risk of its own: by enumeration, by scipy, and of six surgeons."""

from fractions import Fraction
from itertools import product
from math import prod
from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, poisson, poisson_binom

from services.ratings.methods.own_cases import ImpossibleOutcome, own_case_test
from services.ratings.methods.poisson_binomial import EXACT_TO, poisson_binomial

UK_CARDIAC = Path(__file__).resolve().parents[3] / "shared/data/uk-cardiac-surgery/cardiacsurgery_day1_1460.csv"
PATTERNS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12)), min_size=1, max_size=12)


def test_three_cases_of_three_risks() -> None:
    """Methods 2.8 (Hong 2013): .504 .398 .092 .006; P(X >= 2) .098, mid-p .052, where a Poisson says .1219."""
    found = poisson_binomial([0.3, 0.1, 0.2], [1, 1, 1])
    assert found.mass.tolist() == pytest.approx([0.504, 0.398, 0.092, 0.006], abs=1e-15)
    assert found.upper_tail(2) == pytest.approx(0.098, abs=1e-15)
    assert found.mid_p(2) == pytest.approx(0.052, abs=1e-15)
    assert found.variance == pytest.approx(0.46, abs=1e-15)
    assert poisson.sf(1, found.expected) == pytest.approx(0.1219, abs=5e-5)
    assert found.method == "poisson_binomial_exact"


def test_every_outcome_enumerated() -> None:
    risks = [Fraction(1, 7), Fraction(1, 3), Fraction(2, 5), Fraction(9, 10), Fraction(0), Fraction(1)]
    mass = [Fraction(0)] * 7
    for outcome in product((0, 1), repeat=6):
        mass[sum(outcome)] += prod(p if y else 1 - p for p, y in zip(risks, outcome, strict=True))
    found = poisson_binomial([float(p) for p in risks], [1] * 6)
    assert found.mass.tolist() == pytest.approx([float(m) for m in mass], rel=1e-14)


@settings(max_examples=60, deadline=None)
@given(PATTERNS)
def test_the_law_is_that_of_scipy(patterns: list[tuple[float, int]]) -> None:
    risk, cases = [p for p, _ in patterns], [n for _, n in patterns]
    each = np.repeat(risk, cases)
    found = poisson_binomial(risk, cases)
    assert found.cases == len(each)
    assert found.mass.sum() == pytest.approx(1, abs=1e-13)
    if len(each):
        np.testing.assert_allclose(found.mass, poisson_binom.pmf(np.arange(len(each) + 1), each), atol=1e-13)
    for count in range(found.cases + 1):
        both = found.lower_tail(count) + found.upper_tail(count)
        assert both == pytest.approx(1 + found.mass[count], abs=1e-12)


def test_one_risk_is_the_binomial_to_the_last_tail() -> None:
    """A tail of 1e-40 keeps its digits: terms are added, never taken from 1."""
    found = poisson_binomial([0.01], [500])
    for count in (0, 5, 20, 60):
        assert found.upper_tail(count) == pytest.approx(binom.sf(count - 1, 500, 0.01), rel=1e-10)
        assert found.lower_tail(count) == pytest.approx(binom.cdf(count, 500, 0.01), rel=1e-10)


@settings(max_examples=60, deadline=None)
@given(PATTERNS, st.randoms())
def test_the_order_of_patterns_changes_no_bit(patterns: list[tuple[float, int]], random: Random) -> None:
    shuffled = list(patterns)
    random.shuffle(shuffled)
    one, two = (poisson_binomial([p for p, _ in rows], [n for _, n in rows]) for rows in (patterns, shuffled))
    assert one.mass.tolist() == two.mass.tolist()
    assert (one.expected, one.variance) == (two.expected, two.variance)


def test_above_twenty_thousand_open_cases_the_law_is_inverted_and_the_same() -> None:
    """Methods 2.8: to 20,000 cases exact; above, another way, named in `method`: one case more changes no verdict."""
    chance = np.random.Generator(np.random.PCG64(3))
    risk = chance.beta(1, 30, EXACT_TO)
    exact = poisson_binomial(risk, np.ones(EXACT_TO))
    more = poisson_binomial([*risk.tolist(), 1e-16, 1.0, 0.0], np.ones(EXACT_TO + 3))
    assert (exact.method, more.method) == ("poisson_binomial_exact", "poisson_binomial_fourier")
    assert poisson_binomial([*risk.tolist(), 1.0, 0.0], np.ones(EXACT_TO + 2)).method == exact.method
    assert exact.mass.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(more.mass[1 : EXACT_TO + 2], exact.mass, atol=1e-14)
    mean = round(exact.expected)
    tested = own_case_test([mean + 1], [0] * (EXACT_TO + 3), [*risk.tolist(), 1e-16, 1.0, 0.0], np.ones(EXACT_TO + 3))
    assert tested.method.tolist() == [more.method]
    assert tested.upper_tail[0] == pytest.approx(more.upper_tail(mean + 1), rel=1e-12)
    assert tested.lower_tail[0] == pytest.approx(more.lower_tail(mean + 1), rel=1e-12)


@pytest.mark.parametrize(
    ("cases", "risk", "observed"),
    [(20_001, 1e-4, 7), (25_000, 2e-5, 3), (10**6, 3e-6, 9), (30_000, 0.02, 674), (30_000, 0.5, 15_300),
     (10**6, 1 - 3e-6, 999_990), (10**9, 0.4, 400_040_000), (20_001, 1e-4, 0), (20_001, 1e-300, 1), (20_001, 0.5, 0)],
)  # fmt: skip
def test_many_cases_of_one_risk_are_the_binomial_where_the_normal_law_is_not(
    cases: int, risk: float, observed: int
) -> None:
    """7 or more of 20,001 at 2 expected: .0045, a warning. The normal law said .0007, beyond the control limit."""
    found = own_case_test([observed], [0, 0], [risk, 0.5], [cases, 0])
    upper, lower = binom.sf(observed - 1, cases, risk), binom.cdf(observed, cases, risk)
    assert found.upper_tail[0] == pytest.approx(upper, rel=1e-8, abs=1e-13)
    assert found.lower_tail[0] == pytest.approx(lower, rel=1e-8, abs=1e-13)
    assert found.mid_p[0] == pytest.approx(upper - binom.pmf(observed, cases, risk) / 2, rel=1e-8, abs=1e-13)
    tails = [(upper, "above"), (lower, "below")]
    beyond = [f"{side}_control" for tail, side in tails if tail <= 0.001]
    outside = [f"{side}_warning" for tail, side in tails if tail <= 0.025]
    assert found.position.tolist() == [*beyond, *outside, "within"][:1]


def test_rare_and_certain_cases_side_by_side() -> None:
    """Half of the cases all but never, half all but always, and one that is open: three binomials convolved."""
    found = own_case_test([15_004], [0] * 3, [1e-4, 1 - 1e-4, 0.5], [15_000, 15_000, 1])
    rare = binom.pmf(np.arange(60), 15_000, 1e-4)
    apart = np.convolve(np.convolve(rare, rare[::-1]), [0.5, 0.5])  # counts from 15,000 - 59
    assert found.upper_tail[0] == pytest.approx(apart[63:].sum(), rel=1e-9)
    assert found.lower_tail[0] == pytest.approx(apart[:64].sum(), rel=1e-9)


def test_the_cases_of_uk_surgeons() -> None:
    """Methods 3.7 (Steiner 2000's series; regression from statsmodels): tails of each surgeon's own cases."""
    if not UK_CARDIAC.exists():
        pytest.skip("reference data is not beside this checkout")
    frame = pl.read_csv(UK_CARDIAC).with_columns(
        event=((pl.col("status") == 1) & (pl.col("time") <= 30)).cast(pl.Int64)
    )
    design = sm.add_constant(frame["Parsonnet"].to_numpy().astype(float))
    risk = sm.GLM(frame["event"].to_numpy(), design, family=sm.families.Binomial()).fit(tol=1e-12).predict(design)
    codes = {code: row for row, code in enumerate([1, 2, 3, 5, 6, 7])}
    subject = np.array([codes[code] for code in frame["surgeon"].to_list()])
    observed = np.bincount(subject, weights=frame["event"].to_numpy())
    found = own_case_test(observed, subject, risk, np.ones(len(risk)))
    assert observed.tolist() == [85, 42, 30, 10, 41, 34]
    expected = [71.288549, 38.927471, 38.648809, 19.492396, 44.506798, 29.135977]
    assert found.expected.tolist() == pytest.approx(expected, abs=5.1e-7)
    assert found.variance.tolist() == pytest.approx([56.1895, 29.6403, 29.0198, 18.2894, 37.7029, 23.5882], abs=5.1e-5)
    upper, lower = (
        [0.041573, 0.312617, 0.959480, 0.994539, 0.739057, 0.182966],
        [0.968505, 0.747969, 0.061235, 0.011966, 0.317940, 0.864526],
    )
    assert found.upper_tail.tolist() == pytest.approx(upper, abs=5.1e-7)
    assert found.lower_tail.tolist() == pytest.approx(lower, abs=5.1e-7)
    assert found.position.tolist() == ["within", "within", "within", "below_warning", "within", "within"]


SUBJECTS = st.lists(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9)), max_size=6), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(SUBJECTS, st.data())
def test_many_subjects_at_once_are_each_their_own(subjects: list[list[tuple[float, int]]], data: st.DataObject) -> None:
    """Each subject's tails are those of its whole distribution, and neither order nor company changes a bit."""
    rows = [(code, p, n) for code, patterns in enumerate(subjects) for p, n in patterns]
    data.draw(st.randoms()).shuffle(rows)
    observed = []
    for patterns in subjects:
        sure = sum(n for p, n in patterns if p == 1)
        observed.append(data.draw(st.integers(sure, sure + sum(n for p, n in patterns if 0 < p < 1))))
    codes, risk, cases = ([row[part] for row in rows] for part in range(3))
    found = own_case_test(
        observed, np.array(codes, dtype=np.int64), np.array(risk, dtype=float), np.array(cases, dtype=int)
    )
    for code, patterns in enumerate(subjects):
        arrays = np.array([p for p, _ in patterns], dtype=float), np.array([n for _, n in patterns], dtype=np.int64)
        law = poisson_binomial(*arrays)
        assert found.upper_tail[code] == pytest.approx(law.upper_tail(observed[code]), rel=1e-12)
        assert found.lower_tail[code] == pytest.approx(law.lower_tail(observed[code]), rel=1e-12)
        assert found.mid_p[code] == pytest.approx(law.mid_p(observed[code]), abs=1e-13)
        alone = own_case_test([observed[code]], np.zeros(len(arrays[0]), dtype=np.int64), *arrays)
        assert (alone.upper_tail[0], alone.lower_tail[0]) == (found.upper_tail[code], found.lower_tail[code])


def test_blocks_of_subjects_do_not_change_a_bit() -> None:
    """2,000 consultants do not fit one block; each is the same to the last bit as when tested alone."""
    chance = np.random.Generator(np.random.PCG64(5))
    number = chance.integers(1, 120, 2000)
    subject = np.repeat(np.arange(2000), number)
    risk = chance.beta(1, 12, len(subject))
    observed = np.bincount(subject[chance.random(len(subject)) < risk], minlength=2000)
    whole = own_case_test(observed, subject, risk, np.ones(len(subject)))
    for one in range(0, 2000, 97):
        own = subject == one
        alone = own_case_test(observed[[one]], np.zeros(own.sum()), risk[own], np.ones(own.sum()))
        assert (alone.upper_tail[0], alone.lower_tail[0]) == (whole.upper_tail[one], whole.lower_tail[one])
    above, below = (np.char.startswith(whole.position, side).mean() for side in ("above", "below"))
    assert 0 < above <= 0.025 + 4 * (0.025 / 2000) ** 0.5
    assert 0 < below <= 0.025 + 4 * (0.025 / 2000) ** 0.5


def test_positions_are_tails_at_025_and_001() -> None:
    """Ten cases at .5: P(X >= 9) = 11/1024, P(X >= 10) = 1/1024, P(X <= 1) = 11/1024 (methods 2.3)."""
    found = own_case_test([8, 9, 10, 2, 1, 0], np.arange(6), [0.5] * 6, [10] * 6)
    words = ["within", "above_warning", "above_control", "within", "below_warning", "below_control"]
    assert found.position.tolist() == words
    assert found.upper_tail.tolist()[1:3] == [11 / 1024, 1 / 1024]


def test_no_cases_and_no_risk_have_a_reason() -> None:
    found = own_case_test([0, 0, 3], [1, 2], [0.0, 1.0], [5, 3])
    assert found.reason.tolist() == ["no_cases", "no_expected", ""]
    assert found.position.tolist() == ["", "", "within"]
    assert found.upper_tail.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("observed", "risk"), [(3, [0.5, 0.0]), (0, [0.5, 1.0]), (1, [0.0, 0.0])])
def test_what_the_risks_rule_out_stops_everything(observed: int, risk: list[float]) -> None:
    with pytest.raises(ImpossibleOutcome, match="rule out") as refused:
        own_case_test([observed], [0, 0], risk, [2, 2])
    assert refused.value.rows == [0]


@pytest.mark.parametrize("risk", [-0.1, 1.1, float("nan")])
def test_a_risk_outside_0_to_1_is_refused(risk: float) -> None:
    with pytest.raises(ValueError, match="risk"):
        poisson_binomial([risk], [1])
    with pytest.raises(ValueError, match="risk"):
        own_case_test([0], [0], [risk], [1])


@pytest.mark.parametrize("observed", [-1, 4])
def test_a_count_outside_the_cases_has_no_tail(observed: int) -> None:
    with pytest.raises(ValueError, match="observed"):
        poisson_binomial([0.5], [3]).upper_tail(observed)


def test_a_code_without_a_subject_is_refused() -> None:
    with pytest.raises(ValueError, match="code"):
        own_case_test([0], [1], [0.5], [1])


def test_a_tail_of_exactly_025_or_001_is_beyond() -> None:
    """Methods 2.3: two-sided tails at .025 and .001. One case, one event: P(X >= 1) is the risk itself."""
    above = own_case_test([1, 1, 1], [0, 1, 2], [0.025, 0.001, 0.0251], [1, 1, 1])
    assert above.position.tolist() == ["above_warning", "above_control", "within"]
    below = own_case_test([0, 0], [0, 1], [0.975, 0.97], [1, 1])
    assert below.lower_tail.tolist() == [pytest.approx(0.025, abs=1e-15), pytest.approx(0.03, abs=1e-15)]
    assert below.position.tolist()[1] == "within"
