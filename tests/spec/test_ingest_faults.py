"""A fault of ours is no fault of a file: it waits, says so, and is decided once the fault is mended."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.ingest.reading import reader
from tests.spec.ingest_service import NY, Ingest, ny_file, ny_row, prepared, running, sha256, some
from tests.stores import Stores

CONTENT = ny_file(ny_row())
SENT = f"/v1/submissions/{sha256(CONTENT)}"


@pytest.fixture
def ingest(stores: Stores, tmp_path: Path) -> Iterator[Ingest]:
    with running(*prepared(tmp_path, stores)) as service:
        yield service


def failed(ingest: Ingest) -> dict[str, Any]:
    """The submission, once its job has failed."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = ingest.submission(CONTENT)
        assert found["state"] == "received", found
        if "failed" in found["progress"]:
            return found
        time.sleep(0.01)
    raise AssertionError("no failure after a minute")


def test_a_fault_of_the_reader_refuses_no_file(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(reader, "COMMAND", (sys.executable, "-c", "import nothing_of_this_name"))
        assert ingest.put(CONTENT).status_code == 201
        told = failed(ingest)
        assert told["progress"] == {"step": "waiting", "done": 0, "total": 0, "failed": "ReaderFailed"}
        [listed] = ingest.ask("GET", "/v1/submissions", params={"state": "received"}).json()["submissions"]
        assert listed == told
        answer = ingest.ask("POST", "/v1/snapshots", json={"feed": NY})
        assert (answer.status_code, answer.json()["code"]) == (409, "submission_pending")
    until_ended(ingest)
    assert ingest.ask("POST", f"{SENT}/reruns", json={}).status_code == 202
    decided = ingest.decided(CONTENT)
    assert some(decided["fates"]) == {"header": 1, "accepted": 1}
    assert "progress" not in decided


def test_a_file_whose_job_fails_can_be_left_out_for_those_behind_it(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ny_file(ny_row("1002"))
    with monkeypatch.context() as broken:
        broken.setattr(reader, "COMMAND", (sys.executable, "-c", "raise SystemExit(1)"))
        ingest.put(CONTENT)
        failed(ingest)
        until_ended(ingest)
    assert ingest.ask("POST", f"{SENT}/retraction").json()["refusal"]["code"] == "retracted"
    assert some(ingest.send(other)["fates"]) == {"header": 1, "accepted": 1}


def until_ended(ingest: Ingest) -> None:
    """What is told of a failure is told before its job ends; what is asked for then would find it under way."""
    jobs = ingest.client.app.state.jobs  # type: ignore[attr-defined]  # a FastAPI application
    until = time.monotonic() + 60
    while len(jobs.ends) < len(jobs.seen):
        assert time.monotonic() < until, "the job does not end"
        time.sleep(0.01)
