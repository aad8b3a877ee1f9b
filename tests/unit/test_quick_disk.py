"""Tests put their files in memory only where it has room for them, and where nobody has said otherwise."""

import os
import tempfile
from pathlib import Path

import pytest

from tests import quick_disk
from tests.quick_disk import available_memory, is_roomy, use_quick_disk


@pytest.fixture
def nothing_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A place that would do, before anybody has chosen one."""
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)  # put back afterwards
    monkeypatch.setenv("TMPDIR", "gone")  # put back too
    monkeypatch.delenv("TMPDIR")
    monkeypatch.setattr(quick_disk, "MEMORY", tmp_path)
    monkeypatch.setattr(quick_disk, "NEEDED", 1)
    return tmp_path


def test_it_is_used_by_this_process_and_those_that_it_starts(nothing_said: Path) -> None:
    use_quick_disk()
    assert tempfile.gettempdir() == os.environ["TMPDIR"] == str(nothing_said)


def test_whoever_says_another_place_is_obeyed(nothing_said: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/elsewhere")
    use_quick_disk()
    assert os.environ["TMPDIR"] == "/elsewhere"


@pytest.mark.parametrize(("name", "value"), [("NEEDED", 1 << 60), ("MEMORY", Path("/nowhere"))])
def test_where_there_is_no_room_or_no_such_place_nothing_changes(
    nothing_said: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    monkeypatch.setattr(quick_disk, name, value)
    use_quick_disk()
    assert "TMPDIR" not in os.environ


def test_a_place_without_memory_behind_it_is_not_roomy(nothing_said: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_roomy(nothing_said)
    monkeypatch.setattr(quick_disk, "MEMINFO", nothing_said / "meminfo")
    assert available_memory() == 0
    assert not is_roomy(nothing_said)
    (nothing_said / "meminfo").write_text("MemTotal: 8 kB\nMemAvailable:       2 kB\n")
    assert available_memory() == 2048
