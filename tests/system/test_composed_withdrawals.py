"""Withdrawals under concurrent reads through the proxy: no read that began after `recorded` shows the person.

CI takes 800 reads; CANDOUR_PROXY_READS=20000 (`make assure GOAL=proxy-withdrawals`) is the full size, with a
thousand withdrawals. Afterwards nothing that nginx keeps names any of them.
"""

import os
from pathlib import Path

import pytest

from cli import demo
from cli.demonstration.sizes import Sizes
from tests.system.composed import Composed
from tests.system.history import people_of, run_history
from tests.system.test_withdrawals_under_reads import holds, say

READS = int(os.environ.get("CANDOUR_PROXY_READS", "800"))
READS_FOR_EACH = 20
THREADS = 4
LARGE = 200  # from so many withdrawals on, a house of its own


def test_no_read_after_recorded_shows_the_person(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    wanted = READS // READS_FOR_EACH
    if wanted < LARGE:
        holds_through_the_proxy(request.getfixturevalue("composed_demo"), wanted)
        return
    with Composed(tmp_path) as house:
        sizes = Sizes(hospitals=60, consultants=1300, episodes=150_000)
        house.demo_release = demo.load_into(house.urls, house.accounts, lambda _text: None, sizes=sizes)
        house.wait_published(house.demo_release)
        holds_through_the_proxy(house, wanted)


def holds_through_the_proxy(house: Composed, withdrawals: int) -> None:
    with house.reader() as reader:
        people = people_of(reader, house.demo_release)[:withdrawals]
        names = names_of(house, {person.gmc for person in people})
    with house.officer() as officer:
        readers = [house.url("proxy")] * THREADS
        history = run_history(readers, officer, house.demo_release, people, reads_for_each=READS_FOR_EACH)
    say(holds(history, len(people)))
    assert len(history.reads) >= min(READS, READS_FOR_EACH * len(people)), f"UNKNOWN: only {len(history.reads)} reads"
    with house.reader() as reader:
        assert {person.gmc for person in people_of(reader, house.demo_release)}.isdisjoint(history.recorded)
    kept = kept_by_the_proxy(house)
    assert kept, "nothing at all was kept: looking into it proves nothing"
    assert not [who for who in (*names, *history.recorded) if who.encode() in kept]


def names_of(house: Composed, numbers: set[str]) -> set[str]:
    found = set()
    with house.reader() as reader:
        path: str | None = f"/v1/releases/{house.demo_release}/results?level=consultant&limit=1000"
        while path:
            page = reader.get(path).raise_for_status().json()
            found |= {row["subject"]["name"] for row in page["data"] if row["subject"]["id"] in numbers}
            path = page["links"].get("next")
    assert len(found) >= len(numbers) / 2
    return found


def kept_by_the_proxy(house: Composed) -> bytes:
    """Everything nginx has on a disk, the baked files that it may serve included."""
    places = [here for here, inside, _ in house.site.plans["proxy"].mounts if inside != "/tmp"]
    files = [path for place in places for path in place.rglob("*") if path.is_file() and path.name != "candour.conf"]
    return b"".join(path.read_bytes() for path in files)
