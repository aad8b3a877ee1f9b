"""The history checker says exactly what an enumeration of every possible order says, on short random histories.

CANDOUR_HISTORIES is how many; `make assure GOAL=checker` takes a million.
"""

import os
import random
import sys

from cli.check.judging import judge
from cli.check.lines import Read, Write
from cli.check.reading import history_of
from tests.spec.linearisation import HEADER, Operation, possible, random_history

HISTORIES = int(os.environ.get("CANDOUR_HISTORIES", "10000"))
SEED = int(os.environ.get("CANDOUR_SEED", "2013"))


def breaks(history: list[Operation]) -> bool:
    """What the checker says of it."""
    return any(judge(history_of([HEADER, *history])).breaches.values())


def test_the_checker_agrees_with_every_order_of_moments() -> None:
    chance, wrong, unanswered = random.Random(SEED), 0, 0
    for number in range(HISTORIES):
        history = random_history(chance)
        found = breaks(history)
        assert found is not possible(history), (number, history)
        wrong += found
        unanswered += any(isinstance(one, Write) and one.f == "grant" and one.outcome == "info" for one in history)
    sys.stdout.write(
        f"\n{HISTORIES} histories, {wrong} of them broken, {unanswered} with an unanswered grant: agreed\n"
    )
    assert 0.1 < wrong / HISTORIES < 0.9, "hardly any history is of the one kind: this compares nothing"
    assert unanswered > HISTORIES / 10


def test_the_checker_agrees_on_every_single_read() -> None:
    """Which reads break it, not only whether any does."""
    chance, wrong, judged = random.Random(SEED + 1), 0, 0
    for _ in range(HISTORIES // 4):
        history = random_history(chance)
        writes = [one for one in history if isinstance(one, Write)]
        if not possible(list(writes)):
            continue
        for read in (one for one in history if isinstance(one, Read) and one.shown):
            found = breaks([*writes, read])
            assert found is not possible([*writes, read]), (writes, read)
            wrong, judged = wrong + found, judged + 1
    assert 0.05 < wrong / judged < 0.95
