"""One command for every public file beside the checkout: what became of every line, or why the file was refused."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from tests.spec.real_files import DATA, FILES, Real, needs_data
from tests.system.house import House

AGAIN: Final = {
    "fingertips-upload-tests/upload-new-data.csv": 2,
    "fingertips-upload-tests/upload-new-data-columns-different-order.csv": 2,
    "ny-cardiac/hospital_cabg_2011_extract_2015.csv": 41,
}
"""Lines that say what an earlier file of the same feed says, in the order in which the command sends them."""
NOTHING_TAKEN: Final = "fingertips-upload-tests/upload-new-data-null-value.xlsx"
REFUSED: Final = frozenset({"fingertips-upload-tests/upload-new-data-missing-columns.csv"})
"""Whose README says that it is a bad upload as a whole."""


@pytest.fixture(scope="module")
def told(house: House, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The table, by file."""
    out = tmp_path_factory.mktemp("table") / "table.json"
    done = house.run("load-folder", str(DATA), "--json", str(out), code=1)
    assert "README.md" in done.stderr
    assert "with a fate" in done.stdout
    return {row["file"]: row for row in json.loads(out.read_text())["files"]}


@needs_data
def test_every_file_has_a_row_and_only_the_readme_is_left_out(told: dict[str, dict[str, Any]]) -> None:
    assert DATA is not None
    there = {str(path.relative_to(DATA)) for path in Path(DATA).rglob("*") if path.is_file()}
    assert set(told) == there - {"README.md"} == {one.path for one in FILES}


@needs_data
def test_those_that_are_refused_are_known_to_be_bad(told: dict[str, dict[str, Any]]) -> None:
    refused = {file: row for file, row in told.items() if "refused" in row}
    assert set(refused) == REFUSED
    assert all(row["code"] and row["refused"] for row in refused.values())


@needs_data
def test_no_line_is_without_a_fate(told: dict[str, dict[str, Any]]) -> None:
    for file, row in told.items():
        if "refused" not in row:
            assert sum(row["fates"].values()) == row["lines"], file
            assert row.get("snapshot", "").startswith("sha256:") is (file != NOTHING_TAKEN), file


@needs_data
@pytest.mark.parametrize("real", [one for one in FILES if one.path not in REFUSED], ids=lambda one: one.path)
def test_the_counts_are_those_of_the_file(told: dict[str, dict[str, Any]], real: Real) -> None:
    row = told[real.path]
    assert (row["source"], row["lines"]) == (real.source, real.lines)
    fates = {fate: lines for fate, lines in row["fates"].items() if lines}
    expected = Counter(real.fates) + Counter(header=real.header)
    if real.path in AGAIN:
        expected = Counter(header=real.header, duplicate=AGAIN[real.path])
    assert fates == dict(expected + Counter(accepted=real.lines - expected.total()))
