"""Calls of a library that waits without end: for a database that is away, or full. Whoever asks us does not.

One such call is made at a time, in a thread of its own. Where it takes too long it goes on alone, and those after it
are told so at once, instead of taking one thread after another until none is left to answer with.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

T = TypeVar("T")
MOST_SECONDS: Final = 3.0


class Delayed(Exception):
    """It is not done yet; it may be done later."""


class Bounded:
    """`bounded(work)`: what `work` gives or raises, within `most` seconds from its turn. Raises Delayed."""

    def __init__(self, most: float = MOST_SECONDS) -> None:
        self.most, self.turn = most, threading.Lock()
        self.overdue = threading.Event()  # set while the call whose turn it is has taken too long

    def __call__(self, work: Callable[[], T]) -> T:
        if self.overdue.is_set() or not self.turn.acquire(timeout=self.most):
            raise Delayed
        done: Future[T] = Future()
        threading.Thread(target=self._run, args=(work, done), name="bounded", daemon=True).start()
        try:
            return done.result(self.most)
        except TimeoutError:
            if done.done():  # the work's own
                raise
            self.overdue.set()
            if done.done():
                self.overdue.clear()
            raise Delayed from None

    def _run(self, work: Callable[[], T], done: "Future[T]") -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # handed to whoever still waits for it
            done.set_exception(error)
        finally:
            self.overdue.clear()
            self.turn.release()
