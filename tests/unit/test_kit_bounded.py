"""Nobody waits longer than is bearable for somebody who waits without end, and no thread is lost for each who asks."""

import threading
import time

import pytest

from shared.kit.bounded import Bounded, Delayed

A_LONG_TIME = 60.0  # seconds: for what happens at once on any machine that has not stopped


def test_what_is_quick_is_given_or_raised() -> None:
    bounded = Bounded(most=A_LONG_TIME)
    assert bounded(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        bounded(lambda: 1 // 0)
    with pytest.raises(TimeoutError):  # of the work itself
        bounded(lambda: _raise(TimeoutError()))
    assert bounded(lambda: "still") == "still"


def _raise(error: Exception) -> None:
    raise error


def test_what_hangs_goes_on_alone_and_costs_one_thread() -> None:
    bounded, room, done = Bounded(most=0.1), threading.Event(), list[str]()

    def hangs() -> None:
        room.wait(A_LONG_TIME)
        done.append("in the end")

    before = threading.active_count()
    for _ in range(5):
        with pytest.raises(Delayed):
            bounded(hangs)
    assert done == []  # nobody has waited for it
    bounded.most = A_LONG_TIME
    assert threading.active_count() == before + 1
    room.set()
    until = time.monotonic() + A_LONG_TIME
    while not done:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert bounded(lambda: "again") == "again"
    assert done == ["in the end"]
