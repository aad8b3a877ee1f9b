"""Who is dead is known from what the database, or the kernel, has let go of; nobody who lives is taken for dead."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from shared.kit import workers
from shared.kit.database import Database
from shared.kit.workers import FileMarks, Marks, ServerMarks, Watch
from tests.postgres import Postgres

PATIENCE_SECONDS = 30.0  # of a test that waits for what must come, however slow the machine

HOLDER = """
import sys
from pathlib import Path
from shared.kit.database import Database
from shared.kit.workers import FileMarks, ServerMarks
where = sys.argv[1]
marks = ServerMarks(Database(where).engine) if where.startswith("postgresql") else FileMarks(Path(where))
marks.hold("other")
print("held", flush=True)
for line in sys.stdin:
    marks.hold("other")
    print("held", flush=True)
"""


class Other:
    """Another process with a mark of its own."""

    def __init__(self, where: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.heard()

    def heard(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n"

    def hold_again(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("again\n")
        self.process.stdin.flush()
        self.heard()

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


def watching(marks: Marks) -> tuple[Watch, list[str]]:
    taken: list[str] = []
    marks.hold("me")
    return Watch(marks, "me", lambda: ["me", "other"], taken.append), taken


def looks(watch: Watch, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        watch.look()
        time.sleep(0.05)


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerMarks, "grace", 0.5)


def test_in_files_a_killed_worker_is_dead_at_once(tmp_path: Path) -> None:
    marks = FileMarks(tmp_path / "marks")
    other = Other(str(tmp_path / "marks"))
    watch, taken = watching(marks)
    looks(watch, 0.2)
    assert taken == []
    other.kill()
    watch.look()
    assert taken == ["other"]
    again = FileMarks(tmp_path / "marks")
    again.hold("third")
    assert sorted(path.stem for path in (tmp_path / "marks").iterdir()) == ["me", "third"]
    again.let_go()
    marks.let_go()
    assert list((tmp_path / "marks").iterdir()) == []


@pytest.mark.usefixtures("short_grace")
def test_on_a_server_a_killed_worker_is_dead_after_the_grace(postgres: Postgres) -> None:
    url = postgres.url(postgres.new_database())
    database = Database(url)
    other = Other(url)
    watch, taken = watching(ServerMarks(database.engine))
    looks(watch, 1.0)
    assert taken == []
    other.kill()
    killed = time.monotonic()
    while not taken:
        assert time.monotonic() - killed < PATIENCE_SECONDS
        watch.look()
        time.sleep(0.05)
    assert time.monotonic() - killed >= ServerMarks.grace, "dead, and its grace was not over"
    looks(watch, 0.3)
    assert set(taken) == {"other"}
    watch.marks.let_go()
    database.close()


@pytest.mark.usefixtures("short_grace")
def test_after_a_crash_of_the_database_whoever_comes_back_in_time_is_alive() -> None:
    with Postgres({"fsync": "off"}) as server:
        url = server.url(server.new_database())
        database = Database(url)
        other = Other(url)
        watch, taken = watching(ServerMarks(database.engine))
        watch.look()
        server.stop("immediate")
        with pytest.raises(DBAPIError):
            watch.marks.hold("me")
        with pytest.raises(DBAPIError):
            watch.look()
        server.start()
        time.sleep(0.6)  # longer than the grace: but we ourselves have only just come back
        watch.marks.hold("me")
        watch.look()
        with pytest.raises(AssertionError):
            other.hold_again()  # its session is lost: it ends, as a worker would try again
        other.kill()
        other = Other(url)
        looks(watch, 1.0)
        assert taken == []
        other.kill()
        looks(watch, 1.2)
        assert set(taken) == {"other"}
        watch.marks.let_go()
        database.close()


def test_a_machine_that_is_gone_is_noticed_within_half_a_minute(postgres: Postgres) -> None:
    """The server is asked to look after this session; its own default is two hours."""
    database = Database(postgres.url(postgres.new_database()))
    marks = ServerMarks(database.engine)
    marks.hold("me")
    assert marks.connection is not None
    found = [marks.connection.exec_driver_sql(f"SHOW {one.split()[0]}").scalar() for one in workers.NOTICED]
    assert found == ["5", "5", "3"]
    marks.let_go()
    database.close()
