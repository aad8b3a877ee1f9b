"""Answers in flight: a withdrawal cuts what depends on it, and after the confirmation not one byte of it is handed to
the operating system. The same tests catch guards that were built wrong."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.gateway import inflight
from services.gateway.api import http
from services.gateway.inflight import Connection, Entry, InFlight
from services.gateway.site import serving
from tests.unit.inflight_rig import Guarded, guarded, long_view
from tests.unit.test_gateway_baked import ADAMS, FIXED, row_of
from tests.unit.test_gateway_world import A_LONG_TIME, world

WITH_ADAMS, WITHOUT = "/results.ndjson", "/results.ndjson?provider=ZZ002"
WHOLE_PAGE = "/results?limit=35&provider=ZZ001"  # short enough to be written whole, long enough to wait


PIPELINED = (WHOLE_PAGE, "/results?limit=1&provider=ZZ002")
AS_IT_IS = inflight.CAP_SECONDS  # before a gateway here is given another, which it keeps to the end of the module


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """One gateway for several tests; a consultant withdraws only once, so each test takes another."""
    with world(tmp_path_factory.mktemp("house"), long_view()) as made, guarded(made) as found:
        yield found


def another(number: int) -> str:
    """Somebody in the long view who is where Adams is."""
    return f"{7_000_001 + 2 * number}"


def cut_and_silent(here: Guarded, paths: tuple[str, ...], gmc: str, patience: float = A_LONG_TIME) -> bool:
    """Whether an answer that its reader does not take is reset by `gmc`'s withdrawal, has no orderly end, and sends
    nothing after the confirmation."""
    reader = here.reader(*paths)
    reader.read_until(b"\r\n\r\n")
    sent = reader.sent
    sent.settled()
    confirmed = here.withdraw(gmc)
    ended = reader.read_to_the_end(patience)
    reader.close()
    orderly = reader.got.endswith((b"0\r\n\r\n", b"}\n", b"}"))
    return ended == "reset" and not orderly and sent.after(confirmed) == 0


def test_a_stream_to_a_slow_reader_is_reset_and_silent_once_confirmed(here: Guarded) -> None:
    assert cut_and_silent(here, (WITH_ADAMS,), ADAMS)


def test_a_page_that_waits_in_the_transport_is_dropped(here: Guarded) -> None:
    reader = here.reader(WHOLE_PAGE)
    sent = reader.sent
    sent.settled()
    (entry,) = sent.protocol.connection.entries
    assert entry.end is not None  # the application and the protocol are done with it
    assert entry.is_open()
    confirmed = here.withdraw(another(0))
    assert reader.read_to_the_end() == "reset"
    assert sent.after(confirmed) == 0
    assert len(reader.got) < entry.end
    reader.close()


def test_a_stream_without_the_person_goes_on_to_its_end(here: Guarded) -> None:
    reader = here.reader(WITHOUT, headers="Connection: close\r\n")
    reader.sent.settled()
    here.withdraw(another(1))
    assert reader.read_to_the_end() == "closed"
    assert reader.got.endswith(b"0\r\n\r\n")
    assert b'"status":"end"' in reader.got[-100:]
    reader.close()


@pytest.mark.parametrize(
    "paths", [PIPELINED, (WHOLE_PAGE, WITHOUT), (WITHOUT, WHOLE_PAGE), (f"/results?indicator={FIXED}", WITH_ADAMS)]
)
def test_of_pipelined_answers_whichever_depends_on_her_ends_the_connection(
    here: Guarded, paths: tuple[str, str]
) -> None:
    reader = here.reader(*paths)
    reader.read_until(b"\r\n\r\n")
    sent = reader.sent
    sent.settled()
    if paths[0] == WITHOUT:  # the second is not begun before the first is written
        while not any(entry.depends_on.wanted and entry.depends_on.wanted.of("provider") == ("ZZ001",)
                      for entry in sent.protocol.connection.entries):  # fmt: skip
            reader.got += reader.socket.recv(1 << 16)
    confirmed = here.withdraw(another(2 + len(here.sent)))
    assert reader.read_to_the_end() == "reset"
    assert sent.after(confirmed) == 0
    reader.close()


def test_an_answer_that_has_gone_does_not_end_the_one_behind_it(here: Guarded) -> None:
    """Both on one connection that never falls idle: what counts are the bytes up to the first one's own end."""
    reader = here.reader("/results?limit=1&provider=ZZ001", WITHOUT, headers="")
    reader.read_until(b"x-ndjson")
    reader.sent.settled()
    here.withdraw(another(40))
    reader.read_until(b'"status":"end"')
    reader.close()


def test_the_kernel_takes_little_for_a_reader_who_does_not_read(here: Guarded) -> None:
    """Of four megabytes it would take all, and send them for as long as the reader likes."""
    here.sent.small = False
    reader = here.reader(WITH_ADAMS)
    taken = reader.sent.settled()
    here.sent.small = True
    assert 100_000 < taken < 1_000_000
    reader.close()


def test_a_stopped_reader_delays_nobody(here: Guarded) -> None:
    """A process that was stopped with its socket open; when it goes on it finds a reset."""
    code = (
        "import socket,sys\n"
        f"s=socket.create_connection(('127.0.0.1',{here.at.port}))\n"
        "s.setsockopt(socket.SOL_SOCKET,socket.SO_RCVBUF,4096)\n"
        "s.sendall(b'GET /v1/releases/2026-09-30/results.ndjson HTTP/1.1\\r\\nHost: g\\r\\n\\r\\n')\n"
        "s.recv(100); print('begun',flush=True); sys.stdin.readline()\n"
        "try:\n"
        "    while s.recv(65536): pass\n"
        "    print('closed')\n"
        "except ConnectionResetError: print('reset')\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(19)  # SIGSTOP
        sent = here.sent[-1]
        sent.settled()
        confirmed = here.withdraw(another(41))  # while it stands still
        process.send_signal(18)  # SIGCONT
        said, _ = process.communicate(b"\n", timeout=A_LONG_TIME)
    assert said == b"reset\n"
    assert sent.after(confirmed) == 0


def test_a_page_that_is_being_drawn_when_the_withdrawal_is_confirmed_does_not_show_her(
    here: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing, go_on = threading.Event(), threading.Event()
    real = serving._drawn

    def drawn(*given: Any) -> str:
        html = real(*given)
        drawing.set()
        assert go_on.wait(A_LONG_TIME)
        return html

    monkeypatch.setattr(serving, "_drawn", drawn)
    gmc = another(43)
    name = f"Dr Number {int(gmc) - 7_000_000}".encode()
    reader = here.reader()
    reader.socket.sendall(f"GET /consultants/{gmc} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n".encode())
    assert drawing.wait(A_LONG_TIME)
    here.withdraw(gmc)
    go_on.set()
    assert reader.read_to_the_end() in ("closed", "reset")
    assert name not in reader.got
    reader.close()


def test_head_and_304_are_open_answers_too_and_leave_the_connection_alone_once_gone(
    here: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Entry] = []
    monkeypatch.setattr(Connection, "begin", _noting(begun))
    reader = here.reader("/consultants")
    tag = reader.read_until(b"etag: ").split(b"etag: ")[1].split(b"\r\n")[0].decode()
    reader.read_until(b"links")
    reader.ask("/consultants", method="HEAD")
    reader.read_until(b"content-length: ")
    reader.ask("/consultants", headers=f"If-None-Match: {tag}\r\n")
    reader.read_until(b"304 Not Modified")
    assert len(begun) == 3
    here.withdraw(another(42))
    reader.got = b""
    reader.ask("/consultants", headers=f"If-None-Match: {tag}\r\n")
    assert b"HTTP/1.1 200" in reader.read_until(b"\r\n\r\n")
    reader.close()


def test_what_shows_nothing_of_anybody_is_no_open_answer(here: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 404 that could become a 200 is no less right after a withdrawal."""
    begun: list[Entry] = []
    monkeypatch.setattr(Connection, "begin", _noting(begun))
    reader = here.reader("/consultants/9999999", "/results?partition=fixed", "/indicators", "/files/results-fixed.csv")
    for _ in range(4):
        reader.read_until(b"\r\n\r\n")
        reader.got = reader.got.partition(b"\r\n\r\n")[2]
    assert begun == []
    reader.close()


def _noting(begun: list[Entry]) -> Callable[[Connection, Entry], None]:
    real = Connection.begin

    def begin(self: Connection, entry: Entry) -> None:
        begun.append(entry)
        real(self, entry)

    return begin


def test_an_answer_may_take_ten_seconds_as_is_promised() -> None:
    """Other tests here say how long it may take; nobody else does."""
    assert AS_IT_IS == 10.0


def test_an_answer_that_takes_too_long_is_reset_and_one_that_depends_on_nobody_is_not(tmp_path: Path) -> None:
    view = long_view()
    view.rows += [row_of(9000 + number, provider_id="ZZ003", region=f"{number}") for number in range(80)]
    with world(tmp_path, view) as made, guarded(made, cap_seconds=0.6) as here:
        slow, fixed = here.reader(WITHOUT), here.reader("/results.ndjson?partition=fixed")
        fixed.sent.settled()
        late = time.monotonic() + A_LONG_TIME
        while not slow.sent.protocol.connection.was_cut:
            assert time.monotonic() < late
            time.sleep(0.01)
        cut = time.monotonic()
        assert slow.read_to_the_end() == "reset"
        assert slow.sent.after(cut) == 0
        assert b'"status":"end"' in fixed.read_until(b'"status":"end"')
        assert fixed.sent.after(cut) > 0
        slow.close()
        fixed.close()


def test_whatever_is_hidden_behind_the_registrys_back_ends_at_the_next_write(here: Guarded) -> None:
    """The second line: a write compares the view with what the answer was rendered from."""
    reader = here.reader(WITHOUT)
    sent = reader.sent
    sent.settled()
    (entry,) = sent.protocol.connection.entries
    entry.hides -= 1
    assert reader.read_to_the_end() == "reset"
    reader.close()


# Guards built wrong


def only_before_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks when a piece is handed to the server, which may wait before it writes it."""
    current: list[int] = []
    monkeypatch.setattr(InFlight, "hidden", lambda *_: current.append(1))
    monkeypatch.setattr(Entry, "may_go_on", lambda _: True)

    async def tested(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            for one in http._cut_up(piece):
                if current:
                    raise RuntimeError("hidden")
                yield one

    monkeypatch.setattr(http, "_small", tested)


def closes_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sends what it still has before it closes."""

    def cut(self: Connection) -> None:
        self.was_cut = True
        self.transport.close()

    monkeypatch.setattr(Connection, "cut", cut)


def confirms_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cuts, but after consent has been told that it had: later than its reader waits."""
    real = InFlight.hidden

    def later(self: InFlight, *hidden: object) -> None:
        asyncio.get_running_loop().call_later(5.0, lambda: real(self, *hidden))  # type: ignore[arg-type]

    monkeypatch.setattr(InFlight, "hidden", later)
    monkeypatch.setattr(Entry, "may_go_on", lambda _: True)


def forgets_the_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thinks that an answer is over when it has been written."""
    monkeypatch.setattr(Entry, "is_open", lambda self: self.end is None)


def forgets_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thinks that an answer is over when the next one on its connection begins."""
    monkeypatch.setattr(Connection, "begin", lambda self, entry: setattr(self, "entries", [entry]))


def no_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InFlight, "open", lambda *_: None)


@pytest.mark.parametrize(
    ("mutate", "paths"),
    [(only_before_send, (WITH_ADAMS,)), (closes_in_order, (WITH_ADAMS,)), (confirms_first, (WITH_ADAMS,)),
     (forgets_the_buffer, (WHOLE_PAGE,)), (forgets_the_one_before, PIPELINED), (no_guard, (WITH_ADAMS,))],
    ids=lambda one: getattr(one, "__name__", ""),
)  # fmt: skip
def test_a_guard_built_wrong_is_caught(
    tmp_path: Path,
    mutate: Callable[[pytest.MonkeyPatch], None],
    paths: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mutate(monkeypatch)
    with world(tmp_path, long_view()) as made, guarded(made) as here:
        assert not cut_and_silent(here, paths, ADAMS, patience=1.0)
