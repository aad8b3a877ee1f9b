"""Work that waits gets one job at a time, and a database that is away is no failure of a job."""

import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy.exc import OperationalError

from shared.kit.jobs import Attempt, Found, ThreadedJobs, outlasting, see_to


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.005)


@dataclass
class Work:
    """Something that waits until its job has been let through."""

    jobs: ThreadedJobs = field(default_factory=ThreadedJobs)
    number: int = 1
    runs: int = 0
    fails: bool = True
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.jobs.register("work", self.run)

    def run(self, _: str) -> None:
        self.runs += 1
        self.gate.wait(60)
        if self.fails:
            raise ValueError("in vain")

    @property
    def attempt(self) -> Attempt:
        return Attempt("work", f"job-{self.number}", self.number, ("thing",))

    def renew(self) -> Attempt | None:
        self.number += 1
        return self.attempt

    def found(self) -> Found | None:
        return self.jobs.find("work", self.attempt.job_id)

    def ended(self) -> bool:
        found = self.found()
        return found is not None and found.ended is not None


def test_a_lost_start_is_started_under_its_id_and_what_is_under_way_is_left_alone() -> None:
    work = Work()
    assert work.found() is None
    for _ in range(3):
        see_to(work.jobs, work.attempt, work.renew, at_once=True)
    until(lambda: work.runs == 1)
    assert (work.number, work.found()) == (1, Found(None))
    work.gate.set()
    work.jobs.close()
    assert work.runs == 1


def test_what_ended_in_vain_gets_another_attempt_after_a_rest_or_at_once() -> None:
    work = Work()
    work.gate.set()
    see_to(work.jobs, work.attempt, work.renew, at_once=False)
    until(work.ended)
    see_to(work.jobs, work.attempt, work.renew, at_once=False)
    assert (work.number, work.runs) == (1, 1)
    see_to(work.jobs, work.attempt, work.renew, at_once=True)
    until(lambda: work.number == 2 and work.ended())
    work.jobs.ends["job-2"] -= 29.0
    see_to(work.jobs, work.attempt, work.renew, at_once=False)
    assert work.number == 2
    work.jobs.ends["job-2"] -= 1.5  # the second rest is of thirty seconds
    see_to(work.jobs, work.attempt, work.renew, at_once=False)
    until(lambda: work.number == 3 and work.ended())
    assert work.runs == 3
    work.jobs.close()


def test_where_somebody_else_was_faster_nothing_is_started() -> None:
    work = Work()
    work.gate.set()
    see_to(work.jobs, work.attempt, work.renew, at_once=True)
    until(work.ended)
    see_to(work.jobs, work.attempt, lambda: None, at_once=True)
    work.jobs.close()
    assert work.runs == 1


def locked() -> OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return OperationalError("BEGIN IMMEDIATE", {}, error)


def full() -> OperationalError:
    error = sqlite3.OperationalError("disk full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return OperationalError("COMMIT", {}, error)


def test_a_step_outlasts_a_database_that_is_away_and_nothing_else() -> None:
    tries = 0

    def work(error: Exception, times: int) -> int:
        nonlocal tries
        tries += 1
        if tries <= times:
            raise error
        return tries

    closing = threading.Event()
    assert outlasting(closing, work, locked(), 3) == 4
    for other in (full(), ValueError("ours")):
        tries = 0
        with pytest.raises(type(other)):
            outlasting(closing, work, other, 1)
        assert tries == 1
    closing.set()
    tries = 0
    with pytest.raises(OperationalError):
        outlasting(closing, work, locked(), 1)
