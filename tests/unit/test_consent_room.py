"""On a disk that is really full a withdrawal works, reads go on, and what can wait is refused and uses up nothing."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from services.consent.verify_ledger import verify
from services.consent.workflow.room import Room
from tests.disks import SmallDisk, open_folder, small_disk
from tests.postgres import Postgres, is_root
from tests.unit.test_consent_rig import House, Rig, build_house, eventually, running

NUMBERS = [f"99{number:05d}" for number in range(1, 41)]
MIB = 1 << 20


@dataclass
class Small:
    """A service whose `what` is on a small disk."""

    rig: Rig
    disk: SmallDisk

    @property
    def room(self) -> Room:
        room: Room = self.rig.client.app.state.office.room  # type: ignore[attr-defined]  # a FastAPI application
        return room

    def fill(self) -> None:
        """Until nothing that can wait is taken any more: what a file has allocated already is used up first."""
        self.disk.fill()
        for _ in range(400):
            answer = self.rig.decide(NUMBERS[0], "asked")
            if answer.status_code == 507:
                return
            assert answer.status_code == 202, answer.text
            self.disk.fill()
        raise AssertionError("the disk is full, and everything is taken")

    def look_again(self) -> None:
        """Not in twenty seconds, but at the next look."""
        self.room.tried_at = float("-inf")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return build_house(tmp_path_factory.mktemp("house"))


@contextmanager
def on_small_disk(house: House, disk: SmallDisk, data_dir: Path, **changes: Any) -> Iterator[Small]:
    settings = house.settings(data_dir, **changes)
    with running(house, settings) as rig:
        rig.register(*NUMBERS)
        small = Small(rig, disk)
        eventually(lambda: small.room.tried_at, lambda moment: moment > 0)
        eventually(lambda: all(one.hold() for one in small.room.held), bool)
        yield small


@contextmanager
def embedded(house: House, request: pytest.FixtureRequest) -> Iterator[Small]:
    with open_folder() as folder, small_disk(folder / "disk", 24 * MIB) as disk:
        with on_small_disk(house, disk, disk.folder / "data", ballast_bytes=4 * MIB) as small:
            yield small


@contextmanager
def journal_only(house: House, request: pytest.FixtureRequest) -> Iterator[Small]:
    with open_folder() as folder, small_disk(folder / "disk", 8 * MIB) as disk:
        changes = {"journal_dir": disk.folder / "journal", "ballast_bytes": 2 * MIB}
        with on_small_disk(house, disk, folder / "data", **changes) as small:
            yield small


@contextmanager
def served(house: House, request: pytest.FixtureRequest) -> Iterator[Small]:
    """The tables of PostgreSQL on the small disk, its log elsewhere: without room for that, no server runs at all."""
    server: Postgres = request.getfixturevalue("postgres")
    name, space = f"t{secrets.token_hex(6)}", f"s{secrets.token_hex(6)}"
    with open_folder() as folder, small_disk(folder / "disk", 48 * MIB) as disk:
        place = disk.folder / "tables"
        place.mkdir()
        if is_root():
            shutil.chown(place, "nobody", "nogroup")
        server.execute(f"CREATE TABLESPACE {space} LOCATION '{place}'")
        server.execute(f"CREATE DATABASE {name} TABLESPACE {space}")
        try:
            changes = {"database_url": server.url(name), "ballast_bytes": 8 * MIB}
            with on_small_disk(house, disk, folder / "data", **changes) as small:
                yield small
        finally:
            server.drop_database(name)
            server.execute(f"DROP TABLESPACE {space}")


WHERE = {"embedded": embedded, "journal": journal_only, "postgresql": served}


@pytest.fixture(params=WHERE)
def small(request: pytest.FixtureRequest, house: House) -> Iterator[Small]:
    with WHERE[request.param](house, request) as made:
        yield made


def test_a_withdrawal_works_on_a_full_disk_and_grants_use_up_nothing_of_its_room(small: Small) -> None:
    rig = small.rig
    seen = rig.decide(NUMBERS[1], "given", if_match=0)
    assert seen.status_code == 202
    small.fill()
    before = rig.revision()
    receipts = [rig.withdraw(gmc, key=gmc) for gmc in NUMBERS[1:20]]
    assert {answer.status_code for answer in receipts} == {202}
    assert rig.decide(NUMBERS[20], "refused").status_code == 202  # to refuse is to hide
    assert rig.revision() == before + 20
    assert [rig.withdraw(gmc, key=gmc).json() for gmc in NUMBERS[1:20]] == [one.json() for one in receipts]
    assert rig.named() == set()
    small.look_again()
    eventually(lambda: small.room.short, bool)
    for _ in range(5):
        refused = rig.decide(NUMBERS[21], "asked")
        assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
    body = f"gmc,name,programme\n{NUMBERS[0]},Dr New,thyroid-surgery-consultant-outcomes\n"
    sent = rig.officer("POST", "/v1/imports?kind=register", content=body, headers={"Content-Type": "text/csv"})
    assert sent.json()["code"] == "storage_full"
    assert rig.client.get("/health/ready").status_code == 200
    assert verify(rig.settings.database("consent")).sound


def test_it_is_held_again_when_there_is_room(small: Small) -> None:
    rig = small.rig
    small.fill()
    assert rig.withdraw(NUMBERS[2]).status_code == 202
    small.disk.fill()
    for _ in range(60):  # more than what was free a moment ago: the room that is held back is really used
        rig.withdraw(NUMBERS[3])
    small.disk.make_room()
    small.look_again()
    eventually(lambda: small.room.short, lambda short: not short)
    assert all(one.hold() for one in small.room.held)
    assert rig.decide(NUMBERS[21], "asked").status_code == 202


class Never:
    """A disk that is full, and gives nothing back."""

    released = 0

    def hold(self) -> bool:
        return False

    def release(self) -> bool:
        self.released += 1
        return False


def test_other_failures_release_nothing() -> None:
    held = Never()

    def broken() -> None:
        raise OSError(os.EX_IOERR, "planted")

    with pytest.raises(OSError, match="planted"):
        Room([held]).insist(broken)
    assert held.released == 0


class Away:
    """The disk of a database that does not answer just now."""

    def hold(self) -> bool:
        raise OperationalError("select 1", {}, psycopg.errors.AdminShutdown())

    def release(self) -> bool:
        return False


def test_a_database_that_is_away_is_not_a_full_disk() -> None:
    """Found by killing PostgreSQL: decisions were refused for want of room for twenty seconds afterwards."""
    room = Room([Away()])
    room.keep()
    assert not room.short
    assert room.modestly(lambda: "recorded") == "recorded"
    room.held = [Never()]
    room.keep()  # at the very next look
    assert room.short
