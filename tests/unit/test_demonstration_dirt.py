"""The spoiler of episodes files: every way of being spoilt happens, and is counted exactly."""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from cli.demonstration.dirt import Dirt, spoil
from cli.demonstration.files import write
from cli.demonstration.sizes import DEFAULT_SEED, Sizes
from cli.demonstration.world import make_world

LEVELS = {
    "age_band": {"18-49", "50-59", "60-69", "70-79", "80+"},
    "sex": {"female", "male"},
    "urgency": {"elective", "urgent", "emergency"},
    "comorbidity": {"0", "1", "2", "3+", "missing"},
}
COLUMNS = ["episode", "provider", "consultant", "specialty", "date", *LEVELS, "died_30_days"]


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return write(make_world(DEFAULT_SEED, Sizes.small()), tmp_path / "clean", print)["episodes.csv"]


def dirt_of(line: list[str]) -> Dirt | None:
    """Say from the line alone how it was spoilt; None for one that could stand."""
    if len(line) == 9:
        return Dirt.SHORT_LINE
    row = dict(zip(COLUMNS, line, strict=True))
    if "" in line:
        return Dirt.MISSING_FIELD
    if row["died_30_days"] not in ("0", "1"):
        return Dirt.LETTER_FOR_NUMBER
    if any(row[factor] not in levels for factor, levels in LEVELS.items()):
        return Dirt.UNKNOWN_LEVEL
    try:
        date.fromisoformat(row["date"])
    except ValueError:
        return Dirt.IMPOSSIBLE_DATE
    return None


def recount(path: Path) -> Counter[Dirt]:
    """Count the dirt of a file without the seed that made it."""
    with path.open(encoding="utf-8", newline="") as file:
        _, *lines = csv.reader(file)
    kinds = [dirt_of(line) for line in lines]
    sound: dict[str, list[str]] = {}
    counts = Counter(kind for kind in kinds if kind)
    for line, kind in zip(lines, kinds, strict=True):
        if kind is None and (first := sound.setdefault(line[0], line)) is not line:
            counts[Dirt.DUPLICATE_LINE if first == line else Dirt.CONFLICTING_DUPLICATE] += 1
    return counts


def test_dirt_is_counted_exactly(clean: Path, tmp_path: Path) -> None:
    counts = spoil(clean, tmp_path / "dirty.csv", 0.05, seed=3)
    assert sum(counts.values()) == 450
    assert min(counts.values()) >= 64  # 450 in seven equal turns
    assert recount(tmp_path / "dirty.csv") == counts
    assert recount(clean) == {}


def test_dirt_adds_only_the_duplicates(clean: Path, tmp_path: Path) -> None:
    counts = spoil(clean, tmp_path / "dirty.csv", 0.05, seed=3)
    before, after = (path.read_text(encoding="utf-8").splitlines() for path in (clean, tmp_path / "dirty.csv"))
    added = counts[Dirt.DUPLICATE_LINE] + counts[Dirt.CONFLICTING_DUPLICATE]
    assert len(after) == len(before) + added
    changed = sum(a != b for a, b in zip(before, after[: len(before)], strict=True))
    assert changed == sum(counts.values()) - added


def test_dirt_is_repeatable_and_none_leaves_the_file_alone(clean: Path, tmp_path: Path) -> None:
    first, again, none = (tmp_path / name for name in ("first.csv", "again.csv", "none.csv"))
    assert spoil(clean, first, 0.2, seed=5) == spoil(clean, again, 0.2, seed=5)
    assert first.read_bytes() == again.read_bytes()
    assert set(spoil(clean, none, 0.0, seed=5).values()) == {0}
    assert none.read_bytes() == clean.read_bytes()


def test_dirt_refuses_what_it_cannot_count(clean: Path, tmp_path: Path) -> None:
    dirty = tmp_path / "dirty.csv"
    with pytest.raises(ValueError, match="share must lie between 0 and 1"):
        spoil(clean, dirty, 1.5, seed=1)
    with pytest.raises(ValueError, match="not a clean episodes file"):
        spoil(clean.with_name("providers.csv"), dirty, 0.1, seed=1)
    spoil(clean, dirty, 1.0, seed=1)
    with pytest.raises(ValueError, match="not a clean episodes file"):
        spoil(dirty, tmp_path / "dirtier.csv", 0.1, seed=1)
