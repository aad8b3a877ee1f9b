"""Files made to do harm: each is refused, or every bad line of it set aside, by a reader that stays small and ends
soon: by its own processor time, which does not depend on what else the machine does. With CANDOUR_HOSTILE=full also
files of 1 GB in one line."""

import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from services.ingest.reading.limited import Taken, read_limited
from services.ingest.reading.parts import Read, frames
from services.ingest.refusals import ASIDE, Refused
from tests.spec.endless_files import LARGE
from tests.spec.hostile_files import MAKE, Hostile, source

FILES = MAKE + LARGE * (os.environ.get("CANDOUR_HOSTILE") == "full")
MOST_SECONDS, MOST_MEMORY = 10, 512 << 20


@pytest.fixture(scope="module")
def table() -> Iterator[dict[str, Taken]]:
    """What each file took; its summary is told at the end."""
    found: dict[str, Taken] = {}
    yield found
    slowest = max(found, key=lambda name: found[name].processor)
    largest = max(found, key=lambda name: found[name].peak)
    slow = f"slowest: {slowest}, {found[slowest].processor:.2f} s of a processor"
    large = f"largest: {largest}, {found[largest].peak >> 20} MB"
    print(f"\n{len(found)} hostile files; {slow}; {large}", end="")  # noqa: T201


def test_there_are_sixty_and_no_two_of_one_name() -> None:
    """That are refused; of the others the bad lines are set aside, or there is no harm in them."""
    assert len({one.name for one in MAKE + LARGE}) == len(MAKE + LARGE)
    assert sum(bool(one.refused) for one in MAKE) >= 60


@pytest.mark.parametrize("hostile", FILES, ids=lambda one: one.name)
def test_a_hostile_file_does_no_harm(hostile: Hostile, tmp_path: Path, table: dict[str, Taken]) -> None:
    sent, folder = tmp_path / "sent", tmp_path / "read"
    all_taken: list[Taken] = []
    try:
        hostile.make(sent)
        made = read_limited(sent, source(hostile.form), folder, None, None, lambda done, total: None, all_taken.append)
    except Refused as refused:
        verdict = refused.refusal.code
        assert verdict in hostile.refused
        assert list(tmp_path.iterdir()) == [sent]
    else:
        assert not hostile.refused
        verdict = _as_expected(hostile, folder, made)
    finally:
        sent.unlink()
    [taken] = all_taken
    table[hostile.name] = taken
    print(f"\n{hostile.name:48} {verdict:24} {taken.processor:6.2f} s {taken.peak >> 20:4} MB", end="")  # noqa: T201
    assert 0 < taken.peak < MOST_MEMORY
    assert 0 < taken.processor < MOST_SECONDS


def _as_expected(hostile: Hostile, folder: Path, made: Read) -> str:
    aside = pl.concat([pl.DataFrame(schema=ASIDE), *frames(folder, made.aside)])
    assert dict(aside.select("line", "code").iter_rows()) == hostile.aside
    assert made.height == hostile.rows
    return f"{aside.height} of {made.lines} lines set aside"
