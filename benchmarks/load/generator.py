"""`python -m benchmarks.load.generator`: a job on each line of its input, what came of it on each line of its output.

A closed loop on kept-alive connections: each sends its next request when the answer to the one before is whole. Raw
asyncio, so that it takes far less of a processor than what it measures; `processor` says how much it took.
"""

import asyncio
import gc
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Final

from benchmarks.load.job import Found, Job

HEAD_END: Final = b"\r\n\r\n"
LENGTH: Final = b"\r\ncontent-length:"


@dataclass
class Tally:
    """What the connections of one job have counted since its warm-up."""

    port: int
    paths: Iterator[str]
    counting: bool = False
    stopped: bool = False
    microseconds: list[int] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    size: int = 0
    everything: int = 0

    def request(self) -> bytes:
        return f"GET {next(self.paths)} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode()

    def answered(self, status: str, began: float, size: int) -> None:
        self.everything += 1
        if self.counting:
            self.microseconds.append(round((time.perf_counter() - began) * 1e6))
            self.statuses[status] += 1
            self.size += size


class Connection(asyncio.Protocol):
    """One request at a time, over and over."""

    def __init__(self, tally: Tally) -> None:
        self.tally, self.buffer, self.whole, self.began = tally, bytearray(), 0, 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.whole:
            self.whole = whole_size(self.buffer)
        if self.whole and len(self.buffer) >= self.whole:
            self.tally.answered(self.buffer[9:12].decode(), self.began, len(self.buffer))
            self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.tally.stopped:
            self.tally.answered("cut", self.began, 0)
        self.ended.set_result(None)

    def _send(self) -> None:
        self.buffer.clear()
        self.whole = 0
        if self.tally.stopped:
            self.transport.close()
            return
        self.began = time.perf_counter()
        self.transport.write(self.tally.request())


def whole_size(buffer: bytearray) -> int:
    """The bytes of an answer with its head; 0 while the head is not whole. Raises ValueError without a length."""
    end = buffer.find(HEAD_END)
    if end < 0:
        return 0
    head = bytes(buffer[: end + 2]).lower()
    if head[9:12] == b"304":
        return end + 4
    at = head.find(LENGTH)
    if at < 0:
        raise ValueError("an answer without a length")
    return end + 4 + int(head[at + len(LENGTH) : head.index(b"\r\n", at + 2)])


async def run(job: Job) -> Found:
    """Raises OSError where a connection cannot be opened."""
    loop = asyncio.get_running_loop()
    tally = Tally(job.port, itertools.cycle(job.paths))
    opened = [
        await loop.create_connection(lambda: Connection(tally), "127.0.0.1", job.port) for _ in range(job.connections)
    ]
    await asyncio.sleep(job.warm_up)
    began, worked, tally.counting = time.perf_counter(), time.process_time(), True
    await asyncio.sleep(job.seconds)
    seconds, processor, tally.counting = time.perf_counter() - began, time.process_time() - worked, False
    tally.stopped = True
    await asyncio.wait([protocol.ended for _, protocol in opened], timeout=10)
    return Found(seconds, processor / seconds, tally.size, tally.everything, dict(tally.statuses), tally.microseconds)


def main() -> None:
    gc.disable()  # a pause here would be told as a pause there
    for line in sys.stdin:
        print(json.dumps(asdict(asyncio.run(run(Job(**json.loads(line)))))), flush=True)
        gc.collect()


if __name__ == "__main__":
    main()
