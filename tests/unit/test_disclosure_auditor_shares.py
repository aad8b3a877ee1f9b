"""The disclosure audit on shares of cases: a share of a count that others publish is a total, and being compared tells
on which side of a minimum it lies."""

from pathlib import Path
from typing import Any

import pytest

from cli.disclosure.fetching import CouldNotJudge
from cli.disclosure.inputs import COUNTED, External, read_external
from cli.disclosure.measuring import share_of
from cli.disclosure.numbers import exactly
from tests.unit.disclosure_rig import audited, derived, kinds
from tests.unit.leaky_publisher import FIRST, INDICATOR, NUMBER, PERIOD, Publisher, rows

GATED = {"min_case_ascertainment": "0.8"}
Body = dict[str, Any]


def counted(unit: str, cases: int) -> External:
    return External(unit, INDICATOR, PERIOD, COUNTED, exactly(cases), "hospital statistics")


def of(found: list[Body], subject: str) -> Body:
    (row,) = (one for one in found if one["subject"]["id"] == subject)
    return row


def withheld() -> list[Body]:
    """A is not named, and with the total of ZZ1 gone nobody else has to hide: enough, as it stands."""
    return rows(FIRST, "A", "ZZ1 ZZ2")


def test_the_ground_is_safe(tmp_path: Path) -> None:
    assert audited(Publisher({FIRST: withheld()}), tmp_path).found.findings == []
    assert kinds(audited(Publisher({FIRST: withheld()}, rules=GATED), tmp_path)) == set()


def test_a_share_beside_a_total_that_is_withheld_gives_the_total_away(tmp_path: Path) -> None:
    """ZZ1 has had 510 cases; of 520 that is 0.98, and it leaves A between 119.6 and 124.8 less what others have."""
    found = withheld()
    of(found, "ZZ1")["quality"] = {"case_ascertainment": 0.98}
    report = audited(Publisher({FIRST: found}), tmp_path, externals=[counted("ZZ1", 520)])
    assert "absent_with_figure" in kinds(report)
    assert ("A", "cases") in derived(report)
    (cases,) = (one for one in report.found.findings if one.kind == "derivable" and one.at["measure"] == "cases")
    assert cases.interval is not None
    assert cases.interval[0] <= 120 <= cases.interval[1]
    assert cases.interval[1] - cases.interval[0] <= 6


def test_without_the_count_a_share_beside_no_figure_is_blamed_all_the_same(tmp_path: Path) -> None:
    found = withheld()
    of(found, "ZZ1")["quality"] = {"case_ascertainment": 0.98}
    assert kinds(audited(Publisher({FIRST: found}), tmp_path)) == {"absent_with_figure"}


def test_a_share_beside_the_total_says_nothing_new(tmp_path: Path) -> None:
    found = rows(FIRST, "ABC")
    of(found, "ZZ1")["quality"] = {"case_ascertainment": 0.98}
    report = audited(Publisher({FIRST: found}, rules=GATED), tmp_path, externals=[counted("ZZ1", 520)])
    assert report.found.findings == []


def test_whoever_is_called_low_tells_of_a_total_that_is_not_shown(tmp_path: Path) -> None:
    found = withheld()
    of(found, NUMBER["B"])["comparison"] = {"status": "not_rated", "reason": "case_ascertainment_low"}
    report = audited(Publisher({FIRST: found}, rules=GATED), tmp_path)
    assert [(one.kind, one.at["consultant"]) for one in report.found.findings] == [("side_told", NUMBER["B"])]


def test_whoever_is_compared_tells_it_too_where_the_unit_was_counted(tmp_path: Path) -> None:
    found = withheld()
    report = audited(Publisher({FIRST: found}, rules=GATED), tmp_path, externals=[counted("ZZ1", 520)])
    assert {one.at["consultant"] for one in report.found.findings} == {NUMBER[one] for one in "BCDE"}
    assert kinds(report) == {"side_told"}


def test_grey_for_everybody_there_and_a_warning_that_stays_tell_nothing(tmp_path: Path) -> None:
    found = withheld()
    for letter in "BCD":
        grey = {"status": "not_rated", "reason": "case_ascertainment_not_published", "benchmark": {"value": 1.0}}
        of(found, NUMBER[letter])["comparison"] = grey
    of(found, NUMBER["E"])["comparison"]["position"] = "above_control"
    report = audited(Publisher({FIRST: found}, rules=GATED), tmp_path, externals=[counted("ZZ1", 520)])
    assert report.found.findings == []


def test_a_printed_share_is_rounded_down_and_one_is_all_or_more() -> None:
    assert share_of(0.97).low == 0.97
    assert share_of(0.97).high == pytest.approx(0.98)
    assert share_of(1.0).high == float("inf")


def test_counts_of_others_are_read_and_other_measures_refused(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    line = f"ZZ1,{INDICATOR},{PERIOD},expected_cases,520,0,statistics\n"
    file.write_text("node,indicator,period,measure,value,rounding,source\n" + line)
    (one,) = read_external([file])
    assert (one.measure, one.span) == (COUNTED, exactly(520))
    file.write_text(file.read_text().replace("expected_cases", "beds"))
    with pytest.raises(CouldNotJudge, match="beds"):
        read_external([file])
