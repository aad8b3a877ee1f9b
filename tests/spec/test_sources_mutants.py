"""Each source notices what is wrong with a file of its kind: real lines, spoilt one by one.

A file is made of the first lines of a real one. Three things are done to it: a heading is changed, a letter gets into a
number, and a line comes again, with the same values and with others.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

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
