"""What people send by mistake: a clear answer each, which says what was found, what was expected and what to do, and
nothing of what was right is lost."""

from typing import Any

import pytest

from services.consent.workflow import imports as workflow
from shared.kit.workbooks import MEDIA_TYPE
from tests.unit.test_consent_imports import ANNE, BEN, CARA, REGISTER, RETURNS, codes, line
from tests.unit.test_consent_rig import CARDIAC, OWN, THYROID, Rig, house, rig
from tests.unit.test_kit_workbooks import archive, workbook

__all__ = ["house", "rig"]

MEGABYTE = bytes(2**20)


@pytest.fixture(scope="module")
def engine() -> str:
    """One of them: most of it is decided before any database is asked."""
    return "sqlite"


@pytest.fixture
def desk(rig: Rig) -> Rig:
    rig.register(ANNE, BEN, CARA)
    return rig


def send(desk: Rig, body: Any, kind: str = "returns", content_type: str = "text/csv") -> tuple[int, dict[str, Any]]:
    headers = {"Content-Type": content_type}
    found = desk.officer("POST", "/v1/imports", params={"kind": kind}, content=body, headers=headers)
    return found.status_code, found.json()


def sentence(problem: dict[str, Any]) -> str:
    return " ".join([problem["detail"], *(str(one.get("hint")) for one in problem.get("errors", []))])


def test_an_unknown_number(desk: Rig) -> None:
    for found in (desk.decide("9999999", "asked"), desk.withdraw("9999999")):
        assert (found.status_code, found.json()["code"]) == (404, "not_found")
        assert "register" in found.json()["detail"]
    (problem,) = desk.load("returns", [RETURNS, line("9999999", "given")])["problems"]
    assert (problem["found"], problem["expected"]) == ("9999999", "a number of the register")
    assert desk.revision() == 0


def test_a_body_that_no_parser_reads_is_no_fault_of_ours(desk: Rig) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b"[" * 100_000, b'{"programme": ' * 100_000):
        found = desk.officer("POST", f"/v1/consultants/{ANNE}/withdrawal", content=body, headers=headers)
        assert (found.status_code, found.json()["code"]) == (422, "value_not_allowed")
        assert found.json()["errors"] == [{"pointer": "body"}]


def test_a_decision_in_the_future(desk: Rig) -> None:
    found = desk.decide(ANNE, "refused", decided_on="2026-10-15")
    assert (found.status_code, found.json()["errors"][0]["pointer"]) == (422, "decided_on")
    assert "2026-10-14 or earlier" in sentence(found.json())
    (problem,) = desk.load("returns", [RETURNS, line(ANNE, "given", "2026-10-15")])["problems"]
    assert (problem["column"], problem["found"]) == ("decided_on", "2026-10-15")
    assert desk.revision() == 0


def test_a_stale_revision_stops_a_grant_and_never_a_withdrawal(desk: Rig) -> None:
    assert desk.decide(ANNE, "given", 0).status_code == 202
    assert desk.decide(ANNE, "refused").status_code == 202
    stale = desk.decide(ANNE, "given", 0)
    assert (stale.status_code, stale.json()["code"]) == (412, "revision_changed")
    assert "Read the consultant's record again" in stale.json()["detail"]
    blind = desk.decide(ANNE, "given")
    assert (blind.status_code, blind.json()["code"]) == (428, "if_match_needed")
    body = {"programme": CARDIAC, "purpose": OWN, "channel": "letter"}
    hidden = desk.officer("POST", f"/v1/consultants/{ANNE}/withdrawal", json=body, headers={"If-Match": '"0"'})
    assert hidden.status_code == 202
    assert desk.named() == set()


def test_five_broken_lines_in_a_hundred(desk: Rig) -> None:
    people = [f"99001{number:02d}" for number in range(100)]
    desk.register(*people)
    broken = {
        7: (line(people[5], "given", "31.12.2025"), "bad-date", "decided_on"),
        23: (line("99001", "given"), "bad-number", "gmc"),
        41: (line(people[39], "given", purpose="own_figures;rating"), "bundled-purposes", "purpose"),
        68: (line(people[66], "yes"), "unknown-act", "act"),
        99: (line(people[97], "given") + ",more", "malformed-line", None),
    }
    lines = [RETURNS, *(line(gmc, "given") for gmc in people)]
    for number, (text, _, _) in broken.items():
        lines[number - 1] = text
    report = desk.load("returns", lines)
    assert (report["applied"], report["quarantined"]) == (95, 5)
    named = [(one["line"], one["code"], one.get("column")) for one in report["problems"]]
    assert named == [(number, code, column) for number, (_, code, column) in broken.items()]
    assert all(one["found"] and one["expected"] for one in report["problems"])
    assert len(desk.named()) == 95
    again = desk.load("returns", lines)
    assert (again["applied"], again["duplicate"], again["quarantined"]) == (0, 95, 5)
    assert desk.revision() == 95
    mended = [RETURNS, line(people[5], "given"), line(people[21], "given")]
    assert desk.load("returns", mended)["applied"] == 2


@pytest.mark.parametrize(
    ("body", "content_type", "status", "said"),
    [
        (f"{RETURNS}\n".encode("utf-16"), "text/csv", 422, "UTF-16; expected CSV in UTF-8"),
        (workbook(RETURNS.split(",")), "text/csv", 422, "a workbook (XLSX)"),
        (f"{RETURNS}\n".encode(), MEDIA_TYPE, 422, "no readable ZIP archive"),
        (archive({"a": b"b"}), MEDIA_TYPE, 422, "does not read as a workbook"),
        (archive({"a": MEGABYTE * 65}), MEDIA_TYPE, 413, "unfolds to more than 64 MB"),
        (workbook(["gmc", "act"]), MEDIA_TYPE, 422, "no column programme, purpose, notice_version"),
        (b"", "text/csv", 422, "no column gmc, programme"),
        (f"{ANNE},Dr Somebody\n".encode(), "text/csv", 422, "columns of other names at 1, 2"),
        (f"{RETURNS},gmc\n".encode(), "text/csv", 422, "gmc more than once"),
        (f"{RETURNS},colour\n".encode(), "text/csv", 422, "columns of other names at 8"),
        (b"gmc,\xff\n", "text/csv", 422, "not one of CSV in UTF-8"),
        (b"{}", "application/json", 415, "text/csv"),
        (b"PK", "application/vnd.ms-excel", 415, MEDIA_TYPE),
    ],
)
def test_a_file_that_is_none(desk: Rig, body: bytes, content_type: str, status: int, said: str) -> None:
    found, problem = send(desk, body, content_type=content_type)
    assert (found, said in sentence(problem)) == (status, True), sentence(problem)
    assert "Somebody" not in str(problem)
    if status == 422:
        assert "The first line names these columns, in any order: gmc, programme, purpose" in sentence(problem)
    assert desk.revision() == 0


def test_two_hundred_megabytes(desk: Rig) -> None:
    """Refused before it is read where its length is announced, and else as soon as the cap is passed."""
    status, problem = send(desk, (MEGABYTE for _ in range(200)))
    assert (status, problem["code"]) == (413, "too_large")
    assert "more than 32 MB" in problem["detail"]
    announced = desk.officer(
        "POST", "/v1/imports", params={"kind": "returns"}, content=b"gmc",
        headers={"Content-Type": "text/csv", "Content-Length": str(200 * 2**20)},
    )  # fmt: skip
    assert announced.status_code == 413


def test_too_many_lines(desk: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow, "MOST_ROWS", 2)
    status, problem = send(desk, workbook(RETURNS.split(","), ["a"], ["b"]), content_type=MEDIA_TYPE)
    assert (status, "more than 2 rows" in problem["detail"]) == (413, True)
    monkeypatch.setattr(workflow, "MOST_LINES", 2)
    assert send(desk, b"gmc\n\n\n")[0] == 413


def test_latin_text_costs_its_line_only_and_is_not_repeated(rig: Rig) -> None:
    body = f"{REGISTER}\n{ANNE},Dr Fran\xe7ois,{CARDIAC}\n{BEN},Dr B,{CARDIAC}\n".encode("latin-1")
    status, report = send(rig, body, "register")
    assert (status, report["applied"]) == (200, 1)
    (problem,) = report["problems"]
    assert (problem["code"], problem["found"]) == ("not-utf8", "byte 0xe7 at place 16")


def test_a_workbook_is_taken_as_csv_is(desk: Rig) -> None:
    rows: list[list[Any]] = [
        ["act", "gmc", "programme", "purpose", "notice_version", "decided_on", "evidence"],
        ["given", int(ANNE), CARDIAC, OWN, 1, "2026-05-01", None],
        [],
        ["given", BEN, CARDIAC, OWN, 1.0, "=TODAY()", "form"],
        ["withdrawn", CARA, CARDIAC, OWN],
        ["given", CARA, CARDIAC, OWN, 1, "2026-05-01", "form", "one more"],
    ]
    status, report = send(desk, workbook(*rows), content_type=MEDIA_TYPE)
    assert status == 200
    counted = ("lines", "header", "applied", "quarantined", "blank")
    assert [report[name] for name in counted] == [6, 1, 2, 2, 1]
    assert codes(report) == [(4, "quarantined", "bad-date"), (6, "quarantined", "malformed-line")]
    assert desk.named() == {ANNE}
    again = send(desk, workbook(*rows), content_type=MEDIA_TYPE)[1]
    assert (again["applied"], again["duplicate"]) == (0, 2)


def test_names_are_never_repeated(rig: Rig) -> None:
    lines = [
        "name,gmc,programme,kind,specialty",
        f"{ANNE},Dr Mary Somebody,{CARDIAC},,", f"Dr Mary Somebody,{ANNE},Dr Mary Somebody,,",
        f"Dr Mary Somebody,{ANNE},{CARDIAC},Dr Mary Somebody,", f"Dr Mary Somebody,{ANNE},{CARDIAC},,Mary Somebody",
        f"=Somebody,{ANNE},{CARDIAC},,", f"Dr Mary Somebody,{ANNE},{CARDIAC},,", f"Mrs Somebody,{ANNE},{THYROID},,",
        f"Somebody,MARY SOMEBODY,{CARDIAC},,",
    ]  # fmt: skip
    report = rig.load("register", lines)
    assert [code for _, _, code in codes(report)] == [
        "bad-number", "unknown-programme", "unknown-kind", "bad-specialty", "bad-name", "name-conflict", "bad-number",
    ]  # fmt: skip
    assert "somebody" not in str(report["problems"]).lower()
