"""Registers and returns by page: checked, then taken; and the second officer's page, as a browser without scripts goes
through them."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import openpyxl
import pytest

from services.consent.settings import POLICY_DIR
from tests.browsers import Browser, hidden
from tests.unit.test_consent_imports import ANNE, BEN, CARA, RETURNS, line
from tests.unit.test_consent_rig import CARDIAC, House, Rig, build_house, running
from tests.unit.test_console_people import follow, signed_in

CHECK, TAKE = "/console/imports/check", "/console/imports"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return build_house(tmp_path_factory.mktemp("house"))


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[Rig]:
    """Where two people are many."""
    policy = tmp_path / "policy"
    shutil.copytree(POLICY_DIR, policy)
    written = policy / "demonstration.toml"
    written.write_text(written.read_text().replace("large_return = 10000", "large_return = 2"))
    with running(house, house.settings(tmp_path / "data", policy_dir=policy)) as rig:
        yield rig


def csv(*lines: str) -> bytes:
    return "".join(f"{one}\r\n" for one in lines).encode()


def upload(browser: Browser, page: httpx.Response, action: str, body: bytes, **fields: str) -> httpx.Response:
    files = {"file": ("Dr Secret Name.csv", body, "text/csv")}
    return browser.post(action, hidden(page.text, action) | fields, files=files)


def both(browser: Browser, kind: str, body: bytes) -> httpx.Response:
    """Checked, and taken."""
    checked = upload(browser, browser.get(TAKE), CHECK, body, kind=kind)
    assert (checked.status_code, "Nothing has been changed yet" in checked.text) == (200, True), checked.text
    return follow(browser, upload(browser, checked, TAKE, body))


def counts(page: httpx.Response, key: str) -> str:
    return page.text.partition(f"{key}\n")[2].partition("</dd>")[0].rpartition(">")[2].strip()


def test_a_register_is_checked_and_then_taken(desk: Rig) -> None:
    browser, body = signed_in(desk, "officer"), csv("gmc,name,programme", f"{ANNE},Anne (synthetic),{CARDIAC}")
    checked = upload(browser, browser.get(TAKE), CHECK, body, kind="register")
    assert "Nothing has been changed yet" in checked.text
    assert desk.officer("GET", f"/v1/consultants/{ANNE}").status_code == 404
    taken = follow(browser, upload(browser, checked, TAKE, body))
    assert (taken.status_code, counts(taken, "Taken")) == (200, "1")
    assert desk.officer("GET", f"/v1/consultants/{ANNE}").status_code == 200


def test_a_workbook_is_known_by_its_bytes(desk: Rig) -> None:
    book = openpyxl.Workbook()
    for row in (("gmc", "name", "programme"), (ANNE, "Anne (synthetic)", CARDIAC)):
        book.worksheets[0].append(row)
    kept = io.BytesIO()
    book.save(kept)
    assert counts(both(signed_in(desk, "officer"), "register", kept.getvalue()), "Taken") == "1"


def test_wrong_lines_are_told_by_line_and_column_and_nothing_of_them_is_repeated(desk: Rig) -> None:
    desk.register(ANNE)
    browser = signed_in(desk, "officer")
    body = csv(RETURNS, line(ANNE, "given"), line(ANNE, "perhaps-Mallory"), line("9911111", "refused"))
    checked = upload(browser, browser.get(TAKE), CHECK, body, kind="returns")
    assert (checked.status_code, "Mallory" in checked.text, "Secret" in checked.text) == (200, False, False)
    assert '<tr><th scope="row">3</th><td>act</td><td>Unknown act</td>' in checked.text
    assert '<tr><th scope="row">4</th><td>gmc</td><td>Unknown consultant</td>' in checked.text
    assert "9911111" not in checked.text
    assert "<td>1</td><td>0</td></tr>" in checked.text  # newly named, newly withheld
    link = checked.text.partition('<a href="/console/imports/i-')[2].partition('"')[0]
    every = browser.get(f"/console/imports/i-{link}")
    assert every.headers["content-disposition"].startswith("attachment")
    assert every.text.splitlines()[1].startswith("3,quarantined,unknown-act,act,")
    assert desk.named() == set()
    taken = follow(browser, upload(browser, checked, TAKE, body))
    assert (counts(taken, "Taken"), counts(taken, "Refused"), desk.named()) == ("1", "2", {ANNE})


def test_another_file_than_the_checked_one_is_not_taken(desk: Rig) -> None:
    desk.register(ANNE, BEN)
    browser, body = signed_in(desk, "officer"), csv(RETURNS, line(ANNE, "given"))
    checked = upload(browser, browser.get(TAKE), CHECK, body, kind="returns")
    for other in (csv(RETURNS, line(ANNE, "given"), line(BEN, "given")), body + b"\r\n"):
        refused = upload(browser, checked, TAKE, other)
        assert (refused.status_code, "not the file that was checked" in refused.text) == (422, True)
        assert desk.named() == set()
    none = browser.post(TAKE, hidden(checked.text, TAKE), files={"file": ("", b"", "application/octet-stream")})
    assert (none.status_code, desk.named()) == (422, set())
    assert follow(browser, upload(browser, refused, TAKE, body)).status_code == 200
    assert desk.named() == {ANNE}


@pytest.mark.parametrize(
    ("kind", "body", "hint"),
    [("register", b"", "Choose a file"), ("", csv("gmc,name,programme"), "Choose what the file is"),
     ("letters", csv("gmc,name,programme"), "Choose what the file is"), ("register", b"PK\x03\x04rubbish", "workbook"),
     ("register", csv("gmc,Mallory"), "names these columns")],
)  # fmt: skip
def test_what_is_no_such_file_is_said_beside_its_field(desk: Rig, kind: str, body: bytes, hint: str) -> None:
    browser = signed_in(desk, "officer")
    refused = upload(browser, browser.get(TAKE), CHECK, body, kind=kind)
    assert (refused.status_code, hint in refused.text) == (422, True), refused.text
    assert "Mallory" not in refused.text


def test_a_large_return_waits_for_another_officer(desk: Rig) -> None:
    desk.register(ANNE, BEN, CARA)
    first, body = signed_in(desk, "officer"), csv(RETURNS, *(line(one, "given") for one in (ANNE, BEN, CARA)))
    taken = both(first, "returns", body)
    assert counts(taken, "Waiting for a second officer") == "3"
    assert "another officer must approve" in taken.text
    where = str(taken.url.path)
    own = first.post(f"{where}/approval", hidden(taken.text, f"{where}/rejection"))
    assert (own.status_code, desk.named()) == (409, set())
    second = signed_in(desk, "officer-2")
    assert where in second.get(TAKE).text
    page = second.get(where)
    approved = follow(second, second.send(page, f"{where}/approval"))
    assert (counts(approved, "Taken"), desk.named()) == ("3", {ANNE, BEN, CARA})
    assert "Approved by officer-2" in first.get(where).text
    late = second.send(page, f"{where}/rejection")
    assert (late.status_code, "Nothing waits any more" in late.text) == (409, True)


def test_the_second_officer_lets_the_lines_go(desk: Rig) -> None:
    desk.register(ANNE, BEN, CARA)
    taken = both(
        signed_in(desk, "officer"), "returns", csv(RETURNS, *(line(one, "given") for one in (ANNE, BEN, CARA)))
    )
    second, where = signed_in(desk, "officer-2"), str(taken.url.path)
    rejected = follow(second, second.send(second.get(where), f"{where}/rejection"))
    assert "Rejected by officer-2" in rejected.text
    assert desk.named() == set()
    assert "None waits" in second.get(TAKE).text
