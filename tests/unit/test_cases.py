"""Cases over HTTP, on both engines: who may take which step, repeats, restarts, and nothing of the past lost."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from sqlmodel import select

from services.ratings.models import CaseStepRow
from services.ratings.store.store import Store
from services.ratings.workflow.case_opening import open_cases
from tests.stores import Stores
from tests.unit.case_rig import HOSPITAL, INDICATOR, SURGEON, Desk, be, desk_in
from tests.unit.test_hostile_values import HOSTILE, ascii_json, in_an_address, told
from tests.unit.test_ratings_rig import BOTH

RELEASE = "2025-05-15"
BEGUN = date(2025, 1, 6)
WHY = "By letter"
OUTSIDE = ("publisher", "steward", "officer")


@pytest.fixture(scope="module")
def desk(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_in(tmp_path_factory.mktemp("cases"), stores, BEGUN) as made:
        be(made.rig, "lead", HOSPITAL)
        made.deliver(25)
        made.submit(made.build(RELEASE))
        yield made


@pytest.fixture
def case(desk: Desk) -> str:
    """The hospital's alarm, in scrutiny since today, however often it was begun before."""
    desk.clock.to(BEGUN)
    follow(desk, observed=hospital("observed", pl.col("observed") + next(COUNT)))
    return desk.alarm()


COUNT = iter(range(1, 1000))


def hospital(name: str, value: pl.Expr) -> pl.Expr:
    return pl.when((pl.col("subject") == HOSPITAL) & (pl.col("level") == "provider")).then(value).otherwise(name)


def follow(desk: Desk, **changed: pl.Expr) -> dict[str, int]:
    """Cases follow results that were corrected like this."""
    office = desk.rig.office
    with office.store.transaction() as tx:
        row = tx.release(RELEASE)
        frame = office.frames.load(row.parts["results"]).with_columns(**changed)
        return dict(open_cases(office, tx, row, frame))


def post(desk: Desk, who: str, case: str, body: dict[str, Any], **headers: str) -> tuple[int, str]:
    answer = desk.rig.ask(who, "POST", f"/v1/cases/{case}/steps", json=body, headers=headers)
    return answer.status_code, answer.json().get("code", "")


def test_every_position_beyond_limits_has_a_case_of_its_kind(desk: Desk) -> None:
    with desk.rig.office.store.reading() as tx:
        frame = desk.rig.office.frames.load(tx.release(RELEASE).parts["results"])
    words = {"above_warning": ("alert", "above"), "below_warning": ("alert", "below"),
             "above_control": ("alarm", "above"), "below_control": ("alarm", "below")}  # fmt: skip
    beyond = {(row["level"], row["subject"], *words[row["position"]])
              for row in frame.filter(pl.col("position").is_in(list(words))).iter_rows(named=True)}  # fmt: skip
    assert len(beyond) >= 3
    assert {(one["level"], one["subject"], one["kind"], one["direction"]) for one in desk.cases()} == beyond
    assert {one["state"] for one in desk.cases(kind="alert")} == {"signal"}


def test_lists_are_filtered_and_unknown_questions_refused(desk: Desk) -> None:
    assert {one["kind"] for one in desk.cases(kind="alarm")} == {"alarm"}
    assert desk.cases(release="2025-05-16") == []
    for asked in ("?kind=worse", "?page=2", "?kind=alarm&kind=alert", "?state=bad"):
        assert desk.rig.ask("analyst", "GET", f"/v1/cases{asked}").status_code == 422
    assert desk.rig.ask("analyst", "GET", "/v1/cases/k-000000000000").status_code == 404
    assert desk.rig.ask("analyst", "GET", "/v1/cases/nonsense").status_code == 422


def test_whose_office_has_nothing_to_do_with_cases_is_refused(desk: Desk, case: str) -> None:
    for who in OUTSIDE:
        assert desk.rig.ask(who, "GET", "/v1/cases").status_code == 403
    for who in (*OUTSIDE, "reviewer", "auditor", "regulator"):
        assert post(desk, who, case, {"step": "no_case", "note": "x"})[0] == 403
    for who in ("lead", "practice", "consultant", "regulator"):
        assert desk.rig.ask(who, "GET", "/v1/cases/policies").status_code == 403


def test_a_case_that_one_may_not_know_of_is_like_none(desk: Desk, case: str) -> None:
    person = desk.alarm("consultant", SURGEON)
    for who in ("lead", "regulator", "consultant"):
        theirs = desk.rig.ask(who, "GET", f"/v1/cases/{person}")
        nobodys = desk.rig.ask(who, "GET", "/v1/cases/k-000000000000")
        assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content)
    assert post(desk, "consultant", case, {"step": "respond", "note": "x"}, **{"If-Match": '"1"'})[0] == 404


def test_a_step_is_taken_under_what_was_seen(desk: Desk, case: str) -> None:
    seen = desk.rig.ask("analyst", "GET", f"/v1/cases/{case}")
    body = {"step": "case_to_answer", "note": "The numbers stand."}
    assert seen.headers["ETag"] == f'"{seen.json()["sequence"]}"'
    assert seen.headers["Cache-Control"] == "no-store"
    assert post(desk, "analyst", case, body) == (428, "if_match_needed")
    assert post(desk, "analyst", case, body, **{"If-Match": '"1"'}) == (412, "revision_changed")
    assert post(desk, "analyst", case, body, **{"If-Match": "*"}) == (422, "value_not_allowed")
    assert post(desk, "analyst", case, body | {"note": "  "}, **{"If-Match": seen.headers["ETag"]})[0] == 422
    assert post(desk, "analyst", case, body | {"more": 1}, **{"If-Match": seen.headers["ETag"]})[0] == 422
    assert post(desk, "analyst", case, body, **{"If-Match": seen.headers["ETag"]}) == (200, "")
    assert post(desk, "analyst", case, body, **{"If-Match": seen.headers["ETag"]}) == (412, "revision_changed")


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_a_value_that_no_engine_keeps_is_told_to_the_caller(desk: Desk, value: str) -> None:
    case, there = desk.alarm("consultant", SURGEON), in_an_address(value)
    headers = {"Content-Type": b"application/json", "If-Match": f'"{desk.read(case)["sequence"]}"'.encode()}
    for name in ("step", "note", "override"):
        body = ascii_json({"step": "confirm", "note": "x", name: value})
        told(desk.rig.ask("analyst", "POST", f"/v1/cases/{case}/steps", content=body, headers=headers))
    for name in ("Idempotency-Key", "If-Match"):
        more = headers | {name: value.encode("utf-8", "surrogatepass")}
        told(desk.rig.ask("analyst", "POST", f"/v1/cases/{case}/steps", content=body, headers=more))
    for path in (f"/v1/cases/{there}", f"/v1/cases?release={there}", f"/v1/cases?kind={there}&state={there}"):
        told(desk.rig.ask("analyst", "GET", path))


def test_a_note_has_lines_and_no_character_that_an_engine_refuses(desk: Desk, case: str) -> None:
    for note, status in (("One.\n\tTwo.", 200), ("a\0b", 422), (" \n ", 422), ("x" * 4001, 422)):
        seen = {"If-Match": f'"{desk.read(case)["sequence"]}"'}
        assert post(desk, "analyst", case, {"step": "case_to_answer", "note": note}, **seen)[0] == status
    assert desk.read(case)["history"][-1]["note"] == "One.\n\tTwo."


def test_a_repeat_with_its_key_takes_no_second_step(desk: Desk, case: str) -> None:
    sequence = desk.read(case)["sequence"]
    sent = {"If-Match": f'"{sequence}"', "Idempotency-Key": "once"}
    body = {"step": "case_to_answer", "note": "The numbers stand."}
    for _ in range(3):
        assert post(desk, "analyst", case, body, **sent) == (200, "")
    assert desk.read(case)["sequence"] == sequence + 1
    for who, other in (("analyst", body | {"note": "Others."}), (BOTH, body)):
        assert post(desk, who, case, other, **sent) == (409, "idempotency_key_reused")


def test_of_two_steps_at_once_one_is_taken(desk: Desk, case: str) -> None:
    sequence = desk.read(case)["sequence"]
    seen = {"If-Match": f'"{sequence}"'}
    bodies = [{"step": step, "note": f"at once, {turn}"} for turn in range(3) for step in ("no_case", "case_to_answer")]
    with ThreadPoolExecutor(6) as pool:
        found = Counter(pool.map(lambda body: post(desk, "analyst", case, body, **seen), bodies))
    assert found == {(200, ""): 1, (412, "revision_changed"): 5}
    assert desk.read(case)["sequence"] == sequence + 1


def test_the_audit_acts_for_others_only_with_a_reason(desk: Desk, case: str) -> None:
    for step in ("case_to_answer", "tell"):
        desk.taken("analyst", case, step)
    assert set(desk.read(case)["needs_override"]) == {"respond", "no_response"}
    assert desk.read(case, "lead")["next_steps"] == ["respond"]
    for step in ("respond", "no_response"):
        assert desk.take("analyst", case, step).json()["code"] == "override_needed"
    assert desk.take("lead", case, "no_response", override=WHY).json()["code"] == "not_your_step"
    assert desk.take("lead", case, "confirm").json()["code"] == "step_not_allowed"
    found = desk.taken("analyst", case, "respond", override=WHY)
    last = found["history"][-1]
    assert (last["actor"], last["party"], last["override"]) == ("analyst", "lead_clinician", WHY)


def test_a_case_is_published_with_its_release_and_not_before(desk: Desk, case: str) -> None:
    for step in ("case_to_answer", "tell", "respond", "confirm", "escalate"):
        desk.taken("analyst", case, step, override=WHY)
    assert desk.read(case, "lead")["next_steps"] == ["acknowledge"]
    desk.taken("lead", case, "acknowledge")
    found = desk.read(case)
    assert (found["owner"], found["deadline"], found["next_steps"]) == ("audit", RELEASE, [])
    assert desk.take("analyst", case, "publish").json()["code"] == "step_not_allowed"


def test_corrected_data_begin_a_case_anew_and_the_same_data_do_nothing(desk: Desk, case: str) -> None:
    desk.taken("analyst", case, "case_to_answer")
    before = desk.read(case)
    same = hospital("observed", pl.lit(before["figures"]["observed"]))
    assert follow(desk, observed=same) == {}
    assert desk.read(case) == before
    tiny = hospital("expected", pl.col("expected") + 1e-6)  # the same figure, as it is published
    assert follow(desk, observed=same, expected=tiny) == {}
    desk.clock.to(BEGUN + timedelta(days=1))
    assert follow(desk, observed=hospital("observed", pl.lit(77)))["restart"] == 1
    now = desk.read(case)
    assert (now["state"], now["round"], now["history"][:-1]) == ("in_scrutiny", before["round"] + 1, before["history"])
    assert desk.sees(case, "lead"), "what was told cannot be untold"


def test_no_longer_beyond_the_limits_closes_a_case_and_beyond_the_warning_limits_is_an_alert(desk: Desk) -> None:
    follow(desk, observed=hospital("observed", pl.lit(501)))
    alarm = desk.alarm()
    changed = {"observed": hospital("observed", pl.lit(11)),
               "position": hospital("position", pl.lit("above_warning"))}  # fmt: skip
    done = follow(desk, **changed)
    assert (done["close_on_data"], done["open"]) == (1, 1)
    closed = desk.read(alarm)
    assert (closed["state"], closed["figures"]["position"], "owner" in closed) == (
        "closed_data",
        "above_warning",
        False,
    )
    (alert,) = (one for one in desk.cases(kind="alert") if one["subject"] == HOSPITAL)
    assert desk.taken("analyst", alert["case"], "tell_locally")["state"] == "local_review"
    assert follow(desk, **changed) == {}
    assert follow(desk, observed=hospital("observed", pl.lit(12)))["restart"] == 1, "beyond the control limits again"


def test_an_indicator_that_a_release_has_not_leaves_its_cases_alone(desk: Desk, case: str) -> None:
    before = desk.read(case)
    other = {"indicator": pl.lit("colorectal-surgery-mortality-30d")}
    assert "close_on_data" not in follow(desk, **other)
    assert desk.read(case) == before


def test_a_calendar_that_ends_too_soon_refuses_the_step_and_nothing_of_it_happens(desk: Desk, case: str) -> None:
    before = desk.read(case)
    desk.clock.to(date(2027, 12, 29))
    assert desk.take("analyst", case, "case_to_answer").json()["code"] == "calendar_ends"
    desk.clock.to(BEGUN)
    assert desk.read(case) == before


def test_a_step_is_in_the_audit_without_a_person_s_number(desk: Desk) -> None:
    person = desk.alarm("consultant", SURGEON)
    with desk.rig.office.store.reading() as tx:
        entries = [one.detail for one in tx.audited(RELEASE) if one.action == "case.step"]
    assert {"case": person, "sequence": 1, "step": "open", "state": "signal", "round": 1} in entries
    assert not any(SURGEON in str(one) for one in entries)


def test_all_that_is_kept_of_a_person_s_cases_is_told_to_who_answers_for_it(desk: Desk) -> None:
    desk.taken("analyst", desk.alarm("consultant", SURGEON), "take_up", note="Coded by two people.")
    pieces = desk.rig.ask("auditor", "GET", f"/v1/subject-access/{SURGEON}").text.splitlines()
    mine = [one for one in pieces if '"place":"cases"' in one]
    theirs = [one["case"] for one in desk.cases() if one["subject"] == SURGEON]
    assert sum('"outlier_case"' in one for one in mine) == len(theirs) > 0
    assert sum("Coded by two people." in one for one in mine) == 1


def test_random_steps_lose_nothing_and_leave_one_owner_and_one_deadline(desk: Desk, case: str) -> None:
    """Whatever anybody tries: refused, or one more step that continues the last; another process reads the same."""
    chance, known = random.Random(7), desk.read(case)["history"]
    for _ in range(60):
        desk.clock.moment += timedelta(days=chance.randrange(12))
        names = ["take_up", "no_case", "case_to_answer", "tell", "respond", "no_response", "explain", "confirm",
                 "escalate", "acknowledge", "remind", "report_silence", "publish"]  # fmt: skip
        seen = desk.read(case)
        names += 3 * (seen["next_steps"] + seen["needs_override"])
        if chance.random() < 0.1:
            follow(desk, observed=hospital("observed", pl.lit(600 + chance.randrange(300))))
        else:
            more = {"override": WHY} if chance.random() < 0.8 else {}
            desk.take(chance.choice(("analyst", "analyst", "lead")), case, chance.choice(names), **more)
        now = desk.read(case)
        assert now["history"][: len(known)] == known
        assert len(now["history"]) - len(known) <= 1
        ended = now["state"].startswith("closed") or now["state"] == "published"
        assert ("owner" in now) == ("deadline" in now) == (not ended)
        for earlier, later in zip(now["history"], now["history"][1:], strict=False):
            assert later["was"] == earlier["state"]
        known = now["history"]
    assert len(known) > 20
    assert now["round"] > 3
    again = Store(desk.rig.office.store.database.engine.url.render_as_string(hide_password=False))
    with again.reading() as tx:
        kept = tx.session.exec(select(CaseStepRow).where(CaseStepRow.case == case)).all()
    again.close()
    assert sorted(one.sequence for one in kept) == [one["sequence"] for one in known]
    assert desk.read(case)["indicator"] == INDICATOR
