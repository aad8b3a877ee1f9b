"""Lines set aside are mended and sent again: their rows come from the same lines, and nothing else is let in so."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.spec.ingest_service import (
    NY,
    NY_HEADER,
    Ingest,
    ny_file,
    ny_row,
    prepared,
    running,
    sha256,
    some,
)  # fmt: skip
from tests.stores import Stores

BROKEN = ny_file(ny_row("1001"), ny_row("1002", cases="many"), ny_row("1003"), "not,a,row", ny_row("1004", deaths="-"))


@pytest.fixture
def ingest(stores: Stores, tmp_path: Path) -> Iterator[Ingest]:
    with running(*prepared(tmp_path, stores)) as service:
        yield service


def to_mend(ingest: Ingest, content: bytes, **options: Any) -> bytes:
    answer = ingest.ask("GET", f"/v1/submissions/{sha256(content)}/quarantine", **options)
    assert answer.status_code == 200, answer.text
    return bytes(answer.content)


def mended(*lines: str) -> bytes:
    return "\r\n".join([f"_mends_line,{NY_HEADER}", *lines, ""]).encode()


def test_the_quarantine_is_a_file_to_mend(ingest: Ingest) -> None:
    ingest.send(BROKEN)
    expected = mended(f"3,{ny_row('1002', cases='many')}", "5,not,a,row", f"6,{ny_row('1004', deaths='-')}")
    assert to_mend(ingest, BROKEN, params={"form": "mend"}) == expected
    assert to_mend(ingest, BROKEN, headers={"Accept": "text/csv; form=mend"}) == expected


def test_what_is_mended_stands_and_comes_from_the_same_lines(ingest: Ingest) -> None:
    before = ingest.send(BROKEN)
    file = to_mend(ingest, BROKEN, params={"form": "mend"}).replace(b"many", b"100").replace(b",-,", b",4,")
    sent = ingest.send(file, mends=sha256(BROKEN))
    assert some(sent["fates"]) == {"header": 1, "accepted": 2, "quarantined": 1}
    assert ingest.submission(BROKEN) == before
    store = ingest.client.app.state.store  # type: ignore[attr-defined]  # a FastAPI application
    state = store.files.read_table(store.pointer(NY).state).sort("provider")
    lineage = state.select("provider", "_line", "_origin").rows()
    assert lineage == [("1001", 2, None), ("1002", 2, 3), ("1003", 4, None), ("1004", 4, 6)]
    rows = pl.read_parquet(io.BytesIO(ingest.rows(ingest.freeze())))
    assert rows["provider"].to_list() == ["1001", "1002", "1003", "1004"]
    assert "mended_line" not in rows.columns


def test_only_lines_in_quarantine_are_mended_and_each_once(ingest: Ingest) -> None:
    ingest.send(BROKEN)
    file = mended(f"3,{ny_row('1002')}", f"3,{ny_row('1005')}", f"4,{ny_row('1006')}", f"99,{ny_row('1007')}")
    assert some(ingest.send(file, mends=sha256(BROKEN))["fates"]) == {"header": 1, "accepted": 1, "quarantined": 3}
    told = [(line["line"], line["code"], line["found"]) for line in ingest.aside(file)]
    assert told == [(3, "not-in-quarantine", "3"), (4, "not-in-quarantine", "4"), (5, "not-in-quarantine", "99")]


def test_what_it_mends_must_be_there(ingest: Ingest) -> None:
    file = mended(f"3,{ny_row('1002')}")
    for nothing in (sha256(BROKEN), sha256(file)):
        answer = ingest.put(file, mends=nothing)
        assert (answer.status_code, answer.json()["code"]) == (409, "mends_nothing")
    assert not list((ingest.settings.data_dir / "ingest" / "uploads").iterdir())


def test_sent_first_without_saying_what_it_mends_it_is_decided_again(ingest: Ingest) -> None:
    ingest.send(BROKEN)
    file = mended(f"3,{ny_row('1002')}")
    assert ingest.send(file)["refusal"]["code"] == "wrong-header"
    assert some(ingest.send(file, mends=sha256(BROKEN))["fates"]) == {"header": 1, "accepted": 1}
