"""Work of two kinds at the same time: the next piece is made while somebody uses the one before it."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")
U = TypeVar("U")
WORKERS: Final = 2


def ahead(pieces: Iterator[T]) -> Generator[T, None, None]:
    """The same pieces in their order, each made in a thread of its own while the one before it is used: one more is
    held than without. What making one raises, asking for it raises. Close it (`contextlib.closing`) where not all are
    asked for: nothing is made any more then."""
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as other:
        coming = other.submit(_next, pieces)
        while piece := coming.result():
            coming = other.submit(_next, pieces)
            yield piece[0]


def mapped_ahead(work: Callable[[T], U], items: Iterable[T]) -> Iterator[U]:
    """`work` of each of `items`, in their order, two at a time; at most three results are held. Raises what it does."""
    waiting: deque[Future[U]] = deque()
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="mapped") as others:
        for item in items:
            waiting.append(others.submit(work, item))
            if len(waiting) > WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _next(pieces: Iterator[T]) -> tuple[T] | None:
    """The next alone in a tuple; a thread cannot raise that there is none."""
    for piece in pieces:
        return (piece,)
    return None
