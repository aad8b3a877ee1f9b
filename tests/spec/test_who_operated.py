"""Whose case it is, rule by rule, through the services: a consultant who moves, two on one episode, a trainee, a case
that a later file gives to somebody else. docs/decisions/0025 has the rules and their reasons."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from tests.people import change_person
from tests.stores import Stores
from tests.unit.console_rig import browser_of, text_of
from tests.unit.operating_rig import (
    CARELESS,
    EPISODES,
    FIRST,
    MOVED,
    MOVER,
    NEW_UNIT,
    NOT_TOLD,
    OLD_UNIT,
    SECOND,
    SUPERVISED,
    SUPERVISOR,
    TOGETHER,
    TRAINEE,
    UNSUPERVISED,
    VASCULAR,
    audit_in,
    cases,
    check,
    expected_counts,
    load_audit,
    results,
    shown,
)
from tests.unit.test_ratings_rig import Rig
from tests.unit.told_rig import AFTER, DAY, RELEASE, Hands

LATER = "2026-10-30"
REATTRIBUTED = 12
CASES = 2376


@pytest.fixture(scope="module")
def sent() -> pl.DataFrame:
    return cases()


@pytest.fixture(scope="module")
def clock() -> Hands:
    return Hands()


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, clock: Hands, sent: pl.DataFrame) -> Iterator[Rig]:
    """A release under review by the reviewed policy, with its window open."""
    with audit_in(tmp_path_factory.mktemp("operated"), Stores(None), clock, "release") as running:
        load_audit(running, sent, expected_counts(sent))
        running.announce(RELEASE)
        built = running.build(RELEASE, [VASCULAR])
        assert built["build"] == "done", built
        running.step("analyst", RELEASE, "submission")
        yield running


@pytest.fixture(scope="module")
def people(rig: Rig) -> dict[str, dict[str, Any]]:
    return results(rig, RELEASE, "consultant")


@pytest.fixture(scope="module")
def units(rig: Rig) -> dict[str, dict[str, Any]]:
    return results(rig, RELEASE, "provider")


def be(rig: Rig, consultant: str) -> str:
    change_person(rig.secrets / "people.json", "consultant", subject=consultant)
    return "consultant"


def pack(rig: Rig, consultant: str, release: str = RELEASE) -> dict[str, Any]:
    told = rig.done(be(rig, consultant), "GET", "/v1/me/pack")
    (found,) = (one for one in told["releases"] if one["release"] == release)
    (result,) = found["results"]
    answer: dict[str, Any] = result
    return answer


def number(sent: pl.DataFrame, column: str, value: str) -> int:
    return sent.filter(pl.col(column) == value).height


# Every case counts once, for the unit where it was done


def test_every_case_counts_once_for_the_hospital_where_it_was_done(
    units: dict[str, dict[str, Any]], sent: pl.DataFrame
) -> None:
    assert {unit: row["cases"] for unit, row in units.items()} == dict(
        sent.group_by("provider").len().iter_rows()
    )  # fmt: skip
    assert sum(row["cases"] for row in units.values()) == CASES


def test_a_consultant_who_moves_keeps_all_cases_and_each_hospital_has_its_own(
    people: dict[str, dict[str, Any]], units: dict[str, dict[str, Any]], sent: pl.DataFrame
) -> None:
    assert people[MOVER]["cases"] == number(sent, "consultant", MOVER)
    assert people[MOVER]["provider_id"] == OLD_UNIT, "the one with most cases, not the latest"
    assert units[NEW_UNIT]["cases"] == 134 + MOVED
    assert units[OLD_UNIT]["cases"] == 344 - MOVED


def test_a_consultant_who_moves_is_shown_every_hospital_and_so_is_the_auditor(rig: Rig, sent: pl.DataFrame) -> None:
    own = number(sent, "consultant", MOVER)
    where = [{"provider": OLD_UNIT, "cases": own - MOVED}, {"provider": NEW_UNIT, "cases": MOVED}]
    assert pack(rig, MOVER)["units"] == where
    roster = rig.ask("auditor", "GET", f"/v1/releases/{RELEASE}/roster").text.splitlines()
    lines = [line.split(",") for line in roster if f",{MOVER}," in line]
    assert {(line[3], int(line[5])) for line in lines} == {(one["provider"], one["cases"]) for one in where}


# Two consultants on one episode


def test_an_operation_of_two_counts_for_the_first_and_in_the_pack_of_the_second(
    rig: Rig, people: dict[str, dict[str, Any]], sent: pl.DataFrame
) -> None:
    assert people[FIRST]["cases"] == number(sent, "consultant", FIRST)
    assert people[SECOND]["cases"] == number(sent, "consultant", SECOND)
    assert pack(rig, SECOND)["second"]["cases"] == TOGETHER
    assert pack(rig, FIRST)["second"]["cases"] == 0
    assert "no published figure" in pack(rig, SECOND)["second"]["says"]


def test_a_supervised_operation_counts_for_the_supervisor_and_the_trainee_is_nobody_here(
    rig: Rig, people: dict[str, dict[str, Any]], sent: pl.DataFrame
) -> None:
    assert number(sent, "consultant", TRAINEE) == SUPERVISED + UNSUPERVISED
    assert people[SUPERVISOR]["cases"] == number(sent, "consultant", SUPERVISOR) + SUPERVISED
    assert TRAINEE not in people
    assert pack(rig, SUPERVISOR)["second"]["cases"] == 0, "whoever answers for a case is not beside it"


def test_what_no_rule_settles_counts_for_the_hospital_and_for_nobody(
    rig: Rig, people: dict[str, dict[str, Any]], units: dict[str, dict[str, Any]], sent: pl.DataFrame
) -> None:
    nobodys = UNSUPERVISED + NOT_TOLD
    assert people[CARELESS]["cases"] == number(sent, "consultant", CARELESS) - NOT_TOLD
    assert sum(row["cases"] for row in people.values()) == CASES - nobodys
    found = check(rig, RELEASE, "who_operated")
    assert (found["state"], found["answerable"]) == ("passed", False)
    assert found["evidence"] == {
        "cases": CASES, "cases_of_nobody": nobodys, "largest_share_of_nobody": round(nobodys / CASES, 4),
        "by_first_operator": CASES - SUPERVISED - nobodys, "by_supervisor": SUPERVISED,
        "by_unsupervised": UNSUPERVISED, "by_not_told": NOT_TOLD,
    }  # fmt: skip


def test_charts_and_case_mix_count_the_very_same_cases(rig: Rig, people: dict[str, dict[str, Any]]) -> None:
    for consultant in (MOVER, SECOND, SUPERVISOR, CARELESS):
        told = pack(rig, consultant)
        assert told["mix"]["cases"] == len(told["chart"]["dates"]) == people[consultant]["cases"]
        assert sum(one["cases"] for one in told["units"]) == people[consultant]["cases"]


def test_the_pack_says_it_on_a_page_too(rig: Rig, sent: pl.DataFrame) -> None:
    own = number(sent, "consultant", MOVER)
    page = text_of(browser_of(rig, be(rig, MOVER)).get("/me/pack"))
    assert f"Your cases were done at {OLD_UNIT} ({own - MOVED}), {NEW_UNIT} ({MOVED})." in page
    page = text_of(browser_of(rig, be(rig, SECOND)).get("/me/pack"))
    assert f"As second operator: {TOGETHER}." in page
    assert "Your cases were done at" not in page, "one hospital is named in the result itself"


# A case that a later file gives to somebody else


def corrected(sent: pl.DataFrame) -> pl.DataFrame:
    """The first consultant's first cases were the second's."""
    theirs = (pl.col("consultant") == FIRST) & pl.col("second_consultant").is_null()
    few = theirs & (theirs.cum_sum() <= REATTRIBUTED)
    return sent.with_columns(pl.when(few).then(pl.lit(SECOND)).otherwise("consultant").alias("consultant"))


@pytest.fixture(scope="module")
def later(rig: Rig, clock: Hands, sent: pl.DataFrame, people: dict[str, dict[str, Any]]) -> str:
    """The first release is out; the first consultant, and a third, have seen it; a corrected file came, and a release
    with it is under review."""
    assert people
    for consultant in (FIRST, SUPERVISOR):
        rig.done(be(rig, consultant), "GET", "/v1/me/results")
    clock.now = AFTER
    rig.approve_submitted(RELEASE)
    clock.now = DAY
    rig.sign(RELEASE, "publisher")
    rig.step("publisher", RELEASE, "publication")
    rig.send(EPISODES, corrected(sent).write_csv().encode(), supersede="true")
    rig.announce(LATER)
    built = rig.build(LATER, [VASCULAR])
    assert built["build"] == "done", built
    rig.step("analyst", LATER, "submission")
    return LATER


def test_the_next_release_counts_by_the_new_row_and_the_old_one_stays(
    rig: Rig, later: str, people: dict[str, dict[str, Any]], units: dict[str, dict[str, Any]]
) -> None:
    now = results(rig, later, "consultant")
    assert now[FIRST]["cases"] == people[FIRST]["cases"] - REATTRIBUTED
    assert now[SECOND]["cases"] == people[SECOND]["cases"] + REATTRIBUTED
    assert {unit: row["cases"] for unit, row in results(rig, later, "provider").items()} == {
        unit: row["cases"] for unit, row in units.items()
    }, "a case that changes hands stays where it was done"
    assert results(rig, RELEASE, "consultant") == people


def test_what_changed_hands_is_told_as_counts_to_those_who_check(rig: Rig, later: str) -> None:
    found = rig.done("reviewer", "GET", f"/v1/releases/{later}/differences")
    moved = {"indicator": VASCULAR, "period": "2023-04_2026-03", "was": FIRST, "now": SECOND, "cases": REATTRIBUTED}
    assert found["moved_cases"] == [moved]
    assert {one["subject"] for one in found["changed"] if one["level"] == "consultant"} >= {FIRST, SECOND}
    for who in ("consultant", "lead", "auditor", "steward", "officer"):
        assert rig.ask(who, "GET", f"/v1/releases/{later}/differences").status_code == 403


def test_whoever_saw_other_figures_must_see_the_new_ones_first(rig: Rig, later: str, clock: Hands) -> None:
    """Of those who looked, the first consultant's figures are others now; that the window ends does not make up for
    it, but a look does. Whoever never looked, like the second, is not waited for."""
    found = check(rig, later, "seen_again")
    waits = found["now"]["not_seen_again"]
    assert (found["state"], found["evidence"]) == ("waiting", {})
    clock.now = DAY + timedelta(days=60)
    assert check(rig, later, "preview")["state"] == "passed"
    assert check(rig, later, "seen_again")["state"] == "waiting"
    before = rig.gate(later)["digest"]
    rig.done(be(rig, SECOND), "GET", "/v1/me/results")
    assert check(rig, later, "seen_again")["now"]["not_seen_again"] == waits, "who had not seen the old figures"
    assert rig.gate(later)["digest"] == before, "who looks is not what people sign"
    for consultant in (FIRST, SUPERVISOR):
        rig.done(be(rig, consultant), "GET", "/v1/me/results")
    found = check(rig, later, "seen_again")
    assert (found["state"], found["now"]) == ("passed", {"not_seen_again": 0})


def test_a_look_that_does_not_come_is_answered_for_by_a_person(rig: Rig, later: str, clock: Hands) -> None:
    """The release after: the same person has not looked at it, and its figures are those of the first release again."""
    assert later
    clock.now = DAY + timedelta(days=61)
    rig.send(EPISODES, cases().write_csv().encode() + b"\n", supersede="true")
    day = str((DAY + timedelta(days=100)).date())
    rig.announce(day)
    assert rig.build(day, [VASCULAR])["build"] == "done"
    rig.step("analyst", day, "submission")
    found = check(rig, day, "seen_again")
    assert (found["state"], found["answerable"]) == ("waiting", True)
    path = f"/v1/releases/{day}/checks/seen_again/answer"
    rig.done("reviewer", "POST", path, json={"passed": True, "note": "Told by letter; the account is closed."})
    assert check(rig, day, "seen_again")["state"] == "passed"


def test_two_who_are_named_in_one_operation_are_not_told_to_the_public(rig: Rig, later: str) -> None:
    assert later
    people = shown(rig, RELEASE, "consultant")
    assert people
    for person in people.values():
        assert set(person) >= {"denominator", "observed"}
    told = rig.file(RELEASE, "indicators.json").decode() + rig.table(RELEASE, "rows").write_csv()
    assert TRAINEE not in told
    assert "second_consultant" not in told
