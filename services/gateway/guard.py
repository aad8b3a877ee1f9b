"""The guard between the HTTP protocol and the socket: no byte of an open answer passes without a look at it.

It stands below everything that buffers, frames or waits: what is tested before `await send()` may be written much
later. h11 is the only parser that is installed; `serve` names this class, so that another one is never chosen instead.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

from services.gateway.inflight import CONNECTION, Connection

MOST_UNSENT: Final = 128 * 1024  # bytes that the kernel takes beyond those that are on their way


class GuardedTransport(asyncio.Transport):
    """A transport whose writes go through `Connection`. Everything else is the socket's own."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection, self.beneath = connection, connection.transport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.connection.write(data)

    def abort(self) -> None:
        self.beneath.abort()

    def close(self) -> None:
        self.beneath.close()

    def is_closing(self) -> bool:
        return self.beneath.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.beneath.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return self.beneath.get_write_buffer_size()

    def pause_reading(self) -> None:
        self.beneath.pause_reading()

    def resume_reading(self) -> None:
        self.beneath.resume_reading()


class GuardedProtocol(H11Protocol):
    """HTTP/1.1 under the guard. The connection travels to the application in the state of each request's scope."""

    connection: Connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        _keep_little_in_the_kernel(transport)
        self.connection = Connection(transport)
        self.app_state = {**self.app_state, CONNECTION: self.connection}
        super().connection_made(GuardedTransport(self.connection))

    def connection_lost(self, exc: Exception | None) -> None:
        self.connection.lost()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self.connection.answered()
        super().on_response_complete()


def _keep_little_in_the_kernel(transport: asyncio.Transport) -> None:
    """What waits for a slow reader waits here, where it can be dropped: a kernel would take megabytes."""
    found = transport.get_extra_info("socket")
    with suppress(OSError, AttributeError):  # not TCP, or a system without it
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT)
