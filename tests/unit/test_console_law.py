"""The stewards' pages: a basis needs two people who have seen the same words, a switch too; off needs one. And the
auditor's."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browsers import Browser
from tests.unit.test_consent_rig import CARDIAC, House, Rig, running
from tests.unit.test_console_people import house, opened, signed_in

__all__ = ["house"]

MANDATE = {
    "id": "mandate-2027", "regime": "public_task", "instrument_kind": "direction",
    "instrument": "A synthetic direction", "valid_from": "2999-01-01", "notice_version": "1", "notice_days": "30",
    "dpia": "D-7", "programmes": CARDIAC, "purposes": "rating",
}  # fmt: skip


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[Rig]:
    with running(house, house.settings(tmp_path / "data")) as rig:
        rig.register("9900002")
        yield rig


def propose(browser: Browser, **changes: str) -> int:
    given = {name: value for name, value in (MANDATE | changes).items() if value}
    return browser.send(browser.get("/console/law/basis"), "/console/law/basis", **given).status_code


def test_a_basis_is_proposed_by_one_and_approved_by_another(desk: Rig) -> None:
    first, second = signed_in(desk, "steward"), signed_in(desk, "steward-2")
    assert propose(first) == 303
    mine = first.get("/console/law")
    assert "somebody else must approve it" in mine.text
    assert "Approve exactly this" not in mine.text
    page = second.get("/console/law")
    assert second.send(page, "/console/law/approval").status_code == 303
    after = second.get("/console/law")
    assert "mandate-2027" in after.text
    assert "steward and steward-2, revision" in after.text
    assert "Waiting for a second person" not in after.text


@pytest.mark.parametrize(
    ("changes", "hint"),
    [({"dpia": ""}, "impact assessment"), ({"valid_from": "2001-01-01"}, "does not begin in the past"),
     ({"regime": "legal_obligation", "instrument_kind": "contract"}, "no legal obligation"),
     ({"programmes": ""}, "There is a problem"), ({"notice_version": "x"}, "cannot be understood")],
)  # fmt: skip
def test_what_the_law_does_not_allow_is_said_beside_its_field(desk: Rig, changes: dict[str, str], hint: str) -> None:
    browser = signed_in(desk, "steward")
    given = {name: value for name, value in (MANDATE | changes).items() if value}
    page = browser.send(browser.get("/console/law/basis"), "/console/law/basis", **given)
    assert (page.status_code, hint in page.text) == (422, True)
    assert "A synthetic direction" in page.text


def test_to_name_who_refused_the_warning_is_read_and_a_basis_is_needed(desk: Rig) -> None:
    browser = signed_in(desk, "steward")
    page = browser.get("/console/law")
    assert "recitals 42 and 43" in page.text
    refused = browser.send(page, "/console/law/on", dpia="D-1")
    assert (refused.status_code, "no legal basis for naming who refused" in refused.text) == (422, True)


def test_an_officer_reads_the_law_and_changes_nothing(desk: Rig) -> None:
    page = signed_in(desk, "officer").get("/console/law")
    assert page.status_code == 200
    assert not re.findall(r'action="/console/law/', page.text)


def test_the_auditor_reads_the_chain_and_has_it_checked(desk: Rig) -> None:
    desk.decide("9900002", "given", if_match=0)
    desk.withdraw("9900002")
    browser = signed_in(desk, "auditor")
    page = browser.get("/console/audit")
    assert "9900002" not in page.text
    assert page.text.count('<th scope="row">') == 2
    assert browser.send(page, "/console/audit/check").status_code == 303
    assert "The ledger holds: 2 entries" in browser.get("/console/audit").text
    where = opened(browser)
    assert "Record a decision" not in browser.get(where).text


def test_a_long_chain_is_read_page_by_page(desk: Rig, house: House) -> None:
    for _ in range(60):
        desk.decide("9900002", "asked")
        desk.decide("9900002", "refused")
    browser = signed_in(desk, "auditor")
    newest = browser.get("/console/audit")
    assert "Revisions 21 to 120 of 120" in newest.text
    earlier = browser.get("/console/audit?after=0")
    assert "Revisions 1 to 100 of 120" in earlier.text
    assert 'after=100">Later' in earlier.text
