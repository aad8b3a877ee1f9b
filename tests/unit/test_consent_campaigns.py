"""Campaigns: who is asked, that it is written down once, and that silence is never consent."""

import csv
import shutil
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.consent.settings import POLICY_DIR
from shared.kit.downloads import csv_text
from shared.kit.files import sha256_of
from tests.unit.test_consent_imports import ANNE, BEN, CARA, REGISTER
from tests.unit.test_consent_rig import CARDIAC, OWN, THYROID, Clock, House, Rig, house, rig, running

__all__ = ["house", "rig"]

NOTICE = sha256_of((POLICY_DIR / "demonstration-notice-1.txt").read_bytes())
CAMPAIGN: dict[str, Any] = {"programme": CARDIAC, "purpose": OWN, "notice": 1, "channel": "letter"}
FIRST, SECOND = "key-of-the-first", "key-of-the-second"


@pytest.fixture
def desk(rig: Rig) -> Rig:
    rig.register(ANNE, BEN, CARA)
    return rig


def opened(desk: Rig, **changes: Any) -> str:
    found = desk.officer("POST", "/v1/campaigns", json=CAMPAIGN | changes)
    assert found.status_code == 201, found.text
    return str(found.json()["id"])


def status(desk: Rig, campaign: str) -> dict[str, Any]:
    found: dict[str, Any] = desk.officer("GET", f"/v1/campaigns/{campaign}").json()
    counts = found["counts"]
    assert counts["population"] == sum(counts[one] for one in ("given", "refused", "withdrawn", "pending"))
    assert counts["pending"] == counts["asked"] + counts["not_asked"]
    return found


def export(desk: Rig, campaign: str, kind: str = "requests", key: str = FIRST) -> httpx.Response:
    headers = {"Idempotency-Key": key}
    return desk.officer("POST", f"/v1/campaigns/{campaign}/{kind}", headers=headers)


def people_in(found: httpx.Response) -> list[str]:
    assert found.status_code == 200, found.text
    return [row["gmc"] for row in csv.DictReader(StringIO(found.text))]


def silent(desk: Rig, campaign: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.officer("GET", f"/v1/campaigns/{campaign}/non-responders").json()["people"]
    return found


def history(desk: Rig, gmc: str) -> list[tuple[str, str]]:
    entries = desk.officer("GET", f"/v1/consultants/{gmc}").json()["history"]
    return [(one["act"], one["channel"]) for one in entries]


def protect(desk: Rig, gmc: str, act: str) -> None:
    body = {"programme": CARDIAC, "purpose": OWN, "act": act, "channel": "letter"}
    assert desk.officer("POST", f"/v1/consultants/{gmc}/rights", json=body).status_code == 202


def test_opening_asks_nobody_and_counts_everybody(desk: Rig) -> None:
    desk.register("9900004", programme=THYROID)
    campaign = opened(desk, closes_on="2026-12-01")
    found = status(desk, campaign)
    assert found["counts"] == {
        "population": 3, "given": 0, "refused": 0, "withdrawn": 0, "pending": 3, "asked": 0, "not_asked": 3,
        "not_to_be_asked": 0,
    }  # fmt: skip
    assert (found["state"], found["notice_sha256"], found["contacts"]) == (
        "open", NOTICE, {"requests": 0, "reminders": 0},
    )  # fmt: skip
    assert desk.revision() == 0
    assert [one["id"] for one in desk.officer("GET", "/v1/campaigns").json()] == [campaign]


def test_requests_are_a_file_and_a_line_of_the_ledger_each(desk: Rig) -> None:
    desk.decide(BEN, "refused")
    campaign = opened(desk)
    found = export(desk, campaign)
    assert found.text == (
        "gmc,name,programme,purpose,notice_version,campaign\r\n"
        f"{ANNE},Dr {ANNE},{CARDIAC},{OWN},1,{campaign}\r\n{CARA},Dr {CARA},{CARDIAC},{OWN},1,{campaign}\r\n"
    )
    assert found.headers["content-disposition"] == f'attachment; filename="{campaign}-requests.csv"'
    assert (found.headers["cache-control"], found.headers["content-type"]) == ("no-store", "text/csv; charset=utf-8")
    assert history(desk, ANNE) == [("asked", "letter")]
    assert desk.state(ANNE)["decision"] == "asked"
    assert desk.revision() == 3
    counts = status(desk, campaign)["counts"]
    assert (counts["asked"], counts["not_asked"], counts["refused"]) == (2, 0, 1)
    with desk.client.app.state.office.store.reading() as tx:  # type: ignore[attr-defined]
        assert {one.notice_sha256 for one in tx.entries(1, 3)} == {NOTICE}


def test_the_same_key_gives_the_same_file_and_adds_nothing(desk: Rig) -> None:
    campaign = opened(desk)
    first = export(desk, campaign)
    desk.decide(ANNE, "refused")
    again = export(desk, campaign)
    assert (again.content, status(desk, campaign)["contacts"]["requests"]) == (first.content, 3)
    assert people_in(export(desk, campaign, key=SECOND)) == []
    assert status(desk, campaign)["contacts"]["requests"] == 3
    desk.officer("POST", f"/v1/campaigns/{campaign}/closure")
    assert export(desk, campaign).content == first.content
    bare = desk.officer("POST", f"/v1/campaigns/{campaign}/requests")
    assert (bare.status_code, bare.json()["code"]) == (422, "value_not_allowed")


def test_reminders_go_to_who_was_asked_and_has_not_answered(desk: Rig) -> None:
    campaign = opened(desk)
    assert people_in(export(desk, campaign, "reminders")) == []
    export(desk, campaign)
    record = desk.officer("GET", f"/v1/consultants/{ANNE}")
    desk.decide(ANNE, "given", int(record.headers["ETag"].strip('"')))
    desk.withdraw(BEN)
    before = desk.revision()
    assert people_in(export(desk, campaign, "reminders", SECOND)) == [CARA]
    assert people_in(export(desk, campaign, "reminders", "key-of-the-third")) == [CARA]
    assert desk.revision() == before  # a reminder is no event
    (one,) = silent(desk, campaign)
    assert (one["gmc"], one["reminders"]) == (CARA, 2)
    requested, last = (datetime.fromisoformat(one[name]) for name in ("requested", "last_contact"))
    assert requested < last
    found = status(desk, campaign)
    assert found["contacts"]["reminders"] == 2
    assert [found["counts"][name] for name in ("given", "withdrawn", "pending")] == [1, 1, 1]
    assert desk.named() == {ANNE}  # silence is never consent


def test_nobody_who_is_protected_or_erased_is_asked(desk: Rig) -> None:
    desk.register("9900004")
    campaign = opened(desk)
    protect(desk, ANNE, "restricted")
    protect(desk, BEN, "objection_raised")
    erased = desk.officer("POST", f"/v1/consultants/{CARA}/erasure", json={"channel": "letter"})
    assert erased.status_code == 200, erased.text
    assert people_in(export(desk, campaign)) == ["9900004"]
    counts = status(desk, campaign)["counts"]
    assert (counts["population"], counts["not_to_be_asked"]) == (3, 2)
    single = {"programme": CARDIAC, "purpose": OWN, "channel": "letter"}
    for gmc, expected in ((ANNE, 409), (BEN, 409), (CARA, 404), ("9900004", 202)):
        assert desk.officer("POST", f"/v1/consultants/{gmc}/requests", json=single).status_code == expected


def test_whoever_joins_the_register_later_is_asked_once_the_campaign_knows_them(desk: Rig) -> None:
    campaign = opened(desk)
    export(desk, campaign)
    desk.register("9900004")
    assert people_in(export(desk, campaign, key=SECOND)) == []
    assert desk.officer("POST", f"/v1/campaigns/{campaign}/members").json()["counts"]["population"] == 4
    assert desk.officer("POST", f"/v1/campaigns/{campaign}/members").json()["counts"]["population"] == 4
    assert people_in(export(desk, campaign, key="key-of-the-third")) == ["9900004"]
    assert people_in(export(desk, campaign, key=SECOND)) == []  # an empty file stays the same file


def test_a_closed_campaign_asks_nobody_and_changes_nothing(desk: Rig) -> None:
    campaign = opened(desk)
    again = desk.officer("POST", "/v1/campaigns", json=CAMPAIGN)
    assert (again.status_code, again.json()["code"]) == (409, "campaign_open")
    closed = desk.officer("POST", f"/v1/campaigns/{campaign}/closure").json()
    assert (closed["state"], closed["counts"]["pending"]) == ("closed", 3)
    assert desk.officer("POST", f"/v1/campaigns/{campaign}/closure").json() == closed
    for path in ("requests", "reminders", "members"):
        found = export(desk, campaign, path)
        assert (found.status_code, found.json()["code"]) == (409, "campaign_closed")
    assert desk.revision() == 0
    assert opened(desk) != campaign


def test_a_campaign_ends_with_its_last_day(house: House, tmp_path: Path) -> None:
    clock = Clock()
    with house.stores.swept(), running(house, house.settings(tmp_path), clock) as desk:
        desk.register(ANNE)
        campaign = opened(desk, closes_on="2026-10-14")
        assert people_in(export(desk, campaign)) == [ANNE]
        clock.now = clock.now.replace(day=15)
        assert export(desk, campaign, "reminders").status_code == 409
        assert status(desk, campaign)["state"] == "closed"
        opened(desk)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"programme": "no-such-outcomes"}, "programme"),
        ({"purpose": "rating"}, "purpose"),
        ({"purpose": "all"}, "purpose"),
        ({"notice": 2}, "notice"),
        ({"closes_on": "2026-10-13"}, "closes_on"),
        ({"channel": "A Letter"}, "channel"),
    ],
)
def test_what_a_campaign_may_not_be(desk: Rig, changes: dict[str, Any], pointer: str) -> None:
    found = desk.officer("POST", "/v1/campaigns", json=CAMPAIGN | changes)
    assert (found.status_code, found.json()["errors"][0]["pointer"]) == (422, pointer)
    assert desk.officer("GET", "/v1/campaigns/c-000000000000").status_code == 404


def test_one_person_may_be_asked_alone(desk: Rig) -> None:
    campaign = opened(desk)
    body = {"programme": CARDIAC, "purpose": OWN, "channel": "telephone", "evidence": "note of the call"}
    found = desk.officer("POST", f"/v1/consultants/{ANNE}/requests", json=body)
    assert (found.status_code, found.json()["act"]) == (202, "asked")
    assert desk.state(ANNE)["notice_version"] == 1
    assert people_in(export(desk, campaign)) == [BEN, CARA]  # whom the campaign need not ask again
    assert people_in(export(desk, campaign, "reminders", SECOND)) == [ANNE, BEN, CARA]
    for changes in ({"notice": 9}, {"programme": THYROID}, {"purpose": "rating"}):
        found = desk.officer("POST", f"/v1/consultants/{ANNE}/requests", json=body | changes)
        assert found.status_code == 422


def test_the_wordings_can_be_read(desk: Rig) -> None:
    found = desk.officer("GET", "/v1/notices").json()
    assert len(found) == 10
    one = next(one for one in found if one["programme"] == CARDIAC)
    assert (one["version"], one["sha256"], one["in_use"]) == (1, NOTICE, True)
    assert sha256_of(one["wording"].encode()) == NOTICE


def test_a_name_is_no_formula_in_a_spreadsheet(rig: Rig) -> None:
    rig.load("register", [REGISTER, f'{ANNE},"O\'Neil, ""Dr"" +1",{CARDIAC}'])
    assert rig.load("register", [REGISTER, f"{BEN},=1+1,{CARDIAC}"])["quarantined"] == 1
    found = export(rig, opened(rig))
    assert [row["name"] for row in csv.DictReader(StringIO(found.text))] == ['O\'Neil, "Dr" +1']
    text = csv_text(["a"], [["=1"], ["+1"], ["-1"], ["@x"], ["\tx"], ["\rx"], [-1], [None], ["x=1"]])
    assert [row[0] if row else "" for row in csv.reader(StringIO(text, newline=""))] == [
        "a", "'=1", "'+1", "'-1", "'@x", "'\tx", "'\rx", "-1", "", "x=1",
    ]  # fmt: skip


def test_consent_under_an_older_notice_is_asked_for_again(house: House, tmp_path: Path) -> None:
    with house.stores.swept(), running(house, settings_with_two_notices(house, tmp_path)) as desk:
        desk.register(ANNE, BEN, CARA)
        desk.decide(ANNE, "given", 0)
        desk.decide(BEN, "given", 0, notice={"version": 2})
        desk.decide(CARA, "refused", notice={"version": 1})
        campaign = opened(desk, notice=2)
        assert people_in(export(desk, campaign)) == [ANNE]
        counts = status(desk, campaign)["counts"]
        assert [counts[name] for name in ("given", "refused", "asked")] == [1, 1, 1]
        assert desk.named() == {ANNE, BEN}  # to be asked again undoes no answer


def settings_with_two_notices(house: House, tmp_path: Path) -> Any:
    policy = tmp_path / "policy"
    shutil.copytree(POLICY_DIR, policy)
    (policy / "second.txt").write_text("Another wording (synthetic).\n")
    digest = sha256_of((policy / "second.txt").read_bytes())
    (policy / "second.toml").write_text(
        'title = "A second notice"\nsynthetic = true\n\n[[notices]]\nversion = 2\nfile = "second.txt"\n'
        f'sha256 = "{digest}"\nserved_from = 2026-01-01\nprogrammes = ["{CARDIAC}"]\n'
    )
    return house.settings(tmp_path, policy_dir=policy)
