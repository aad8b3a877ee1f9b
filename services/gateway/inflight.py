"""Answers that are still going out, and on whose decisions they depend.

An answer is open from the moment at which it is rendered until the operating system has taken its last byte. Whatever
hides rows cuts every open answer that depends on one of them, before it is confirmed to consent: what the event loop
still holds of it is dropped, and the reader sees a reset and never an orderly end. Used on the event loop only.
"""

import asyncio
import socket
import struct
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, Final

from services.gateway.view.depends import DependsOn
from services.gateway.view.opened import OpenView
from shared.kit.logs import log

CAP_SECONDS: Final = 10.0
AT_LEAST_SECONDS: Final = 0.01
CONNECTION: Final = "candour.connection"
RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset and drops what the kernel has not sent


class Entry:
    """One open answer. `end`: how many bytes of its connection have gone with its last one; None before that."""

    __slots__ = ("began", "connection", "depends_on", "end", "hides")

    def __init__(self, connection: "Connection", depends_on: DependsOn) -> None:
        self.connection, self.depends_on = connection, depends_on
        self.began, self.hides = time.monotonic(), depends_on.view.rows.hides
        self.end: int | None = None

    def is_open(self) -> bool:
        return self.end is None or self.connection.handed_over < self.end

    def may_go_on(self) -> bool:
        """False where something was hidden that nobody has compared this answer with, or where it takes too long."""
        return self.hides == self.depends_on.view.rows.hides and not self.is_too_old()

    def is_too_old(self) -> bool:
        return time.monotonic() - self.began >= CAP_SECONDS

    def compared(self) -> None:
        self.hides = self.depends_on.view.rows.hides


class Connection:
    """The way out to one reader, directly above the socket: every write looks first at the answers that are open.

    Of pipelined answers several can be open: one is only over when the bytes up to its own end have been handed over.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.written, self.was_cut = 0, False
        self.entries: list[Entry] = []

    @property
    def handed_over(self) -> int:
        """Bytes that the operating system has taken."""
        return self.written - self.transport.get_write_buffer_size()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.was_cut:
            return
        for entry in self.entries:
            if entry.is_open() and not entry.may_go_on():
                self.cut()
                return
        self.written += len(data)
        self.transport.write(data)

    def begin(self, entry: Entry) -> None:
        self.forget_what_is_over()
        self.entries.append(entry)

    def answered(self) -> None:
        """The last byte of the answer has been written; it may still be waiting here."""
        if self.entries:
            for entry in self.entries:
                if entry.end is None:
                    entry.end = self.written
            self.forget_what_is_over()

    def forget_what_is_over(self) -> None:
        self.entries = [entry for entry in self.entries if entry.is_open()]

    def cut(self) -> None:
        """Nothing more goes out: what waits here is dropped, and so is what the kernel has not yet sent."""
        self.was_cut = True
        self.entries = []
        beneath = self.transport.get_extra_info("socket")
        with suppress(OSError, AttributeError):  # gone already, or not a socket
            beneath.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.transport.abort()

    def lost(self) -> None:
        self.entries = []


class InFlight:
    """The open answers of this process. Answers that depend on nobody are not in it."""

    def __init__(self) -> None:
        self.connections: set[Connection] = set()  # and a few that have nothing open any more
        self.timer: asyncio.TimerHandle | None = None
        self.closed = False
        self.revision = -1

    def open(self, connection: Connection | None, depends_on: DependsOn) -> None:
        """To be called where the answer is rendered, with nothing awaited in between. None: nothing is sent here."""
        if connection is None:
            return
        if self.closed:
            connection.cut()
            return
        connection.begin(Entry(connection, depends_on))
        self.connections.add(connection)
        if self.timer is None:
            self._look_again_in(CAP_SECONDS)

    def hidden(self, view: OpenView, ids: Collection[str] | None) -> None:
        """Cut what depends on these rows, which have just been hidden in `view`; None: on any row of its release."""
        cut = 0
        for connection in self._with_something_open():
            touched = [entry for entry in connection.entries if entry.depends_on.touched_by(view, ids)]
            if touched:
                cut += len(touched)
                connection.cut()
                self.connections.discard(connection)
            else:
                for entry in connection.entries:
                    entry.compared()
        if cut:
            log.info("answers_cut", answers=cut, cause="rows were hidden")

    def applied(self, revision: int) -> None:
        """Cut what says something of an earlier state of the ledger: whom the revisions since concern is not known."""
        if revision == self.revision:
            return
        self.revision = revision
        for connection in self._with_something_open():
            if any(entry.depends_on.is_before(revision) for entry in connection.entries):
                connection.cut()
                self.connections.discard(connection)

    def close(self) -> None:
        """Nothing that depends on anybody goes out from here any more. Repeatable."""
        self.closed = True
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        for connection in self._with_something_open():
            connection.cut()
        self.connections.clear()

    def _with_something_open(self) -> list[Connection]:
        for connection in list(self.connections):
            connection.forget_what_is_over()
            if not connection.entries:
                self.connections.discard(connection)
        return list(self.connections)

    def _look_again_in(self, seconds: float) -> None:
        later = asyncio.get_running_loop().call_later
        self.timer = later(max(seconds, AT_LEAST_SECONDS), self._cut_what_takes_too_long)

    def _cut_what_takes_too_long(self) -> None:
        self.timer = None
        late = [one for one in self._with_something_open() if any(entry.is_too_old() for entry in one.entries)]
        for connection in late:
            connection.cut()
            self.connections.discard(connection)
        if late:
            log.info("answers_cut", answers=len(late), cause="they took too long")
        if self.connections:
            oldest = min(entry.began for one in self.connections for entry in one.entries)
            self._look_again_in(oldest + CAP_SECONDS - time.monotonic())


def connection_of(scope: Mapping[str, Any]) -> Connection | None:
    """The connection on which a request came; None where it came on none, as in a test within one process."""
    found = scope.get("state", {}).get(CONNECTION)
    return found if isinstance(found, Connection) else None
