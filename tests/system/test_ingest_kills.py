"""`kill -9` at every step of a job: at each file that gets its name and each transaction that ends. Then it resumes, no
line is lost or doubled, and nothing half made is taken for whole. CI takes a few moments of each kind;
CANDOUR_INGEST_KILLS is how many at full size."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.ingest.settings import Settings
from tests.ports import free_ports
from tests.spec.ingest_service import episode, episodes_file, prepared, sha256, some

ROOT = Path(__file__).parents[2]
FEED = "candour-demo"
KILLS = int(os.environ.get("CANDOUR_INGEST_KILLS", "2"))
FIRST = episodes_file(*(episode(number) for number in range(11_000)))  # long enough to be kept as it is read
SECOND = episodes_file(*(episode(number) for number in range(10_000, 12_000)), episode(1, died_30_days="1"), "broken")
EXPECTED = (
    {"header": 1, "accepted": 10_999, "conflict": 1},
    {"header": 1, "accepted": 1_000, "duplicate": 1_000, "conflict": 1, "quarantined": 1},
)


class Serving:
    """One ingest process after another on the same data directory."""

    def __init__(self, settings: Settings, passwords: dict[str, str]) -> None:
        [port] = free_ports(1)
        named = {"DATA_DIR": settings.data_dir, "PEOPLE_FILE": settings.people_file, "PORT": port,
                 "SECRETS_DIR": settings.secrets_dir}  # fmt: skip
        self.environment = os.environ | {f"CANDOUR_INGEST_{name}": str(value) for name, value in named.items()}
        self.password = passwords["steward"]
        url, auth = f"http://127.0.0.1:{port}", ("steward", self.password)
        self.client = httpx.Client(base_url=url, auth=auth, timeout=60, trust_env=False)
        self.child: subprocess.Popen[bytes] | None = None
        self.moments = settings.data_dir.parent / "moments"

    def start(self, moment: int = 0) -> None:
        """Until it is ready, or has been killed on the way. Raises AssertionError after a minute."""
        command = [sys.executable, "-m", "tests.system.ingest_killed", str(moment), str(self.moments)]
        self.child = subprocess.Popen(command, cwd=ROOT, env=self.environment)
        self.until(lambda: not self.lives() or self.ready(), "neither ready nor ended")

    def lives(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def ready(self) -> bool:
        try:
            return self.client.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def end(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.wait(30)

    def send(self, content: bytes) -> bool:
        """Whether it was acknowledged."""
        try:
            answer = self.client.put(f"/v1/feeds/{FEED}/submissions/{sha256(content)}", content=content)
        except httpx.TransportError:
            return False
        assert answer.status_code in (200, 201), answer.text
        return True

    def submission(self, content: bytes) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/v1/submissions/{sha256(content)}").raise_for_status().json()
        return found

    def decided(self) -> bool:
        try:
            return all(self.submission(content)["state"] != "received" for content in (FIRST, SECOND))
        except (httpx.TransportError, httpx.HTTPStatusError):
            return False

    def until(self, holds: Any, what: str) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if holds():
                return
            time.sleep(0.05)
        raise AssertionError(f"{what} after a minute")


@contextmanager
def serving(folder: Path) -> Iterator[Serving]:
    served = Serving(*prepared(folder))
    try:
        yield served
    finally:
        served.end()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int]:
    """The snapshot of a house in which nothing was killed, and how many moments there were to be killed at."""
    with serving(tmp_path_factory.mktemp("whole")) as served:
        served.start()
        sent(served)
        last = int(served.moments.read_text())
        return finished(served), last


def sent(served: Serving) -> None:
    assert served.send(FIRST)
    assert served.send(SECOND)
    served.until(served.decided, "no fates")


def finished(served: Serving) -> dict[str, Any]:
    """Everything sent, whoever was killed meanwhile; the snapshot of it."""
    sent(served)
    assert tuple(some(served.submission(content)["fates"]) for content in (FIRST, SECOND)) == EXPECTED
    frozen: dict[str, Any] = served.client.post("/v1/snapshots", json={"feed": FEED}).raise_for_status().json()
    return frozen


@pytest.mark.parametrize("number", range(KILLS))
def test_kill_9_at_a_step_loses_and_doubles_no_line(
    tmp_path: Path, whole: tuple[dict[str, Any], int], number: int
) -> None:
    """Moments are spread over the work of two files; the first of them is the first transaction of the start."""
    expected, last = whole
    moment = 1 + last * number // KILLS
    with serving(tmp_path) as served:
        served.start(moment)
        acknowledged = [content for content in (FIRST, SECOND) if served.lives() and served.send(content)]
        if len(acknowledged) == 2:
            served.until(lambda: not served.lives() or served.decided(), "neither killed nor decided")
        else:
            served.until(lambda: not served.lives(), "it does not answer, and lives")
        hit = not served.lives()
        assert not hit or (served.child is not None and served.child.returncode == -signal.SIGKILL)
        served.end()
        served.start()
        for content in acknowledged:
            assert served.submission(content)["sha256"] == sha256(content)
        frozen = finished(served)
        assert {name: frozen[name] for name in ("digest", "rows", "submissions")} == {
            name: expected[name] for name in ("digest", "rows", "submissions")
        }
        assert not list((served_folder(served) / "uploads").glob(".*.part"))
    sys.stdout.write(f"\nmoment {moment} of {last}: {'killed' if hit else 'not reached'}\n")
    if number >= last or not hit:
        pytest.skip(f"UNKNOWN: moment {moment} of {last} did not come, or there are fewer than {KILLS}")


def served_folder(served: Serving) -> Path:
    return Path(served.environment["CANDOUR_INGEST_DATA_DIR"]) / "ingest"
