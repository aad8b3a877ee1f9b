"""Of a workbook one sheet is read, and its lines have fates; of how many others that is not so, the submission says."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from services.ingest.reading.parts import Read, contents_of
from tests.spec.ingest_service import NY, Ingest, ny_file, ny_row, prepared, running, sha256, some
from tests.stores import Stores

FEED = "places"
SOURCE = """
id = "places"
label = "Places (synthetic)"
kind = "providers"
schema_version = 1
synthetic = true
encodings = ["utf-8"]
null_tokens = [""]
key = ["code"]
form = { format = "workbook", sheet = "Places" }

[[columns]]
from = "code"
type = "text"
"""


def book(*sheets: str, rows: int = 2) -> bytes:
    """Each sheet with a header and so many rows."""
    made, out = openpyxl.Workbook(), io.BytesIO()
    made.remove(made.worksheets[0])
    for name in sheets:
        sheet = made.create_sheet(name)
        for row in ["code", *(f"P{number}" for number in range(rows))]:
            sheet.append([row])
    made.save(out)
    return out.getvalue()


@pytest.fixture
def ingest(stores: Stores, tmp_path: Path) -> Iterator[Ingest]:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "places.toml").write_text(SOURCE)
    with running(*prepared(tmp_path, stores, sources_dir=folder)) as service:
        yield service


@pytest.mark.parametrize(("sheets", "left"), [(("Places",), 0), (("Notes", "Places", "Old places"), 2)])
def test_how_many_sheets_were_left_alone_is_told(ingest: Ingest, sheets: tuple[str, ...], left: int) -> None:
    content = book(*sheets)
    sent = ingest.send(content, FEED)
    assert (some(sent["fates"]), sent["lines"]) == ({"header": 1, "accepted": 2}, 3)
    assert sent["sheets_left_alone"] == left
    [listed] = ingest.ask("GET", "/v1/submissions", params={"feed": FEED}).json()["submissions"]
    assert listed == sent


def test_of_what_is_not_read_nothing_is_left_alone(ingest: Ingest) -> None:
    content = book("Places", "Notes")
    assert ingest.send(content, FEED)["sheets_left_alone"] == 1
    retracted = ingest.ask("POST", f"/v1/submissions/{sha256(content)}/retraction").json()
    assert (retracted["state"], "sheets_left_alone" in retracted) == ("refused", False)
    assert ingest.ask("POST", f"/v1/submissions/{sha256(content)}/reruns", json={}).status_code == 202
    assert ingest.decided(content, FEED)["sheets_left_alone"] == 1
    assert ingest.send(book("Other", "Notes"), FEED)["state"] == "refused"


def test_a_file_of_text_has_no_sheets(stores: Stores, tmp_path: Path) -> None:
    with running(*prepared(tmp_path, stores)) as ingest:
        assert "sheets_left_alone" not in ingest.send(ny_file(ny_row()), NY)


def test_what_was_read_before_sheets_were_counted_is_known_still(tmp_path: Path) -> None:
    counts = dict.fromkeys(("blank", "footer", "aggregate"), 0)
    told = {"encoding": "workbook", "lines": 1, "header": 1, **counts, "rows": [], "aside": []}
    (tmp_path / "reading.json").write_text(json.dumps(told))
    assert contents_of(tmp_path) == Read("workbook", 1, 1, 0, 0, 0, (), ())
