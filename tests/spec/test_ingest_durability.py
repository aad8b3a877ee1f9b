"""An acknowledged file is never lost, an unacknowledged one leaves nothing behind, and every job is finished."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import psycopg
import pytest
from polars.exceptions import PolarsError

from services.ingest.problems import no_space_is_storage_full
from services.ingest.settings import Settings
from services.ingest.store.tables import write_frames
from shared.kit.jobs import ThreadedJobs
from shared.kit.problems import StorageFull
from tests import disks
from tests.spec.ingest_service import (
    NY,
    episode,
    episodes_file,
    ny_file,
    ny_row,
    prepared,
    running,
    sha256,
    some,
)  # fmt: skip
from tests.stores import Stores

CONTENT = ny_file(ny_row())
ROOT = Path(__file__).parents[2]


class NeverStarted(ThreadedJobs):
    """As if the process died between the commit and the start of the job."""

    def start(self, name: str, job_id: str, *arguments: Any) -> None:
        return None


def files_of(settings: Settings) -> list[str]:
    folder = settings.data_dir / "ingest" / "uploads"
    return sorted(path.name for path in folder.iterdir())


def test_bytes_that_are_not_the_address_leave_nothing(stores: Stores, tmp_path: Path) -> None:
    with running(*prepared(tmp_path, stores)) as service:
        path = f"/v1/feeds/{NY}/submissions/{sha256(CONTENT)}"
        answer = service.ask("PUT", path, content=CONTENT + b"\n")
        assert (answer.status_code, answer.json()["code"]) == (422, "digest_mismatch")
        assert files_of(service.settings) == []
        assert service.ask("GET", "/v1/submissions").json() == {"submissions": []}
        assert service.put(CONTENT).status_code == 201
        answer = service.ask("PUT", path, content=CONTENT + b"\n")
        assert (answer.status_code, answer.json()["code"]) == (422, "digest_mismatch")
        assert files_of(service.settings) == [sha256(CONTENT)]


@pytest.mark.parametrize("announced", [True, False])
def test_too_many_bytes_leave_nothing(stores: Stores, tmp_path: Path, announced: bool) -> None:
    with running(*prepared(tmp_path, stores, most_bytes=1000)) as service:
        content = b"x" * 1001
        path = f"/v1/feeds/{NY}/submissions/{sha256(content)}"
        body: Any = content if announced else iter([content[:500], content[500:]])
        answer = service.ask("PUT", path, content=body)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert "1,000 bytes" in answer.json()["detail"]
        assert files_of(service.settings) == []
        assert service.put(b"x" * 1000).status_code == 201


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("where", ["open", "fsync", "replace"])
def test_a_full_disk_is_told_and_leaves_nothing(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, code: int
) -> None:
    """The disk fails at a chosen call; every other part is real."""
    with running(*prepared(tmp_path, stores)) as service:
        owner = Path if where == "replace" else os
        real = getattr(owner, where)

        def full(path: Any, *arguments: Any, **named: Any) -> Any:
            if where == "fsync" or "uploads" in str(path):
                raise OSError(code, os.strerror(code))
            return real(path, *arguments, **named)

        with monkeypatch.context() as patched:
            patched.setattr(owner, where, full)
            answer = service.put(CONTENT)
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
        assert files_of(service.settings) == []
        assert service.ask("GET", "/v1/submissions").json() == {"submissions": []}
        assert some(service.send(CONTENT)["fates"]) == {"header": 1, "accepted": 1}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disks.small_disk(tmp_path / "disk", 3 << 20) as disk:
        yield disk.folder


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    with running(*prepared(small_disk)) as service:
        standing = service.send(CONTENT)
        big = episodes_file(*(episode(number) for number in range(100_000)))
        for _ in range(3):
            answer = service.put(big, "candour-demo")
            assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
        assert files_of(service.settings) == [sha256(CONTENT)]
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space"):
            filler.write_bytes(bytes(4 << 20))
        more = ny_file(ny_row("1002"))
        answer = service.put(more)
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
        assert files_of(service.settings) == [sha256(CONTENT)]
        assert service.put(CONTENT).status_code == 200
        assert service.submission(CONTENT) == standing
        filler.unlink()
        assert some(service.send(more)["fates"]) == {"header": 1, "accepted": 1}


def test_a_disk_that_fills_while_a_table_is_written(small_disk: Path) -> None:
    """Polars tells it in words of its own: it is storage that is full all the same, and never a failure of ours."""
    frame = pl.DataFrame({"line": [os.urandom(32).hex() for _ in range(200_000)]})
    with pytest.raises(StorageFull), no_space_is_storage_full():
        write_frames(small_disk / "table", [frame], frame.schema)
    with pytest.raises(PolarsError), no_space_is_storage_full():
        pl.read_parquet(small_disk / "table")


def test_a_job_that_was_never_started_is_started_when_the_service_starts(stores: Stores, tmp_path: Path) -> None:
    settings, passwords = prepared(tmp_path, stores)
    second = ny_file(ny_row(), ny_row("1002"))
    with running(settings, passwords, NeverStarted()) as service:
        assert service.put(CONTENT).status_code == 201
        assert service.put(second).status_code == 201
        assert service.submission(CONTENT)["state"] == "received"
        answer = service.ask("POST", "/v1/snapshots", json={"feed": NY})
        assert (answer.status_code, answer.json()["code"]) == (409, "submission_pending")
    with running(settings, passwords) as service:
        assert some(service.decided(CONTENT)["fates"]) == {"header": 1, "accepted": 1}
        assert some(service.decided(second)["fates"]) == {"header": 1, "duplicate": 1, "accepted": 1}


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), psycopg.errors.AdminShutdown()])
def test_what_is_kept_is_acknowledged_though_its_job_cannot_be_started(
    stores: Stores, tmp_path: Path, error: Exception
) -> None:
    """The bytes and their record are durable by then: to refuse them would say that nothing was kept."""

    class NoRoom(ThreadedJobs):
        def start(self, name: str, job_id: str, *arguments: Any) -> None:
            raise error

    settings, passwords = prepared(tmp_path, stores)
    with running(settings, passwords, NoRoom()) as service:
        assert service.put(CONTENT).status_code == 201
        assert service.submission(CONTENT)["state"] == "received"
    with running(settings, passwords) as service:
        assert some(service.decided(CONTENT)["fates"]) == {"header": 1, "accepted": 1}


def test_a_lost_job_is_started_again_by_the_same_bytes(stores: Stores, tmp_path: Path) -> None:
    class FirstLost(ThreadedJobs):
        lost = False

        def start(self, name: str, job_id: str, *arguments: Any) -> None:
            if self.lost:
                super().start(name, job_id, *arguments)
            self.lost = True

    settings, passwords = prepared(tmp_path, stores)
    with running(settings, passwords, FirstLost()) as service:
        receipt = service.put(CONTENT).json()
        assert service.submission(CONTENT)["state"] == "received"
        again = service.put(CONTENT)
        assert (again.status_code, again.json()) == (200, receipt)
        assert service.decided(CONTENT)["state"] == "checked"


def test_submissions_are_decided_in_order_of_receipt(stores: Stores, tmp_path: Path) -> None:
    """Whichever job runs first: here the last one is the only one."""

    class OnlyThird(ThreadedJobs):
        started = 0

        def start(self, name: str, job_id: str, *arguments: Any) -> None:
            self.started += 1
            if self.started == 3:
                super().start(name, job_id, *arguments)

    files = [ny_file(ny_row(), ny_row(str(number))) for number in (1002, 1003, 1004)]
    with running(*prepared(tmp_path, stores), OnlyThird()) as service:
        for content in files:
            service.put(content)
        service.decided(files[2])
        accepted = [service.submission(content)["fates"]["accepted"] for content in files]
        assert accepted == [2, 1, 1]


def test_a_job_that_runs_twice_changes_nothing(stores: Stores, tmp_path: Path) -> None:
    class Twice(ThreadedJobs):
        def start(self, name: str, job_id: str, *arguments: Any) -> None:
            super().start(name, job_id, *arguments)
            super().start(name, job_id + ".again", *arguments)

    settings, passwords = prepared(tmp_path, stores)
    with running(settings, passwords, Twice()) as service:
        service.send(CONTENT)
        assert some(service.send(ny_file(ny_row(), ny_row("1002")))["fates"]) == {
            "header": 1, "duplicate": 1, "accepted": 1,
        }  # fmt: skip
        frozen = service.freeze()
    with running(settings, passwords, Twice()) as service:
        assert service.freeze() == frozen
        assert some(service.submission(CONTENT)["fates"]) == {"header": 1, "accepted": 1}


def test_half_written_files_of_a_killed_service_are_swept(stores: Stores, tmp_path: Path) -> None:
    settings, passwords = prepared(tmp_path, stores)
    with running(settings, passwords):
        pass
    (settings.data_dir / "ingest" / "uploads" / ".abc.123456.part").write_bytes(b"half")
    with running(settings, passwords):
        assert files_of(settings) == []


def test_no_line_is_logged(stores: Stores, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    secret = "Xyzzy-4711"
    with running(*prepared(tmp_path, stores)) as service:
        service.send(ny_file(ny_row(name=secret), ny_row(cases=secret), secret))
        service.send(secret.encode())
        service.aside(ny_file(ny_row(name=secret), ny_row(cases=secret), secret))
    captured = capfd.readouterr()
    assert "submission_decided" in captured.out + captured.err
    assert secret not in captured.out + captured.err


class Served:
    """`python -m services.ingest serve` as a process of its own, with its durable jobs."""

    def __init__(self, settings: Settings, passwords: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.passwords = passwords
        self.url = f"http://127.0.0.1:{port}"
        named = {"DATA_DIR": settings.data_dir, "PEOPLE_FILE": settings.people_file, "PORT": port,
                 "SECRETS_DIR": settings.secrets_dir}  # fmt: skip
        self.environment = os.environ | {f"CANDOUR_INGEST_{name}": str(value) for name, value in named.items()}
        self.client = httpx.Client(
            base_url=self.url, auth=("steward", passwords["steward"]), timeout=30, trust_env=False
        )
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "services.ingest", "serve"]
        self.child = subprocess.Popen(command, cwd=ROOT, env=self.environment)
        until = time.monotonic() + 60
        while time.monotonic() < until and self.child.poll() is None:
            try:
                if self.client.get("/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("it ended, or was not ready after a minute")

    def end(self, how: signal.Signals) -> int:
        assert self.child is not None
        self.child.send_signal(how)
        return self.child.wait(30)


def test_kill_9_at_any_moment_after_the_receipt_loses_nothing(tmp_path: Path) -> None:
    settings, passwords = prepared(tmp_path)
    served = Served(settings, passwords)
    files = [
        episodes_file(*(episode(number) for number in range(first, first + 20_000)))
        for first in (0, 10_000, 20_000, 30_000)
    ]
    try:
        for content, pause in zip(files, (0.0, 0.02, 0.06, 0.15), strict=True):
            served.start()
            answer = served.client.put(f"/v1/feeds/candour-demo/submissions/{sha256(content)}", content=content)
            assert answer.status_code == 201
            time.sleep(pause)
            assert served.end(signal.SIGKILL) == -signal.SIGKILL
        served.start()
        fates = [_decided(served, content) for content in files]
        assert [some(one) for one in fates] == [
            {"header": 1, "accepted": 20_000},
            *[{"header": 1, "accepted": 10_000, "duplicate": 10_000}] * 3,
        ]
        snapshot = served.client.post("/v1/snapshots", json={"feed": "candour-demo"}).json()
        assert (snapshot["rows"], snapshot["submissions"]) == (50_000, [sha256(content) for content in files])
        assert served.end(signal.SIGTERM) == 0
    finally:
        if served.child is not None and served.child.poll() is None:
            served.end(signal.SIGKILL)


def _decided(served: Served, content: bytes) -> dict[str, int]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = served.client.get(f"/v1/submissions/{sha256(content)}").json()
        if found["state"] != "received":
            return dict(found["fates"])
        time.sleep(0.05)
    raise AssertionError("no fates after a minute")


def test_the_service_that_was_prepared_is_the_one_served(tmp_path: Path) -> None:
    """The embedded default and the process differ in settings only."""
    settings, passwords = prepared(tmp_path)
    with running(settings, passwords) as service:
        service.send(CONTENT)
        before = service.freeze()
    served = Served(settings, passwords)
    try:
        served.start()
        assert served.client.post("/v1/snapshots", json={"feed": NY}).json() == before
        assert served.end(signal.SIGTERM) == 0
    finally:
        if served.child is not None and served.child.poll() is None:
            served.end(signal.SIGKILL)
