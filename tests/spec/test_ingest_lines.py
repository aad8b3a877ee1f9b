"""Lines set aside: what was found, what was expected, and the line as it was sent."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.spec.ingest_service import (
    NY_HEADER,
    Ingest,
    episode,
    episodes_file,
    ny_file,
    ny_row,
    prepared,
    running,
    sha256,
    some,
)  # fmt: skip


@pytest.fixture(scope="module")
def ingest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingest]:
    with running(*prepared(tmp_path_factory.mktemp("ingest"))) as service:
        yield service


SET_ASIDE = [
    (ny_row(cases="many"), "not-a-number", "Number of Cases", "many", "a whole number from 1 to 1,000,000"),
    (ny_row(cases="1O0"), "not-a-number", "Number of Cases", "1O0", "a whole number from 1 to 1,000,000"),
    (ny_row(cases="100.0"), "not-a-number", "Number of Cases", "100.0", "a whole number from 1 to 1,000,000"),
    (ny_row(cases="9" * 40), "out-of-range", "Number of Cases", "9" * 40, "a whole number from 1 to 1,000,000"),
    (ny_row(cases="0", deaths="0"), "out-of-range", "Number of Cases", "0", "a whole number from 1 to 1,000,000"),
    (ny_row(deaths="-1"), "out-of-range", "Number of Deaths", "-1", "a whole number from 0 to 1,000,000"),
    (ny_row(deaths="101"), "impossible", "Number of Deaths", "101", "at most the Number of Cases"),
    (ny_row(deaths=""), "missing-value", "Number of Deaths", "", "a value"),
    (ny_row(expected="nan"), "not-a-number", "Expected Mortality Rate", "nan", "a number from 0 to 100"),
    (ny_row(expected="1e2"), "not-a-number", "Expected Mortality Rate", "1e2", "a number from 0 to 100"),
    (ny_row(expected="100.01"), "out-of-range", "Expected Mortality Rate", "100.01", "a number from 0 to 100"),
    (ny_row(observed="x"), "not-a-number", "Observed Mortality Rate", "x", "a number from 0 to 100"),
    (ny_row(upper=""), "missing-value", "Upper Limit of Confidence Interval", "", "a value"),
    (ny_row(facility="10001"), "not-a-number", "Facility ID", "10001", "1 to 4 digits"),
    (ny_row(facility="1OO1"), "not-a-number", "Facility ID", "1OO1", "1 to 4 digits"),
    (ny_row(year="2012-2010"), "not-a-date", "Year of Hospital Discharge", "2012-2010", "a year like 2012"),
    (ny_row(year="12"), "not-a-date", "Year of Hospital Discharge", "12", "a year like 2012"),
    (ny_row(year="0000"), "out-of-range", "Year of Hospital Discharge", "0000", "years from 2008 to 2099"),
    (ny_row(procedure="Bypass"), "not-in-list", "Procedure", "Bypass", "one of: All PCI"),
    (ny_row(verdict="Fine"), "not-in-list", "Comparison Results", "Fine", "one of: Rate not different"),
    (ny_row(name="H" * 201), "out-of-range", "Hospital Name", "H" * 79 + "…", "at most 200 characters"),
    (ny_row() + ",", "field-count", None, "15 fields", "14 fields"),
    (ny_row().rpartition(",")[0], "field-count", None, "13 fields", "14 fields"),
    ("Source: the department", "field-count", None, "1 field", "14 fields"),
    (ny_row(name='"A Hospital'), "quote-not-closed", None, '1001,"A Hospital', "quotation marks only around"),
    (ny_row(name='A "fine" Hospital'), "quote-not-closed", None, '1001,A "fine"', "quotation marks only around"),
    (ny_row(name="A\x07Hospital"), "control-character", None, "U+0007", "text without control characters"),
    (ny_row(name="A\u202eHospital"), "control-character", None, "U+202E", "text without control characters"),
]


@pytest.mark.parametrize("case", SET_ASIDE, ids=lambda case: f"{case[1]}-{case[3][:12]}")
def test_a_line_is_set_aside_with_its_reason(ingest: Ingest, case: tuple[str, str, str | None, str, str]) -> None:
    row, code, column, found, expected = case
    content = ny_file(ny_row("4001"), row, ny_row("4002"))
    sent = ingest.send(content)
    assert sent["fates"]["quarantined"] == 1
    assert sent["lines"] == sum(sent["fates"].values()) == 4
    [line] = ingest.aside(content)
    assert (line["line"], line["fate"], line["code"], line.get("column")) == (3, "quarantined", code, column)
    assert line["found"].startswith(found)
    assert len(line["found"]) <= 80
    assert line["expected"].startswith(expected)
    assert line["text"] == row


@pytest.mark.parametrize(
    ("change", "code", "expected"),
    [
        ({"date": "2025-02-29"}, "not-a-date", "a day of the calendar"),
        ({"date": "17/05/2024"}, "not-a-date", "a day of the calendar"),
        ({"date": "2019-05-17"}, "out-of-range", "a day from 2023-04-01 to 2026-03-31"),
        ({"died_30_days": "O"}, "not-a-number", "a whole number from 0 to 1"),
        ({"died_30_days": "2"}, "out-of-range", "a whole number from 0 to 1"),
        ({"sex": "Female"}, "not-in-list", "one of: female, male"),
        ({"consultant": "99000011"}, "not-of-form", "a GMC number of 7 digits"),
        ({"consultant": ""}, "missing-value", "a value"),
    ],
)
def test_an_episode_is_set_aside_with_its_reason(
    ingest: Ingest, change: dict[str, str], code: str, expected: str
) -> None:
    content = episodes_file(episode(1, **change))
    ingest.send(content, "candour-demo")
    [line] = ingest.aside(content)
    [(column, found)] = change.items()
    assert (line["code"], line["column"], line["found"]) == (code, column, found)
    assert line["expected"].startswith(expected)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_marks_and_a_missing_last_end_change_nothing(tmp_path: Path, end: str, mark: str, last: bool) -> None:
    quoted = ny_row("3002", name='"Hospital, ""Old"""')
    lines = [NY_HEADER, ny_row("3001"), "", " \t", quoted, ny_row("3003", name=" Trimmed ")]
    content = (mark + end.join(lines) + (end if last else "")).encode()
    with running(*prepared(tmp_path)) as service:
        sent = service.send(content)
        assert sent["lines"] == 6
        assert some(sent["fates"]) == {"header": 1, "accepted": 3, "blank": 2}
        again = service.send(ny_file(ny_row("3001"), quoted, ny_row("3003", name="Trimmed")))
        assert some(again["fates"]) == {"header": 1, "duplicate": 3}


def test_an_older_encoding_is_named(tmp_path: Path) -> None:
    with running(*prepared(tmp_path)) as service:
        content = ny_file(ny_row(name="Hôpital")).decode().encode("cp1252") + b"1,\x93\n"
        sent = service.send(content)
        assert sent["encoding"] == "windows-1252"
        assert some(sent["fates"]) == {"header": 1, "accepted": 1, "quarantined": 1}
        assert service.aside(content)[0]["text"] == "1,“"
        assert some(service.send(ny_file(ny_row(name="Hôpital")))["fates"]) == {"header": 1, "duplicate": 1}


def test_a_line_of_64_megabytes_among_others(ingest: Ingest) -> None:
    length = 64 << 20
    rows = (ny_row("5001") + "\n").encode(), (ny_row("5002") + "\n").encode()
    content = NY_HEADER.encode() + b"\n" + rows[0] + b"x" * length + b"\r\n" + rows[1]
    sent = ingest.send(content)
    assert some(sent["fates"]) == {"header": 1, "accepted": 2, "quarantined": 1}
    [line] = ingest.aside(content)
    assert (line["line"], line["code"]) == (3, "line-too-long")
    assert line["found"] == "x" * 39 + "… (67,108,864 bytes)"
    assert line["expected"] == "at most 65,536 bytes in a line"
    assert len(line["text"]) <= 80


@pytest.mark.parametrize(("characters", "code"), [(65_536, "out-of-range"), (65_537, "line-too-long")])
def test_the_longest_line(ingest: Ingest, characters: int, code: str) -> None:
    row = ny_row(name="")
    content = ny_file(ny_row(name="H" * (characters - len(row))))
    ingest.send(content)
    [line] = ingest.aside(content)
    assert line["code"] == code


def test_a_footer_is_declared_in_the_source_and_nowhere_else(tmp_path: Path) -> None:
    """A new kind of file is a new TOML, and no Python."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "beds.toml").write_text(
        """
id = "beds"
label = "Beds"
kind = "providers"
schema_version = 1
synthetic = true
encodings = ["utf-8"]
header = ["Code", "Beds"]
null_tokens = ["", "n/a"]
key = ["provider"]
footer = { starts_with = ["Source:", "(c)"] }

[[columns]]
name = "provider"
from = "Code"
type = "text"

[[columns]]
name = "beds"
from = "Beds"
type = "int"
required = false
"""
    )
    content = b"Code,Beds\nA,5\nB,n/a\n\nSource: a survey, of 2012\n(c) nobody\n"
    with running(*prepared(tmp_path, sources_dir=tmp_path / "sources")) as service:
        sent = service.send(content, "beds")
        assert some(sent["fates"]) == {"header": 1, "accepted": 2, "blank": 1, "footer": 2}
        assert [source["id"] for source in service.ask("GET", "/v1/sources").json()["sources"]] == ["beds"]


def test_the_quarantine_is_paged_by_line(ingest: Ingest) -> None:
    content = ny_file(*(ny_row(cases=f"x{number}") for number in range(25)))
    ingest.send(content)
    seen: list[int] = []
    while page := ingest.aside(content, after=str(seen[-1] if seen else 0), limit="10"):
        assert len(page) <= 10
        seen += [line["line"] for line in page]
    assert seen == list(range(2, 27))


def test_the_quarantine_as_csv_is_safe_to_open(ingest: Ingest) -> None:
    content = episodes_file(*(f"=cmd|{number},x" for number in range(1500)), episode(1, sex="@x"), "+1", "-1", "\t,")
    ingest.send(content, "candour-demo")
    path = f"/v1/submissions/{sha256(content)}/quarantine"
    answer = ingest.ask("GET", path, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert rows[0] == ["line", "fate", "code", "column", "found", "expected", "text"]
    assert len(rows) == 1505
    assert rows[1][6] == "'=cmd|0,x"
    assert [row[6] for row in rows[1502:]] == ["'+1", "'-1", "'\t,"]
    assert rows[1501][4] == "'@x"
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


ROW = st.builds(ny_row, st.integers(0, 30).map(str), st.integers(1, 3).map(str), st.just("1"))
BROKEN = st.text("0123456789,\"' \t\r\\=;xé\u202e\x07", max_size=60).map(str.encode)
ANYTHING = st.one_of(ROW.map(str.encode), BROKEN, st.binary(max_size=40), st.just(b""))


LINE = st.one_of(ROW.map(str.encode), ANYTHING)


@given(
    lines=st.one_of(st.lists(LINE, max_size=12), st.lists(LINE, min_size=12, max_size=36)),
    header=st.booleans(),
    end=st.sampled_from([b"\n", b"\r\n"]),
    last=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_every_line_has_one_fate(
    ingest: Ingest, lines: list[bytes], header: bool, end: bytes, last: bool
) -> None:
    content = end.join([*([NY_HEADER.encode()] if header else []), *lines]) + (end if last else b"")
    sent = ingest.send(content)
    if sent["state"] == "refused":
        assert sent["refusal"]["detail"].endswith(".")
        return
    assert sent["lines"] == content.count(b"\n") + (not content.endswith(b"\n"))
    assert sent["lines"] == sum(sent["fates"].values())
    assert sent["fates"]["header"] == 1
    aside = ingest.aside(content, limit="1000")
    assert len(aside) == sent["fates"]["quarantined"] + sent["fates"]["conflict"]
    assert [line["line"] for line in aside] == sorted({line["line"] for line in aside})
