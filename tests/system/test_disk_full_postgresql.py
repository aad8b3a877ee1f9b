"""F10 on the production shape: the disk of PostgreSQL's tables is full, then that of its log. In the first case
withdrawals are still recorded, with the room that consent holds back inside the database; in the second nothing can be,
so nothing is acknowledged and nothing of a person is answered. Then there is room, and no service is started again.

Two minutes, so not in CI: `make assure GOAL=disk-full-postgresql`. CI fills the disk of one service's own server, in
tests/unit/test_consent_room.py.
"""

import contextlib
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest

from tests.disks import SmallDisk, open_folder, small_disk
from tests.postgres import Postgres, is_root
from tests.system.composed import Composed
from tests.system.composed_parts import POSTGRES, flags_of
from tests.system.full_house import FullHouse
from tests.system.history import Person
from tests.system.small_file import INDICATOR

pytestmark = pytest.mark.skipif(
    "CANDOUR_FULL_POSTGRESQL" not in os.environ, reason="full size only: make assure GOAL=disk-full-postgresql"
)

MIB: Final = 1 << 20
DOORS: Final = ("gateway-1", "gateway-2", "proxy")
SERVICES: Final = ("ingest", "ratings", "consent", "gateway-1", "gateway-2", "proxy")
HELD: Final = "select pg_relation_size('ballast')"
WITHDRAWALS: Final = 5
MOST_UPLOADS: Final = 400


class LogElsewhere(Postgres):
    """A server whose log (pg_wal) is on a disk of its own, as a careful operator has it."""

    def __init__(self, settings: dict[str, str], folder: Path, log_folder: Path, port: int) -> None:
        super().__init__(settings, folder, port)
        self.log_folder = log_folder

    def init(self) -> None:
        super().init()
        inside, outside = self.data / "pg_wal", self.log_folder / "pg_wal"
        shutil.copytree(inside, outside)
        shutil.rmtree(inside)
        inside.symlink_to(outside)
        if is_root():
            for path in (outside, *outside.rglob("*")):
                shutil.chown(path, "nobody", "nogroup")


class FullDatabase(FullHouse):
    """The composed house, its database on two small disks."""

    house: Composed

    def __init__(self, house: Composed, disks: dict[str, SmallDisk]) -> None:
        volumes = house.site.folder / "volumes"
        super().__init__(house, disks, DOORS, volumes / "ingest-data" / "ingest" / "uploads")

    def upload_until_refused(self) -> int:
        """How many files were still recorded, in pages that the database had: each of them is to get its fates. Of
        the one that is refused nothing stays."""
        for taken in range(MOST_UPLOADS):
            body, before = self.another_file(), self.kept()
            answer = self.upload(body)
            if answer.status_code == 507:
                assert answer.json()["code"] == "storage_full"
                with self.client("ingest", "steward") as steward:
                    assert steward.get(f"/v1/submissions/{hashlib.sha256(body).hexdigest()}").status_code == 404
                assert self.kept() == before
                return taken
            assert answer.status_code == 201, answer.text
        raise AssertionError(f"UNKNOWN: {MOST_UPLOADS} uploads found room; the disk is not full")

    def grant_until_refused(self, people: list[Person]) -> int:
        """How many decisions that can wait were still recorded."""
        for taken in range(MOST_UPLOADS):
            if self.grant(people[taken % len(people)]) == 507:
                return taken
        raise AssertionError(f"UNKNOWN: {MOST_UPLOADS} decisions found room; the disk is not full")

    def all_checked(self) -> bool:
        with self.client("ingest", "steward") as steward:
            return not steward.get("/v1/submissions?state=received&limit=1").json()["submissions"]

    def held(self) -> bool:
        return int(self.house.postgres.execute(HELD, "consent")[0][0]) >= 64 * MIB


@pytest.fixture(scope="module")
def house() -> Iterator[FullDatabase]:
    with (
        open_folder() as folder,
        small_disk(folder / "tables", 352 * MIB) as tables,
        small_disk(folder / "log", 256 * MIB) as log,
    ):
        composed = Composed(folder / "house")
        settings = flags_of(composed.file.services[POSTGRES].command) | {"max_wal_size": "128MB"}
        port = composed.site.port(POSTGRES)
        composed.postgres = LogElsewhere(settings, tables.folder / "server", log.folder, port)
        with composed:
            yield FullDatabase(composed, {"tables": tables, "log": log})


def test_tables_without_room_stop_no_read_and_no_withdrawal(house: FullDatabase) -> None:
    house.until(house.held, "consent does not hold its room")
    pids = {name: house.house.pid(name) for name in SERVICES}
    with house.full("tables"):
        house.reads_go_on()
        uploads = house.upload_until_refused()
        grants = house.grant_until_refused([house.withdraw()])
        withdrawn = [house.withdraw() for _ in range(WITHDRAWALS)]
        assert not house.held(), "UNKNOWN: the room that is held back was not needed"
        house.house.kill("consent")
        house.until(lambda: house.house.healthy("consent"), "consent does not come back")
        house.withdraw()
        house.nothing_forgotten()
        house.reads_go_on()
    del pids["consent"]
    house.whole_again(*pids.items())
    house.until(house.all_checked, "an upload that was acknowledged has no fates", 90.0)
    house.until(house.held, "consent does not hold its room again", 60.0)
    house.fixed_release = house.publish()
    sys.stdout.write(
        f"\ntables full: {len(withdrawn) + 2} withdrawals 202, uploads 507 after {uploads} more, grants 507 after "
        f"{grants} more; nothing started again but consent, which was killed\n"
    )


def test_a_log_without_room_refuses_and_forgets_nothing(house: FullDatabase) -> None:
    pids = {name: house.house.pid(name) for name in SERVICES}
    person = house.next_shown()
    with house.full("log"):
        database_ends(house.house.postgres)
        with house.house.officer() as officer:
            body = {"programme": person.programme, "purpose": "own_figures", "channel": "disk-full"}
            key = {"Idempotency-Key": f"full-{person.gmc}"}
            answer = officer.post(f"/v1/consultants/{person.gmc}/withdrawal", json=body, headers=key)
            assert answer.status_code == 503, answer.text  # not acknowledged
        for door in DOORS:
            with house.house.reader(door) as reader:
                shown = reader.get(f"/v1/releases/{house.person_release}/consultants/{person.gmc}")
                assert (shown.status_code, shown.json()["code"]) == (503, "consent_unreachable")
                for path in ("/v1/releases", f"/v1/releases/{house.fixed_release}/results?indicator={INDICATOR}", "/"):
                    assert reader.get(path).status_code == 200, (door, path)
    house.house.postgres.stop("immediate")
    house.house.postgres.start()
    house.until(lambda: house.house.healthy("consent"), "consent does not come back")
    house.whole_again(*pids.items())
    house.nothing_forgotten()
    assert "holds" in house.house.exec("consent", "python", "-m", "services.consent", "verify-ledger").stdout
    checked(house.house.postgres)
    for name, pid in pids.items():
        assert house.house.pid(name) == pid


def database_ends(server: Postgres) -> None:
    """Write until it has no room for its log: then it ends, and starts again only when there is some."""
    until = time.monotonic() + 60
    while server.answers():
        assert time.monotonic() < until, "UNKNOWN: the log still finds room"
        with contextlib.suppress(psycopg.Error):
            server.execute("select pg_logical_emit_message(true, 'full', repeat('x', 1000000))")


def checked(server: Postgres) -> None:
    """Every page of the stopped server against its checksum."""
    server.stop("fast")
    done = server.run("pg_checksums", "--check", "-D", str(server.data))
    assert "Bad checksums:  0" in done.stdout, done.stdout
    server.start()
