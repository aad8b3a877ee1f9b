"""F10: a disk is full to the last byte. Reads go on, an upload is refused with nothing left behind, a build waits or
says why not, and a withdrawal still works: acknowledged, durable, obeyed at once. Then there is room, and everything
works again, without a restart. CI fills each disk once; CANDOUR_FILLS=50 is the full size."""

import hashlib
import os
import random
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.disks import open_folder
from tests.system.full_house import GATEWAYS, Embedded, FullHouse, full_house

FILLS = int(os.environ.get("CANDOUR_FILLS", "1"))
WITHDRAWALS = 5  # while a disk is full: one alone might have found a last free page
EVERYTHING = ("ingest", "ratings", "consent", *GATEWAYS)


def say(figures: str) -> None:
    sys.stdout.write(f"\n{figures}\n")


@pytest.fixture(scope="module")
def house() -> Iterator[Embedded]:
    with open_folder() as folder, full_house(folder) as house:
        yield house
        house.nothing_forgotten()
        house.sound()


@pytest.mark.parametrize("fill", range(FILLS))
@pytest.mark.parametrize("names", [("ingest",), ("ratings",), ("consent",), GATEWAYS, EVERYTHING], ids="+".join)
def test_a_full_disk_stops_no_read_and_no_withdrawal(house: Embedded, names: tuple[str, ...], fill: int) -> None:
    pids = {name: house.house.pid(name) for name in EVERYTHING}
    chance = random.Random(f"{names}{fill}")
    work = Work(house, names)
    time.sleep(chance.uniform(0.0, 0.5) if fill else 0.0)  # the first time at once: the work is hardly begun
    with house.full(*names):
        house.reads_go_on()
        work.is_refused()
        withdrawn = [house.withdraw() for _ in range(WITHDRAWALS)]
        if "consent" in names:
            work.told.append(f"grant {house.grant(withdrawn[0])}")
            house.house.kill("consent")
            house.until(lambda: answers(house), "consent does not come back on its full disk")
            house.withdraw()
            del pids["consent"]
            work.told.append("withdrawals kept over kill -9")
        house.nothing_forgotten()
        house.reads_go_on()
    house.whole_again(*pids.items())
    work.is_done()
    house.reads_go_on()
    say(f"{'+'.join(names)} full: {len(withdrawn)} withdrawals 202, {', '.join(work.told)}")


class Work:
    """What was asked for just before and while a disk is full, and what became of it."""

    def __init__(self, house: FullHouse, names: tuple[str, ...]) -> None:
        self.house, self.names, self.told = house, names, list[str]()
        self.accepted, self.refused = "", b""
        self.releases: list[str] = []
        if "ratings" in names:
            self.releases.append(house.reserve().json()["release"])
        if "ingest" in names:
            self.accepted = house.upload(house.another_file()).json()["sha256"]

    def is_refused(self) -> None:
        """507 with nothing left behind, or accepted and then never lost."""
        if "ingest" in self.names:
            self.refused = self.house.upload_is_refused()
            self.told.append("upload 507")
        if "ratings" in self.names:
            answer = self.house.reserve()
            assert answer.status_code in (201, 202, 507), answer.text
            self.told.append(f"build {answer.status_code}")
            if answer.status_code != 507:
                self.releases.append(answer.json()["release"])

    def is_done(self) -> None:
        """Now that there is room, with nobody starting anything again."""
        if self.accepted:
            self.house.wait_checked(self.accepted)
            assert self.house.upload(self.refused).status_code == 201
            self.house.wait_checked(hashlib.sha256(self.refused).hexdigest())
            self.told.append("the upload before it has its fates")
        for release in self.releases:
            built = self.house.built(release)
            assert built["build"] == "done" or " " in built["failure"], built
            self.told.append(f"the build begun before it is {built['build']}")
        if "consent" not in self.names or "ratings" in self.names:
            self.house.fixed_release = self.house.publish()


def answers(house: FullHouse) -> bool:
    with house.house.officer() as officer:
        try:
            return officer.get("/v1/consultants?limit=1").status_code == 200
        except httpx.TransportError:
            return False
