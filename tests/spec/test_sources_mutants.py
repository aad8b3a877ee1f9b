"""Each source notices what is wrong with a file of its kind: real lines, spoilt one by one.

A file is made of the first lines of a real one. Three things are done to it: a heading is changed, a letter gets into a
number, and a line comes again, with the same values and with others.
"""

import csv
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest

from services.ingest.columns import Column, Number
from services.ingest.refusals import Refused
from services.ingest.source import Source
from tests.spec.real_files import FILES, SOURCES, Real, Taken, needs_data, path_of, take

pytestmark = needs_data
LINES = 12
BY_SOURCE = {one.source: one for one in reversed(FILES) if SOURCES[one.source].form.format == "csv"}
BY_SOURCE["fingertips-upload"] = next(one for one in FILES if one.path.endswith("/upload-new-data.csv"))
KEYED = {source: one for source, one in BY_SOURCE.items() if "line" not in SOURCES[source].key}
NUMBERED = {
    source: one for source, one in BY_SOURCE.items() if any(isinstance(c, Number) for c in SOURCES[source].columns)
}
HEADED = {source: one for source, one in BY_SOURCE.items() if SOURCES[source].form.header_lines}


def head_of(one: Real, lines: int = LINES) -> list[list[str]]:
    """Its header and first rows, whatever encoding and line ends they had."""
    source = SOURCES[one.source]
    with path_of(one.path).open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = list(_some(csv.reader(file), lines + source.form.header_lines))
    texts = source.totals.texts if source.totals else []
    return [row for row in rows if not set(texts) & {cell.strip() for cell in row}]


def _some(rows: Iterator[list[str]], number: int) -> Iterator[list[str]]:
    for row, _ in zip(rows, range(number), strict=False):
        yield row


def spoilt(folder: Path, one: Real, rows: Sequence[Sequence[str]]) -> Taken:
    path = folder / Path(one.path).name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return take(path)


def physical(row: list[str]) -> int:
    """Lines that it takes in a file."""
    return 1 + sum(cell.count("\n") for cell in row)


def layout_of(one: Real, rows: list[list[str]]) -> Source:
    source = SOURCES[one.source]
    return source.as_sent(rows[0]) if source.form.header_lines else source


@pytest.mark.parametrize("one", BY_SOURCE.values(), ids=BY_SOURCE)
def test_the_first_lines_are_taken(one: Real, tmp_path: Path) -> None:
    """Else the mutants below would prove nothing."""
    rows = head_of(one)
    found = spoilt(tmp_path, one, rows)
    assert found.source == one.source
    assert found.rows.height == len(rows) - SOURCES[one.source].form.header_lines
    assert found.aside.is_empty()


@pytest.mark.parametrize("one", HEADED.values(), ids=HEADED)
def test_a_heading_of_another_name_is_refused(one: Real, tmp_path: Path) -> None:
    header, *rows = head_of(one)
    for place in {0, len(header) // 2, len(header) - 1}:
        renamed = [*header]
        renamed[place] = f"{header[place]} (new)"
        with pytest.raises(Refused) as caught:
            spoilt(tmp_path, one, [renamed, *rows])
        assert caught.value.refusal.code == "wrong-header"
        assert f"unexpected {header[place]}"[:60] in caught.value.refusal.detail


@pytest.mark.parametrize("one", NUMBERED.values(), ids=NUMBERED)
def test_a_letter_in_a_number_sets_its_line_aside_and_no_other(one: Real, tmp_path: Path) -> None:
    rows = head_of(one)
    layout = layout_of(one, rows)
    numbers = [column for column in layout.sent if isinstance(column, Number)]
    first = layout.form.header_lines
    for column in (numbers[0], numbers[-1]):
        changed = [[*row] for row in rows]
        changed[first][layout.header.index(column.source)] = "1O"
        found = spoilt(tmp_path, one, changed)
        assert found.fates["quarantined"] == physical(changed[first])
        told = found.aside.row(0, named=True)
        assert (told["line"], told["code"], told["column"]) == (first + 1, "not-a-number", column.source)
        assert found.rows.height == len(rows) - first - 1


@pytest.mark.parametrize("one", KEYED.values(), ids=KEYED)
def test_a_line_again_is_a_duplicate_and_with_other_values_a_conflict(one: Real, tmp_path: Path) -> None:
    rows = head_of(one)
    layout = layout_of(one, rows)
    found = spoilt(tmp_path, one, [*rows, rows[-1]])
    assert found.fates["duplicate"] == physical(rows[-1])
    changed = _changed(layout, rows[-1])
    found = spoilt(tmp_path, one, [*rows, changed])
    assert found.fates["conflict"] == physical(rows[-1]) + physical(changed)
    assert found.rows.height == len(rows) - layout.form.header_lines - 1


def _changed(layout: Source, row: list[str]) -> list[str]:
    """Another value in a column that is kept and no part of the key."""
    keys = {column.source for column in layout.sent if column.name in layout.key}
    limits = {name for rule in layout.at_most for name in (rule.column, rule.limit)}
    free = [column for column in layout.sent if column.keep and column.source not in keys | limits]
    changed = [*row]
    column = next(column for column in reversed(free) if _another(column, row[layout.header.index(column.source)]))
    place = layout.header.index(column.source)
    changed[place] = _another(column, row[place])
    return changed


def _another(column: Column, text: str) -> str:
    """A value that the column can have too, or nothing where that is not known."""
    codes = [*getattr(column, "codes", []), *getattr(column, "yes", []), *getattr(column, "no", [])]
    if codes:
        return next((code for code in codes if code != text), "")
    if isinstance(column, Number) and column.min is not None:
        lowest = f"{column.min:.0f}{column.suffix}"
        return lowest if lowest != text and lowest not in column.absent else f"{column.min + 1:.0f}{column.suffix}"
    return "Another" if getattr(column, "type", "") == "text" and getattr(column, "pattern", "") is None else ""


def test_a_parquet_file_is_held_to_its_source(tmp_path: Path) -> None:
    rows = pl.read_parquet(path_of("artificial_hes_apc_0102.parquet")).head(LINES)
    path = tmp_path / "artificial_hes_apc_0102.parquet"

    def taken_from(frame: pl.DataFrame) -> Taken:
        frame.write_parquet(path)
        return take(path)

    assert taken_from(rows).fates == {"accepted": LINES}
    assert taken_from(pl.concat([rows, rows.head(1)])).fates == {"accepted": LINES, "duplicate": 1}
    other = rows.head(1).with_columns(pl.lit("99").alias("ADMIMETH"))
    assert taken_from(pl.concat([rows, other])).fates == {"accepted": LINES - 1, "conflict": 2}
    spoilt_one = taken_from(pl.concat([rows.head(1).with_columns(pl.lit("2I").alias("ADMIMETH")), rows.slice(1)]))
    assert spoilt_one.aside.select("line", "code", "column").rows() == [(1, "not-in-list", "ADMIMETH")]
    with pytest.raises(Refused) as caught:
        taken_from(rows.rename({"ADMIMETH": "ADMISSION"}))
    assert caught.value.refusal.code == "wrong-header"


SHEET, STRINGS = "xl/worksheets/sheet3.xml", "xl/sharedStrings.xml"
CELL = b'<c r="E19" s="30"><v>16839</v>'
"""Attendances of the first provider, on line 19."""


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((SHEET, CELL, b'<c r="E19" t="str"><v>1683O</v>'), "not-a-number"),
        ((SHEET, CELL, b'<c r="E19" s="30"><v>-1</v>'), "out-of-range"),
        ((STRINGS, b">RC9<", b">rc9<"), "not-of-form"),
    ],
)
def test_a_spoilt_cell_of_the_workbook_sets_its_row_aside(
    tmp_path: Path, change: tuple[str, bytes, bytes], code: str
) -> None:
    found = take(_rewritten(tmp_path, *change))
    assert found.aside.select("line", "code").rows() == [(19, code)]
    assert found.rows.height == 200


def test_another_title_in_the_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        take(_rewritten(tmp_path, STRINGS, b">Total Emergency Admissions<", b">All Admissions<"))
    assert caught.value.refusal.code == "wrong-header"


def _rewritten(folder: Path, part: str, was: bytes, is_now: bytes) -> Path:
    """The workbook with something else in one of its parts."""
    path = folder / "ae_by_provider_2025-06.xlsx"
    with zipfile.ZipFile(path_of(path.name)) as book, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as other:
        for entry in book.namelist():
            data = book.read(entry)
            assert entry != part or was in data
            other.writestr(entry, data.replace(was, is_now) if entry == part else data)
    return path
