"""Legal bases in the ledger: two people, no edits, and everybody whom a law concerns is announced."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from services.consent.journal import ENTRY_BYTES
from services.consent.ledger import chained, content_of
from services.consent.settings import POLICY_DIR
from services.consent.workflow import reassessing
from services.consent.workflow.lawmaking import PROPOSED_BY, Enacted, event_of
from shared.contracts.consent import Act
from shared.kit.files import sha256_of
from tests.unit.test_consent_rig import CARDIAC, OWN, THYROID, Clock, House, Rig, eventually, house, running

__all__ = ["house"]

ANNE, BEN, CARA, DAN = "9900001", "9900002", "9900003", "9900004"
NOTICE = b"What the second notice says.\n"
DEMONSTRATION = "demonstration-consent-2013"
MANDATE: dict[str, Any] = {
    "id": "mandate-2027", "regime": "public_task", "instrument": "A direction (invented)", "citation": "Made up, s. 1",
    "instrument_kind": "direction", "programmes": [CARDIAC], "purposes": [OWN], "valid_from": "2026-11-01",
    "notice_version": 2, "notice_days": 10, "dpia": "DPIA-7",
}  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    return Clock()


def policy_folder(folder: Path) -> Path:
    """The demonstration's, with a second version of the notice for the cardiac programme."""
    folder.mkdir()
    (folder / "demonstration-notice-1.txt").write_bytes((POLICY_DIR / "demonstration-notice-1.txt").read_bytes())
    (folder / "notice-2.txt").write_bytes(NOTICE)
    second = (
        f'\n[[notices]]\nversion = 2\nfile = "notice-2.txt"\nsha256 = "{sha256_of(NOTICE)}"\n'
        f'served_from = 2014-01-01\nprogrammes = ["{CARDIAC}"]\n'
    )
    (folder / "policy.toml").write_text((POLICY_DIR / "demonstration.toml").read_text() + second)
    return folder


@pytest.fixture
def rig(house: House, tmp_path: Path, clock: Clock) -> Iterator[Rig]:
    settings = house.settings(tmp_path / "data", policy_dir=policy_folder(tmp_path / "policy"))
    with house.stores.swept(), running(house, settings, clock) as started:
        started.register(ANNE, BEN, CARA, DAN)
        yield started


def ask(rig: Rig, who: str, method: str, path: str, **options: Any) -> httpx.Response:
    found: httpx.Response = rig.client.request(method, path, auth=rig.house.person(who), **options)
    return found


def propose(rig: Rig, path: str = "/v1/legal-bases", who: str = "steward", **body: Any) -> dict[str, Any]:
    found = ask(rig, who, "POST", path, json=body)
    assert found.status_code == 201, found.text
    return dict(found.json())


def approve(rig: Rig, proposal: dict[str, Any], who: str = "steward-2") -> httpx.Response:
    path = f"/v1/proposals/{proposal['proposal']}/approval"
    return ask(rig, who, "POST", path, json={"digest": proposal["digest"]})


def put(rig: Rig, path: str = "/v1/legal-bases", **body: Any) -> dict[str, Any]:
    found = approve(rig, propose(rig, path, **body))
    assert found.status_code == 200, found.text
    return dict(found.json())


def end(rig: Rig, last: str, basis: str = DEMONSTRATION) -> dict[str, Any]:
    return put(rig, f"/v1/legal-bases/{basis}/end", last=last, reason="Its instrument was replaced")


def basis(rig: Rig, name: str, **params: str) -> dict[str, Any]:
    found = ask(rig, "auditor", "GET", "/v1/legal-bases", params=params).json()["bases"]
    return next(dict(one) for one in found if one["terms"]["id"] == name)


def test_a_basis_is_proposed_by_one_and_put_in_force_by_another(rig: Rig) -> None:
    end(rig, "2026-10-31")
    made = propose(rig, **MANDATE)
    assert made["state"] == "open"
    assert made["what"] == MANDATE
    assert [one["proposal"] for one in ask(rig, "auditor", "GET", "/v1/proposals").json()["proposals"]] == [
        made["proposal"]
    ]
    assert approve(rig, made, "steward").json()["code"] == "same_person"
    done = approve(rig, made).json()
    assert (done["state"], done["decided_by"], done["revision"], done["hidden"]) == ("approved", "steward-2", 2, 0)
    known = basis(rig, "mandate-2027", at="2026-11-01")
    assert (known["source"], known["in_force"], known["begun_revision"]) == ("ledger", True, 2)
    assert (known["proposed_by"], known["approved_by"]) == ("steward", "steward-2")
    assert basis(rig, DEMONSTRATION, at="2026-11-01")["in_force"] is False
    assert basis(rig, DEMONSTRATION, at="2026-10-31")["ended_revision"] == 1
    assert ask(rig, "auditor", "GET", "/v1/proposals").json()["proposals"] == []
    bases = next(one for one in rig.service("/v1/programmes").json() if one["id"] == CARDIAC)["bases"]
    assert [(one["id"], one.get("valid_to")) for one in bases] == [
        (DEMONSTRATION, "2026-10-31"),
        ("mandate-2027", None),
    ]


def test_the_same_approval_twice_is_one_event_and_a_third_person_is_told(rig: Rig) -> None:
    made = propose(rig, f"/v1/legal-bases/{DEMONSTRATION}/end", last="2026-12-31", reason="Its time is up")
    first = approve(rig, made).json()
    again = approve(rig, made).json()
    assert (again["revision"], again["state"], rig.revision()) == (first["revision"], "approved", 1)
    late = approve(rig, made, "steward")
    assert (late.status_code, late.json()["code"]) == (409, "step_not_allowed")


def test_the_same_proposal_twice_is_one_proposal(rig: Rig) -> None:
    end(rig, "2026-10-31")
    assert propose(rig, **MANDATE)["proposal"] == propose(rig, **MANDATE)["proposal"]


def test_nobody_approves_what_they_did_not_see(rig: Rig) -> None:
    end(rig, "2026-10-31")
    made = propose(rig, **MANDATE)
    found = approve(rig, made | {"digest": "sha256:" + "0" * 64})
    assert (found.status_code, found.json()["errors"][0]["pointer"]) == (422, "digest")
    assert rig.revision() == 1


def test_a_rejected_proposal_stays_rejected(rig: Rig) -> None:
    end(rig, "2026-10-31")
    made = propose(rig, **MANDATE)
    path = f"/v1/proposals/{made['proposal']}/rejection"
    for _ in range(2):
        assert ask(rig, "steward", "POST", path, json={"digest": made["digest"]}).json()["state"] == "rejected"
    assert approve(rig, made).json()["code"] == "step_not_allowed"
    assert rig.revision() == 1


def test_a_removed_account_cannot_approve(rig: Rig) -> None:
    made = propose(rig, f"/v1/legal-bases/{DEMONSTRATION}/end", last="2026-12-31", reason="Its time is up")
    file = rig.house.folder / "people.json"
    before = file.read_bytes()
    people = json.loads(before)
    people["people"] = [one for one in people["people"] if one["name"] != "steward-2"]
    try:
        file.write_text(json.dumps(people))
        assert approve(rig, made).status_code == 401
    finally:
        file.write_bytes(before)
    assert approve(rig, made).status_code == 200


NOT_ALLOWED: list[tuple[dict[str, Any], str]] = [
    ({"regime": "legal_obligation", "instrument_kind": "contract"}, "body"),
    ({"valid_to": "2026-10-01"}, "body"),
    ({"valid_from": "2026-10-13"}, "valid_from"),
    ({"valid_from": "2026-10-20"}, "valid_from"),
    ({"programmes": ["no-such-outcomes"]}, "programmes"),
    ({"programmes": [THYROID]}, "notice_version"),
    ({"notice_version": 3}, "notice_version"),
    ({"dpia": None}, "dpia"),
    ({"id": DEMONSTRATION}, "id"),
    ({"score": 1}, "score"),
    ({"instrument": "A\nB"}, "instrument"),
    ({"purposes": [OWN, OWN]}, "body"),
]


def test_what_no_basis_may_say(rig: Rig) -> None:
    end(rig, "2026-10-31")
    for changes, pointer in NOT_ALLOWED:
        body = {name: value for name, value in (MANDATE | changes).items() if value is not None}
        found = ask(rig, "steward", "POST", "/v1/legal-bases", json=body)
        assert (found.status_code, found.json()["code"]) == (422, "value_not_allowed"), found.text
        assert found.json()["errors"][0]["pointer"] == pointer, changes


def test_a_contract_may_be_written_down_as_what_it_is(rig: Rig) -> None:
    end(rig, "2026-10-31")
    assert put(rig, **MANDATE | {"instrument_kind": "contract"})["state"] == "approved"


def test_what_was_allowed_when_proposed_is_checked_again_when_approved(rig: Rig, clock: Clock) -> None:
    end(rig, "2026-10-31")
    made, other = propose(rig, **MANDATE), propose(rig, **MANDATE | {"id": "another"})
    assert approve(rig, other).status_code == 200
    assert approve(rig, made).json()["errors"][0]["pointer"] == "valid_from"
    late = propose(rig, "/v1/legal-bases/another/end", last="2026-11-30", reason="Its time is up")
    clock.now += timedelta(days=40)
    assert approve(rig, late).status_code == 200
    assert basis(rig, "another")["last"] == "2026-11-30"


def test_an_end_is_only_brought_nearer(rig: Rig) -> None:
    end(rig, "2026-12-31")
    path = f"/v1/legal-bases/{DEMONSTRATION}/end"
    found = ask(rig, "steward", "POST", path, json={"last": "2027-01-31", "reason": "No, later"})
    assert (found.status_code, found.json()["errors"][0]["pointer"]) == (422, "last")
    assert end(rig, "2026-11-30")["state"] == "approved"
    assert basis(rig, DEMONSTRATION)["last"] == "2026-11-30"
    assert (
        ask(rig, "steward", "POST", "/v1/legal-bases/none/end", json={"last": "2027-01-31", "reason": "x"}).status_code
        == 404
    )


def test_an_end_at_once_hides_everybody_in_its_own_transaction(rig: Rig) -> None:
    for number, gmc in enumerate((ANNE, BEN)):
        assert rig.decide(gmc, "given", if_match=0).status_code == 202, number
    assert rig.named() == {ANNE, BEN}
    done = end(rig, "2026-10-13")
    assert (done["revision"], done["hidden"]) == (3, 2)
    listed = rig.changes()
    assert [one.get("now") for one in listed] == ["named", "named", None, "withheld", "withheld"]
    assert {one["key"] for one in listed[:2]} == {one["key"] for one in listed[3:]}
    assert rig.named() == set()
    history = rig.officer("GET", f"/v1/consultants/{ANNE}").json()["history"]
    assert [(one["act"], one.get("effect")) for one in history] == [("given", "named"), ("reassessed", "withheld")]
    assert history[1]["actor"] == "consent"


def test_where_they_are_too_many_for_one_transaction_nobody_is_answered_before_they_are_hidden(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reassessing, "IN_ONE", 1)
    monkeypatch.setattr(reassessing, "AT_ONCE", 1)
    for gmc in (ANNE, BEN, CARA):
        rig.decide(gmc, "given", if_match=0)
    done = end(rig, "2026-10-13")
    assert "hidden" not in done
    head = eventually(lambda: rig.service("/v1/head"), lambda answer: answer.status_code == 200)
    assert head.json()["revision"] == 7
    assert [one.get("now") for one in rig.changes(3)] == [None, "withheld", "withheld", "withheld"]


def test_while_the_law_turns_a_check_waits_and_is_then_refused(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever should look at everybody again cannot: then nobody is answered, and as soon as they can, everybody is."""
    rig.decide(ANNE, "given", if_match=0)
    sweep = reassessing.sweep
    stuck = []

    def broken(*given: Any) -> int:
        stuck.append(given)
        raise OSError

    monkeypatch.setattr(reassessing, "IN_ONE", 0)
    monkeypatch.setattr(reassessing, "sweep", broken)
    end(rig, "2026-10-13")
    refused = rig.service("/v1/head")
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "law_turning", "1")
    assert stuck
    assert rig.named() == set()
    monkeypatch.setattr(reassessing, "sweep", sweep)
    head = eventually(lambda: rig.service("/v1/head"), lambda answer: answer.status_code == 200)
    assert head.json()["revision"] == 3


def test_a_day_on_which_a_basis_ends_is_a_revision_before_anybody_is_answered(rig: Rig, clock: Clock) -> None:
    """The first check of the new day is answered with the revision that hides them, or not at all."""
    rig.decide(ANNE, "given", if_match=0)
    end(rig, "2026-10-31")
    assert rig.named() == {ANNE}
    clock.now = datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC)
    assert rig.revision() == 2
    clock.now = datetime(2026, 11, 1, tzinfo=UTC)
    head = eventually(lambda: rig.service("/v1/head"), lambda answer: answer.status_code == 200)
    assert head.json()["revision"] == 3
    assert rig.changes()[-1]["now"] == "withheld"


def test_a_notice_that_runs_out_shows_people_by_a_revision_of_their_own(rig: Rig, clock: Clock) -> None:
    """A mandate: nobody before date and notice, whoever withdrew only after sign-off, whoever objected not at all."""
    rig.decide(ANNE, "refused")
    rig.withdraw(BEN)
    end(rig, "2026-10-31")
    put(rig, **MANDATE)
    clock.now = datetime(2026, 10, 28, 9, tzinfo=UTC)
    for gmc in (ANNE, BEN, CARA):
        assert rig.decide(gmc, "asked", notice={"version": 2}).status_code == 202
    clock.now = datetime(2026, 11, 6, 9, tzinfo=UTC)
    assert (rig.named(), rig.state(ANNE)["reason"]) == (set(), "notice_running")
    before = eventually(lambda: rig.service("/v1/head"), lambda answer: answer.status_code == 200).json()["revision"]
    clock.now = datetime(2026, 11, 7, 9, tzinfo=UTC)
    eventually(rig.revision, lambda revision: revision == before + 2)
    assert rig.named() == {ANNE, CARA}
    assert [one["now"] for one in rig.changes(before)] == ["named", "named"]
    assert rig.state(BEN)["reason"] == "sign_off_missing"
    assert rig.state(DAN)["reason"] == "not_informed"


def test_a_policy_file_that_is_another_one_after_a_restart_is_announced(house: House, tmp_path: Path) -> None:
    folder = policy_folder(tmp_path / "policy")
    settings = house.settings(tmp_path / "data", policy_dir=folder)
    with house.stores.swept():
        with running(house, settings) as rig:
            rig.register(ANNE)
            rig.decide(ANNE, "given", if_match=0)
        file = folder / "policy.toml"
        text = file.read_text().replace("valid_from = 2013-06-28", "valid_from = 2013-06-28\nvalid_to = 2026-10-01")
        file.write_text(text)
        with running(house, settings) as rig:
            assert [one.get("now") for one in rig.changes()] == ["named", "withheld"]
        with running(house, settings) as rig:
            assert rig.revision() == 2


def test_two_bases_that_only_a_file_could_make_name_nobody(house: House, tmp_path: Path, clock: Clock) -> None:
    """A file was changed so that it clashes with what two people put in force: no choice is made between them."""
    folder = policy_folder(tmp_path / "policy")
    settings = house.settings(tmp_path / "data", policy_dir=folder)
    with house.stores.swept():
        with running(house, settings, clock) as rig:
            rig.register(ANNE)
            rig.decide(ANNE, "given", if_match=0, programme=CARDIAC)
            end(rig, "2026-10-31")
            put(rig, **MANDATE | {"regime": "consent"})
            assert rig.named() == {ANNE}
        extra = MANDATE | {"id": "from-a-file", "programmes": [CARDIAC]}
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in extra.items())
        lines = lines.replace('"2026-11-01"', "2026-11-01")
        (folder / "more.toml").write_text(f'title = "More"\nsynthetic = true\n[[bases]]\n{lines}\n')
        text = (folder / "policy.toml").read_text()
        clock.now = datetime(2026, 11, 2, tzinfo=UTC)
        (folder / "policy.toml").write_text(
            text.replace("valid_from = 2013-06-28", "valid_from = 2013-06-28\nvalid_to = 2026-10-31")
        )
        with running(house, settings, clock) as rig:
            assert rig.named() == set()
            assert rig.state(ANNE)["reason"] == "ambiguous_basis"


@pytest.mark.parametrize("mark", ["a", '"', "\\", "\N{LATIN SMALL LETTER E WITH ACUTE}", "\N{GRINNING FACE}"])
def test_the_longest_text_that_is_taken_fits_into_what_the_journal_holds_free(rig: Rig, mark: str) -> None:
    """Quotes and backslashes take four times their room there: a text is quoted within a text."""
    end(rig, "2026-10-31")
    name = "x" * 80
    taken = 0
    for length in range(200, 0, -5):
        body = MANDATE | {"id": name, "dpia": "D" * 80, "instrument": mark * length, "citation": mark * length}
        if ask(rig, "steward", "POST", "/v1/legal-bases", json=body).status_code == 201:
            taken = length
            break
    assert taken > 20
    event = event_of(
        Enacted(Act.BASIS_BEGUN, body | {PROPOSED_BY: name}, date(2026, 11, 1), name), name,
        "2026-10-14T00:00:00.000000Z", "password",
    )  # fmt: skip
    (entry,) = chained([event], 10**9, "0" * 64)
    line = orjson.dumps(content_of(vars(entry)) | {"hash": entry.hash}) + b"\n"
    assert len(line) <= ENTRY_BYTES
