"""A workbook as rows of text; what is none, or unfolds to too much, is refused with a sentence."""

import zipfile
from datetime import date, datetime, time
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from shared.kit import workbooks
from shared.kit.workbooks import WorkbookRefused, WorkbookTooLarge, first_sheet


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.create_sheet("another").append(["never", "read"])
    kept = BytesIO()
    book.save(kept)
    return kept.getvalue()


def archive(parts: dict[str, bytes]) -> bytes:
    kept = BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return kept.getvalue()


def test_cells_become_text() -> None:
    moment = datetime(2026, 5, 1, 9, 30)  # noqa: DTZ001  # workbooks know no zone
    row = [9900001, 1.0, 0.5, "text", date(2026, 5, 1), moment, time(9, 30), True, None, " x "]
    found = first_sheet(workbook(["head"], row, [], ["", None, 2]), 10)
    assert found == [
        ["head"],
        ["9900001", "1", "0.5", "text", "2026-05-01", "2026-05-01T09:30:00", "09:30:00", "TRUE", "", " x "],
        [],
        ["", "", "2"],
    ]


def test_of_a_formula_the_formula_is_taken_and_never_what_it_came_to() -> None:
    assert first_sheet(workbook(["=1+1", ArrayFormula("B1", "=A1")]), 10) == [["=1+1", "==A1"]]


def test_a_cell_far_away_costs_one_row() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["XFD3"] = "far"
    kept = BytesIO()
    book.save(kept)
    found = first_sheet(kept.getvalue(), 10)
    assert (found[:2], len(found[2]), found[2][-1]) == ([[], []], 16_384, "far")
    sheet["A1048576"] = "further"
    book.save(kept := BytesIO())
    with pytest.raises(WorkbookTooLarge, match="more than 10 rows"):
        first_sheet(kept.getvalue(), 10)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no readable ZIP"),
        (b"gmc,name\n", "no readable ZIP"),
        (b"PK\x03\x04" + bytes(200), "no readable ZIP"),
        (workbook(["a"])[:-40], "no readable ZIP"),
        (archive({"letter.txt": b"hello"}), "does not read as a workbook"),
        (archive({"xl/workbook.xml": b"<!DOCTYPE x [<!ENTITY a 'b'>]>"}), "declaration"),
        (archive({"xl/workbook.xml": b" " * (2**20 - 5) + b"<!DOCTYPE x>"}), "declaration"),
    ],
)
def test_what_is_no_workbook_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(WorkbookRefused, match=said):
        first_sheet(body, 10)


def test_what_unfolds_to_too_much_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = archive({f"part{number}": bytes(2**22) for number in range(17)})
    assert len(bomb) < 2**20
    with pytest.raises(WorkbookTooLarge, match="unfolds to more than 64 MB"):
        first_sheet(bomb, 10)
    with pytest.raises(WorkbookTooLarge, match="1,001 parts"):
        first_sheet(archive({f"part{number}": b"" for number in range(1_001)}), 10)
    monkeypatch.setattr(workbooks, "MOST_EXPANDED_BYTES", 1_000)
    with pytest.raises(WorkbookTooLarge):
        first_sheet(workbook(["a"]), 10)
