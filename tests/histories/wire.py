"""One kept-alive connection for one request at a time: what a reader needs, and cheap, because a history has tens of
thousands of reads. A cut answer gives what had come."""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

SECONDS: Final = 8.0


@dataclass(frozen=True)
class Request:
    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def bytes(self, host: str) -> bytes:
        told = {"Host": host, **self.headers} | ({"Content-Length": str(len(self.body))} if self.body else {})
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1") + self.body


@dataclass(frozen=True)
class Answer:
    """`status` 0: none came. `whole`: nothing is missing."""

    status: int
    tag: str
    content: bytes
    whole: bool


class Wire:
    """To the server at `url`. `room`: bytes that the kernel keeps for us, few for one who lets the server wait."""

    def __init__(self, url: str, room: int | None = None) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.room = str(parts.hostname), int(parts.port or 80), room
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    async def ask(self, request: Request, seconds: float = SECONDS, slowly: float = 0.0) -> Answer:
        """Never raises for what a server or a link does. `slowly`: seconds to wait before each piece of a body."""
        content = bytearray()
        try:
            async with asyncio.timeout(seconds):
                found = await self._exchange(request, content, slowly)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            found = Answer(0, "", bytes(content), whole=False)
        if not found.whole:
            self.close()
        return found

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.reader is None or self.writer is None or self.writer.is_closing():
            sock = socket.socket()
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.room is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.room)
            try:
                await asyncio.get_running_loop().sock_connect(sock, (self.host, self.port))
            except BaseException:
                sock.close()
                raise
            self.reader, self.writer = await asyncio.open_connection(sock=sock, limit=self.room or 1 << 18)
        return self.reader, self.writer

    async def _exchange(self, request: Request, content: bytearray, slowly: float) -> Answer:
        reader, writer = await self._connected()
        writer.write(request.bytes(f"{self.host}:{self.port}"))
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        given = _headers(head)
        if request.method != "HEAD" and status not in (204, 304):
            await _body(reader, given, content, slowly)
        if given.get("connection") == "close":
            self.close()
        return Answer(status, given.get("etag", ""), bytes(content), whole=True)


async def _body(reader: asyncio.StreamReader, given: Mapping[str, str], content: bytearray, slowly: float) -> None:
    if "transfer-encoding" not in given:
        await _exactly(reader, int(given.get("content-length", "0")), content, slowly)
        return
    while True:
        size = int(await reader.readuntil(b"\r\n"), 16)
        await _exactly(reader, size, content, slowly)
        await reader.readexactly(2)
        if not size:
            return


async def _exactly(reader: asyncio.StreamReader, size: int, content: bytearray, slowly: float) -> None:
    """Appended as it comes: of an answer that is cut off, what came."""
    while size:
        if slowly:
            await asyncio.sleep(slowly)
        piece = await reader.read(min(size, 65536))
        if not piece:
            raise asyncio.IncompleteReadError(b"", size)
        content += piece
        size -= len(piece)


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
