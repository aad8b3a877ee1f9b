"""`docs/edge-cases.md` row by row, and that no rating method ever lets a NaN or an infinity out."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.ratings.methods.count_tails import count_tail_curve, count_tail_limits
from services.ratings.methods.funnel import log_ratio_z, square_root_z, target_limits
from services.ratings.methods.funnel_curves import interval_curve
from services.ratings.methods.funnel_proportions import arcsine_limits, binomial_limits, proportion_z, wilson_limits
from services.ratings.methods.intervals import (
    IntervalRule,
    count_interval,
    exact_binomial_interval,
    mean_interval,
    wilson_interval,
)
from services.ratings.methods.overdispersion import (
    additive_limits,
    multiplicative_limits,
    square_root_limits,
    square_root_multiplicative_limits,
)
from services.ratings.methods.own_cases import own_case_test
from services.ratings.methods.power import poisson_power
from services.ratings.methods.reliability import reliability, shrunk_ratio
from services.ratings.methods.robustness import Basis, robustness
from services.ratings.methods.standardisation import adjusted_rate, standardise
from tests.spec import edge_sets, edge_zeros
from tests.spec.edge_register import ANSWERS, EVERY_PATH
from tests.spec.strict import NO_WARNING

PAGE = Path(__file__).resolve().parents[2] / "docs" / "edge-cases.md"
EXPECTED = st.one_of(st.floats(1e-290, 1e-6), st.floats(1e-6, 1e6))
COUNT = st.one_of(st.integers(0, 3), st.integers(0, 10**9))
PARTS = st.integers(1, 10**7).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def rows_of(page: str) -> set[tuple[str, str]]:
    """(situation, method) of every row of the page's tables."""
    found = set()
    for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        situation = part.partition("\n")[0]
        found |= {(situation, method) for method in re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)}
    return found


def test_each_row_of_the_page_has_its_answer_and_each_answer_its_row() -> None:
    assert {answer.__module__ for answer in ANSWERS.values()} >= {edge_sets.__name__, edge_zeros.__name__}
    assert rows_of(PAGE.read_text()) == set(ANSWERS)


def test_a_row_without_an_answer_is_seen() -> None:
    planted = PAGE.read_text() + "| `no_such_method` | something |\n"
    assert rows_of(planted) - set(ANSWERS) == {("Every event", "no_such_method")}


@pytest.mark.parametrize(("situation", "method"), sorted(ANSWERS))
def test_the_answer_is_the_one_decided(situation: str, method: str) -> None:
    ANSWERS[situation, method]()


def all_finite(result: object) -> bool:
    """Whether every number in a result, however deep, is finite; texts are, and an absence is not a number."""
    if dataclasses.is_dataclass(result):
        return all(all_finite(getattr(result, field.name)) for field in dataclasses.fields(result))
    if isinstance(result, tuple | list):
        return all(all_finite(part) for part in result)
    if isinstance(result, np.ndarray) and result.dtype.kind == "f":
        return bool(np.isfinite(result).all())
    return not isinstance(result, float) or bool(np.isfinite(result))


@pytest.mark.parametrize("planted", [float("nan"), [1.0, float("inf")], np.array([np.nan]), Basis([1], (np.inf,))])
def test_what_is_not_finite_is_seen(planted: object) -> None:
    assert not all_finite(planted)


@NO_WARNING
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(COUNT, EXPECTED), min_size=1, max_size=15), st.floats(0, 1e6))
def test_no_ratio_however_extreme_lets_a_nan_out(rows: list[tuple[int, float]], spread: float) -> None:
    observed, expected = np.array([o for o, _ in rows]), np.array([e for _, e in rows])
    rated = standardise(observed, observed + 1, expected, rule=IntervalRule.EXACT_BELOW_10_THEN_BYAR)
    questions: list[Callable[[], object]] = [
        lambda: rated,
        lambda: adjusted_rate(rated, 0.3, cap_percent=100),
        lambda: [count_interval(observed, level, rule) for level in (0.95, 0.998) for rule in IntervalRule],
        lambda: [interval_curve(expected, rule) for rule in IntervalRule],
        lambda: target_limits(expected),
        lambda: [limits(expected, spread) for limits in (additive_limits, square_root_limits)],
        lambda: [limits(expected, spread) for limits in (multiplicative_limits, square_root_multiplicative_limits)],
        lambda: [curve(expected, tau2) for curve in (count_tail_limits, count_tail_curve) for tau2 in (0.0, 0.05, 2.0)],
        lambda: [z(observed, expected) for z in (log_ratio_z, square_root_z)],
        lambda: reliability(expected, spread),
        lambda: shrunk_ratio(observed, expected, spread),
        lambda: poisson_power(expected),
    ]
    assert all(all_finite(question()) for question in questions)


@NO_WARNING
@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(COUNT, st.floats(1e-6, 1e6)), min_size=10, max_size=15))
@example([(0, 17931.0), (0, 85512.0), (0, 0.25), *[(0, 1e-6)] * 7])  # a variance between providers of 1.4e11
def test_no_path_however_extreme_fails_to_have_a_position(rows: list[tuple[int, float]]) -> None:
    observed, expected = [o for o, _ in rows], [e for _, e in rows]
    found = robustness(["within"] * len(rows), [Basis(observed, expected)], EVERY_PATH)
    assert all_finite(found.share)
    assert (found.paths == len(found.names)).all()


@NO_WARNING
@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=10), st.floats(0, 1), st.floats(0, 1e6))
def test_no_proportion_however_extreme_lets_a_nan_out(parts: list[tuple[int, int]], t: float, spread: float) -> None:
    x, n = [x for x, _ in parts], [n for _, n in parts]
    questions: list[Callable[[], object]] = [
        lambda: [interval(x, n, 0.998) for interval in (wilson_interval, exact_binomial_interval)],
        lambda: [limits(n, t) for limits in (wilson_limits, arcsine_limits, binomial_limits)],
        lambda: arcsine_limits(n, t, spread, spread),
        lambda: proportion_z(x, n, t),
        lambda: mean_interval([t] * len(n), [spread] * len(n), np.array(n) + 1, 0.998),
    ]
    assert all(all_finite(question()) for question in questions)


@NO_WARNING
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_min=True, exclude_max=True), st.integers(0, 60)), max_size=8), st.data()
)
def test_no_own_case_however_extreme_lets_a_nan_out(patterns: list[tuple[float, int]], data: st.DataObject) -> None:
    risk, cases = np.array([p for p, _ in patterns], dtype=float), np.array([n for _, n in patterns], dtype=np.int64)
    observed = data.draw(st.integers(0, int(cases.sum())))
    assert all_finite(own_case_test([observed], np.zeros(len(risk)), risk, cases))
