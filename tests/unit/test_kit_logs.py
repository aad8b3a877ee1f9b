"""A log never stops what it tells about: on a full disk lines are lost, counted, and told when there is room again. It
is one JSON object a line, whoever speaks, and quotes nothing that was handled."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.kit.logs import LossyStream
from tests.disks import small_disk

TALK = """
import logging, sys, warnings
from shared.kit.logs import configure_logs, log
configure_logs("talker")
for number in range(int(sys.argv[1])):
    log.info("structured", number=number)
    logging.getLogger("library").error("of a library %d", number)
    warnings.warn(f"of the interpreter {number}")
    print("said plainly", file=sys.stderr)
try:
    raise RuntimeError("a fault")
except RuntimeError:
    logging.getLogger("library").exception("with its trace")
print("done")
"""


def talk(stderr: int, times: int = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", TALK, str(times)], stdout=subprocess.PIPE, stderr=stderr, text=True, check=False
    )


def test_a_program_goes_on_and_ends_well_though_nothing_can_be_logged() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        done = talk(full)
    finally:
        os.close(full)
    assert (done.returncode, done.stdout) == (0, "done\n")


def test_without_the_lossy_stream_the_same_disk_does_stop_a_program() -> None:
    """What we protect against is real: the interpreter's own stream raises, at the latest when the program ends."""
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        program = "import sys; print('x', file=sys.stderr); print('done')"
        done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, check=False)
    finally:
        os.close(full)
    assert (done.returncode, done.stdout) != (0, b"done\n")


def test_what_was_lost_is_told_once_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64 << 10) as disk:
        file = disk.folder / "service.log"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        stream = LossyStream(descriptor, "talker")
        stream.write("before\n")
        disk.fill()
        line = "x" * 2000 + "\n"
        while not stream.lost:
            stream.write(line)
        for _ in range(9):
            stream.write("lost\n" * 2000)
        assert stream.lost == 10
        disk.make_room()
        stream.write("after\n")
        stream.write("and more\n")
        os.close(descriptor)
        lines = file.read_text().splitlines()
    assert lines[0] == "before"
    assert set(lines[1:-4]) <= {line.rstrip()}
    told = json.loads(lines[-3])
    assert (told["event"], told["lost"], told["service"]) == ("log_lines_lost", 10, "talker")
    assert lines[-2:] == ["after", "and more"]
    assert line.startswith(lines[-4])  # the line that was cut off by the full disk; what follows stands on its own


@pytest.mark.parametrize("text", ["", "a name with ä and \ud800 in it\n"])
def test_any_text_can_be_written(tmp_path: Path, text: str) -> None:
    with (tmp_path / "log").open("wb") as out:
        stream = LossyStream(out.fileno(), "talker")
        assert stream.write(text) == len(text)
    assert (tmp_path / "log").read_text() == text.encode("utf-8", "backslashreplace").decode()


OF_LIBRARIES = """
import asyncio, gc, logging, threading
from fastapi import FastAPI
from shared.kit.logs import configure_logs
from shared.kit.serving import Server
import uvicorn

configure_logs("talker")
app = FastAPI()

@app.get("/people/{name}")
def person(name: str) -> None:
    try:
        {}[name]
    except KeyError as error:
        raise ExceptionGroup(f"nobody is {name}", [ValueError(name)]) from error

async def forgotten():
    raise RuntimeError("of Ms Made-Up")

async def main():
    task = asyncio.create_task(forgotten())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()
    server = Server(uvicorn.Config(app, port=0, log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    address = server.servers[0].sockets[0].getsockname()
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET /people/Ms%20Made-Up HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
    print((await reader.read()).split()[1].decode())
    server.should_exit = True
    await serving

asyncio.run(main())
library = logging.getLogger("library")
library.warning("%s asked %s", "Ms Made-Up", 3)
library.error("Cancel %s running task(s)", 3)
library.error("Traceback (most recent call last):\\n  File somewhere\\nNoSecret: 'x' is not there\\n")
threading.Thread(target=library.error, args=("from a thread",)).start()
"""

RAISES = """        raise ExceptionGroup(f"nobody is {name}", [ValueError(name)]) from error"""


def test_libraries_speak_in_lines_like_ours_and_quote_nothing_that_they_handled() -> None:
    done = subprocess.run([sys.executable, "-c", OF_LIBRARIES], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "500\n"), done.stderr
    assert "Made-Up" not in done.stderr
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert {(one["event"], one["service"]) for one in told} == {("library", "talker")}
    assert [one["said"] for one in told] == [
        "Task exception was never retrieved", "Exception in ASGI application", "%s asked %s",
        "Cancel 3 running task(s)", "NoSecret: 'x' is not there", "from a thread",
    ]  # fmt: skip
    assert [one["level"] for one in told] == ["error", "error", "warning", "error", "error", "error"]
    forgotten, asked = told[0]["errors"], told[1]["errors"]
    assert [one["kind"] for one in forgotten] == ["RuntimeError"]
    assert [one["kind"] for one in asked] == ["ExceptionGroup", "ValueError", "KeyError"]
    assert [one.split()[1] for one in forgotten[0]["where"]] == ["forgotten"]
    assert asked[0]["where"][-1].split() == [f"<string>:{OF_LIBRARIES.splitlines().index(RAISES) + 1}", "person"]
