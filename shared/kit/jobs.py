"""Durable jobs: a job that was accepted is finished, also when the process is killed in the middle.

`DurableJobs` runs on DBOS (one per process, launched by `__main__` only); any number of processes may share its
database. `ThreadedJobs` runs a job in a thread of this process, for tests of one service; it keeps nothing over a
restart. Job functions take and return JSON values, must be safe to run twice, and must be registered before `launch`.
The first argument names what a job works on: of the jobs for one such thing one runs at a time, of those for different
things as many as there are hands.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Protocol

from shared.kit.ballast import is_full
from shared.kit.bounded import Delayed
from shared.kit.logs import log
from shared.kit.outage import is_away

Step = Callable[..., Any]
Wake = Callable[[bool], None]

AT_FIRST_SECONDS: Final = 15.0  # work whose job ended in vain rests so long, then twice as long each time
AT_MOST_SECONDS: Final = 600.0
LONGEST_PAUSE_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Found:
    """A job that was started once: `ended` is None while it waits or runs, else how many seconds ago it ended."""

    ended: float | None


class Jobs(Protocol):
    """`launch` calls `wake(True)` once, and the durable kind `wake(False)` regularly: it sees to what still waits."""

    def register(self, name: str, function: Step) -> None: ...
    def start(self, name: str, job_id: str, subject: str, *arguments: Any) -> None: ...
    def find(self, name: str, job_id: str) -> Found | None: ...
    def step(self, name: str, function: Step, *arguments: Any) -> Any: ...
    def launch(self, wake: Wake) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Attempt:
    """The job that should be doing some work, and the number of its attempt."""

    name: str
    job_id: str
    number: int
    arguments: tuple[str, ...]


def see_to(jobs: Jobs, attempt: Attempt, renew: Callable[[], Attempt | None], at_once: bool) -> None:
    """The job of work that still waits. Where it is under way, nothing happens; where its start was lost, it is started
    under the same id; where it ended and the work waits none the less, `renew` gives the next attempt, or None where
    somebody else was faster. Work that has failed rests before its next attempt, unless it is wanted `at_once`. While
    the database of the jobs is away or full, it is left to the next look."""
    try:
        _see_to(jobs, attempt, renew, at_once)
    except Delayed:
        log.warning("job_not_seen_to", job=attempt.name)


def _see_to(jobs: Jobs, attempt: Attempt, renew: Callable[[], Attempt | None], at_once: bool) -> None:
    found = jobs.find(attempt.name, attempt.job_id)
    if found is not None and found.ended is None:
        return
    wanted: Attempt | None = attempt
    if found is not None and found.ended is not None:
        if not at_once and found.ended < min(AT_FIRST_SECONDS * 2 ** (attempt.number - 1), AT_MOST_SECONDS):
            return
        wanted = renew()
    if wanted is not None:
        jobs.start(wanted.name, wanted.job_id, *wanted.arguments)


def outlasting(closing: threading.Event, function: Step, *arguments: Any) -> Any:
    """What `function` gives. While the database is away it is tried again and again: that is no failure of the job."""
    pause = 0.1
    while True:
        try:
            return function(*arguments)
        except Exception as error:
            if is_full(error) or not (is_away(error) or _unconfirmed(error)) or closing.wait(pause):
                raise
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _unconfirmed(error: Exception) -> bool:
    return getattr(error, "code", "") == "not_confirmed"


class ThreadedJobs:
    """One worker thread; a job id runs once in the life of this object."""

    def __init__(self) -> None:
        self.functions: dict[str, Step] = {}
        self.seen: dict[str, Future[Any] | None] = {}
        self.ends: dict[str, float] = {}
        self.closing = threading.Event()
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="jobs")

    def register(self, name: str, function: Step) -> None:
        self.functions[name] = function

    def start(self, name: str, job_id: str, subject: str, *arguments: Any) -> None:
        if job_id not in self.seen:
            self.seen[job_id] = None
            running = self.pool.submit(self.functions[name], subject, *arguments)
            running.add_done_callback(lambda _: self.ends.update({job_id: time.monotonic()}))
            self.seen[job_id] = running

    def find(self, name: str, job_id: str) -> Found | None:  # noqa: ARG002  # ids are enough within one process
        if job_id not in self.seen:
            return None
        ended = self.ends.get(job_id)
        return Found(None if ended is None else time.monotonic() - ended)

    def step(self, name: str, function: Step, *arguments: Any) -> Any:  # noqa: ARG002  # no record, so no name
        return outlasting(self.closing, function, *arguments)

    def launch(self, wake: Wake) -> None:
        wake(True)

    def close(self) -> None:
        self.closing.set()
        self.pool.shutdown(wait=True)
