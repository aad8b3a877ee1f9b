"""Which gateway `candour up` ends for its silence, and whose end it tells consent of: no clock, no guess, no impatience
while consent is away."""

import fcntl
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.up.layout import Layout
from cli.up.supervising import LONGEST_SECONDS, Patience, Supervisor, is_free, registered
from tests.ports import free_base


def said(revision: int, **applied: int | None) -> dict[str, Any]:
    """A list of consent's: gateway → what it has confirmed, as the third process of its name."""
    entries = [
        {"gateway": name, "number": 3} | ({} if one is None else {"applied": one}) for name, one in applied.items()
    ]
    return {"revision": revision, "effective": 0, "gateways": entries}


def test_who_is_silent_for_ten_seconds_is_named() -> None:
    patience = Patience()
    assert patience.look(said(5, elm=5, oak=4), 0.0) == []
    assert patience.look(said(5, elm=5, oak=4), 9.9) == []
    assert patience.look(said(5, elm=5, oak=4), 10.0) == [("oak", 3)]


def test_whoever_never_said_anything_counts_as_silent() -> None:
    patience = Patience()
    assert patience.look(said(0, elm=None), 0.0) == []
    assert patience.look(said(0, elm=None), 10.0) == [("elm", 3)]


def test_who_follows_is_never_silent_however_fast_the_ledger_grows() -> None:
    patience = Patience()
    for second in range(60):
        assert patience.look(said(100 * second, elm=max(0, 100 * second - 150)), float(second)) == []


def test_a_revision_that_comes_while_one_is_owed_gives_no_more_time() -> None:
    patience = Patience()
    for second in range(10):
        assert patience.look(said(5 + second, elm=4), float(second)) == []
    assert patience.look(said(20, elm=4), 10.0) == [("elm", 3)]


def test_while_consent_is_away_nobody_grows_older() -> None:
    patience = Patience()
    patience.look(said(5, elm=4), 0.0)
    patience.forget()
    assert patience.look(said(5, elm=4), 100.0) == []
    assert patience.look(said(5, elm=4), 109.9) == []
    assert patience.look(said(5, elm=4), 110.0) == [("elm", 3)]


def test_ending_does_not_become_a_habit() -> None:
    """One that cannot confirm whatever is done shows what depends on nobody meanwhile: it is left to that for longer
    and longer, until it has confirmed something."""
    patience = Patience()
    limits = []
    for _ in range(8):
        patience.ended("elm")
        limits.append(patience.limits["elm"])
    assert limits == [20, 40, 80, 160, *[LONGEST_SECONDS] * 4]
    patience.look(said(5, elm=4, oak=4), 0.0)
    assert patience.look(said(5, elm=4, oak=4), 10.0) == [("oak", 3)]
    patience.look(said(6, elm=6, oak=4), 11.0)
    patience.look(said(7, elm=6, oak=4), 12.0)
    assert patience.look(said(7, elm=6, oak=4), 22.0) == [("elm", 3), ("oak", 3)]


def note(folder: Path, incarnation: str | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gateway.lock").touch()
    (folder / "gateway.json").write_text(
        json.dumps({"key": "k"} | ({"incarnation": incarnation} if incarnation else {}))
    )


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"incarnation": null}', '{"incarnation": "x"}', "nonsense"])
def test_a_record_that_says_nothing_is_no_proof(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "gateway.json").write_text(text)
    assert registered(tmp_path) is None


def test_a_lock_that_is_held_is_no_proof(tmp_path: Path) -> None:
    assert not is_free(tmp_path)  # nobody ever had one here
    note(tmp_path, "7-" + "0" * 32)
    assert is_free(tmp_path)
    with (tmp_path / "gateway.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not is_free(tmp_path)
    assert registered(tmp_path) == 7


class Listener:
    """A port that answers as consent would, when it answers at all."""

    def __init__(self, port: int) -> None:
        self.fences: list[tuple[str, dict[str, Any]]] = []
        self.status, self.listing = 204, said(5, gateway=4)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(200, json.dumps(outer.listing).encode())

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.fences.append((self.path, body))
                self.answer(outer.status, b"")

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path, free_base([0, 1, 2, 3], 21000, 29000, 100), 1)
    made.prepare()
    return made


@pytest.fixture
def supervisor(layout: Layout) -> Iterator[Supervisor]:
    made = Supervisor(layout)
    yield made
    made.stop()


def until(ready: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_end_is_told_until_it_is_heard(layout: Layout, supervisor: Supervisor) -> None:
    """Of earlier lives too, under names that are used no more. Nothing waits for consent, which is not there yet."""
    note(layout.data / "gateway", "4-" + "0" * 32)
    note(layout.data / "gateway-3", "2-" + "0" * 32)
    note(layout.data / "gateway-4", None)
    supervisor.start()
    supervisor.note_end("consent")
    assert supervisor.take_silent() == []
    consent = Listener(layout.ports()["consent"])
    try:
        consent.status = 503
        until(lambda: len(consent.fences) > 2)
        assert supervisor.to_tell == {("gateway", 4), ("gateway-3", 2)}
        consent.status = 204
        until(lambda: not supervisor.to_tell)
        proof = {"number": 4, "proof": "process_ended"}
        assert ("/v1/gateways/gateway/fence", proof) in consent.fences
        told = len(consent.fences)
        time.sleep(1)
        assert len(consent.fences) == told
    finally:
        consent.close()


def test_only_the_present_process_is_ended(layout: Layout, supervisor: Supervisor) -> None:
    """Another one of the same name that consent still waits for is not ours to end."""
    note(layout.data / "gateway", "4-" + "0" * 32)
    supervisor.silent = {("gateway", 3), ("gateway-2", 1), ("elsewhere", 9)}
    assert supervisor.take_silent() == []
    supervisor.silent = {("gateway", 4)}
    assert supervisor.take_silent() == ["gateway"]
    assert supervisor.take_silent() == []
    assert supervisor.patience.limits == {"gateway": 20}
