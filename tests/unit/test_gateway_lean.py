"""The lean connection: one right answer, and every wrong one refused in time, with a fresh connection after it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from services.gateway.lean import LeanConnection, LeanError

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
A_LONG_TIME = 60.0  # seconds: for what happens at once on any machine that has not stopped
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """Answers the n-th request as the n-th of `answers` says; the last one is repeated."""

    answers: list[Answer]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
                await answer(writer)
                if writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def sends(data: bytes, close: bool = False) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if close:
            writer.close()

    return answer


async def silence(_writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


@asynccontextmanager
async def connected(*answers: Answer, deadline: float = A_LONG_TIME) -> AsyncIterator[tuple[Server, LeanConnection]]:
    server = Server(list(answers))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    connection = LeanConnection(f"http://127.0.0.1:{port}", lambda: "Bearer x", deadline)
    try:
        yield server, connection
    finally:
        connection.close()
        listening.close()


def test_one_connection_serves_many_requests() -> None:
    async def scenario() -> None:
        async with connected(sends(OK)) as (server, connection):
            for _ in range(5):
                assert await connection.get("/v1/head") == b"{}"
            assert (server.connections, len(server.requests)) == (1, 5)
            assert server.requests[0].startswith(b"GET /v1/head HTTP/1.1\r\nHost: 127.0.0.1:")
            assert b"\r\nAuthorization: Bearer x\r\n" in server.requests[0]

    asyncio.run(scenario())


WRONG: dict[str, Answer] = {
    "an error": sends(b"HTTP/1.1 503 No\r\ncontent-length: 2\r\n\r\n{}"),
    "a refusal": sends(b"HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\n{}"),
    "no length": sends(b"HTTP/1.1 200 OK\r\n\r\n{}"),
    "two ways of a length": sends(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n{}"),
    "a length that is none": sends(b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n{}"),
    "too large a body": sends(b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n" + b"x" * 99999),
    "too large a header": sends(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 40000 + b"\r\n\r\n"),
    "another protocol": sends(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "an older protocol": sends(b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}"),
    "half an answer": sends(OK[:-1], close=True),
    "half a header": sends(OK[:20], close=True),
    "nothing": silence,
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_is_refused_and_the_next_is_asked_for_afresh(name: str) -> None:
    """For what it is, and not for the time that it took; silence, which has no end, by the deadline."""

    async def scenario() -> None:
        async with connected(WRONG[name], sends(OK)) as (server, connection):
            connection.deadline = 0.1 if WRONG[name] is silence else A_LONG_TIME
            with pytest.raises(LeanError) as refused:
                await connection.get("/v1/head")
            assert (str(refused.value) == "no answer in time") is (WRONG[name] is silence)
            connection.deadline = A_LONG_TIME
            assert connection.writer is None
            assert await connection.get("/v1/head") == b"{}"
            assert server.connections == 2

    asyncio.run(scenario())


def test_a_connection_that_the_server_closed_while_idle_is_opened_again() -> None:
    async def scenario() -> None:
        async with connected(sends(OK, close=True)) as (server, connection):
            for _ in range(3):
                assert await connection.get("/v1/head") == b"{}"
                await asyncio.sleep(0.01)
            assert server.connections == 3

    asyncio.run(scenario())


def test_a_server_that_says_close_is_believed() -> None:
    async def scenario() -> None:
        closing = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"
        async with connected(sends(closing)) as (_, connection):
            assert await connection.get("/v1/head") == b"{}"
            assert connection.writer is None

    asyncio.run(scenario())


def test_a_cancelled_call_leaves_no_half_read_answer_to_the_next() -> None:
    async def late(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await given_up.wait()
        await sends(OK.replace(b"{}", b"[]"))(writer)

    asked, given_up = asyncio.Event(), asyncio.Event()

    async def scenario() -> None:
        async with connected(late, sends(OK)) as (_, connection):
            waiting = asyncio.create_task(connection.get("/v1/head"))
            await asked.wait()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            given_up.set()
            assert await connection.get("/v1/head") == b"{}"

    asyncio.run(scenario())


def test_nobody_listening_is_refused_at_once() -> None:
    async def scenario() -> None:
        async with connected(sends(OK)) as (_, connection):
            port = connection.port
        with pytest.raises(LeanError):
            await LeanConnection(f"http://127.0.0.1:{port}", lambda: "").get("/v1/head")

    asyncio.run(scenario())


@pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://x", "http://"])
def test_an_address_must_be_one(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        LeanConnection(url, lambda: "")
