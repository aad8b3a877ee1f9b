"""Registers and returns: one fate per line, all of it in one transaction, nothing twice."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.consent.routes import imports as routes
from services.consent.workflow import imports as workflow
from tests.unit.test_consent_rig import CARDIAC, OWN, THYROID, Clock, House, Rig, house, rig, running

__all__ = ["house", "rig"]

ANNE, BEN, CARA = "9900001", "9900002", "9900003"
REGISTER = "gmc,name,programme"
RETURNS = "gmc,programme,purpose,act,notice_version,decided_on,evidence"


def line(gmc: str, act: str, day: str = "2026-05-01", **changes: str) -> str:
    cells = {"programme": CARDIAC, "purpose": OWN, "notice_version": "1", "evidence": "form"} | changes
    version = "" if act == "withdrawn" else cells["notice_version"]
    return ",".join([gmc, cells["programme"], cells["purpose"], act, version, day, cells["evidence"]])


@pytest.fixture
def desk(rig: Rig) -> Rig:
    rig.register(ANNE, BEN, CARA)
    return rig


def codes(report: dict[str, object]) -> list[tuple[int, str, str]]:
    problems = report["problems"]
    assert isinstance(problems, list)
    return [(one["line"], one["fate"], one["code"]) for one in problems]


def test_a_register_is_taken_once(rig: Rig) -> None:
    lines = [REGISTER, f"{ANNE},Dr A Example,{CARDIAC}", f"{ANNE},Dr A Example,{THYROID}", "", f"{BEN},Dr B,{CARDIAC}"]
    report = rig.load("register", lines)
    counted = ("lines", "header", "applied", "duplicate", "quarantined", "blank", "revision")
    assert [report[name] for name in counted] == [5, 1, 3, 0, 0, 1, 0]
    again = rig.load("register", lines)
    assert (again["applied"], again["duplicate"]) == (0, 3)
    record = rig.officer("GET", f"/v1/consultants/{ANNE}").json()
    assert [one["programme"] for one in record["standings"]] == [CARDIAC, THYROID]
    assert {one["decision"] for one in record["standings"]} == {"not_sought"}


def test_a_register_says_why_it_refuses_a_line(rig: Rig) -> None:
    report = rig.load(
        "register",
        [
            REGISTER,
            f"99,Dr A,{CARDIAC}",
            f"{ANNE},,{CARDIAC}",
            f"{ANNE},Dr A,no-such-outcomes",
            f"{ANNE},Dr A,{CARDIAC}",
            f"{ANNE},Dr B,{THYROID}",
            f"{ANNE},Dr A",
            f'{ANNE},"Dr A,{CARDIAC}',
        ],
    )
    assert codes(report) == [
        (2, "quarantined", "bad-number"), (3, "quarantined", "bad-name"), (4, "quarantined", "unknown-programme"),
        (6, "quarantined", "name-conflict"), (7, "quarantined", "malformed-line"), (8, "quarantined", "malformed-line"),
    ]  # fmt: skip


def test_a_later_register_may_correct_a_name(desk: Rig) -> None:
    assert desk.load("register", [REGISTER, f"{ANNE},Dr New Name,{CARDIAC}"])["applied"] == 1
    assert desk.officer("GET", f"/v1/consultants/{ANNE}").json()["name"] == "Dr New Name"


def test_the_same_return_twice_adds_nothing(desk: Rig) -> None:
    lines = [
        RETURNS,
        line(ANNE, "asked", "2026-04-01"),
        line(ANNE, "given"),
        line(BEN, "refused"),
        line(CARA, "withdrawn"),
    ]
    report = desk.load("returns", lines)
    assert (report["applied"], report["revision"]) == (4, 4)
    assert desk.named() == {ANNE}
    again = desk.load("returns", lines)
    assert (again["applied"], again["duplicate"], again["revision"]) == (0, 4, 4)
    assert desk.revision() == 4
    assert [one.get("now") for one in desk.changes()] == [None, "named", None, None]


def test_an_old_return_never_undoes_a_withdrawal(desk: Rig) -> None:
    lines = [RETURNS, line(ANNE, "given")]
    desk.load("returns", lines)
    desk.withdraw(ANNE)
    assert codes(desk.load("returns", lines)) == [(2, "duplicate", "already-there")]
    late = desk.load("returns", [RETURNS, line(ANNE, "given", "2026-05-02"), line(ANNE, "given", "2026-10-14")])
    assert codes(late) == [(2, "quarantined", "older-than-standing"), (3, "quarantined", "older-than-standing")]
    assert desk.named() == set()


def test_on_one_day_the_hidden_side_wins(desk: Rig) -> None:
    hidden_last = [RETURNS, line(ANNE, "given"), line(ANNE, "refused"), line(BEN, "given"), line(BEN, "withdrawn")]
    assert desk.load("returns", hidden_last)["applied"] == 4
    shown_last = [RETURNS, line(CARA, "refused"), line(CARA, "given")]
    assert codes(desk.load("returns", shown_last)) == [(3, "quarantined", "older-than-standing")]
    assert desk.named() == set()
    assert desk.load("returns", [RETURNS, line(CARA, "given", "2026-05-02")])["applied"] == 1
    assert desk.named() == {CARA}


def test_a_withdrawal_is_applied_whatever_happens_to_the_other_lines(desk: Rig) -> None:
    desk.load("returns", [RETURNS, line(ANNE, "given"), line(BEN, "given"), line(CARA, "given")])
    report = desk.load(
        "returns",
        [
            RETURNS,
            line(ANNE, "given", purpose="all"),
            line(ANNE, "withdrawn", "no date", evidence="x" * 300),
            "rubbish",
            line(BEN, "withdrawn", "2026-01-01"),
            f"{CARA},{CARDIAC},{OWN},withdrawn,77,2099-01-01,",
        ],
    )
    assert codes(report) == [(2, "quarantined", "bundled-purposes"), (4, "quarantined", "malformed-line")]
    assert desk.named() == set()


def test_a_repeated_withdrawal_counts_as_repeated_only_below_a_later_answer(desk: Rig) -> None:
    lines = [RETURNS, line(ANNE, "withdrawn", "2026-05-01"), line(ANNE, "given", "2026-05-02")]
    desk.load("returns", lines)
    assert desk.load("returns", lines)["duplicate"] == 2
    assert desk.named() == {ANNE}
    assert desk.load("returns", [RETURNS, line(ANNE, "withdrawn", "2026-05-02")])["applied"] == 1
    assert desk.named() == set()


@pytest.mark.parametrize(
    ("sent", "code", "column"),
    [
        (line("9999999", "given"), "unknown-consultant", "gmc"),
        (line("9999999", "withdrawn"), "unknown-consultant", "gmc"),
        (line("990000", "given"), "bad-number", "gmc"),
        (line("99００001", "given"), "bad-number", "gmc"),
        (line(ANNE, "given", programme="no-such-outcomes"), "unknown-programme", "programme"),
        (line(ANNE, "given", programme=THYROID), "not-enrolled", "programme"),
        (line(ANNE, "given", purpose="rating"), "unknown-purpose", "purpose"),
        (line(ANNE, "given", purpose="all"), "bundled-purposes", "purpose"),
        (line(ANNE, "given", purpose="own_figures;rating"), "bundled-purposes", "purpose"),
        (line(ANNE, "yes"), "unknown-act", "act"),
        (line(ANNE, ""), "unknown-act", "act"),
        (line(ANNE, "GIVEN"), "unknown-act", "act"),
        (line(ANNE, "given", notice_version="2"), "unknown-notice", "notice_version"),
        (line(ANNE, "given", notice_version=""), "unknown-notice", "notice_version"),
        (line(ANNE, "given", notice_version="１"), "unknown-notice", "notice_version"),
        (line(ANNE, "given", "2013-06-27"), "unknown-notice", "notice_version"),
        (line(ANNE, "given", "01/05/2026"), "bad-date", "decided_on"),
        (line(ANNE, "given", "20260501"), "bad-date", "decided_on"),
        (line(ANNE, "given", "2026-02-30"), "bad-date", "decided_on"),
        (line(ANNE, "given", "2026-10-15"), "bad-date", "decided_on"),
        (line(ANNE, "given", ""), "bad-date", "decided_on"),
        (line(ANNE, "given", evidence="x" * 201), "bad-evidence", "evidence"),
        (f"{ANNE},{CARDIAC}", "malformed-line", None),
        (line(ANNE, "given") + ",more", "malformed-line", None),
    ],
)
def test_what_a_return_may_not_say(desk: Rig, sent: str, code: str, column: str | None) -> None:
    report = desk.load("returns", [RETURNS, sent])
    (problem,) = report["problems"]
    assert (problem["fate"], problem["code"], problem.get("column")) == ("quarantined", code, column)
    assert desk.revision() == 0


def test_a_dry_run_says_the_same_and_changes_nothing(desk: Rig) -> None:
    lines = [RETURNS, line(ANNE, "given"), line(BEN, "withdrawn"), line("9999999", "given")]
    dry = desk.load("returns", lines, dry_run=True)
    assert (dry["dry_run"], desk.revision(), desk.named()) == (True, 0, set())
    real = desk.load("returns", lines)
    same = ("lines", "applied", "duplicate", "quarantined", "problems")
    assert [dry[name] for name in same] == [real[name] for name in same]
    assert desk.load("register", [REGISTER, f"9900004,Dr D,{CARDIAC}"], dry_run=True)["applied"] == 1
    assert desk.officer("GET", "/v1/consultants/9900004").status_code == 404


def test_a_report_can_be_read_again(desk: Rig) -> None:
    report = desk.load("returns", [RETURNS, line(ANNE, "given"), "rubbish"])
    assert desk.officer("GET", f"/v1/imports/{report['id']}").json() == report
    assert desk.officer("GET", "/v1/imports/i-000000000000").status_code == 404


def send(rig: Rig, body: bytes, kind: str = "returns", content_type: str = "text/csv") -> tuple[int, str]:
    headers = {"Content-Type": content_type}
    found = rig.officer("POST", "/v1/imports", params={"kind": kind}, content=body, headers=headers)
    return found.status_code, found.json().get("code", "")


@pytest.mark.parametrize("body", [b"", b"\n", b"gmc,act\n", f"{RETURNS},more\n".encode(), b"\xff\xfe\n", b'"gmc\n'])
def test_a_file_without_its_header_is_refused_whole(desk: Rig, body: bytes) -> None:
    assert send(desk, body) == (422, "value_not_allowed")


def test_a_file_may_come_from_a_spreadsheet(desk: Rig) -> None:
    body = b"\xef\xbb\xbf" + f'{RETURNS}\r\n{line(ANNE, "given")}\r\n\r\n"{BEN}"'.encode()
    body += line(BEN, "given").removeprefix(BEN).encode()
    assert send(desk, body) == (200, "")
    assert desk.named() == {ANNE, BEN}


def test_a_line_that_is_not_utf8_costs_only_itself(desk: Rig) -> None:
    body = f"{RETURNS}\n".encode() + b"\xe9\xe8\n" + line(ANNE, "given").encode()
    assert send(desk, body) == (200, "")
    assert desk.named() == {ANNE}


def test_what_is_too_large_or_no_csv_is_refused(desk: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    assert send(desk, b"{}", content_type="application/json") == (415, "type_not_supported")
    monkeypatch.setattr(workflow, "MOST_LINES", 3)
    assert send(desk, b"\n" * 4) == (413, "too_large")
    monkeypatch.setattr(routes, "MOST_BYTES", 2)
    assert send(desk, b"\n" * 3) == (413, "too_large")
    assert send(desk, b"x", kind="gossip") == (422, "value_not_allowed")


def test_a_whole_audit_is_taken_at_once(house: House, tmp_path: Path) -> None:
    """3,500 consultants; how long that takes is in the benchmark."""
    numbers = [f"{9900001 + number}" for number in range(3500)]
    with running(house, house.settings(tmp_path), Clock(datetime(2026, 10, 14, tzinfo=UTC))) as rig:
        rig.register(*numbers)
        report = rig.load("returns", [RETURNS, *(line(gmc, "given") for gmc in numbers)])
        assert (report["applied"], report["revision"]) == (3500, 3500)
        assert len(rig.named()) == 3500
