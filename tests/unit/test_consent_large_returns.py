"""A return that names many people needs two officers; what it hides needs none."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.consent.models import PROPOSAL
from services.consent.policies import PolicyRefused, load_policy
from services.consent.settings import POLICY_DIR
from tests.unit.test_consent_imports import ANNE, BEN, CARA, RETURNS, codes, line
from tests.unit.test_consent_rig import CARDIAC, THYROID, House, Rig, house, rig, running

__all__ = ["house", "rig"]

DORA, EVE = "9900004", "9900005"
EVERYBODY = (ANNE, BEN, CARA, DORA, EVE)


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[Rig]:
    """Where two people are many."""
    policy = tmp_path / "policy"
    shutil.copytree(POLICY_DIR, policy)
    written = policy / "demonstration.toml"
    written.write_text(written.read_text().replace("large_return = 10000", "large_return = 2"))
    with house.stores.swept(), running(house, house.settings(tmp_path, policy_dir=policy)) as started:
        started.register(*EVERYBODY)
        yield started


def decide(desk: Rig, report: dict[str, Any], step: str = "approval", who: str = "officer-2") -> httpx.Response:
    found: httpx.Response = desk.client.post(f"/v1/imports/{report['id']}/{step}", auth=desk.house.person(who))
    return found


def approved(desk: Rig, report: dict[str, Any]) -> dict[str, Any]:
    found = decide(desk, report)
    assert found.status_code == 200, found.text
    second: dict[str, Any] = found.json()
    assert second["lines"] == sum(second[fate] for fate in ("applied", "duplicate", "quarantined"))
    assert second["of"] == report["id"]
    return second


def read(desk: Rig, report: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = desk.officer("GET", f"/v1/imports/{report['id']}").json()
    return found


def given(*people: str) -> list[str]:
    return [RETURNS, *(line(gmc, "given") for gmc in people)]


def test_as_many_as_one_person_may_name_wait_for_nobody(desk: Rig) -> None:
    report = desk.load("returns", given(ANNE, BEN))
    assert (report["applied"], report["waiting"], report["needs_second_person"]) == (2, 0, False)
    assert desk.named() == {ANNE, BEN}
    assert desk.officer("GET", "/v1/imports").json() == []


def test_more_wait_for_another_officer(desk: Rig) -> None:
    report = desk.load("returns", given(ANNE, BEN, CARA))
    assert (report["applied"], report["waiting"], report["needs_second_person"]) == (0, 3, True)
    assert codes(report) == [(number, "waiting", "second-person") for number in (2, 3, 4)]
    assert report["effect"] == [{"programme": CARDIAC, "newly_named": 3, "newly_withheld": 0}]
    assert (desk.named(), desk.revision()) == (set(), 0)
    (waiting,) = desk.officer("GET", "/v1/imports").json()
    assert (waiting["id"], waiting["lines"], waiting["proposed_by"]) == (report["id"], 3, "officer")
    second = approved(desk, report)
    assert (second["applied"], second["revision"]) == (3, 3)
    assert desk.named() == {ANNE, BEN, CARA}
    assert desk.officer("GET", "/v1/imports").json() == []
    kept = read(desk, report)["second_person"]
    assert (kept["state"], kept["decided_by"], kept["report"]) == ("approved", "officer-2", second["id"])


def test_nobody_approves_what_they_sent(desk: Rig) -> None:
    report = desk.load("returns", given(ANNE, BEN, CARA))
    found = decide(desk, report, who="officer")
    assert (found.status_code, found.json()["code"]) == (409, "same_person")
    assert desk.named() == set()
    assert decide(desk, report, who="steward").status_code == 403
    assert decide(desk, {"id": "i-000000000000"}).status_code == 404


def test_what_hides_is_recorded_at_once_whatever_waits(desk: Rig) -> None:
    desk.load("returns", given(ANNE, BEN))
    report = desk.load(
        "returns",
        [
            RETURNS,
            line(CARA, "given"), line(DORA, "given"), line(EVE, "given"),
            line(ANNE, "withdrawn"), line(BEN, "refused", "2026-05-02"), "rubbish", line(CARA, "asked", "2026-04-01"),
        ],
    )  # fmt: skip
    assert (report["applied"], report["waiting"], report["quarantined"]) == (2, 4, 1)
    assert report["effect"] == [{"programme": CARDIAC, "newly_named": 3, "newly_withheld": 2}]
    assert desk.named() == set()
    assert {"word": desk.state(ANNE)["decision"], "other": desk.state(BEN)["decision"]} == {
        "word": "withdrawn", "other": "refused",
    }  # fmt: skip
    approved(desk, report)
    assert desk.named() == {CARA, DORA, EVE}


def test_a_restriction_or_an_objection_in_a_large_return_waits_for_nobody(desk: Rig) -> None:
    lines = [*given(ANNE, BEN, CARA), line(DORA, "restricted"), line(EVE, "objection_raised", "no date")]
    report = desk.load("returns", lines)
    assert (report["applied"], report["waiting"]) == (2, 3)
    assert (desk.state(DORA)["restricted"], desk.state(EVE)["objection"]) == (True, "open")


def test_what_hides_somebody_whose_consent_waits_does_not_wait_with_it(desk: Rig) -> None:
    answers = [*given(ANNE, BEN, CARA), line(ANNE, "withdrawn", "2026-04-01"), line(BEN, "refused", "2026-04-01")]
    lines = [RETURNS, *answers[4:], *answers[1:4]]
    report = desk.load("returns", lines)
    assert (report["applied"], report["waiting"]) == (2, 3)
    assert [desk.state(gmc)["decision"] for gmc in (ANNE, BEN)] == ["withdrawn", "refused"]
    approved(desk, report)
    assert desk.named() == {ANNE, BEN, CARA}


def test_whoever_hides_while_it_waits_stays_hidden(desk: Rig) -> None:
    """Also where the withdrawal is written down with a day before the consent that waits."""
    report = desk.load("returns", [RETURNS, *(line(gmc, "given", "2026-10-14") for gmc in EVERYBODY)])
    desk.withdraw(ANNE)
    desk.load("returns", [RETURNS, line(BEN, "withdrawn", "2026-01-01"), line(CARA, "restricted", "2026-01-01")])
    desk.decide(DORA, "refused")
    second = approved(desk, report)
    assert (second["applied"], second["quarantined"]) == (1, 4)
    assert {code for _, _, code in codes(second)} == {"hidden-since"}
    assert desk.named() == {EVE}


def test_lines_are_judged_again_when_they_are_approved(desk: Rig) -> None:
    report = desk.load("returns", given(ANNE, BEN, CARA))
    desk.load("returns", [RETURNS, line(ANNE, "given", "2026-05-02")])
    second = approved(desk, report)
    assert (second["applied"], codes(second)) == (2, [(2, "duplicate", "already-there")])


def test_the_same_answer_whether_it_waited_or_not(house: House, tmp_path: Path) -> None:
    """Lines in every order of day and place, for three people each in two: what stands in the end is the same."""
    acts = [("given", "2026-05-05"), ("refused", "2026-05-03"), ("withdrawn", "2026-05-01"), ("given", "2026-05-02")]
    orders = [acts, acts[::-1], acts[1:] + acts[:1], acts[2:] + acts[:2]]
    people = [f"99000{number:02d}" for number in range(1, 17)]
    lines = [RETURNS, *(line(gmc, *act) for at, gmc in enumerate(people) for act in orders[at % 4])]
    stands = []
    for limit in ("10000", "1"):
        policy = tmp_path / f"policy-{limit}"
        shutil.copytree(POLICY_DIR, policy)
        written = policy / "demonstration.toml"
        written.write_text(written.read_text().replace("large_return = 10000", f"large_return = {limit}"))
        with running(house, house.settings(tmp_path / limit, policy_dir=policy)) as desk:
            desk.register(*people)
            report = desk.load("returns", lines)
            assert (report["waiting"] > 0) is (limit == "1")
            if report["waiting"]:
                approved(desk, report)
            stands.append((desk.named(), [desk.state(gmc)["decision"] for gmc in people]))
    assert stands[0] == stands[1]
    assert 0 < len(stands[0][0]) < len(people)


def test_the_same_return_again_while_it_waits_adds_nothing(desk: Rig) -> None:
    lines = [*given(ANNE, BEN, CARA), line(DORA, "withdrawn")]
    first = desk.load("returns", lines)
    again = desk.load("returns", lines)
    assert (again["applied"], again["duplicate"], again["waiting"]) == (0, 4, 0)
    assert len(desk.officer("GET", "/v1/imports").json()) == 1
    approved(desk, first)
    assert desk.load("returns", lines)["duplicate"] == 4


def test_a_dry_run_says_that_it_would_wait(desk: Rig) -> None:
    lines = [*given(ANNE, BEN, CARA), line(DORA, "withdrawn")]
    dry = desk.load("returns", lines, dry_run=True)
    assert (dry["needs_second_person"], dry["waiting"], dry["applied"]) == (True, 3, 1)
    assert dry["effect"] == [{"programme": CARDIAC, "newly_named": 3, "newly_withheld": 0}]
    assert (desk.revision(), desk.officer("GET", "/v1/imports").json()) == (0, [])
    assert decide(desk, dry).status_code == 404


def test_what_is_rejected_is_let_go(desk: Rig) -> None:
    report = desk.load("returns", [*given(ANNE, BEN, CARA), line(DORA, "withdrawn")])
    kept = decide(desk, report, "rejection", "officer").json()
    assert (kept["id"], kept["second_person"]["state"]) == (report["id"], "rejected")
    assert decide(desk, report, "rejection", "officer").status_code == 200
    refused = decide(desk, report)
    assert (refused.status_code, refused.json()["code"]) == (409, "step_not_allowed")
    assert (desk.named(), desk.state(DORA)["decision"]) == (set(), "withdrawn")


def test_an_approval_that_is_sent_again_is_answered_the_same(desk: Rig) -> None:
    report = desk.load("returns", given(ANNE, BEN, CARA))
    second = approved(desk, report)
    assert decide(desk, report).json() == second
    assert desk.revision() == 3
    assert decide(desk, report, "rejection").status_code == 409


def test_the_smallest_number_of_the_programmes_counts_for_all(desk: Rig) -> None:
    desk.register(*EVERYBODY, programme=THYROID)
    lines = [RETURNS, line(ANNE, "given"), line(ANNE, "given", programme=THYROID), line(BEN, "given")]
    assert desk.load("returns", lines)["waiting"] == 0  # two people, in two programmes
    more = [RETURNS, line(CARA, "given", programme=THYROID), line(DORA, "given"), line(EVE, "given")]
    report = desk.load("returns", more)
    assert report["waiting"] == 3
    assert [one["newly_named"] for one in report["effect"]] == [2, 1]


def test_the_lines_are_kept_only_while_they_wait_and_without_whoever_is_erased(desk: Rig) -> None:
    lines = [RETURNS, *(line(gmc, "given", evidence=f"letter of {gmc}") for gmc in (ANNE, BEN, CARA))]
    report = desk.load("returns", lines)
    erased = desk.officer("POST", f"/v1/consultants/{ANNE}/erasure", json={"channel": "letter"})
    assert erased.status_code == 200, erased.text
    (body,) = proposals(desk)
    assert ANNE not in body
    assert BEN in body
    second = approved(desk, report)
    assert codes(second) == [(2, "quarantined", "erased-person")]
    assert desk.named() == {BEN, CARA}
    (body,) = proposals(desk)
    assert json.loads(body)["text"] == ""


def proposals(desk: Rig) -> list[str]:
    with desk.client.app.state.office.store.reading() as tx:  # type: ignore[attr-defined]
        return list(tx.session.execute(select(PROPOSAL.c.body)).scalars())


def test_what_is_large_is_a_setting_of_the_policy_file(tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    shutil.copytree(POLICY_DIR, policy)
    written = policy / "demonstration.toml"
    assert set(load_policy(policy, True).large_return.values()) == {10_000}
    written.write_text(written.read_text().replace("large_return = 10000\n", ""))
    assert set(load_policy(policy, True).large_return.values()) == {200}
    written.write_text("large_return = 0\n" + written.read_text())
    with pytest.raises(PolicyRefused, match="large_return"):
        load_policy(policy, True)
