"""A TCP proxy on loopback that lets a peer's answers wait, to widen the window in which a check is in flight, or loses
them: then requests arrive, and nothing comes back."""

import asyncio
import threading
from collections.abc import Callable


class SlowLink:
    """Forwards to 127.0.0.1:`port`; every piece that comes back waits `delay` seconds, and is lost while `silent`.
    `url` is where it listens."""

    def __init__(self, port: int, delay: float = 0.0) -> None:
        self.port, self.delay, self.silent = port, delay, False
        self.loop = asyncio.new_event_loop()
        self.url = ""
        self._listening = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "SlowLink":
        self.thread.start()
        assert self._listening.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._listening.set()
        self.loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(
            self._carry(reader, back, 0.0, lambda: False), self._carry(there, writer, self.delay, lambda: self.silent)
        )

    async def _carry(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, delay: float, lost: Callable[[], bool]
    ) -> None:
        try:
            while piece := await source.read(65536):
                await asyncio.sleep(delay)
                if not lost():
                    target.write(piece)
                    await target.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            target.close()
