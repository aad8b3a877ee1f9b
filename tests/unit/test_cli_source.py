"""`candour source check`, `list` and `show` without a service, and what a terminal is shown."""

import json
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.source.running import sheet_of
from cli.source.telling import of_sheet, shown
from services.ingest.source import load_sources
from shared.contracts.profiles import Report
from tests.spec.ingest_service import NY_HEADER, ny_file, ny_row

AUDIT: Final = (
    "episode,patient,provider,specialty,date,consultant,consultant_grade,second_consultant,second_role,age_band,sex,"
    "urgency,comorbidity,died_30_days\n"
    "E-1,,RZZ01,vascular-surgery,2024-05-17,9900001,consultant,,,60-69,female,urgent,1,0\n"
)
NOBODY: Final = {"CANDOUR_URL_INGEST": "http://127.0.0.1:9", "CANDOUR_ACCOUNTS": "", "COLUMNS": "200"}


def run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["source", *arguments], env=NOBODY)
    assert done.exit_code == code, done.output
    return done


def written(folder: Path, name: str, *rows: str) -> Path:
    file = folder / name
    file.write_bytes(ny_file(*rows))
    return file


def months(folder: Path, name: str, year: str, first: int = 1000) -> Path:
    return written(folder, name, *(ny_row(facility=str(first + at), year=year) for at in range(30)))


def test_a_file_is_recognised_by_its_header_and_a_clean_one_ends_with_0(tmp_path: Path) -> None:
    done = run("check", str(months(tmp_path, "hospital_2012.csv", "2012")), code=0)
    assert "hospital_2012.csv: ny-cardiac, 31 lines, 30 rows accepted, utf-8" in done.stdout
    assert "nothing is surprising" in done.stdout
    assert "no service answers. --against names a file." in done.stderr


def test_beside_another_file_it_says_what_changed_and_ends_with_3(tmp_path: Path) -> None:
    before, now = (
        months(tmp_path, "hospital_2011.csv", "2012"),
        months(tmp_path, "hospital_2013.csv", "2013", first=1001),
    )
    html, as_json = tmp_path / "out.html", tmp_path / "out.json"
    arguments = ("--against", str(before), "--html", str(html), "--json", str(as_json))
    done = run("check", str(now), *arguments, code=3)
    assert "provider-gone: 1 provider is gone: 1000." in done.stdout
    report = Report.model_validate_json(as_json.read_bytes())
    assert [one.code for one in report.surprises] == ["provider-gone", "provider-new"]
    assert report.against_name == "hospital_2011.csv"
    assert "<title>hospital_2013.csv: 2 surprises</title>" in html.read_text()


def test_lines_that_would_be_set_aside_end_it_with_3_and_are_not_repeated(tmp_path: Path) -> None:
    rows = [ny_row(facility=str(1000 + at)) for at in range(200)]
    done = run(
        "check", str(written(tmp_path, "hospital_2014.csv", *rows, ny_row(facility="2", cases="secret"))), code=3
    )
    assert "set aside: 1 not-a-number in Number of Cases" in done.stdout
    assert "secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("what.csv", b"a,b\n1,2\n", "not-recognised", "No source has a header and a name like these."),
        ("what.csv", b"", "empty-file", "The file is empty."),
        ("hospital_2014.csv", b"a,b\n1,2\n", "wrong-header", "Line 1 is not the header that this source has"),
        ("hospital_2014.csv", NY_HEADER.encode() + b"\n", "no-rows", "The file has a header and no rows."),
    ],
)
def test_what_would_be_refused_ends_with_1_and_a_page_says_why(
    tmp_path: Path, name: str, content: bytes, code: str, words: str
) -> None:
    file, html, as_json = tmp_path / name, tmp_path / "out.html", tmp_path / "out.json"
    file.write_bytes(content)
    done = run("check", str(file), "--html", str(html), "--json", str(as_json), code=1)
    assert words in done.stdout
    assert json.loads(as_json.read_bytes())["code"] == code
    assert words in html.read_text()


def test_a_source_that_is_none_is_said_to_be_none(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run("check", str(months(tmp_path, "hospital_2012.csv", "2012")), "--source", "ny-hearts", code=2)
    assert "No source is called ny-hearts; there are " in capfd.readouterr().err


def test_a_header_that_is_known_under_a_name_that_is_not_is_said_to_be_so(tmp_path: Path) -> None:
    done = run("check", str(months(tmp_path, "download (3).csv", "2012")), code=1)
    assert "Found: its header is that of ny-cardiac, whose files have other names" in done.stdout
    assert "ny-cardiac, 31 lines" in run("check", str(tmp_path / "download (3).csv"), "--source", "ny-cardiac").stdout


def test_sources_are_listed_and_shown() -> None:
    every = json.loads(run("list", "--json").stdout)["sources"]
    assert {"ny-cardiac", "shmi", "ae-monthly"} <= {one["id"] for one in every}
    one = run("show", "ae-monthly").stdout
    assert "names: ae_20[0-9][0-9]-[0-9][0-9].csv" in one
    assert "key: provider, period_start, period_end" in one
    assert "MSitAE" not in run("show", "shmi").stdout
    assert "No source is called hearts." in run("show", "hearts", code=1).stderr


def test_a_name_cannot_move_the_cursor_or_turn_the_text() -> None:
    assert shown("a\x1b[2Jb\u202egpj.csv") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}gpj.csv"


def test_a_source_whose_ground_is_to_be_declared_is_not_said_to_be_ready(tmp_path: Path) -> None:
    file = tmp_path / "audit.csv"
    file.write_text(AUDIT)
    done = run("check", str(file), "--source", "audit-episodes", code=3)
    assert "Rows of audit-episodes are about patients: a steward declares on what ground" in done.stdout
    assert "no service says whether anybody has. By command: candour source declare audit-episodes" in done.stdout


def test_patients_under_a_name_that_is_not_the_sources_would_be_refused(tmp_path: Path) -> None:
    file = tmp_path / "Trust_HES_extract_2001.csv"
    file.write_text("whatever\n")
    done = run("check", str(file), "--source", "artificial-hes-apc", code=1)
    assert "Found: The file is called Trust_HES_extract_2001.csv" in done.stdout
    assert "use hes-apc, whose ground a steward declares first" in done.stdout


@pytest.mark.parametrize(("mark", "called"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")])
def test_columns_that_are_separated_by_something_else_are_said_to_be(tmp_path: Path, mark: str, called: str) -> None:
    file = tmp_path / "hospital_2014.csv"
    file.write_bytes(ny_file(ny_row()).replace(b",", mark.encode()))
    done = run("check", str(file), code=1)
    assert f"The columns are separated by {called}" in done.stdout
    assert "Expected: columns separated by commas" in done.stdout


def test_of_a_workbook_it_says_which_sheet_is_read_and_that_others_are_not(tmp_path: Path) -> None:
    file = tmp_path / "sheets.xlsx"
    source = next(one for one in load_sources().values() if one.form.format == "workbook" and one.form.sheet)
    named = "".join(f'<sheet name="{name}" r:id="r"/>' for name in ("Notes", source.form.sheet, "More"))
    with ZipFile(file, "w") as book:
        book.writestr("xl/workbook.xml", f'<workbook xmlns:r="relations"><sheets>{named}</sheets></workbook>')
    read = sheet_of(file, source.id)
    assert read == {"sheet": source.form.sheet, "others": 2}
    assert of_sheet(read) == f"Of the workbook the sheet {source.form.sheet} was read; 2 others were left alone."
    assert sheet_of(file, "ny-cardiac") is None
