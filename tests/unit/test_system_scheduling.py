"""Tests of running houses beside each other: whoever shares a house is in one process, and what is named is there."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.system.scheduling import ALONE, COMPOSED, DEMO, LONGEST_FIRST, SHARED, group_of, place

SYSTEM: Final = Path(__file__).parents[1] / "system"
FILES: Final = {path.stem.removeprefix("test_"): path.read_text() for path in SYSTEM.glob("test_*.py")}
TAKES: Final = {
    DEMO: r"\bdemo_house: ",
    COMPOSED: r"\bcomposed(_demo|_new_york)?: (Composed|NewYork)|getfixturevalue\(.composed",
}


HOUSE: Final = """
import pytest
from contextlib import contextmanager
from pathlib import Path
from tests.system.conftest import SHARED, pytest_runtest_teardown, pytest_sessionfinish

@contextmanager
def standing():
    yield
    Path("ended").write_text("")

@pytest.fixture(scope="session")
def house():
    SHARED.enter_context(standing())
"""
ENDINGS: Final = {
    "passed": "pass", "failed": "assert False", "broken off": "raise KeyboardInterrupt",
    "given up": "import pytest; pytest.exit('enough', 3)",
}  # fmt: skip


def id_of(name: str, test: str = "test_it") -> str:
    return f"tests/system/test_{name}.py::{test}"


def test_every_file_that_is_named_is_there() -> None:
    assert set(SHARED) | ALONE <= set(FILES)
    assert set(LONGEST_FIRST) <= set(FILES) | {DEMO, COMPOSED}


def test_a_house_that_is_shared_is_started_once() -> None:
    for group, pattern in TAKES.items():
        found = {name for name, text in FILES.items() if re.search(pattern, text)}
        assert len(found) > 2, "a rule about nothing checks nothing"
        elsewhere = {name for name in found if group_of(id_of(name)) != group}
        assert elsewhere <= {"main_job"}, "which takes it in production only"


def test_the_shape_decides_where_there_are_two() -> None:
    assert group_of(id_of("replay", "test_it[embedded-1]")) == DEMO
    assert group_of(id_of("replay", "test_it[production-1]")) == COMPOSED
    assert group_of(id_of("proxy")) == "proxy"


def test_the_longest_begin_first() -> None:
    names = [id_of("up"), id_of("runbook"), id_of("composed")]
    assert sorted(names, key=place) == [id_of("composed"), id_of("runbook"), id_of("up")]


@pytest.mark.parametrize("how", ENDINGS)
def test_a_house_is_ended_however_its_run_ends(tmp_path: Path, how: str) -> None:
    (tmp_path / "conftest.py").write_text(HOUSE)
    (tmp_path / "test_a.py").write_text(f"def test_a(house):\n    {ENDINGS[how]}\ndef test_b(house):\n    pass\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        "-x",
        str(tmp_path),
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        check=False,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(SYSTEM.parents[1])},
    )
    assert (done.returncode == 0) == (how == "passed")
    assert (tmp_path / "ended").exists()
