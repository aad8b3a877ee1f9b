"""A sweep takes what killed processes left and nothing else, and a lock file keeps threads and processes apart."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from shared.kit.files import alone_at, is_settled, part_of, settle, sweep_parts, write_durably

WRITER = """
import sys
from pathlib import Path
from shared.kit.files import part_of
with part_of(Path(sys.argv[1])) as (part, out):
    out.write(b"half")
    out.flush()
    print(part, flush=True)
    sys.stdin.read()
"""
SWEEPER = """
import sys
from pathlib import Path
from shared.kit.files import sweep_parts
print("sweeping", flush=True)
while True:
    sweep_parts(Path(sys.argv[1]))
"""


def process(script: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_what_a_living_process_writes_is_not_swept_and_what_a_killed_one_left_is(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    with process(WRITER, str(tmp_path / "deep" / "upload")) as writer:
        assert writer.stdout is not None
        part = Path(writer.stdout.readline().strip())
        sweep_parts(tmp_path)
        assert part.read_bytes() == b"half"
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        assert part.exists()
        sweep_parts(tmp_path)
        assert list((tmp_path / "deep").iterdir()) == []


def test_no_file_is_lost_between_its_name_and_its_lock(tmp_path: Path) -> None:
    with process(SWEEPER, str(tmp_path)) as sweeper:
        assert sweeper.stdout is not None
        sweeper.stdout.readline()
        for number in range(300):
            write_durably(tmp_path / str(number), b"whole")
        sweeper.kill()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(map(str, range(300)))


def test_a_part_that_gets_no_name_leaves_nothing(tmp_path: Path) -> None:
    with part_of(tmp_path / "kept") as (part, out):
        out.write(b"whole")
        out.flush()
        settle(part, tmp_path / "kept")
    with part_of(tmp_path / "left"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (is_settled(tmp_path / "kept"), is_settled(tmp_path / "left")) == (True, False)


def test_one_at_a_time_at_a_lock_file(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with alone_at(tmp_path / "lock"):
            inside += 1
            most = max(most, inside)
            time.sleep(0.01)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
