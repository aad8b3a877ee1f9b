"""A number that rises, and callers on an event loop that wait for it: thousands of them, at no cost while it rests."""

import asyncio
from threading import Lock


class Level:
    """Raised from any thread; waited for on the one loop that `bind` was called on."""

    def __init__(self, value: int = 0) -> None:
        self.value = value
        self.loop: asyncio.AbstractEventLoop | None = None
        self.waiting: dict[int, set[asyncio.Future[None]]] = {}
        self.scheduled, self.ended, self.lock = False, False, Lock()

    def bind(self) -> None:
        """From now on callers wait on the running loop."""
        self.loop = asyncio.get_running_loop()

    def set(self, value: int) -> None:
        """Wherever it stood: for a new beginning. Wakes whom it reaches."""
        with self.lock:
            self.value = value
        self._soon()

    def rise(self, value: int) -> None:
        """Not less than `value` from now on."""
        with self.lock:
            if value <= self.value:
                return
            self.value = value
        self._soon()

    def end(self) -> None:
        """Lets everybody go, from any thread; nobody waits here any more."""
        self.ended = True
        self._soon()

    async def reach(self, value: int, seconds: float) -> bool:
        """Whether it has reached `value`, as soon as it has, or after `seconds`."""
        if self.value >= value or self.ended or seconds <= 0:
            return self.value >= value
        mine = asyncio.get_running_loop().create_future()
        self.waiting.setdefault(value, set()).add(mine)
        try:
            if self.value < value and not self.ended:  # it may have risen before this one could be seen
                await asyncio.wait([mine], timeout=seconds)
        finally:
            self._forget(value, mine)
        return self.value >= value

    def _soon(self) -> None:
        """Wake once for however many calls came before the loop had its turn."""
        loop = self.loop
        with self.lock:
            if loop is None or self.scheduled:
                return
            self.scheduled = True
        try:
            loop.call_soon_threadsafe(self._wake)
        except RuntimeError:  # the loop is closed: nobody waits on it
            self.scheduled = False

    def _wake(self) -> None:
        with self.lock:
            self.scheduled, value, ended = False, self.value, self.ended
        for wanted in [one for one in self.waiting if ended or one <= value]:
            for waiter in self.waiting.pop(wanted):
                if not waiter.done():
                    waiter.set_result(None)

    def _forget(self, value: int, mine: "asyncio.Future[None]") -> None:
        others = self.waiting.get(value)
        if others is not None:
            others.discard(mine)
            if not others:
                del self.waiting[value]
