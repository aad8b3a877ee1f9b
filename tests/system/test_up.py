"""`candour up`: starts, says where, restarts what dies, stops with everything, and refuses to run twice."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx

from tests.system.house import CANDOUR, ROOT, House


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_a_whole_life(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.up()
    told = "\n".join(house.output)
    for name, password in house.accounts.items():
        assert name in told
        assert password in told
    assert oct(house.accounts_file.stat().st_mode & 0o777) == "0o600"
    pids = [house.pid(name) for name in ("gateway", "ingest", "ratings", "consent")]

    again = subprocess.run(
        [*CANDOUR, "up", "--data", str(house.data)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert again.returncode == 1
    assert "Another `candour up`" in again.stderr

    house.kill("gateway")
    house.wait_ready("gateway")
    assert httpx.get(f"{house.url()}/v1", trust_env=False).status_code == 200
    pids.append(house.pid("gateway"))

    assert house.down() == 0
    assert [pid for pid in pids if alive(pid)] == []
    assert not (house.data / "running.json").exists()

    house.output.clear()
    house.up()
    assert "password" not in "\n".join(house.output), "accounts are shown once"
    assert house.run("release", "list").returncode == 0, "and still valid"
    assert house.down() == 0


def test_a_killed_supervisor_leaves_nothing_behind(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.up()
    pids = [house.pid(name) for name in ("gateway", "ingest", "ratings", "consent")]
    house.signal_supervisor(signal.SIGKILL)
    until = time.monotonic() + 30
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < until, "services outlived their supervisor"
        time.sleep(0.1)


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.data.mkdir(parents=True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", house.base + 2))
        taken.listen()
        done = subprocess.run(
            [*CANDOUR, "up", "--data", str(house.data), "--port", str(house.base)],
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert re.search(rf"Port {house.base + 2}, for ratings, is in use", done.stderr)


def test_secrets_are_private_and_no_password_is_kept(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.up()
    try:
        for key in (house.data / "secrets").iterdir():
            assert oct(key.stat().st_mode & 0o777) == "0o600"
        kept = b"".join(path.read_bytes() for path in house.data.rglob("*") if path.is_file())
        for password in house.accounts.values():
            assert password.encode() not in kept
        assert json.loads((house.data / "first-start.json").read_text())["shown"]
    finally:
        assert house.down() == 0
