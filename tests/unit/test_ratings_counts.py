"""The patients' rule `counts-1-7`: no published row tells a count more closely than to three others."""

import re
from collections import defaultdict
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from services.ratings.indicators.definition import HIGHEST_SMALL_COUNT, Definition
from services.ratings.indicators.loading import FOLDER, FileRefused, Loaded, load_catalogue, parse_indicator
from services.ratings.methods.count_tails import count_tail_limits, count_tail_test
from services.ratings.methods.intervals import IntervalRule, count_interval
from services.ratings.methods.levels import WARNING
from services.ratings.view.baking import bake
from services.ratings.view.beside import Beside, Reply
from services.ratings.view.counts import told_to_five
from services.ratings.view.rows import IN_UNIT
from tests.unit.test_ratings_view import built, scene_of

NAME = "vascular-surgery-mortality-30d"
CATALOGUE = load_catalogue()
EXPECTED = (0.4, 1.0, 7.3, 24.9, 80.0)
COUNTS = range(140)


def under_the_rule() -> Definition:
    return CATALOGUE[NAME].definition.model_copy(update={"patient_rule": "counts-1-7", "alternatives": None})


def rows_of(expected: float, cases: int = 1000) -> pl.DataFrame:
    """A row for every number of events, as results have it, all else being the same."""
    observed = np.array(COUNTS)
    each = np.full(len(observed), expected)
    limits = count_tail_limits(each, 0.02)
    interval = count_interval(observed, WARNING, IntervalRule.EXACT)
    return pl.DataFrame(
        {
            "cases": np.full(len(observed), cases), "observed": observed, "expected": each,
            "ratio": observed / expected, "estimate": observed / expected, "benchmark": np.ones(len(observed)),
            "interval_lower": interval.lower.values / expected, "interval_upper": interval.upper / expected,
            "interval_method": ["exact"] * len(observed), "position": count_tail_test(observed, each, 0.02).tolist(),
            "warning_lower": limits.lower_95.values, "warning_upper": limits.upper_95.values,
            "control_lower": limits.lower_99_8.values, "control_upper": limits.upper_99_8.values,
            "robustness_paths": observed + 1, "robustness_agreeing": observed,
            "robustness_differing": ["x"] * len(observed),
            "place_lower": observed + 1, "place_upper": observed + 2, "places_of": observed + 3,
        }
    )  # fmt: skip


@pytest.mark.parametrize("expected", EXPECTED)
def test_at_least_three_counts_fit_whatever_is_told(expected: float) -> None:
    alike = defaultdict(list)
    for count, row in zip(COUNTS, told_to_five(rows_of(expected)).iter_rows(), strict=True):
        alike[row].append(count)
    definition = under_the_rule()
    for counts in alike.values():
        shown = [one for one in counts if not definition.suppresses(1000, one, 10)]
        assert shown == [0] or not shown or len(shown) >= 3 or shown[-1] == COUNTS[-1], shown
    assert len(alike) == len(COUNTS) // 5 + 1


def test_without_the_rule_every_count_could_be_told() -> None:
    assert rows_of(24.9).n_unique() == len(COUNTS)


def test_counts_from_one_to_seven_are_suppressed_and_no_others() -> None:
    definition = under_the_rule()
    small = [one for one in COUNTS if definition.suppresses(1000, one, 10)]
    assert small == list(range(1, HIGHEST_SMALL_COUNT + 1))
    assert [one for one in range(20) if definition.suppresses(one, 0, 10)] == small
    default = CATALOGUE[NAME].definition
    assert default.patient_rule == "denominator-10"
    assert [one for one in range(20) if default.suppresses(one, 0, 10)] == list(range(10))


def test_figures_follow_what_is_told() -> None:
    rows = told_to_five(rows_of(24.9))
    assert set(rows["observed"] % 5) == {0}
    assert rows["estimate"].to_list() == pytest.approx((rows["observed"] / 24.9).to_list())
    for name in ("interval_lower", "interval_upper", "interval_method", "robustness_paths", "place_lower"):
        assert rows[name].null_count() == rows.height
    high = rows.filter(pl.col("estimate") > pl.col("control_upper"))
    assert set(high["position"]) == {"above_control"}


def test_a_view_under_the_rule_says_nothing_exact() -> None:
    """The invented audit, as if one of its indicators were under it."""
    kept = built()
    scene = scene_of(kept, everybody=True)
    other = Loaded(under_the_rule(), CATALOGUE[NAME].model, CATALOGUE[NAME].digest)
    catalogue = replace(CATALOGUE, indicators=CATALOGUE.indicators | {NAME: other})
    keys = kept.results.select("level", "subject", "indicator", "period_id").iter_rows()
    asked = {silent: Reply("not_received", invited_until=date(2026, 8, 1)) for silent in keys}
    given = replace(scene.given, catalogue=catalogue, beside=Beside(asked))
    every = pl.read_parquet(bake(given)["rows.parquet"].data)
    rows = every.filter(indicator_id=NAME)
    shown = rows.filter(status="published")
    assert shown.height > 0
    assert set(shown["observed"] % 5) | set(shown["denominator"] % 5) == {0}
    assert not set(shown["observed"]) & set(range(1, HIGHEST_SMALL_COUNT + 1))
    for name in ("interval_lower", "interval_upper", "interval_level", "interval_method", "robustness_share"):
        assert shown[name].null_count() == shown.height
    assert shown["reply_status"].null_count() == shown.height, "who was asked tells the exact count's position"
    assert set(every.filter(pl.col("indicator_id") != NAME, status="published")["reply_status"]) == {"not_received"}
    small = rows.filter((pl.col("level") == "provider") & (pl.col("status") == "suppressed"))
    assert small.height > 0
    assert set(small["reason"]) == {"small_numbers"}
    assert all(small[name].null_count() == small.height for name in (*IN_UNIT, "observed", "expected", "denominator"))


def test_exact_alternatives_and_the_rule_do_not_go_together() -> None:
    text = (FOLDER / f"{NAME}.toml").read_text()
    changed = re.sub(r"^words = ", 'patient_rule = "counts-1-7"\nwords = ', text, flags=re.MULTILINE)
    with pytest.raises(FileRefused, match="exact count"):
        parse_indicator(changed, NAME)
    without = re.sub(r"\[alternatives\].*?(?=\n\[)", "", changed, flags=re.DOTALL)
    assert parse_indicator(without, NAME).patient_rule == "counts-1-7"
    with pytest.raises(FileRefused, match="patient_rule"):
        parse_indicator(changed.replace("counts-1-7", "counts-1-5"), NAME)
