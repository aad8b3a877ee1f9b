"""How many of a hospital's cases were sent, by a count that somebody else made: what is shown, who is not compared, and
what the gate asks. The services are the real ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cli.disclosure.auditing import Given, audit
from cli.disclosure.fetching import Site
from cli.disclosure.inputs import COUNTED as COUNTED_ELSEWHERE
from cli.disclosure.inputs import External, read_rosters
from cli.disclosure.numbers import exactly
from tests.stores import Stores
from tests.unit.case_rig import Public, public_of
from tests.unit.operating_rig import (
    ABOVE,
    ALMOST,
    CARELESS,
    COUNTED,
    COUNTS,
    FIRST,
    LOW,
    UNCOUNTED,
    VASCULAR,
    audit_in,
    cases,
    check,
    expected_counts,
    load_audit,
    results,
    shown,
)
from tests.unit.replay_rig import replayed, verdict
from tests.unit.test_ratings_rig import Rig

RELEASE, LATER = "2026-09-30", "2026-10-30"
PROGRAMME = "vascular-surgery-consultant-outcomes"
THEIR_UNIT, REFUSED, COLLEAGUE = "ZZ011", "9900038", "9900037"
BESIDE, WITHDRAWN, ANOTHER = "ZZ010", "9900036", "9900035"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """At two hospitals, of two consultants each, one is not named: these are the two whose totals are kept back. With
    one such hospital the second would be any other, by a key that every service draws for itself (decision 17)."""
    sent = cases()
    with audit_in(tmp_path_factory.mktemp("ascertained"), Stores(None)) as running:
        load_audit(running, sent, expected_counts(sent))
        running.withdraw(WITHDRAWN, PROGRAMME)
        built = running.build(RELEASE, [VASCULAR])
        assert built["build"] == "done", built
        running.publish(RELEASE)
        yield running


@pytest.fixture(scope="module")
def units(rig: Rig) -> dict[str, Row]:
    return shown(rig, RELEASE, "provider")


@pytest.fixture(scope="module")
def people(rig: Rig) -> dict[str, Row]:
    return shown(rig, RELEASE, "consultant")


def test_the_share_of_its_cases_that_a_hospital_sent_stands_beside_its_result(units: dict[str, Row]) -> None:
    row = units[ALMOST]
    assert row["denominator"] / COUNTED[ALMOST] == pytest.approx(0.973, abs=0.001)
    assert (row["status"], row["comparison_status"], row["case_ascertainment"]) == ("published", "rated", 0.97)
    assert row["quality_flags"] == ""


def test_where_too_many_are_missing_neither_the_hospital_nor_who_works_there_is_compared(
    units: dict[str, Row], people: dict[str, Row]
) -> None:
    unit = units[LOW]
    assert unit["case_ascertainment"] == 0.7
    assert people[CARELESS]["provider_id"] == LOW
    for row in (unit, people[CARELESS]):
        assert (row["status"], row["comparison_status"]) == ("published", "not_rated")
        assert row["not_rated_reason"] == "case_ascertainment_low"
        assert (row["position"], row["band"], row["robustness_paths"]) == (None, None, None)
        assert row["summary"] == "Cannot tell: too many cases are missing"
        assert row["quality_flags"].split() == ["cases_missing"]
        assert row["estimate"] is not None, "the figure stays, and its interval"


def test_a_consultant_has_no_share_of_their_own(people: dict[str, Row]) -> None:
    assert {row["case_ascertainment"] for row in people.values()} == {None}


def test_more_than_was_counted_is_shown_as_all_and_said(rig: Rig, units: dict[str, Row]) -> None:
    row = units[ABOVE]
    assert row["denominator"] > COUNTED[ABOVE]
    assert (row["case_ascertainment"], row["quality_flags"]) == (1.0, "more_cases_than_expected")
    assert row["comparison_status"] == "rated"
    with rig.office.store.reading() as tx:
        frame = rig.office.frames.load(tx.release(RELEASE).parts["ascertainment"])
    (share,) = frame.filter(pl.col("provider") == ABOVE)["share"]
    assert share == row["denominator"] / COUNTED[ABOVE] > 1


def test_a_hospital_that_nobody_has_counted_has_no_share_and_is_compared(units: dict[str, Row]) -> None:
    row = units[UNCOUNTED]
    assert (row["case_ascertainment"], row["quality_flags"], row["comparison_status"]) == (None, "", "rated")


def test_where_a_total_is_kept_back_so_is_its_share_and_on_which_side_of_the_minimum_it_is(
    units: dict[str, Row], people: dict[str, Row]
) -> None:
    """Somebody there is not named. Were a colleague compared, a reader would know that the total is enough."""
    hidden = {unit for unit, row in units.items() if row["status"] == "not_published"}
    assert hidden == {THEIR_UNIT, BESIDE}, "nobody else's total is needed: every other hospital can be looked at"
    for row in (units[unit] for unit in hidden):
        assert (row["case_ascertainment"], row["denominator"], row["quality_flags"]) == (None, None, "")
    assert {REFUSED, WITHDRAWN}.isdisjoint(people)
    there = [row for row in people.values() if row["provider_id"] in hidden]
    assert {row["consultant_id"] for row in there} <= {COLLEAGUE, ANOTHER}
    assert len(there) == 1, "of the two colleagues one hides the others, whoever it is; the other is shown"
    for colleague in there:
        assert colleague["not_rated_reason"] == "case_ascertainment_not_published"
        assert colleague["summary"] == "Cannot tell: how many cases are missing is not published"
        assert colleague["quality_flags"] == ""


def test_the_gate_tells_hospitals_without_a_count_and_how_many_sent_too_little(rig: Rig) -> None:
    found = check(rig, RELEASE, "ascertainment")
    assert found["state"] == "passed"
    told = results(rig, RELEASE, "provider")
    counted = {unit: COUNTED.get(unit, row["cases"]) for unit, row in told.items() if unit != UNCOUNTED}
    reached = sum(min(told[unit]["cases"], count) for unit, count in counted.items()) / sum(counted.values())
    assert found["evidence"] == {
        "indicators_with_counts": 1, "units": len(told), "units_without_count": 1, "without_count": UNCOUNTED,
        "below_minimum": 1, "more_than_expected": 1, "sent_nothing": 0, "lowest_overall": round(reached, 4),
    }  # fmt: skip


def test_a_replay_gives_the_same(rig: Rig) -> None:
    assert verdict(replayed(rig, RELEASE)) == "same"


# What anybody reads


@pytest.fixture(scope="module")
def public(rig: Rig) -> Iterator[Public]:
    with public_of(rig) as running:
        running.ready()
        running.await_release(RELEASE)
        yield running


def test_the_public_reads_the_share_beside_the_result_and_why_somebody_is_not_compared(public: Public) -> None:
    base = f"/v1/releases/{RELEASE}"
    (almost,) = public.get(f"{base}/results?provider={ALMOST}&level=provider").json()["data"]
    assert almost["quality"] == {"flags": [], "case_ascertainment": 0.97}
    (low,) = public.get(f"{base}/results?provider={LOW}&level=provider").json()["data"]
    assert low["comparison"]["reason"] == "case_ascertainment_low"
    assert "missing from the data" in low["comparison"]["explanation"]
    assert "position" not in low["comparison"]
    assert low["words"]["summary"] == "Cannot tell: too many cases are missing"


def test_the_indicator_says_whose_case_it_is_and_how_many_must_be_sent(public: Public) -> None:
    told = public.get(f"/v1/releases/{RELEASE}/indicators/{VASCULAR}").json()
    assert told["rules"]["min_case_ascertainment"] == "0.8"
    assert (
        "Where a trainee operated, it counts for the consultant who is recorded as supervising." in told["who_operated"]
    )
    page = public.get(f"/indicators/{VASCULAR}").text
    assert "Whose operation it is" in page
    assert told["who_operated"][0] in page


def test_the_auditor_finds_nothing_in_it_who_knows_every_count(rig: Rig, public: Public, tmp_path: Path) -> None:
    file = tmp_path / "roster.csv"
    file.write_text(rig.ask("auditor", "GET", f"/v1/releases/{RELEASE}/roster").text)
    counts = expected_counts(cases()).select("provider", "cases").iter_rows()
    period = "2023-04_2026-03"
    externals = [External(unit, VASCULAR, period, COUNTED_ELSEWHERE, exactly(n), "counts") for unit, n in counts]
    site = Site(str(public.http.base_url))
    try:
        report = audit(site, Given(read_rosters([file]), externals, sample=10))
    finally:
        site.close()
    assert report.found.findings == []
    assert report.verdict.figures > 0


# A later release, for which somebody else has counted more


@pytest.fixture(scope="module")
def later(rig: Rig, units: dict[str, Row]) -> str:
    """A hospital that sent nothing is in the count now, and the largest has sent six in ten of what was counted."""
    assert units
    counts = expected_counts(cases(), **{ALMOST: 1076})
    silent = counts.filter(pl.col("provider") == ALMOST).with_columns(
        provider=pl.lit("ZZ003"), cases=pl.lit(100, pl.Int64)
    )
    rig.send(COUNTS, pl.concat([counts, silent]).write_csv().encode(), supersede="true")
    rig.announce(LATER)
    built = rig.build(LATER, [VASCULAR])
    assert built["build"] == "done", built
    rig.step("analyst", LATER, "submission")
    return LATER


def test_too_little_in_all_holds_the_release_up_until_somebody_says_why(rig: Rig, later: str) -> None:
    found = check(rig, later, "ascertainment")
    assert (found["state"], found["answerable"]) == ("waiting", True)
    assert found["evidence"]["lowest_overall"] < 0.9
    assert (found["evidence"]["sent_nothing"], found["evidence"]["units"]) == (1, 11)
    body = {"passed": True, "note": "The count has transfers in it that are no operations: see the minutes."}
    rig.done("reviewer", "POST", f"/v1/releases/{later}/checks/ascertainment/answer", json=body)
    assert check(rig, later, "ascertainment")["state"] == "passed"


def test_a_hospital_that_sent_nothing_has_no_row_that_could_look_fine(rig: Rig, later: str) -> None:
    assert "ZZ003" not in results(rig, later, "provider")


def test_a_hospital_that_keeps_cases_back_looks_neither_fine_nor_good_and_a_warning_stays(rig: Rig, later: str) -> None:
    """Whatever the position was; one beyond the limits on the worse side would stay, as test_ratings_ascertainment has
    it row by row."""
    told = results(rig, later, "provider")[ALMOST]
    assert told["cases"] / 1076 == pytest.approx(0.6, abs=0.001)
    assert (told["comparison_status"], told["position"]) == ("not_rated", "")
    assert results(rig, later, "consultant")[FIRST]["not_rated_reason"] == "case_ascertainment_low"
    assert results(rig, RELEASE, "consultant")[FIRST]["comparison_status"] == "rated"


def test_without_any_count_nothing_is_shown_and_the_gate_asks_why(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with audit_in(tmp_path_factory.mktemp("uncounted"), Stores(None)) as running:
        load_audit(running, cases())
        assert running.build(RELEASE, [VASCULAR])["build"] == "done"
        found = check(running, RELEASE, "ascertainment")
        assert (found["state"], found["answerable"]) == ("waiting", True)
        assert (found["evidence"]["units_without_count"], "lowest_overall" in found["evidence"]) == (10, False)
        running.publish(RELEASE)
        rows = shown(running, RELEASE, "provider").values()
        assert {row["case_ascertainment"] for row in rows} == {None}
