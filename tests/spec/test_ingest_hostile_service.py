"""The service goes on: hostile files, one after another and at once, are each refused, and nobody else notices."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.ingest.reading import reader
from tests.spec.hostile_files import squeezed
from tests.spec.ingest_service import Ingest, ny_file, ny_row, prepared, running, sha256

CRASHES, ENDLESS = b"crashes ", b"is endless "
KILLED_OVER = f"""
import io, json, os, signal, sys
told = sys.stdin.buffer.read()
with open(json.loads(told)["path"], "rb") as sent:
    begins = sent.read(20)
if begins.startswith({CRASHES!r}):
    os.kill(os.getpid(), signal.SIGSEGV)
if begins.startswith({ENDLESS!r}):
    os.kill(os.getpid(), signal.SIGXCPU)
from services.ingest.reading import child
sys.stdin = io.TextIOWrapper(io.BytesIO(told))
sys.exit(child.main())
"""
"""A reader that two kinds of file bring to its end, as a fault of a library would; all others it reads as ever."""


@pytest.fixture
def ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ingest]:
    monkeypatch.setattr(reader, "COMMAND", (sys.executable, "-c", KILLED_OVER))
    with running(*prepared(tmp_path)) as service:
        yield service


def hostile(again: bytes) -> dict[bytes, str]:
    """Files and the codes of their refusals, not the same files for another `again`."""
    return {
        squeezed(32 << 20) + again: "expands-too-far",
        b"x" * (9 << 20) + again: "wrong-header",
        ny_file(ny_row(name="A\0Hospital")) + again: "not-text",
        CRASHES + again: "reader-died",
        ENDLESS + again: "too-much-time",
    }


def is_ready(ingest: Ingest) -> bool:
    return ingest.ask("GET", "/health/ready", who="").status_code == 200


def refused(ingest: Ingest, content: bytes) -> str:
    """Its code, once it is refused; meanwhile the service is ready whenever it is asked."""
    until = time.monotonic() + 300
    while (found := ingest.submission(content))["state"] == "received":
        assert is_ready(ingest)
        assert time.monotonic() < until, "no fates after five minutes"
        time.sleep(0.05)
    assert found["state"] == "refused"
    assert "fates" not in found
    told = found["refusal"]
    assert all(told[part] for part in ("code", "detail", "found", "expected"))
    return str(told["code"])


def test_others_are_served_while_hostile_files_are_refused(ingest: Ingest) -> None:
    for content, code in hostile(b"1").items():
        assert ingest.put(content).status_code == 201
        assert refused(ingest, content) == code
    good = ny_file(ny_row("1001"), ny_row("1002"))
    assert ingest.send(good)["fates"]["accepted"] == 2
    at_once = hostile(b"11")
    with ThreadPoolExecutor(len(at_once) + 1) as senders:
        *answers, answer = senders.map(ingest.put, [*at_once, better := ny_file(ny_row("1001"), ny_row("1003"))])
    assert {one.status_code for one in [*answers, answer]} == {201}
    assert {sha256(content): refused(ingest, content) for content in at_once} == {
        sha256(content): code for content, code in at_once.items()
    }
    assert ingest.decided(better)["state"] == "checked"
    assert is_ready(ingest)
