"""The process that reads: what it is told and how, what ends it, and that nothing half written is left."""

import errno
import signal
import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import pytest

from services.ingest.reading import reader
from services.ingest.reading.folders import beside, give_name, sweep_folders
from services.ingest.reading.limited import lines_as_sent, read_limited
from services.ingest.reading.orders import Order
from services.ingest.reading.parts import contents_of, frames
from services.ingest.reading.read import read
from services.ingest.reading.reader import ReaderFailed
from services.ingest.refusals import Refused
from services.ingest.source import load_sources
from tests.unit.test_ingest_forms import IN_BOOK, book, sent, source

KEY = bytes(range(32))
SOURCES = load_sources()


def quiet(_done: int, _total: int) -> None:
    """Nobody asks how far it is."""


def standing_in(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Another program instead of the reader: what it does is done to the process that watches."""
    monkeypatch.setattr(reader, "COMMAND", (sys.executable, "-c", code))


def test_it_reads_what_is_read_in_process(tmp_path: Path) -> None:
    path = sent(tmp_path, "code,town,note", "A1,Leeds,x", "A2", "A3,York,")
    told: list[tuple[int, int]] = []
    made = read_limited(path, source(), tmp_path / "read", None, None, lambda done, total: told.append((done, total)))
    here = read(path, source())
    assert pl.concat(frames(tmp_path / "read", made.rows)).equals(here.rows)
    assert pl.concat(frames(tmp_path / "read", made.aside)).equals(here.aside)
    assert contents_of(tmp_path / "read") == made
    assert told
    assert sorted(one.name for one in tmp_path.iterdir()) == ["read", "sent"]


def test_what_was_read_before_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sent(tmp_path, "code,town,note", "A1,Leeds,x")
    made = read_limited(path, source(), tmp_path / "read", None, None, quiet)
    standing_in(monkeypatch, "raise SystemExit(1)")
    assert read_limited(path, source(), tmp_path / "read", None, None, quiet) == made


@pytest.mark.parametrize("source_id", sorted(SOURCES))
def test_an_order_is_understood_as_it_was_given(source_id: str) -> None:
    given = SOURCES[source_id]
    order = Order(path=Path("a"), source=given, folder=Path("b"), name=None, key=None)
    assert Order.model_validate_json(order.model_dump_json(by_alias=True)).source == given


def test_the_key_is_in_no_argument_and_in_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is anything else of the service's own environment."""
    seen = tmp_path / "seen"
    standing_in(
        monkeypatch,
        f"import os, sys; told = sys.stdin.read(); open({str(seen)!r}, 'w').write(repr((sys.argv, dict(os.environ))));"
        'print(\'{"failed": "error", "kind": "Asked"}\')',
    )
    monkeypatch.setenv("CANDOUR_INGEST_TOKEN", "a-secret-of-ours")
    with pytest.raises(ReaderFailed, match="Asked"):
        read_limited(sent(tmp_path, "code,town,note", "A1,,"), source(), tmp_path / "read", None, KEY, quiet)
    assert KEY.hex() not in seen.read_text()
    assert "a-secret-of-ours" not in seen.read_text()
    assert not (tmp_path / "read").exists()


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "reader-died"),
        ("raise SystemExit(12)", "too-much-memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "too-much-time"),
        ("import time; held = b'x' * (700 << 20); time.sleep(600)", "too-much-memory"),
    ],
)
def test_a_reader_that_ends_badly_refuses_the_file(
    code: str, refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing_in(monkeypatch, code)
    with pytest.raises(Refused, match=refused):
        read_limited(sent(tmp_path, "code,town,note", "A1,,"), source(), tmp_path / "read", None, None, quiet)
    assert [one.name for one in tmp_path.iterdir()] == ["sent"]


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit(1)", "import nothing_of_this_name", "raise SystemExit(0)",
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    ],
)  # fmt: skip
def test_a_reader_that_fails_says_nothing_of_the_file(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing_in(monkeypatch, code)
    with pytest.raises(ReaderFailed, match="it ended with"):
        read_limited(sent(tmp_path, "code,town,note", "A1,,"), source(), tmp_path / "read", None, None, quiet)
    assert [one.name for one in tmp_path.iterdir()] == ["sent"]


def test_only_what_ends_two_readers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is ended by a machine that is short of memory, and leaves something behind; the second reads."""
    once = tmp_path / "once"
    standing_in(
        monkeypatch,
        f"import os, pathlib, signal, sys; once = pathlib.Path({str(once)!r}); there = once.exists(); once.touch();"
        "told = sys.stdin.buffer.read();"
        "from services.ingest.reading.orders import Order; order = Order.model_validate_json(told);"
        "there or (order.folder / 'left').write_text('half');"
        "there or os.kill(os.getpid(), signal.SIGKILL);"
        "assert not any(order.folder.iterdir());"
        "from services.ingest.reading import child; child.say(child._obeyed(order))",
    )
    made = read_limited(sent(tmp_path, "code,town,note", "A1,,"), source(), tmp_path / "read", None, None, quiet)
    assert (made.lines, made.height) == (2, 1)


def test_a_reader_that_takes_for_ever_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    standing_in(monkeypatch, "import time; time.sleep(600)")
    monkeypatch.setattr(reader, "WALL_SECONDS", 0)
    with pytest.raises(Refused, match="too-much-time"):
        read_limited(sent(tmp_path, "code,town,note", "A1,,"), source(), tmp_path / "read", None, None, quiet)


@pytest.mark.parametrize("said", ["'no JSON'", """'{"done": "far"}'""", """'{"unheard": "of"}'""", "'x' * (2 << 20)"])
def test_what_no_reader_says_is_not_believed(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    standing_in(monkeypatch, f"print({said})")
    with pytest.raises(ReaderFailed, match=r"^it said what no reader says$"):
        read_limited(sent(tmp_path, "code,town,note", "A1,,"), source(), tmp_path / "read", None, None, quiet)


def test_a_full_disk_is_no_fault_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    standing_in(monkeypatch, 'print(\'{"failed": "no-space"}\')')
    with pytest.raises(OSError) as full:  # noqa: PT011  # the number is asked below
        read_limited(sent(tmp_path, "code,town,note", "A1,,"), source(), tmp_path / "read", None, None, quiet)
    assert full.value.errno == errno.ENOSPC


def test_a_reader_ends_with_who_started_it(tmp_path: Path) -> None:
    """The one between is killed, as a service may be; nobody is left to read for it."""
    between = (
        "import subprocess, sys, os, time;"
        "p = subprocess.Popen([sys.executable, '-m', 'services.ingest.reading', str(os.getpid())],"
        " stdin=subprocess.PIPE, stdout=subprocess.PIPE); print(p.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", between], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        ended = threading.Event()
        threading.Thread(target=_wait_for_end, args=(child, ended), daemon=True).start()
        parent.send_signal(signal.SIGKILL)
        assert ended.wait(60)


def _wait_for_end(pid: int, ended: threading.Event) -> None:
    while _runs(pid):
        ended.wait(0.05)
    ended.set()


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    with beside(tmp_path / "a") as part:
        (part / "half").write_text("x")
    assert list(tmp_path.iterdir()) == []
    for text in ("one", "two"):  # two that make the same at once: the first stays
        with beside(tmp_path / "a") as part:
            (part / "whole").write_text(text)
            give_name(part, tmp_path / "a")
    assert [(one.name, (one / "whole").read_text()) for one in tmp_path.iterdir()] == [("a", "one")]


def test_a_sweep_takes_what_the_dead_left_and_nothing_else(tmp_path: Path) -> None:
    dead = tmp_path / ".a.0123.part"
    dead.mkdir()
    (dead / "half").write_text("x")
    with beside(tmp_path / "b") as living:
        sweep_folders(tmp_path)
        assert not dead.exists()
        assert living.exists()


def test_lines_are_shown_as_they_were_sent(tmp_path: Path) -> None:
    path = sent(tmp_path, "code,town,note", "A1,Leeds,x", "A2", "A3,York,")
    assert lines_as_sent(path, source(), "utf-8", [1, 3]) == ["code,town,note", "A2"]
    path.write_bytes(book([["code", "town", "note"], ["A1", 'Lee"ds', 5.0], [], ["A3", "York"]]))
    assert lines_as_sent(path, source(form=IN_BOOK), "workbook", [2, 3, 4]) == ['A1,"Lee""ds",5', "", "A3,York"]
    pl.DataFrame({"code": ["A1", "A2"], "town": ["Leeds", None], "note": [5.0, 1e-7]}).write_parquet(path)
    assert lines_as_sent(path, source(form={"format": "parquet"}), "parquet", [2]) == ["A2,,0.0000001"]
