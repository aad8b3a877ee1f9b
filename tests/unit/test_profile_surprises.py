"""Each rule at its threshold: one step before nothing is said, one step beyond it is, with what to do."""

from datetime import date
from typing import Any

import pytest

from services.ingest.profiling.rules import Rules, reviewed, rules_from
from services.ingest.profiling.surprises import surprises
from shared.contracts.profiles import Profile

RULES = reviewed()


def column(**changes: Any) -> dict[str, Any]:
    return {"name": "age", "heading": "Age", "type": "whole", "present": 1000, "distinct": 60} | changes


def numbers(mean: float, spread: float) -> dict[str, Any]:
    return {"minimum": 0, "lower_quartile": 0, "median": 0, "upper_quartile": 0, "maximum": 0, "total": 0, "bins": [],
            "mean": mean, "spread": spread}  # fmt: skip


def profile(**changes: Any) -> Profile:
    usual: dict[str, Any] = {
        "source": "made-up", "kind": "counts", "content": "aggregate", "encoding": "utf-8", "lines": 1001,
        "fates": {"header": 1, "accepted": 1000}, "rows": 1000, "columns": [column()],
        "keys": {"columns": ["provider"], "repeated": 0, "contradicted": 0},
    }  # fmt: skip
    return Profile.model_validate(usual | changes)


def codes(now: Profile, before: Profile | None) -> list[str]:
    found = surprises(now, before, RULES)
    assert all(one.found.endswith(".") and one.expected.endswith(".") and one.do.endswith(".") for one in found)
    return [one.code for one in found]


def of_days(first: str, last: str) -> Profile:
    return profile(period={"first": date.fromisoformat(first), "last": date.fromisoformat(last)})


def of_providers(*which: str) -> Profile:
    told = {"number": len(which), "fewest_rows": 1, "median_rows": 1.0, "most_rows": 1, "codes": sorted(which)}
    return profile(providers=told)


def test_the_same_again_surprises_nobody() -> None:
    assert codes(profile(), profile()) == []


def test_a_first_file_is_compared_with_nothing() -> None:
    assert codes(profile(rows=3), None) == []


@pytest.mark.parametrize(
    ("rows", "said"), [(1200, []), (1201, ["rows-rose"]), (800, []), (799, ["rows-fell"]), (0, ["rows-fell"])]
)
def test_rows_by_more_than_a_fifth(rows: int, said: list[str]) -> None:
    assert codes(profile(rows=rows), profile()) == said


def test_of_few_rows_a_few_more_are_nothing() -> None:
    assert codes(profile(rows=8), profile(rows=4)) == []


@pytest.mark.parametrize(("aside", "said"), [(10, []), (11, ["many-set-aside"])])
def test_more_than_one_line_in_a_hundred_set_aside(aside: int, said: list[str]) -> None:
    fates = {"header": 1, "accepted": 1000 - aside, "quarantined": aside - 4, "conflict": 4}
    assert codes(profile(fates=fates), None) == said


def test_providers_that_came_and_went_are_named_up_to_a_number() -> None:
    now, before = of_providers("AAA", "ZZZ"), of_providers("AAA", *(f"B{at:02}" for at in range(12)))
    gone, new = surprises(now, before, RULES)
    assert gone.found == "12 providers are gone: B00, B01, B02, B03, B04, B05, B06, B07, B08, B09 and 2 more."
    assert new.found == "1 provider is new: ZZZ."


@pytest.mark.parametrize(("present", "said"), [(950, []), (949, ["less-complete"]), (0, ["column-empty"])])
def test_completeness_by_more_than_five_points(present: int, said: list[str]) -> None:
    now = profile(columns=[column(present=present, absent={"not_known": 1000 - present}, distinct=min(present, 60))])
    assert codes(now, profile()) == said


@pytest.mark.parametrize(("mean", "said"), [(50.0, []), (52.5, []), (52.6, ["mean-moved"]), (47.4, ["mean-moved"])])
def test_means_by_more_than_four_standard_errors(mean: float, said: list[str]) -> None:
    """With 500 rows and a spread of 10 on both sides the standard error is 0.632."""
    now = profile(columns=[column(present=500, numbers=numbers(mean, 10.0))])
    assert codes(now, profile(columns=[column(present=500, numbers=numbers(50.0, 10.0))])) == said


def test_with_very_many_rows_a_trifle_of_a_spread_is_no_surprise() -> None:
    now = profile(columns=[column(present=10**6, numbers=numbers(50.9, 10.0))])
    assert codes(now, profile(columns=[column(present=10**6, numbers=numbers(50.0, 10.0))])) == []


def test_new_codes_are_named_and_lost_ones_are_not() -> None:
    before = profile(columns=[column(type="code", codes=["1", "2", "3"])])
    (one,) = surprises(profile(columns=[column(type="code", codes=["2", "9"])]), before, RULES)
    assert (one.code, one.found) == ("new-codes", "Age has 9, which the last file had not.")


def test_a_column_all_of_one_value() -> None:
    assert codes(profile(columns=[column(distinct=1)]), profile()) == ["single-value"]
    assert codes(profile(columns=[column(distinct=1)]), profile(columns=[column(distinct=1)])) == []


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (("2024-07-01", "2024-07-31"), ("2024-06-01", "2024-06-30"), []),
        (("2024-08-01", "2024-08-31"), ("2024-06-01", "2024-06-30"), ["period-gap"]),
        (("2024-06-01", "2024-06-30"), ("2024-06-01", "2024-06-30"), ["period-again"]),
        (("2024-06-15", "2024-07-14"), ("2024-06-01", "2024-06-30"), ["period-overlaps"]),
        (("2012-01-01", "2012-12-31"), ("2011-10-01", "2012-09-30"), []),
        (("2024-01-01", "2024-01-31"), ("2024-06-01", "2024-06-30"), ["period-gap"]),
    ],
    ids=["next", "gap", "again", "overlap", "window", "earlier"],
)
def test_periods_follow_one_another(now: tuple[str, str], before: tuple[str, str], said: list[str]) -> None:
    assert codes(of_days(*now), of_days(*before)) == said


@pytest.mark.parametrize(("stated", "said"), [(100.0, []), (100.00005, []), (101.0, ["total-differs"])])
def test_a_total_is_the_sum_of_its_lines(stated: float, said: list[str]) -> None:
    told = [{"line": 9, "column": "Deaths", "stated": stated, "found": 100.0}]
    assert codes(profile(totals=told), None) == said


def test_columns_that_changed_their_type_are_not_compared() -> None:
    assert codes(profile(columns=[column(type="text", distinct=1)]), profile()) == []


def test_rules_are_read_and_a_slip_in_them_is_refused() -> None:
    said = RULES.model_dump(by_alias=True)
    assert rules_from(said) == RULES
    with pytest.raises(ValueError, match="less than 1"):
        rules_from(said | {"set-aside": {"share": 20}})
    with pytest.raises(ValueError, match="Extra inputs"):
        rules_from(said | {"mood": {"bad": 1}})
    assert isinstance(RULES, Rules)
