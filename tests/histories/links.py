"""`python -m tests.histories.links CONSENT_PORT PORT…`: TCP proxies between gateways and consent, each with a
fault that can be set: by a line `NUMBER MODE [SECONDS]` on standard input, which is repeated when it is in force.

`open`; `slow`: every piece that comes back waits; `silent`: requests arrive, answers vanish; `cut`: connections are
closed, and new ones too.
"""

import asyncio
import sys
from contextlib import suppress

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Link:
    """A link whose connections do not outlive a change of mode that lost something of theirs."""

    def __init__(self, consent: int) -> None:
        self.consent, self.mode, self.delay = consent, "open", 0.0
        self.spoilt: set[asyncio.StreamWriter] = set()
        self.all: set[asyncio.StreamWriter] = set()

    def set(self, mode: str, delay: float = 0.0) -> None:
        self.mode, self.delay = mode, delay
        for writer in list(self.all if mode == "cut" else self.spoilt):
            writer.close()
        self.spoilt.clear()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.mode == "cut":
                return
            there, back = await asyncio.open_connection("127.0.0.1", self.consent)
        except OSError:
            return
        else:
            self.all |= {writer, back}
            tasks = {asyncio.create_task(self._carry(reader, back, back=False)),
                     asyncio.create_task(self._carry(there, writer, back=True))}  # fmt: skip
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            self.all -= {writer, back}
            self.spoilt.discard(writer)
            back.close()
        finally:
            writer.close()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, back: bool) -> None:
        with suppress(ConnectionError):
            while piece := await source.read(65536):
                if back and self.mode == "silent":
                    self.spoilt.add(target)
                    continue
                if back and self.mode == "slow":
                    await asyncio.sleep(self.delay)
                target.write(piece)
                await target.drain()


async def serve(consent: int, ports: list[int]) -> None:
    links = [Link(consent) for _ in ports]
    for link, port in zip(links, ports, strict=True):
        await asyncio.start_server(link.accept, "127.0.0.1", port)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    print("ready", flush=True)  # noqa: T201
    while line := await orders.readline():
        number, mode, *delay = line.decode().split()
        links[int(number)].set(mode, *(float(one) for one in delay))
        print(line.decode().strip(), flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
