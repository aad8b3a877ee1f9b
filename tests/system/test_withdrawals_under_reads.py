"""Withdrawals under concurrent reads from a whole house, with the views that ratings bakes: no read that began after
`recorded` shows the person, and hundreds of withdrawals do not make hundreds of builds.

CI takes a hundred; CANDOUR_WITHDRAWALS=1000 is the full size. Grants, faults, every route and form, and gateways with
planted mistakes are in `tests/histories`.
"""

import os
import sys
import time

import httpx

from tests.system.history import History, Person, people_of, run_history
from tests.system.house import House

WITHDRAWALS = int(os.environ.get("CANDOUR_WITHDRAWALS", "100"))


def say(figures: str) -> None:
    sys.stdout.write(f"\n{figures}\n")


def shown_people(house: House) -> list[Person]:
    with house.reader() as reader:
        return people_of(reader, house.demo_release)


def holds(history: History, withdrawals: int) -> str:
    """The law, and that enough happened for it to mean something. Returns the figures, for whoever reads the log."""
    assert history.violations() == []
    assert len(history.recorded) == withdrawals
    assert history.seen_before() >= withdrawals / 4, "UNKNOWN: hardly anybody was seen before the withdrawal"
    assert history.after() >= withdrawals, "UNKNOWN: hardly any read came after a withdrawal"
    return (
        f"{withdrawals} withdrawals, {len(history.reads)} reads, {history.after()} of them after a withdrawal of "
        f"somebody they asked for, {history.refused} refused, 0 violations"
    )


def test_no_read_after_recorded_shows_the_person(demo_house: House) -> None:
    people = shown_people(demo_house)[:WITHDRAWALS]
    before = builds(demo_house)
    began = time.monotonic()
    with demo_house.officer() as officer:
        gateways = [demo_house.url("gateway"), demo_house.url("gateway-2")] * 2
        history = run_history(gateways, officer, demo_house.demo_release, people)
    say(holds(history, len(people)))
    with demo_house.reader() as reader:
        assert {person.gmc for person in people_of(reader, demo_house.demo_release)}.isdisjoint(history.recorded)
    built = builds(demo_house) - before
    assert built <= 2 + (time.monotonic() - began), f"{len(people)} withdrawals made {built} builds"


def builds(house: House) -> int:
    """How many views of the release have been baked so far."""
    answer = httpx.get(
        f"{house.url('ratings')}/v1/releases/{house.demo_release}", auth=("analyst", house.accounts["analyst"]),
        trust_env=False, timeout=30,
    )  # fmt: skip
    return int(answer.json()["view"])
