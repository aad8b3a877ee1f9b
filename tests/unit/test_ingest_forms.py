"""Every form that a source can give its files: in memory and piece by piece the same rows, and every line counted."""

import gzip
import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from services.ingest.reading.parts import contents_of, frames
from services.ingest.reading.read import Reading, read, read_into, rows_schema
from services.ingest.refusals import ASIDE, Refused
from services.ingest.source import Source

HEADER = ["code", "town", "note"]
HOLDS = {
    "may_hold": ["date-of-birth", "name", "postcode", "nhs-number"],
    "why": "What is asked here is how it is read.",
}


def source(header: list[str] | None = None, form: dict[str, Any] | None = None, **more: Any) -> Source:
    """Any texts in three columns; the first needs a value."""
    header = header or HEADER
    column = {"type": "text", "required": False, "when_missing": "", "most_characters": 40_000, **HOLDS}
    columns = [{**column, "name": f"c{i}", "from": name, "required": i == 0} for i, name in enumerate(header)]
    given = {
        "id": "forms", "label": "Forms", "kind": "providers", "schema_version": 1, "synthetic": True,
        "encodings": ["utf-8", "windows-1252"], "header": header, "null_tokens": [""], "columns": columns,
        "key": ["c0"], "form": form or {},
    }  # fmt: skip
    return Source.model_validate(given | more)


def reading(path: Path, given: Source, name: str | None = None) -> Reading:
    """What `read` makes of a file, after `read_into` has made the same."""
    folder = path.parent / f"{path.name}.parts"
    folder.mkdir(exist_ok=True)
    progress: list[tuple[int, int]] = []
    whole = read(path, given, name)
    made = read_into(path, given, folder, name, None, lambda done, total: progress.append((done, total)))
    assert contents_of(folder) == made
    rows = pl.concat([pl.DataFrame(schema=rows_schema(given)), *frames(folder, made.rows)])
    aside = pl.concat([pl.DataFrame(schema=ASIDE), *frames(folder, made.aside)])
    assert rows.equals(whole.rows)
    assert aside.equals(whole.aside)
    for told in ("encoding", "lines", "header", "blank", "footer", "aggregate"):
        assert getattr(made, told) == getattr(whole, told)
    known = made.header + made.blank + made.footer + made.aggregate + int(rows["_lines"].sum()) + made.set_aside
    assert known == made.lines
    assert progress == sorted(progress)
    assert progress[-1][0] <= progress[-1][1]
    return whole


def values(found: Reading) -> list[tuple[Any, ...]]:
    """Line, texts and number of lines of each row."""
    return found.rows.drop("_aggregate").rows()


def sent(tmp_path: Path, *lines: str, end: str = "\n") -> Path:
    path = tmp_path / "sent"
    path.write_bytes("".join(line + end for line in lines).encode())
    return path


def test_without_a_header_every_line_is_a_row(tmp_path: Path) -> None:
    found = reading(sent(tmp_path, "A1,Leeds,x", "A2,York,"), source(form={"header_lines": 0}))
    assert values(found) == [(1, "A1", "Leeds", "x", 1), (2, "A2", "York", "", 1)]
    assert (found.header, found.lines) == (0, 2)


def test_a_title_block_ends_at_the_header(tmp_path: Path) -> None:
    lines = ["Register of places", "", "Published,today", "code,town,note", "A1,Leeds,x"]
    found = reading(sent(tmp_path, *lines), source(form={"preamble": True}))
    assert values(found) == [(5, "A1", "Leeds", "x", 1)]
    assert found.header == 4
    with pytest.raises(Refused) as refused:
        reading(sent(tmp_path, "Register of places", "code,town", "A1,Leeds"), source(form={"preamble": True}))
    assert refused.value.refusal.detail == (
        "None of the first 3 lines is the header that this source has. Nothing was taken from the file."
    )


def test_two_header_lines_are_one(tmp_path: Path) -> None:
    lines = [",Place,,Seen", "Code,Town,Post,", "A1,Leeds,LS1,5"]
    header = ["Code", "Place / Town", "Place / Post", "Seen"]
    found = reading(sent(tmp_path, *lines), source(header, {"header_lines": 2}))
    assert values(found) == [(3, "A1", "Leeds", "LS1", "5", 1)]
    assert found.header == 2


def test_lines_right_behind_the_header_are_skipped_where_the_source_says_so(tmp_path: Path) -> None:
    found = reading(sent(tmp_path, "code,town,note", "~~~,,", "A1,Leeds,", "~~~,York,"),
                    source(form={"skipped_lines": ["~~~"]}))  # fmt: skip
    assert found.header == 2
    assert [row[:2] for row in values(found)] == [(3, "A1"), (4, "~~~")]


def test_spare_columns_hold_nothing(tmp_path: Path) -> None:
    given = source(form={"spare": ["", "", "a"]})
    found = reading(sent(tmp_path, "code,town,note,,,a", "A1,Leeds,,,,", "A2,York,,,,7", "A3,Hull,, ,\t,"), given)
    assert [row[1] for row in values(found)] == ["A1", "A3"]
    assert found.aside.rows() == [
        (3, "quarantined", "unexpected-value", "a", "7", "nothing: this column has no meaning")
    ]
    assert reading(sent(tmp_path, "code,town,note", "A1,Leeds,"), given).rows.height == 1
    with pytest.raises(Refused, match="wrong-header"):
        reading(sent(tmp_path, "code,town,note,,a,", "A1,Leeds,,,,"), given)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_breaks_in_quoted_cells_are_of_the_row(tmp_path: Path, end: str) -> None:
    rows = [
        'A1,"Leeds' + end + 'West",x',
        "A2,York,",
        'A3,"Hull' + end + end + '""East""","',
        '"',
        'A4,"open,x',
        "A5,Ely,",
    ]
    found = reading(sent(tmp_path, "code,town,note", *rows, end=end), source(form={"line_breaks": True}))
    assert values(found) == [
        (2, "A1", "Leeds\nWest", "x", 2), (4, "A2", "York", "", 1), (5, "A3", 'Hull\n\n"East"', "\n", 4),
        (10, "A5", "Ely", "", 1),
    ]  # fmt: skip
    assert found.aside.select("line", "code").rows() == [(9, "quote-not-closed")]
    assert found.lines == 10


def test_every_line_of_a_row_that_is_set_aside_is(tmp_path: Path) -> None:
    lines = ["code,town,note", ',"Leeds', 'West",x', 'A2,"York', 'East"', "A3,Hull,"]
    found = reading(sent(tmp_path, *lines), source(form={"line_breaks": True}))
    assert found.aside.select("line", "code").rows() == [
        (2, "missing-value"), (3, "missing-value"), (4, "field-count"), (5, "field-count")
    ]  # fmt: skip
    assert [row[0] for row in values(found)] == [6]


def test_totals_have_a_fate_and_no_row(tmp_path: Path) -> None:
    given = source(totals={"from": "code", "texts": ["Total", "TOTAL"]})
    found = reading(sent(tmp_path, "code,town,note", "A1,Leeds,", "Total ,,", "TOTAL,x,y", "total,,"), given)
    assert [row[1] for row in values(found)] == ["A1", "total"]
    assert found.aggregate == 2


@pytest.mark.parametrize("kind", ["gzip", "zip"])
def test_one_archive_around_a_file_is_unfolded_and_recorded(tmp_path: Path, kind: str) -> None:
    text = "code,town,note\nA1,Ynys Môn,\n".encode("windows-1252")
    path = tmp_path / "sent"
    if kind == "gzip":
        path.write_bytes(gzip.compress(text))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.mkdir("folder")
            archive.writestr("folder/any name.csv", text)
    found = reading(path, source())
    assert values(found) == [(2, "A1", "Ynys Môn", "", 1)]
    assert found.encoding == f"{kind}:windows-1252"
    assert sorted(one.name for one in (tmp_path / "sent.parts").iterdir()) == ["reading.json", "rows-00000.parquet"]


def book(rows: list[list[Any]], sheet: str = "Data", first: str = "A1") -> bytes:
    made = openpyxl.Workbook()
    page = made.active
    assert page is not None
    page.title = sheet
    origin = page[first]
    for down, row in enumerate(rows):
        for across, value in enumerate(row):
            if value is not None:
                page.cell(origin.row + down, origin.column + across, value)
    made.create_sheet("Other")["A1"] = "unread"
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


IN_BOOK = {"format": "workbook", "sheet": "Data"}


def test_cells_of_a_workbook_are_the_text_that_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "sent"
    rows: list[list[Any]] = [
        HEADER,
        ["007", 5.0, 0.7554501680083796], ["big", 1e21, 1e-7],
        ["days", date(2024, 1, 31), datetime(2024, 1, 31, 13, 5, 1)],  # noqa: DTZ001  # a spreadsheet knows no zones
        [], ["bits", True, "#DIV/0!"], ["exact", 870296.9999999999, -0.5],
    ]  # fmt: skip
    path.write_bytes(book(rows))
    found = reading(path, source(form=IN_BOOK))
    assert values(found) == [
        (2, "007", "5", "0.7554501680083796", 1), (3, "big", "1000000000000000000000", "0.0000001", 1),
        (4, "days", "2024-01-31", "2024-01-31 13:05:01", 1), (6, "bits", "TRUE", "#DIV/0!", 1),
        (7, "exact", "870296.9999999999", "-0.5", 1),
    ]  # fmt: skip
    assert (found.encoding, found.blank, found.lines) == ("workbook", 1, 7)


def test_a_workbook_has_its_title_block_and_two_header_rows(tmp_path: Path) -> None:
    path = tmp_path / "sent"
    rows: list[list[Any]] = [
        ["Title:", "Places"],
        [],
        [None, "Place"],
        ["Code", "Town", "Post\ncode"],
        ["A1", "Leeds", 5],
    ]
    path.write_bytes(book(rows, first="B3"))
    form = {**IN_BOOK, "preamble": True, "header_lines": 2}
    found = reading(path, source(["Code", "Place / Town", "Place / Post code"], form))
    assert values(found) == [(7, "A1", "Leeds", "5", 1)]
    assert found.header == 6


def test_formulas_are_set_aside_unless_their_last_values_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "sent"
    path.write_bytes(book([HEADER, ["A1", "=1+2", "x"], ["A2", "Leeds", "y"]]))
    found = reading(path, source(form=IN_BOOK))
    assert found.aside.rows() == [(2, "quarantined", "formula", "town", "=1+2", "a value")]
    cached = reading(path, source(form={**IN_BOOK, "formulas": "cached"}))
    assert cached.aside.rows() == found.aside.rows()  # no program has ever computed it
    with_value = with_last_value(path.read_bytes(), b"<f>1+2</f><v />", b"<f>1+2</f><v>3</v>")
    path.write_bytes(with_value)
    assert values(reading(path, source(form={**IN_BOOK, "formulas": "cached"})))[0] == (2, "A1", "3", "x", 1)


def with_last_value(workbook: bytes, old: bytes, new: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for entry in given.infolist():
            made.writestr(entry.filename, given.read(entry).replace(old, new))
    assert out.getvalue() != workbook
    return out.getvalue()


@pytest.mark.parametrize(
    ("cell", "seen"),
    [
        (b"<c><v>12345678901234567</v></c>", "12345678901234567"),
        (b"<c><v>9007199254740993</v></c>", "9007199254740993"),
        (b"<c><v>0.10000000000000001</v></c>", "0.1"),
        (b"<c><v>1_000</v></c>", "1_000"),
        (b'<c t="inlineStr"><is><t>\xe6\x9d\xb1</t><rPh sb="0" eb="1"><t>a</t></rPh></is></c>', "\u6771"),
        (b'<c t="inlineStr"><is><r><t>A</t></r><r><t>1</t></r></is></c>', "A1"),
    ],
)
def test_no_digit_of_a_cell_is_altered_and_no_letter_added(tmp_path: Path, cell: bytes, seen: str) -> None:
    path = tmp_path / "sent"
    held = b'<c r="B2" t="n"><v>5</v></c>'
    placed = cell.replace(b"<c", b'<c r="B2"', 1)
    path.write_bytes(with_last_value(book([HEADER, ["A1", 5, "x"]]), held, placed))
    assert values(reading(path, source(form=IN_BOOK))) == [(2, "A1", seen, "x", 1)]


def test_who_sends_a_wrong_sheet_or_a_cut_archive_is_told_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "sent"
    path.write_bytes(book([["code", "town", "note"], ["A1"]], sheet="NHS 9434765919"))
    with pytest.raises(Refused) as told:
        read(path, source(form=IN_BOOK))
    assert told.value.refusal.detail.endswith(
        "expected: a sheet called Data. Give the sheet that name, and send it again."
    )
    assert "9434765919" not in told.value.refusal.model_dump_json()
    path.write_bytes(gzip.compress(b"code,town,note\nA1,Leeds,x\n" * 1000)[:-20])
    with pytest.raises(Refused) as told:
        read(path, source())
    detail = (
        "The archive does not unfold to its end: it is cut short or damaged. Send it again whole, or the file itself."
    )
    assert told.value.refusal.detail == detail


def test_of_two_sheets_of_one_name_none_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "sent"
    made = openpyxl.load_workbook(io.BytesIO(book([HEADER, ["A1", "Leeds", "x"]])))
    made.create_sheet("Other").append(HEADER)
    made.save(path)
    named_apart = path.read_bytes()
    assert len(values(reading(path, source(form=IN_BOOK)))) == 1
    path.write_bytes(with_last_value(named_apart, b'name="Other"', b'name="Data"'))
    with pytest.raises(Refused, match="broken-workbook"):
        read(path, source(form=IN_BOOK))


def test_parquet_is_read_as_the_text_of_its_values(tmp_path: Path) -> None:
    path = tmp_path / "sent"
    pl.DataFrame(
        {
            "code": ["007", "A2", "A3", None], "town": [5.0, 0.7554501680083796, 1e21, 1e-7],
            "note": [date(2024, 1, 31), None, None, None],
        }
    ).write_parquet(path)  # fmt: skip
    found = reading(path, source(form={"format": "parquet"}))
    assert values(found) == [
        (1, "007", "5", "2024-01-31", 1), (2, "A2", "0.7554501680083796", "", 1),
        (3, "A3", "1000000000000000000000", "", 1),
    ]  # fmt: skip
    assert found.aside.select("line", "code", "column").rows() == [(4, "missing-value", "code")]
    assert (found.encoding, found.header, found.lines) == ("parquet", 0, 4)


@pytest.mark.parametrize("kind", ["csv", "workbook", "parquet"])
def test_pieces_follow_one_another(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.ingest.reading.files.PIECE_ROWS", 7)
    monkeypatch.setattr("services.ingest.reading.blocks.BLOCK", 64)
    monkeypatch.setattr("services.ingest.reading.workbook.BATCH_CELLS", 9)
    monkeypatch.setattr("services.ingest.reading.parquet.CELLS", 9)
    path = tmp_path / "sent"
    rows = [[f"A{i}", "Leeds" if i % 5 else "a\u202eb", ""] for i in range(40)]
    if kind == "csv":
        path.write_text("\n".join(",".join(row) for row in [HEADER, *rows]))
    elif kind == "workbook":
        path.write_bytes(book([HEADER, *rows]))
    else:
        pl.DataFrame(rows, schema=HEADER, orient="row").write_parquet(path)
    found = reading(path, source(form={"format": kind} if kind != "workbook" else IN_BOOK))
    assert [row[1] for row in values(found)] == [f"A{i}" for i in range(40) if i % 5]
    assert found.aside["code"].to_list() == ["control-character"] * 8


def test_a_name_that_tells_nothing_is_refused(tmp_path: Path) -> None:
    period = {"type": "named-period", "name": "first", "edge": "first-day", "pattern": "q([0-9])",
              "periods": {"1": ["2024-01-01", "2024-03-31"]}}  # fmt: skip
    given = source()
    with_period = source(columns=[*(one.model_dump(by_alias=True) for one in given.columns), period])
    path = sent(tmp_path, "code,town,note", "A1,Leeds,")
    found = reading(path, with_period, "some/where/q1.csv")
    assert found.rows["first"].to_list() == [date(2024, 1, 1)]
    for name in (None, "q2.csv"):
        with pytest.raises(Refused) as refused:
            read(path, with_period, name)
        assert refused.value.refusal.code == "unknown-name"
