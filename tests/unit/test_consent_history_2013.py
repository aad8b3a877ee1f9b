"""The worked history: consent in June 2013, a mandate, a new regime; over HTTP, with a moved clock."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.consent import examples
from services.consent.workflow.switching import WARNING_SHA256
from tests.unit.test_consent_law import approve, ask, propose, put
from tests.unit.test_consent_rig import OWN, Clock, House, Rig, eventually, house, running

__all__ = ["house"]

FOLDER = Path(str(examples.__file__)).parent / "history-2013"
SILENT, LATE, REFUSED = "9913342", "9913340", "9913341"
WITHDREW, OBJECTED, TOLD_LATE = "9913000", "9913001", "9913002"


@pytest.fixture(scope="module")
def engine() -> str:
    """One of them: the law is the same on both, and is tested on both elsewhere."""
    return "sqlite"


def at(year: int, month: int, day: int, hour: int) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(at(2013, 6, 10, 9))


@pytest.fixture
def rig(house: House, tmp_path: Path, clock: Clock) -> Iterator[Rig]:
    with running(house, house.settings(tmp_path, policy_dir=FOLDER), clock) as started:
        yield started


def lines(name: str) -> list[str]:
    return (FOLDER / name).read_text().splitlines()


def law(name: str) -> dict[str, Any]:
    return dict(json.loads((FOLDER / "law" / name).read_text()))


def programmes() -> dict[str, str]:
    return {line.split(",")[0]: line.split(",")[2] for line in lines("register.csv")[1:]}


def named(rig: Rig) -> set[str]:
    return {one["subject"] for part in rig.service("/v1/permissions").json()["programmes"] for one in part["named"]}


def as_of(rig: Rig, valid: str, known: str) -> bytes:
    found = ask(rig, "auditor", "GET", "/v1/as-of", params={"valid": valid, "known": known})
    assert found.status_code == 200, found.text
    return bytes(found.content)


def asked(rig: Rig, version: int, day: str, people: list[str]) -> None:
    """The specialty bodies report whom their notice has reached."""
    head = "gmc,programme,purpose,act,notice_version,decided_on,evidence"
    known = programmes()
    report = rig.load("returns", [head, *(f"{gmc},{known[gmc]},{OWN},asked,{version},{day}," for gmc in people)])
    assert report["applied"] == len(people)


def decide(rig: Rig, gmc: str, path: str, **body: Any) -> int:
    own = rig.officer("GET", f"/v1/consultants/{gmc}").headers["ETag"]
    said = {"programme": programmes()[gmc], "purpose": OWN, "channel": "letter"} | body
    found = rig.officer("POST", f"/v1/consultants/{gmc}/{path}", json=said, headers={"If-Match": own})
    return int(found.status_code)


def summer_of_2013(rig: Rig, clock: Clock) -> bytes:
    """Until 3 July; the answer that 1 July gave about itself."""
    rig.load("register", lines("register.csv"))
    everybody = sorted(programmes())
    asked(rig, 1, "2013-06-08", everybody)
    clock.now = at(2013, 6, 18, 12)
    assert rig.load("returns", lines("returns-2013-06-18.csv"))["quarantined"] == 0
    assert len(everybody) - len(named(rig)) - 1 == 10  # outstanding, ten days before
    clock.now = at(2013, 6, 28, 7)
    rig.load("returns", lines("returns-2013-06-28.csv"))
    assert len(named(rig)) == 341
    clock.now = at(2013, 7, 2, 9)
    answer = as_of(rig, "2013-07-01", "2013-07-01")
    clock.now = at(2013, 7, 3, 9)
    rig.load("returns", lines("returns-2013-07-03.csv"))
    return answer


def test_2013_only_those_who_agreed_and_a_refusal_that_came_late(rig: Rig, clock: Clock) -> None:
    first = summer_of_2013(rig, clock)
    counts = rig.officer("GET", "/v1/participation").json()["programmes"]
    total = {name: sum(one["counts"][name] for one in counts) for name in counts[0]["counts"]}
    assert (total["asked"], total["given"], total["refused"], total["pending"]) == (350, 340, 2, 8)
    assert total["given"] / total["asked"] > 0.97
    assert len(named(rig)) == 340
    assert not {SILENT, LATE, REFUSED} & named(rig)
    assert (json.loads(first)["named"], json.loads(as_of(rig, "2013-07-01", "2013-07-03"))["named"]) == (341, 340)


def test_2013_naming_who_refused_has_no_basis_of_its_own(rig: Rig, clock: Clock) -> None:
    summer_of_2013(rig, clock)
    switch = {"switch": "naming_refusers", "programme": programmes()[REFUSED], "dpia": "SYNTHETIC-2013-1"}
    found = ask(rig, "steward", "POST", "/v1/switches", json=switch | {"warning_sha256": WARNING_SHA256})
    assert (found.status_code, found.json()["code"]) == (409, "step_not_allowed")
    assert rig.service("/v1/refusals", "gateway").status_code == 404


def mandate(rig: Rig, clock: Clock) -> None:
    """2014/15: notices in good time to all but one; one withdraws, one objects."""
    clock.now = at(2014, 11, 3, 9)
    put(rig, "/v1/legal-bases/consent-2013/end", **law("2015-1-consent-ends.json"))
    as_law = law("2015-2-public-task.json") | {"regime": "legal_obligation"}
    refused = ask(rig, "steward", "POST", "/v1/legal-bases", json=as_law)
    assert (refused.status_code, "no legal obligation" in refused.text) == (422, True)
    put(rig, "/v1/legal-bases", **law("2015-2-public-task.json"))
    clock.now = at(2014, 12, 1, 9)
    assert decide(rig, WITHDREW, "withdrawal") == 202
    asked(rig, 3, "2014-12-01", sorted(set(programmes()) - {TOLD_LATE}))
    clock.now = at(2015, 2, 1, 9)
    assert decide(rig, OBJECTED, "rights", act="objection_raised") == 202
    clock.now = at(2015, 3, 25, 9)
    asked(rig, 3, "2015-03-25", [TOLD_LATE])


def told_named(rig: Rig, after: int) -> int:
    """How many people the ledger has told gateways of, since a revision, that they may be named."""
    return len({one["key"] for one in rig.changes(after) if one["now"] == "named"})


def test_a_mandate_names_nobody_before_its_date_and_its_notice(rig: Rig, clock: Clock) -> None:
    summer_of_2013(rig, clock)
    before = named(rig)
    mandate(rig, clock)
    clock.now = at(2015, 3, 31, 23)
    assert named(rig) == before - {WITHDREW, OBJECTED}
    head = rig.revision()
    clock.now = at(2015, 4, 1, 0)
    eventually(lambda: rig.service("/v1/head"), lambda answer: answer.status_code == 200)
    everybody = set(programmes())
    now = everybody - {WITHDREW, OBJECTED, TOLD_LATE}
    eventually(lambda: named(rig), lambda shown: shown == now)  # ten more, without an act of theirs
    assert told_named(rig, head) == len(now - before) == 10
    clock.now = at(2015, 4, 21, 9)
    assert TOLD_LATE not in named(rig)
    clock.now = at(2015, 4, 22, 9)
    eventually(lambda: named(rig), lambda shown: shown == everybody - {WITHDREW, OBJECTED})
    assert len(named(rig)) / len(everybody) > 0.99
    assert decide(rig, WITHDREW, "rights", act="signed_off") == 202
    assert decide(rig, OBJECTED, "rights", act="objection_rejected") == 202
    assert named(rig) == everybody


def test_a_new_regime_ends_and_begins_and_edits_nothing(rig: Rig, clock: Clock) -> None:
    first = summer_of_2013(rig, clock)
    mandate(rig, clock)
    clock.now = at(2018, 4, 16, 9)
    put(rig, "/v1/legal-bases/public-task-2015/end", **law("2018-1-public-task-ends.json"))
    put(rig, "/v1/legal-bases", **law("2018-2-public-task.json"))
    clock.now = at(2018, 5, 24, 12)
    before = set(programmes()) - {WITHDREW, OBJECTED}
    eventually(lambda: named(rig), lambda shown: shown == before)
    clock.now = at(2018, 5, 25, 0)
    eventually(lambda: rig.service("/v1/head"), lambda answer: answer.status_code == 200)
    assert named(rig) == before
    grounds = {one["basis"] for one in json.loads(as_of(rig, "2018-05-25", "2018-05-25"))["answers"]}
    assert grounds == {"public-task-2018"}
    assert {one["basis"] for one in json.loads(as_of(rig, "2018-05-24", "2018-05-25"))["answers"]} == {
        "public-task-2015"
    }
    known = ask(rig, "auditor", "GET", "/v1/legal-bases").json()["bases"]
    assert [(one["terms"]["id"], one.get("last")) for one in known] == [
        ("consent-2013", "2015-03-31"), ("public-task-2015", "2018-05-24"), ("public-task-2018", None),
    ]  # fmt: skip
    clock.now = at(2026, 11, 22, 9)
    assert as_of(rig, "2013-07-01", "2013-07-01") == first


def test_nobody_alone_puts_any_of_it_in_force(rig: Rig, clock: Clock) -> None:
    clock.now = at(2014, 11, 3, 9)
    made = propose(rig, "/v1/legal-bases/consent-2013/end", **law("2015-1-consent-ends.json"))
    assert approve(rig, made, "steward").json()["code"] == "same_person"
    assert rig.revision() == 0
