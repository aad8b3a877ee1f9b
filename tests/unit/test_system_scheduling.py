"""Tests of running houses beside each other: whoever shares a house is in one process, and what is named is there."""

import re
from pathlib import Path
from typing import Final

from tests.system.scheduling import ALONE, COMPOSED, DEMO, LONGEST_FIRST, SHARED, group_of, place

SYSTEM: Final = Path(__file__).parents[1] / "system"
FILES: Final = {path.stem.removeprefix("test_"): path.read_text() for path in SYSTEM.glob("test_*.py")}
TAKES: Final = {
    DEMO: r"\bdemo_house: ",
    COMPOSED: r"\bcomposed(_demo|_new_york)?: (Composed|NewYork)|getfixturevalue\(.composed",
}


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
