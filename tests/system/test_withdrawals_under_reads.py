"""Withdrawals under concurrent reads from two gateway processes: no read that began after `recorded` shows the person.

CI takes a few hundred; CANDOUR_WITHDRAWALS=1000 is the full size. The same test is then given a gateway that joins a
check in flight, and must catch it.
"""

import os
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.system.beside import OURS, gateway_beside
from tests.system.history import History, Person, people_of, run_history
from tests.system.house import House
from tests.system.slow_link import SlowLink

WITHDRAWALS = int(os.environ.get("CANDOUR_WITHDRAWALS", "300"))
MUTANT_AT_MOST = 100
CHECK_SECONDS = 0.03  # how long a check is made to take, so that requests arrive while one is in flight


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


@pytest.mark.parametrize(
    ("module", "caught"), [(("tests.system.mutant_gateway",), True), (OURS, False)], ids=["planted", "ours"]
)
def test_a_gateway_that_joins_a_check_in_flight_is_caught(
    demo_house: House, tmp_path: Path, module: tuple[str, ...], caught: bool
) -> None:
    """The same history, with checks made slow for both; only the planted gateway breaks the law."""
    people = shown_people(demo_house)[:MUTANT_AT_MOST]
    port = int(demo_house.url("consent").rsplit(":", 1)[1])
    with SlowLink(port, CHECK_SECONDS) as link, demo_house.officer() as officer:
        with gateway_beside(demo_house, demo_house.demo_release, tmp_path / "data", module, link.url) as url:
            history = run_history([url] * 4, officer, demo_house.demo_release, people, pause=0.05)
    if caught:
        assert history.violations() != [], "the planted gateway was not caught: this test cannot fail"
        say(f"planted gateway: {len(history.violations())} violations in {len(history.reads)} reads")
    else:
        say(holds(history, len(people)))
