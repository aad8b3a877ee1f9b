"""The gate of a release over HTTP: what must be passed, answered and signed before anybody else may read it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from services.ratings.domain.checks import BY_A_PERSON, TITLES, Answered, CheckName, Found, gate_digest, settled
from services.ratings.domain.release_policy import FOLDER, PolicyRefused, load_release_policy
from tests.people import change_person
from tests.ports import free_port
from tests.stores import Stores
from tests.unit.test_ratings_rig import BOTH, Rig, load_world, rig_in, small_world

CARDIAC = "adult-cardiac-surgery"
INDICATOR = [f"{CARDIAC}-mortality-30d"]
MORNING = datetime(2026, 9, 30, 8, 30, tzinfo=UTC)
DAYS = (date(2026, 8, 1) + timedelta(days=number) for number in range(60))  # a day of its own for each test


class Clock:
    """The present moment, as the test wants it."""

    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("gate")
    with rig_in(folder, Stores(None), clock) as running:
        change_person(folder / "people.json", "publisher-2", roles=["publisher"], password="of-the-second")
        running.passwords["publisher-2"] = "of-the-second"
        load_world(running, small_world())
        yield running


@pytest.fixture
def draft(rig: Rig, clock: Clock) -> str:
    clock.now = MORNING
    return str(rig.build(str(next(DAYS)), INDICATOR)["release"])


def refusal(rig: Rig, who: str, path: str, **options: Any) -> tuple[int, str]:
    found = rig.ask(who, "POST", f"/v1/releases/{path}", **options)
    return found.status_code, found.json().get("code", "")


def check(gate: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (one for one in gate["checks"] if one["check"] == name)
    answer: dict[str, Any] = found
    return answer


def answer(rig: Rig, release: str, name: str, passed: bool = True, who: str = "reviewer") -> dict[str, Any]:
    path = f"/v1/releases/{release}/checks/{name}/answer"
    return rig.done(who, "POST", path, json={"passed": passed, "note": f"Read again: {passed}"})


def test_a_draft_says_what_is_still_to_be_done(rig: Rig, draft: str) -> None:
    gate = rig.gate(draft, "analyst")
    assert [one["check"] for one in gate["checks"]] == [one.value for one in CheckName]
    assert {one["title"] for one in gate["checks"]} == set(TITLES.values())
    assert (gate["complete"], gate["submission"], gate["signatures"]) == (False, 0, [])
    waits = {one["check"] for one in gate["checks"] if one["state"] == "waiting"}
    assert {"preview", "announced", "dpia", "replay"} <= waits
    found = check(gate, "disclosure")
    assert (found["state"], found["answerable"], found["now"]["exposed"]) == ("passed", False, 0)
    assert found["now"]["people_hidden"] > 0
    assert check(gate, "numbers")["evidence"]["not_finite"] == 0 < check(gate, "numbers")["evidence"]["figures"]


def test_the_gate_is_for_those_who_make_releases(rig: Rig, draft: str) -> None:
    for who in ("auditor", "steward", "officer", "consultant", "lead"):
        assert rig.ask(who, "GET", f"/v1/releases/{draft}/checks").status_code == 403
    for who in ("analyst", "auditor"):
        body = {"passed": True, "note": "x"}
        assert refusal(rig, who, f"{draft}/checks/dpia/answer", json=body) == (403, "role_not_allowed")
    gate = rig.gate(draft)["digest"]
    assert refusal(rig, "reviewer", f"{draft}/signature", json={"role": "publisher", "gate": gate})[0] == 403


def test_an_unanswered_gate_holds_a_release_back(rig: Rig, draft: str) -> None:
    rig.announce(draft)
    rig.step("analyst", draft, "submission")
    assert refusal(rig, "reviewer", f"{draft}/approval") == (409, "gate_not_answered")
    gate = rig.gate(draft)
    body = {"role": "reviewer", "gate": gate["digest"]}
    assert refusal(rig, "reviewer", f"{draft}/signature", json=body) == (409, "gate_not_answered")
    rig.answer_all(draft)
    assert rig.gate(draft)["complete"]
    assert refusal(rig, "reviewer", f"{draft}/approval") == (409, "not_signed")
    answer(rig, draft, "dpia", passed=False)
    assert check(rig.gate(draft), "dpia")["state"] == "failed"
    refused = rig.ask("reviewer", "POST", f"/v1/releases/{draft}/approval")
    assert (refused.json()["code"], [one["check"] for one in refused.json()["errors"]]) == (
        "gate_not_answered",
        ["dpia"],
    )


def test_what_the_computer_checks_nobody_answers_away(rig: Rig, draft: str) -> None:
    rig.step("analyst", draft, "submission")
    for name in sorted(set(CheckName) - BY_A_PERSON):
        refused = rig.ask(
            "reviewer", "POST", f"/v1/releases/{draft}/checks/{name}/answer", json={"passed": True, "note": "Trust me"}
        )
        assert (refused.status_code, refused.json()["code"]) == (409, "check_not_answerable"), name
    body = {"passed": True, "note": "x"}
    assert refusal(rig, "reviewer", f"{draft}/checks/no_such_check/answer", json=body) == (404, "not_found")
    assert refusal(rig, "reviewer", f"{draft}/checks/dpia/answer", json={"passed": True, "note": " "})[0] == 422


def test_a_damaged_part_fails_the_gate_even_where_it_was_signed(rig: Rig, draft: str) -> None:
    rig.approve(draft)
    rig.sign(draft, "publisher")
    with rig.office.store.reading() as tx:
        file = rig.office.frames.path(tx.release(draft).parts["comparisons"])
    kept = file.read_bytes()
    pl.read_parquet(file).head(0).write_parquet(file)
    try:
        assert check(rig.gate(draft), "results")["state"] == "failed"
        assert refusal(rig, "publisher", f"{draft}/publication") == (409, "gate_not_answered")
    finally:
        file.write_bytes(kept)
    assert rig.step("publisher", draft, "publication")["status"] == "published"


def test_a_figure_that_is_no_number_fails_the_gate(rig: Rig, draft: str) -> None:
    with rig.office.store.transaction() as tx:
        row = tx.release(draft)
        odd = rig.office.frames.load(row.parts["results"]).with_columns(reliability=pl.lit(float("nan")))
        digest = rig.office.frames.keep(odd, ["indicator", "period_id", "level", "subject"])
        row.parts, row.results_digest = {**row.parts, "results": digest}, digest
        tx.add(row)
    found = check(rig.gate(draft), "numbers")
    assert (found["state"], found["evidence"]["not_finite"]) == ("failed", odd.height)


def test_three_people_and_nobody_twice(rig: Rig, clock: Clock) -> None:
    clock.now = MORNING
    mine = str(rig.build(str(next(DAYS)), INDICATOR, who=BOTH)["release"])
    rig.announce(mine)
    rig.step(BOTH, mine, "submission")
    body = {"passed": True, "note": "My own"}
    assert refusal(rig, BOTH, f"{mine}/checks/dpia/answer", json=body) == (409, "same_person")
    rig.answer_all(mine)
    read = {"gate": rig.gate(mine)["digest"]}
    for role in ("reviewer", "publisher"):
        assert refusal(rig, BOTH, f"{mine}/signature", json={"role": role, **read}) == (409, "same_person")
    for step in ("approval", "publication", "return"):
        assert refusal(rig, BOTH, f"{mine}/{step}")[1] in ("same_person", "step_not_allowed")

    theirs = str(rig.build(str(next(DAYS)), INDICATOR)["release"])
    rig.announce(theirs)
    rig.step("analyst", theirs, "submission")
    rig.answer_all(theirs)
    read = {"gate": rig.gate(theirs)["digest"]}
    assert refusal(rig, "publisher", f"{theirs}/signature", json={"role": "publisher", **read}) == (409, "not_signed")
    rig.sign(theirs, "reviewer", BOTH)
    assert refusal(rig, BOTH, f"{theirs}/signature", json={"role": "publisher", **read}) == (409, "same_person")
    assert refusal(rig, "reviewer", f"{theirs}/approval") == (409, "not_signed")  # under somebody else's signature
    assert rig.step(BOTH, theirs, "approval")["reviewer"] == BOTH
    assert refusal(rig, BOTH, f"{theirs}/publication") == (409, "same_person")
    assert refusal(rig, "publisher", f"{theirs}/publication") == (409, "not_signed")
    rig.sign(theirs, "publisher")
    assert refusal(rig, "publisher-2", f"{theirs}/publication") == (409, "not_signed")
    assert rig.step("publisher", theirs, "publication")["publisher"] == "publisher"


def test_a_signature_counts_for_what_was_read(rig: Rig, draft: str) -> None:
    rig.announce(draft)
    rig.step("analyst", draft, "submission")
    rig.answer_all(draft)
    before = rig.gate(draft)["digest"]
    answer(rig, draft, "dpia")  # another note
    stale = {"role": "reviewer", "gate": before}
    assert refusal(rig, "reviewer", f"{draft}/signature", json=stale) == (409, "gate_changed")
    signed = rig.sign(draft, "reviewer")
    assert [(one["role"], one["person"], one["current"]) for one in signed["signatures"]] == [
        ("reviewer", "reviewer", True)
    ]
    rig.step("reviewer", draft, "approval")
    rig.sign(draft, "publisher")
    rig.done("reviewer", "POST", f"/v1/releases/{draft}/checks/dpia/answer", json={"passed": True, "note": "On page 4"})
    assert [one["current"] for one in rig.gate(draft)["signatures"]] == [False, False]
    assert refusal(rig, "publisher", f"{draft}/publication") == (409, "not_signed")
    rig.sign(draft, "reviewer")
    assert refusal(rig, "publisher", f"{draft}/publication") == (409, "not_signed")
    rig.sign(draft, "publisher")
    assert rig.step("publisher", draft, "publication")["status"] == "published"


def test_a_returned_release_begins_a_gate_without_answers(rig: Rig, draft: str) -> None:
    rig.approve(draft)
    assert rig.step("reviewer", draft, "return")["status"] == "returned"
    again = rig.step("analyst", draft, "submission")
    assert (again["submission"], again.get("reviewer")) == (2, None)
    gate = rig.gate(draft)
    assert (gate["signatures"], check(gate, "dpia")["state"]) == ([], "waiting")
    assert rig.approve_submitted(draft)["status"] == "approved"


def test_a_decision_taken_while_a_release_waits_neither_blocks_nor_unsigns_it(rig: Rig, draft: str) -> None:
    rig.approve(draft)
    signed = rig.sign(draft, "publisher")
    world = small_world()
    given = world.returns.filter((pl.col("act") == "given") & (pl.col("programme") == f"{CARDIAC}-consultant-outcomes"))
    rig.withdraw(given["gmc"][0], f"{CARDIAC}-consultant-outcomes")
    gate = rig.gate(draft)
    assert gate["digest"] == signed["digest"]
    assert all(one["current"] for one in gate["signatures"])
    before, after = (check(one, "legal_basis")["now"] for one in (signed, gate))
    assert (after["named"], after["consent_revision"] > before["consent_revision"]) == (before["named"] - 1, True)
    assert rig.step("publisher", draft, "publication")["status"] == "published"
    assert given["gmc"][0] not in rig.table(draft, "rows")["consultant_id"].to_list()


@contextmanager
def without_consent(rig: Rig) -> Iterator[None]:
    """Ratings, with a consent service that does not answer."""
    state, office = rig.ratings.app.state, rig.office  # type: ignore[attr-defined]  # a FastAPI application
    with httpx.Client(base_url=f"http://127.0.0.1:{free_port()}", trust_env=False) as nobody:
        state.office = replace(office, peers=replace(office.peers, consent=nobody))
        yield
    state.office = office


def test_while_consent_is_away_a_signature_waits_and_is_not_refused(rig: Rig, draft: str) -> None:
    rig.approve(draft)
    with without_consent(rig):
        gate = rig.gate(draft)
        assert (gate["complete"], check(gate, "legal_basis")["state"]) == (False, "waiting")
        signature = {"role": "publisher", "gate": gate["digest"]}
        assert refusal(rig, "publisher", f"{draft}/signature", json=signature) == (503, "peer_unreachable")
    assert refusal(rig, "publisher", f"{draft}/signature", json=signature) == (409, "gate_changed")
    assert rig.sign(draft, "publisher")["complete"]


def test_two_publishers_at_once_publish_once(rig: Rig, draft: str) -> None:
    rig.approve(draft)
    rig.sign(draft, "publisher")
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(refusal, rig, "publisher", f"{draft}/publication") for _ in range(2)]
        assert sorted(one.result() for one in asked) == [(200, ""), (409, "step_not_allowed")]
    assert rig.live(draft)["view"] == 1


def test_a_publication_repeated_after_a_lost_answer_changes_nothing(rig: Rig, draft: str) -> None:
    published = rig.publish(draft)
    assert refusal(rig, "publisher", f"{draft}/publication") == (409, "step_not_allowed")
    assert rig.done("publisher", "GET", f"/v1/releases/{draft}") == published
    with rig.office.store.reading() as tx:
        assert [one.action for one in tx.audited(draft)].count("release.publication") == 1


def test_two_releases_published_at_once_come_one_after_the_other(rig: Rig, clock: Clock) -> None:
    clock.now = MORNING
    both = [str(rig.build(str(next(DAYS)), INDICATOR)["release"]) for _ in range(2)]
    for one in both:
        rig.approve(one)
        rig.sign(one, "publisher")
    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(rig.step, "publisher", one, "publication") for one in both]
        assert {one.result()["status"] for one in found} == {"published"}
    now = {one: rig.done("analyst", "GET", f"/v1/releases/{one}") for one in both}
    assert sorted(one["status"] for one in now.values()) == ["published", "superseded"]
    (newer,) = (name for name, one in now.items() if one["status"] == "published")
    assert now[newer]["supersedes"] in set(both) - {newer}


def test_a_check_is_settled_as_the_policy_says() -> None:
    passed, failed, yes = Found("passed"), Found("failed"), Answered(True, "why", "somebody")
    no = Answered(False, "why", "somebody")
    assert settled(CheckName.REPLAY, failed, None, yes).state == "failed"
    assert settled(CheckName.REPLAY, failed, "when_not_met", None).state == "waiting"
    assert settled(CheckName.REPLAY, failed, "when_not_met", yes).state == "passed"
    assert settled(CheckName.REPLAY, passed, "when_not_met", no).state == "passed"
    assert settled(CheckName.DPIA, passed, "always", None).state == "waiting"
    assert settled(CheckName.DPIA, passed, "always", no).state == "failed"


def test_a_digest_is_of_evidence_and_not_of_what_moves() -> None:
    def digest(found: Found, answer: Answered | None = None) -> str:
        return gate_digest("2026-09-30", 1, None, [settled(CheckName.REPLAY, found, "when_not_met", answer)])

    one = digest(Found("passed", {"rows": 3}, {"named": 5}))
    assert one == digest(Found("passed", {"rows": 3}, {"named": 4}))
    assert len({one, digest(Found("passed", {"rows": 4})), digest(Found("failed", {"rows": 3})),
                digest(Found("passed", {"rows": 3}), Answered(True, "why", "somebody"))}) == 4  # fmt: skip


def test_both_policies_load_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    assert load_release_policy(FOLDER, "release", demonstration=False).notice_days > 0
    assert load_release_policy(FOLDER, "demonstration", demonstration=True).preview_working_days == 0
    with pytest.raises(PolicyRefused, match="verified_by"):
        load_release_policy(FOLDER, "demonstration", demonstration=False)
    text = (FOLDER / "release.toml").read_text()
    wrong = {
        "no person may answer disclosure": text.replace('dpia = "always"', 'dpia = "always"\ndisclosure = "always"'),
        "preview_working_days": text.replace("preview_working_days = 20", "preview_working_days = -1"),
        "Extra inputs": text.replace('version = "2026.1"', 'version = "2026.1"\nskip = true'),
    }
    for expected, body in wrong.items():
        (tmp_path / "other.toml").write_text(body)
        with pytest.raises(PolicyRefused, match=expected):
            load_release_policy(tmp_path, "other", demonstration=True)
    with pytest.raises(PolicyRefused, match="missing"):
        load_release_policy(tmp_path, "missing", demonstration=True)
