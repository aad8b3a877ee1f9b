"""Odd names, repeats and second thoughts get clear answers, and change nothing that they should not."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.spec.ingest_service import NY, Ingest, ny_file, ny_row, prepared, running, sha256, some
from tests.stores import Stores

CONTENT = ny_file(ny_row("1001"), ny_row("1002"))
PATH = f"/v1/feeds/{NY}/submissions/{sha256(CONTENT)}"
SENT = f"/v1/submissions/{sha256(CONTENT)}"


@pytest.fixture
def ingest(stores: Stores, tmp_path: Path) -> Iterator[Ingest]:
    with running(*prepared(tmp_path, stores)) as service:
        yield service


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def providers(ingest: Ingest) -> list[str]:
    return sorted(pl.read_parquet(io.BytesIO(ingest.rows(ingest.freeze())))["provider"].to_list())


@pytest.mark.parametrize(
    "name",
    [".", "..", "a/..", "..\\..", "a\0b", "a\x7f", "x" * 300, "gpj\u202efdp.csv", "a\u200eb.csv", "a\u2066b", "\ufeff",
     " ", "a\u2028b"],
)  # fmt: skip
def test_a_name_that_is_none_is_refused_before_a_byte_is_kept(ingest: Ingest, name: str) -> None:
    answer = ingest.ask("PUT", PATH, content=CONTENT, params={"name": name})
    assert problem(answer) == (422, "value_not_allowed")
    assert list((ingest.settings.data_dir / "ingest" / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("name=a&name=b", "repeated_parameter"), ("supersede=true&supersede=true", "repeated_parameter"),
        ("Supersede=true", "unknown_parameter"), ("supersede=perhaps", "value_not_allowed"),
        ("mends=1", "value_not_allowed"), ("name=" + "a" * 1001, "value_not_allowed"),
    ],
)  # fmt: skip
def test_parameters_of_an_upload_are_those_declared_once_each(ingest: Ingest, query: str, code: str) -> None:
    assert problem(ingest.ask("PUT", f"{PATH}?{query}", content=CONTENT)) == (422, code)
    assert list((ingest.settings.data_dir / "ingest" / "uploads").iterdir()) == []


def test_head_refuses_what_put_refuses(ingest: Ingest) -> None:
    for path, status in (
        (f"{PATH}?limit=1", 422), (PATH.replace(NY, "somewhere-else"), 404), (PATH.replace("submissions/", "x/"), 404),
        (f"/v1/feeds/{NY}/submissions/short", 422),
    ):  # fmt: skip
        answer = ingest.ask("HEAD", path)
        assert (answer.status_code, answer.content, "upload-offset" in answer.headers) == (status, b"", False), path
    refused = b"no header\n"
    assert ingest.send(refused)["state"] == "refused"
    answer = ingest.ask("HEAD", f"/v1/feeds/{NY}/submissions/{sha256(refused)}")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (200, str(len(refused)))


def test_an_offset_that_is_no_number_is_refused(ingest: Ingest) -> None:
    for wrong in ("-1", "one", "1.5", "9" * 30):
        answer = ingest.ask("PUT", PATH, content=CONTENT, headers={"Upload-Offset": wrong})
        assert problem(answer) == (422, "value_not_allowed"), wrong


def test_bytes_that_another_feed_has_are_kept_once_and_decided_twice(ingest: Ingest) -> None:
    ingest.send(CONTENT)
    other = f"/v1/feeds/candour-demo/submissions/{sha256(CONTENT)}"
    head = ingest.ask("HEAD", other)
    assert (head.status_code, head.headers["Upload-Offset"]) == (204, str(len(CONTENT)))
    answer = ingest.ask("PUT", other, content=b"", headers={"Upload-Offset": str(len(CONTENT))})
    assert (answer.status_code, answer.json()["feed"]) == (201, "candour-demo")
    assert ingest.decided(CONTENT, "candour-demo")["refusal"]["code"] == "wrong-header"
    assert ingest.submission(CONTENT)["state"] == "checked"
    for method, what in (("GET", "/quarantine"), ("GET", "/profile"), ("POST", "/retraction")):
        assert problem(ingest.ask(method, SENT + what)) == (409, "several_feeds"), what
    assert problem(ingest.ask("POST", f"{SENT}/retraction", params={"feed": "candour-demo"})) == (
        409, "nothing_to_retract",
    )  # fmt: skip
    kept = [path.name for path in (ingest.settings.data_dir / "ingest" / "uploads").iterdir()]
    assert kept == [sha256(CONTENT)]


def test_bytes_that_were_accepted_may_supersede_later(ingest: Ingest) -> None:
    ingest.send(CONTENT)
    ingest.send(ny_file(ny_row("1001", deaths="9")))
    assert providers(ingest) == ["1002"]
    receipt = ingest.put(CONTENT).json()
    assert providers(ingest) == ["1002"]
    answer = ingest.put(CONTENT, supersede="true")
    assert (answer.status_code, answer.json()) == (200, receipt)
    assert some(ingest.decided(CONTENT)["fates"]) == {"header": 1, "accepted": 2}
    assert providers(ingest) == ["1001", "1002"]


def test_a_retracted_file_stays_out_until_it_is_rerun(ingest: Ingest) -> None:
    other = ny_file(ny_row("1003"))
    ingest.send(CONTENT)
    ingest.send(other)
    for _ in range(2):
        answer = ingest.ask("POST", f"{SENT}/retraction")
        assert (answer.status_code, answer.json()["refusal"]["code"]) == (202, "retracted")
        ingest.decided(other)
    for how in ({}, {"supersede": "true"}, {"supersede": "true", "whole_period": "true"}):
        assert ingest.put(CONTENT, **how).status_code == 200
        assert ingest.decided(CONTENT)["refusal"]["code"] == "retracted"
        assert providers(ingest) == ["1003"]
    assert problem(ingest.ask("POST", f"{SENT}/reruns", json={"supercede": True}))[0] == 422
    assert problem(ingest.ask("GET", f"{SENT}/profile")) == (404, "not_found")
    assert ingest.ask("GET", f"{SENT}/quarantine").json() == []
    assert ingest.ask("POST", f"{SENT}/reruns", json={}).status_code == 202
    assert some(ingest.decided(CONTENT)["fates"]) == {"header": 1, "accepted": 2}
    assert providers(ingest) == ["1001", "1002", "1003"]
