"""Case ascertainment as pure functions: what is counted, who is not compared, and what readers can work out of it."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from services.ratings.assembly.ascertainment import LOW, NOT_TOLD, ascertainment_of, gated_by_cases
from services.ratings.assembly.schema import RESULTS, BuildRefused, completed
from services.ratings.indicators.definition import Definition
from services.ratings.indicators.loading import FOLDER, FileRefused, load_catalogue, parse_indicator
from services.ratings.view.ascertaining import CasesSent, with_cases_sent
from services.ratings.view.fates import Fates
from services.ratings.workflow.counting_cases import cases_sent, who_operated

VASCULAR = "vascular-surgery-mortality-30d"
TEXT = (FOLDER / f"{VASCULAR}.toml").read_text()
PERIOD = "2023-04_2026-03"
START, END = date(2023, 4, 1), date(2026, 3, 31)


def definition(minimum: str = "0.8") -> Definition:
    text = TEXT.replace("minimum_power = 0.5 }", f"minimum_power = 0.5, minimum_ascertainment = {minimum} }}")
    return parse_indicator(text.replace("[source]", '[source]\nexpected_counts = "counted"'), VASCULAR)


def rows(*told: tuple[str, str, int, str]) -> pl.DataFrame:
    """level, subject, cases, position: rated where there is a position."""
    frame = pl.DataFrame(
        [
            {
                "indicator": VASCULAR, "period_id": PERIOD, "level": level, "subject": subject, "cases": cases,
                "period_start": START, "period_end": END, "observed": 1, "expected": 2.0, "status": "published",
                "position": position, "comparison_status": "rated" if position else "not_rated",
                "not_rated_reason": "" if position else "too_few_cases", "robustness_paths": 8, "place_lower": 1,
            }
            for level, subject, cases, position in told
        ]
    )  # fmt: skip
    typed = {name: kind for name, kind in RESULTS.items() if name in frame.columns}
    return completed(frame.cast(typed), "results")  # type: ignore[arg-type]  # classes of types, as polars takes them


def counts(*told: tuple[str, date, date, int], specialty: str = "vascular-surgery") -> pl.DataFrame:
    schema = {"provider": pl.String, "period_start": pl.Date, "period_end": pl.Date, "cases": pl.Int64}
    return pl.DataFrame(told, schema=schema, orient="row").with_columns(pl.lit(specialty).alias("specialty"))


def status(sent: int, counted: int | None, minimum: str = "0.8") -> tuple[str, float | None]:
    given = None if counted is None else counts(("A", START, END, counted))
    found = ascertainment_of(rows(("provider", "A", sent, "within")), given, definition(minimum))
    ((word, share),) = found.select("status", "share").rows()
    return word, share


@pytest.mark.parametrize(
    ("sent", "counted", "expected"),
    [
        (97, 100, ("enough", 0.97)), (80, 100, ("enough", 0.8)), (79, 100, ("low", 0.79)), (100, 100, ("enough", 1.0)),
        (101, 100, ("more", 1.01)), (50, None, ("no_count", None)), (5, 0, ("more", None)), (0, 0, ("enough", None)),
    ],
)  # fmt: skip
def test_what_is_said_of_a_hospital(sent: int, counted: int | None, expected: tuple[str, float | None]) -> None:
    assert status(sent, counted) == expected


def test_without_a_minimum_nobody_is_low() -> None:
    assert status(1, 100, '"none"') == ("enough", 0.01)


@pytest.mark.parametrize(
    ("told", "cases"),
    [
        ([(START, date(2024, 3, 31), 40), (date(2024, 4, 1), END, 60)], 100),
        ([(START, date(2024, 3, 31), 40)], None),
        ([(date(2023, 5, 1), END, 99)], None),
        ([(START, date(2024, 3, 31), 40), (date(2024, 4, 2), END, 60)], None),
        ([(START, date(2024, 3, 31), 40), (date(2024, 3, 1), END, 60)], None),
        ([(date(2022, 4, 1), END, 130)], None),
        ([(START, END, 100), (date(2026, 4, 1), date(2027, 3, 31), 30)], 100),
    ],
)
def test_a_count_is_of_every_day_of_the_period_and_of_none_twice(
    told: list[tuple[date, date, int]], cases: int | None
) -> None:
    given = counts(*(("A", start, end, number) for start, end, number in told))
    found = ascertainment_of(rows(("provider", "A", 90, "within")), given, definition())
    assert found["expected_cases"].to_list() == [cases]


def test_another_specialty_is_not_counted_and_a_feed_of_another_form_is_refused() -> None:
    units = rows(("provider", "A", 90, "within"))
    other = counts(("A", START, END, 100), specialty="thyroid-surgery")
    assert ascertainment_of(units, other, definition())["status"].to_list() == ["no_count"]
    with pytest.raises(BuildRefused, match="period_end"):
        ascertainment_of(units, other.drop("period_end"), definition())


def test_a_hospital_that_sent_nothing_is_counted_with_none() -> None:
    found = ascertainment_of(rows(("provider", "A", 90, "within")), counts(("B", START, END, 10)), definition())
    assert found.select("provider", "cases", "status").rows() == [("A", 90, "no_count"), ("B", 0, "low")]


MEMBERS = pl.DataFrame(
    {"indicator": VASCULAR, "period_id": PERIOD, "provider": ["A", "A", "B", "B"],
     "consultant": ["in-a", "in-both", "in-both", "in-b"], "cases": 10}
)  # fmt: skip
EVERYBODY = [("provider", "A"), ("provider", "B"), ("consultant", "in-a"), ("consultant", "in-both"),
             ("consultant", "in-b")]  # fmt: skip


def gated(position: str, polarity: str = "lower_is_better") -> dict[str, tuple[str, str, str]]:
    """A has sent 50 of 100, B all of them; everybody stands where `position` says."""
    results = rows(*((level, subject, 50, position) for level, subject in EVERYBODY))
    given = counts(("A", START, END, 100), ("B", START, END, 50))
    found = gated_by_cases(results, ascertainment_of(results, given, definition()), MEMBERS, polarity)
    told = found.select("subject", "comparison_status", "not_rated_reason", "position").rows()
    assert found["subject"].to_list() == results["subject"].to_list()
    return {subject: (state, reason, left) for subject, state, reason, left in told}


@pytest.mark.parametrize("position", ["within", "above_warning", "below_warning", "below_control"])
def test_whoever_has_a_case_where_too_many_are_missing_is_not_compared(position: str) -> None:
    grey, rated = ("not_rated", LOW, ""), ("rated", "", position)
    assert gated(position) == {"A": grey, "B": rated, "in-a": grey, "in-both": grey, "in-b": rated}


def test_cases_that_are_kept_back_take_no_warning_away() -> None:
    assert set(gated("above_control").values()) == {("rated", "", "above_control")}
    assert set(gated("below_control", "higher_is_better").values()) == {("rated", "", "below_control")}
    for position in ("above_control", "below_control"):
        assert set(gated(position, "neutral").values()) == {("rated", "", position)}
    assert gated("above_control", "higher_is_better")["A"] == ("not_rated", LOW, "")


def test_too_few_cases_stay_the_reason_where_they_were_it() -> None:
    assert set(gated("").values()) == {("not_rated", "too_few_cases", "")}


def test_nothing_is_left_that_follows_from_a_position_or_a_place() -> None:
    results = rows(("provider", "A", 50, "within"))
    found = gated_by_cases(results, ascertainment_of(results, counts(("A", START, END, 100)), definition()), MEMBERS,
                           "lower_is_better")  # fmt: skip
    assert found.select("robustness_paths", "place_lower").row(0) == (None, None)
    assert found.select("cases", "observed", "expected").row(0) == (50, 1, 2.0)


# What readers can work out


def told(sent_in_a: int, withheld: frozenset[str], position: str = "within") -> dict[str, dict[str, Any]]:
    """What the public reads of everybody, A's total being withheld or not."""
    results = rows(*((level, subject, sent_in_a if subject == "A" else 50, position) for level, subject in EVERYBODY))
    given = counts(("A", START, END, 100), ("B", START, END, 50))
    ascertained = ascertainment_of(results, given, definition())
    approved = gated_by_cases(results, ascertained, MEMBERS, "lower_is_better")
    sent = CasesSent.of(VASCULAR, ascertained, MEMBERS)
    found = with_cases_sent(approved, sent, definition(), {PERIOD: Fates(withheld=withheld)})
    names = ["comparison_status", "not_rated_reason", "position", "case_ascertainment", "case_flags"]
    return {row["subject"]: {name: row[name] for name in names} for row in found.iter_rows(named=True)}


@pytest.mark.parametrize("position", ["within", "below_control", "above_warning", "above_control", ""])
def test_of_a_total_that_is_withheld_nothing_tells_on_which_side_of_the_minimum_it_lies(position: str) -> None:
    """The disclosure rule protects the total: whatever A has sent, every row of a person reads the same."""
    worlds = [told(sent, frozenset({"A"}), position) for sent in (1, 50, 79, 80, 97, 100, 140)]
    people = [{who: row for who, row in world.items() if who.startswith("in-")} for world in worlds]
    assert all(one == people[0] for one in people)
    if position == "within":
        assert people[0]["in-a"]["not_rated_reason"] == people[0]["in-both"]["not_rated_reason"] == NOT_TOLD
        assert people[0]["in-b"]["comparison_status"] == "rated"
    assert all(world["A"]["case_ascertainment"] is None and world["A"]["case_flags"] == "" for world in worlds)


def test_of_a_total_that_is_shown_the_share_is_told_and_never_rounded_up() -> None:
    nothing = frozenset[str]()
    assert told(79, nothing)["A"]["case_ascertainment"] == 0.79
    assert told(99, nothing)["A"] | {"position": ""} == {
        "comparison_status": "rated", "not_rated_reason": "", "position": "", "case_ascertainment": 0.99,
        "case_flags": "",
    }  # fmt: skip
    assert (told(140, nothing)["A"]["case_ascertainment"], told(140, nothing)["A"]["case_flags"]) == (
        1.0, "more_cases_than_expected",
    )  # fmt: skip
    assert told(50, nothing)["in-both"]["case_flags"] == "cases_missing"


def test_a_small_hospital_has_no_share_either() -> None:
    results = rows(("provider", "A", 5, "within"), ("consultant", "in-a", 5, "within")).with_columns(
        status=pl.when(pl.col("level") == "provider").then(pl.lit("suppressed")).otherwise("status")
    )
    ascertained = ascertainment_of(results, counts(("A", START, END, 5)), definition())
    found = with_cases_sent(results, CasesSent.of(VASCULAR, ascertained, MEMBERS), definition(), {})
    assert found["case_ascertainment"].to_list() == [None, None]
    assert found["not_rated_reason"].to_list() == ["", NOT_TOLD]


# What the gate finds


def test_what_one_sent_too_much_does_not_make_up_for_what_another_kept_back() -> None:
    results = rows(("provider", "A", 150, "within"), ("provider", "B", 50, "within"))
    given = counts(("A", START, END, 100), ("B", START, END, 100))
    found = cases_sent({"ascertainment": ascertainment_of(results, given, definition())}, 0.9)
    assert (found.state, found.evidence["lowest_overall"]) == ("failed", 0.75)
    assert cases_sent({"ascertainment": ascertainment_of(results, given, definition())}, 0.75).state == "passed"


def test_releases_without_counts_pass_and_counts_of_nobody_do_not() -> None:
    assert cases_sent({}, 0.9).state == "passed"
    found = cases_sent(
        {"ascertainment": ascertainment_of(rows(("provider", "A", 9, "within")), None, definition())}, 0.9
    )
    assert (found.state, found.evidence["without_count"]) == ("failed", "A")


def test_cases_of_nobody_are_counted_whether_rules_were_followed_or_not() -> None:
    results = rows(("provider", "A", 60, "within"), ("consultant", "in-a", 40, "within"))
    frames = {"results": results, "members": MEMBERS.head(1).with_columns(cases=pl.lit(57))}
    found = who_operated(frames, 0.05)
    assert (found.state, found.evidence["cases_of_nobody"], found.evidence["largest_share_of_nobody"]) == (
        "passed", 3, 0.05,
    )  # fmt: skip
    assert who_operated(frames, 0.049).state == "failed"
    assert who_operated({}, 0.049).state == "failed"


# What a file may say


def test_a_minimum_needs_a_count_and_has_no_place_beside_rounded_counts() -> None:
    gates = TEXT.replace("minimum_power = 0.5 }", "minimum_power = 0.5, minimum_ascertainment = 0.8 }")
    with pytest.raises(FileRefused, match="needs expected_counts"):
        parse_indicator(gates, VASCULAR)
    counted = gates.replace("[source]", '[source]\nexpected_counts = "counted"')
    rounded = counted[: counted.index("[alternatives]")] + counted[counted.index("[source]") :]
    with pytest.raises(FileRefused, match="would tell the exact count"):
        parse_indicator(rounded.replace("units = [", 'patient_rule = "counts-1-7"\nunits = [', 1), VASCULAR)


def test_packaged_indicators_ask_for_no_count() -> None:
    for loaded in load_catalogue().indicators.values():
        assert loaded.definition.minimum_ascertainment is None
        assert loaded.definition.source.expected_counts is None
