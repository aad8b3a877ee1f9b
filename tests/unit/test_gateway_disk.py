"""A full disk: readers are answered, withdrawals obeyed, nothing written is torn, and all is made up for later."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from services.gateway.view.changelog import ChangeLog
from services.gateway.view.room import Room
from shared.kit.ballast import Ballast
from tests.disks import SmallDisk, small_disk
from tests.unit.test_gateway_baked import ADAMS, BAKER, CLARK, first_view
from tests.unit.test_gateway_registration import statuses
from tests.unit.test_gateway_views import large_view
from tests.unit.test_gateway_world import Gateway, World, world

QUIET = 3600.0
MANY = [f"r-{number:012x}" for number in range(20_000)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """The data directory of the gateway of a world in `tmp_path`, 6 MiB."""
    with small_disk(tmp_path / "gateway", 6 << 20) as made:
        yield made


def mark(disk: SmallDisk) -> int:
    found: int = json.loads((disk.folder / "consent.json").read_bytes())["revision"]
    return found


def kinds(disk: SmallDisk) -> list[str]:
    lines = (disk.folder / "changes.ndjson").read_bytes().splitlines(keepends=True)
    assert all(line.endswith(b"\n") for line in lines)
    return [json.loads(line)["kind"] for line in lines]


def alarms(logs: list[Any]) -> list[str]:
    return [one["event"] for one in logs if one["log_level"] == "critical"]


async def view_of(gateway: Gateway) -> int:
    found: int = (await gateway.get("/v1/releases/2026-09-30")).json()["view"]
    return found


def test_a_withdrawal_on_a_full_disk_takes_the_space_held_back(tmp_path: Path, disk: SmallDisk) -> None:
    async def scenario(made: World) -> None:
        with structlog.testing.capture_logs() as logs:
            async with made.gateway(poll_seconds=QUIET) as gateway:
                disk.fill()
                assert await statuses(gateway, "/results", f"/consultants/{ADAMS}") == [200, 200]
                made.consent.withdraw(ADAMS)
                assert await statuses(gateway, f"/consultants/{ADAMS}", "/results") == [404, 200]
                assert (mark(disk), kinds(disk)[-1]) == (11, "rows.not_published")
                assert not (disk.folder / "ballast").exists()
                assert (await gateway.client.get("/health/ready")).status_code == 200
                disk.make_room()
                await gateway.tick()
                assert (disk.folder / "ballast").stat().st_size == 1 << 20
        assert alarms(logs) == ["disk_full"]
        assert [one["event"] for one in logs].count("disk_has_room_again") == 1

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_without_any_room_readers_are_answered_and_the_record_is_written_later(
    tmp_path: Path, disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.view.following.ROOM_AFTER_SECONDS", 0.0)
    monkeypatch.setattr("services.gateway.view.room.HOLD_AGAIN_AFTER", 0.0)

    async def scenario(made: World) -> None:
        with structlog.testing.capture_logs() as logs:
            async with made.gateway(poll_seconds=QUIET) as gateway:
                (disk.folder / "ballast").unlink()
                disk.fill()
                for revision, gone in ((11, ADAMS), (12, BAKER)):
                    assert made.consent.withdraw(gone) == revision
                    assert await statuses(gateway, f"/consultants/{gone}", "/results", f"/consultants/{CLARK}",
                                          "/files/results-fixed.csv") == [404, 200, 200, 200]  # fmt: skip
                    assert mark(disk) == 10  # old, and whole
                    told = [one["kind"] for one in (await gateway.get("/v1/changes")).json()["data"]]
                    assert kinds(disk) == told[: len(kinds(disk))]  # a page that is there already takes some more
                assert told == ["release.published", "rows.not_published", "rows.not_published"]
                made.ratings.publish(replace(large_view(2000), view=2))
                for _ in range(3):
                    await gateway.tick()
                    assert await view_of(gateway) == 1
                assert len(list((disk.folder / "views/2026-09-30").iterdir())) == 1  # half a view takes no room
                assert (await gateway.client.get("/health/ready")).status_code == 200
                disk.make_room()
                await gateway.tick()
                assert (await view_of(gateway), mark(disk)) == (2, 12)
                assert kinds(disk)[:3] == told
                assert await statuses(gateway, f"/consultants/{ADAMS}", f"/consultants/{CLARK}") == [404, 200]
        assert alarms(logs) == ["disk_full"]

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_whole_files_that_find_no_room_come_later_and_do_not_keep_a_release_back(
    tmp_path: Path, disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.view.following.ROOM_AFTER_SECONDS", 0.0)

    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            await gateway.tick()  # a view that a cut connection kept from coming at the start
        for path in (disk.folder / "public").rglob("results*"):
            path.unlink()
        (disk.folder / "ballast").unlink()
        for database in disk.folder.rglob("view.sqlite"):
            space = database.stat().st_size
        disk.fill()
        with (disk.folder / "filler").open("r+b") as filler:
            filler.truncate((disk.folder / "filler").stat().st_size - 4096)  # compiled anew, into its own place
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert space > 4096
            assert await statuses(gateway, "/results", "/files", "/files/results-fixed.csv") == [200, 503, 503]
            assert (await gateway.get("/v1/releases/2026-09-30")).json()["manifest"]["files"] == []
            assert (await gateway.client.get("/health/ready")).status_code == 200
            disk.make_room()
            await gateway.tick()
            assert await statuses(gateway, "/files", "/files/results-fixed.csv") == [200, 200]

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_line_that_was_cut_off_by_a_full_disk_is_written_whole_later(tmp_path: Path, disk: SmallDisk) -> None:
    target, room = disk.folder / "changes.ndjson", Room(Ballast(disk.folder, 0))
    written = ChangeLog(target, room)
    written.published("2026-03-31")
    disk.fill()
    with (disk.folder / "filler").open("r+b") as filler:
        filler.truncate((disk.folder / "filler").stat().st_size - 3 * 4096)  # for a part of the next line
    written.not_published("2026-03-31", 1, MANY)
    written.published("2026-09-30")
    assert [one["kind"] for one in ChangeLog(target, room).events] == ["release.published"]  # a restart now
    disk.make_room()
    written = ChangeLog(target, room)
    disk.fill()
    written.not_published("2026-03-31", 1, MANY)
    disk.make_room()
    asyncio.run(room.look_again())
    written.published("2026-09-30")
    assert ChangeLog(target, room).events == written.events
    assert [one["kind"] for one in written.events] == ["release.published", "rows.not_published", "release.published"]


def test_any_other_failure_of_the_disk_is_not_taken_for_a_full_one(tmp_path: Path) -> None:
    room = Room(Ballast(tmp_path, 4096))

    def fails() -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        room.write("x", fails)
    assert (room.waiting, room.alarmed, (tmp_path / "ballast").exists()) == ({}, False, True)
