"""A gateway on a socket under the guard, what it hands to the operating system written down, and readers that do not
read. Kernel buffers are made small, so that little has to be sent before an answer waits."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from services.gateway import inflight
from services.gateway.app import create_app
from services.gateway.guard import GuardedProtocol
from services.gateway.peers import over_http
from shared.contracts.consent import Confirmation
from tests.unit.test_gateway_baked import ADAMS, Baked, first_view, person
from tests.unit.test_gateway_world import A_LONG_TIME, PATIENT, Listening, World

QUIET = 3600.0  # seconds between the gateway's own looks: only a hint or a reader starts a check
SMALL = 4096
BASE = "/v1/releases/2026-09-30"


@dataclass
class Sent:
    """What one connection handed to the operating system, and when."""

    protocol: GuardedProtocol
    times: list[tuple[float, int]] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        return sum(count for _, count in self.times)

    def after(self, moment: float) -> int:
        return sum(count for when, count in self.times if when > moment)

    def settled(self) -> int:
        """Bytes sent when nothing more goes: the reader's side is full, and more waits here."""
        before = -1
        while before != self.bytes or not self.protocol.connection.transport.get_write_buffer_size():
            before = self.bytes
            time.sleep(0.12)
        return before


class Counting:
    """A socket that notes what the kernel took."""

    def __init__(self, beneath: socket.socket, sent: Sent) -> None:
        self.beneath, self.sent = beneath, sent

    def send(self, data: bytes) -> int:
        taken = self.beneath.send(data)
        self.sent.times.append((time.monotonic(), taken))
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self.beneath, name)


class Record(list[Sent]):
    """`small`: whether the next connection gets small buffers in the kernel."""

    small = True


def recording(found: Record) -> type[GuardedProtocol]:
    class Recorded(GuardedProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            beneath = transport._sock  # type: ignore[attr-defined]
            if found.small:
                beneath.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
            found.append(Sent(self))
            transport._sock = Counting(beneath, found[-1])  # type: ignore[attr-defined]
            super().connection_made(transport)

    return Recorded


@dataclass
class Guarded:
    """The gateway of `made`, listening; `sent` has one entry for each connection, in their order."""

    made: World
    at: Listening
    sent: Record

    def reader(self, *paths: str, method: str = "GET", headers: str = "") -> "Reader":
        before = len(self.sent)
        found = Reader(self.at.port)
        while len(self.sent) == before:
            time.sleep(0.002)
        found.sent = self.sent[before]
        found.ask(*paths, method=method, headers=headers)
        return found

    def withdraw(self, gmc: str = ADAMS) -> float:
        """She withdraws; the moment at which the gateway's confirmation of it arrived."""
        return self.confirmed(self.made.consent.withdraw(gmc))

    def confirmed(self, revision: int) -> float:
        until = time.monotonic() + A_LONG_TIME
        while time.monotonic() < until:
            for when, said in list(self.made.consent.heard):
                if said.applied >= revision:
                    return when
            time.sleep(0.005)
        raise AssertionError((revision, self.made.consent.heard))

    def leaving(self) -> tuple[float, Confirmation]:
        when, said = self.made.consent.heard[-1]
        assert said.leaving
        return when, said


class Reader:
    """A client that reads when it is told to. `sent`: what the gateway gave the system for it."""

    sent: Sent

    def __init__(self, port: int) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        self.socket.settimeout(A_LONG_TIME)
        self.socket.connect(("127.0.0.1", port))
        self.got = b""

    def ask(self, *paths: str, method: str = "GET", headers: str = "") -> None:
        """All requests in one piece: pipelined, where there are several."""
        text = "".join(f"{method} {BASE}{path} HTTP/1.1\r\nHost: gateway\r\n{headers}\r\n" for path in paths)
        self.socket.sendall(text.encode())

    def read_to_the_end(self, patience: float = A_LONG_TIME) -> str:
        """How it ended: `reset`, `closed`, or `open` where nothing more came for `patience` seconds."""
        self.socket.settimeout(patience)
        try:
            while piece := self.socket.recv(1 << 16):
                self.got += piece
        except ConnectionResetError:
            return "reset"
        except TimeoutError:
            return "open"
        return "closed"

    def read_until(self, wanted: bytes) -> bytes:
        while wanted not in self.got:
            piece = self.socket.recv(1 << 16)
            assert piece, self.got[-200:]
            self.got += piece
        return self.got

    def close(self) -> None:
        self.socket.close()


@contextmanager
def guarded(made: World, poll_seconds: float = QUIET, cap_seconds: float = QUIET) -> Iterator[Guarded]:
    """An answer may take as long as `cap_seconds`: what is cut is cut by a withdrawal, and never by its age."""
    settings = made.settings(poll_seconds)
    sent = Record()
    app = create_app(settings, over_http(settings, deadlines=PATIENT))
    at = Listening(app, recording(sent))
    try:
        with patch.object(inflight, "CAP_SECONDS", cap_seconds):
            yield Guarded(made, at, sent)
    finally:
        at.stop()


def long_view(people: int = 2100) -> Baked:
    """`first_view`, and so many more consultants: half of them where Adams is, half at another hospital."""
    found = first_view()
    for number in range(people):
        gmc = f"{7_000_000 + number}"
        row = person(1000 + number, gmc, "ZZ001" if number % 2 else "ZZ002", f"Dr Number {number}")
        found.rows.append(row)
        found.quarantine[gmc] = [row["id"]]
    return found
