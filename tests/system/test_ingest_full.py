"""A disk that is full at each step of what ingest does: whoever waits is told 507, and a job rests until there is room.
Nothing half made is taken for whole: what comes of it is what comes of a house with room."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.kit.jobs import ThreadedJobs
from tests.disks import SmallDisk, small_disk
from tests.spec.ingest_service import NY, Ingest, episode, episodes_file, ny_file, ny_row, prepared, running, sha256
from tests.spec.test_ingest_faults import until_ended

FEED = "candour-demo"
CONTENT = episodes_file(*(episode(number) for number in range(5_000)), "broken")
PATH = f"/v1/feeds/{FEED}/submissions/{sha256(CONTENT)}"
MIB = 1 << 20
HALVES = ("tables", "readings", "uploads", "scratch")


class FillsAt(ThreadedJobs):
    """The disk is filled just before one step of a job, to the last bytes but `left`."""

    def __init__(self, disk: SmallDisk) -> None:
        super().__init__()
        self.disk, self.at, self.left, self.filled = disk, "", 0, False

    def step(self, name: str, function: Any, *arguments: Any) -> Any:
        if name == self.at and not self.filled:
            self.filled = True
            fill(self.disk, self.left)
        return super().step(name, function, *arguments)


def fill(disk: SmallDisk, left: int = 0) -> None:
    disk.fill()
    if left:
        with (disk.folder / "filler").open("r+b") as filler:
            filler.truncate((disk.folder / "filler").stat().st_size - left)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 16 * MIB) as made:
        yield made


@pytest.fixture(scope="module")
def digest(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of what is frozen where there is room."""
    with running(*prepared(tmp_path_factory.mktemp("roomy"))) as ingest:
        ingest.send(CONTENT, FEED)
        return str(ingest.freeze(FEED)["digest"])


def half_made(ingest: Ingest) -> list[Path]:
    folder = ingest.settings.data_dir / "ingest"
    return [path for name in HALVES for path in (folder / name).glob(".*")]


def full(answer: Any) -> bool:
    return (answer.status_code, answer.json()["code"]) == (507, "storage_full")


@pytest.mark.parametrize(("at", "left"), [("read", 30_000), ("profile", 0), ("resolve", 0), ("record", 0)])
def test_a_job_rests_until_there_is_room(disk: SmallDisk, digest: str, at: str, left: int) -> None:
    jobs = FillsAt(disk)
    with running(*prepared(disk.folder), jobs) as ingest:
        ingest.send(ny_file(ny_row()))
        jobs.at, jobs.left = at, left
        assert ingest.put(CONTENT, FEED).status_code == 201
        until_ended(ingest)
        assert jobs.filled
        assert ingest.submission(CONTENT, FEED)["state"] == "received"
        assert half_made(ingest) == []
        assert ingest.submission(ny_file(ny_row()))["state"] == "checked"
        disk.fill()
        assert full(ingest.put(ny_file(ny_row("1002"))))
        disk.make_room()
        assert ingest.put(CONTENT, FEED).status_code == 200
        assert ingest.decided(CONTENT, FEED)["fates"]["accepted"] == 5_000
        assert ingest.freeze(FEED)["digest"] == digest


def test_a_disk_that_fills_during_an_upload_keeps_nothing_of_it(disk: SmallDisk, digest: str) -> None:
    def arriving() -> Iterator[bytes]:
        yield CONTENT[:100_000]
        fill(disk)
        yield CONTENT[100_000:]

    with running(*prepared(disk.folder)) as ingest:
        assert full(ingest.ask("PUT", PATH, content=arriving()))
        assert half_made(ingest) == []
        assert ingest.ask("GET", f"/v1/submissions/{sha256(CONTENT)}").status_code == 404
        disk.make_room()
        assert ingest.send(CONTENT, FEED)["state"] == "checked"
        assert ingest.freeze(FEED)["digest"] == digest


def test_a_disk_that_is_full_when_rows_are_frozen(disk: SmallDisk, digest: str) -> None:
    with running(*prepared(disk.folder)) as ingest:
        ingest.send(CONTENT, FEED)
        before = ingest.ask("GET", f"/v1/submissions/{sha256(CONTENT)}/profile").json()
        fill(disk)
        assert full(ingest.ask("POST", "/v1/snapshots", json={"feed": FEED}))
        assert half_made(ingest) == []
        assert ingest.ask("GET", "/v1/snapshots").json() == {"snapshots": []}
        assert ingest.ask("GET", f"/v1/submissions/{sha256(CONTENT)}/profile").json() == before
        assert len(ingest.aside(CONTENT)) == 1
        assert ingest.ask("GET", f"/v1/feeds/{NY}").status_code == 200
        disk.make_room()
        assert ingest.freeze(FEED)["digest"] == digest
