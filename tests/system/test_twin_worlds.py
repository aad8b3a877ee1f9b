"""Two worlds with the same data: in one of them people withdrew after publication, in the other one they had refused
before. Once the minimal view is live, nobody who reads can tell one from the other, though they kept every address that
there was before anybody withdrew."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.house import House
from tests.system.twins import (
    SEEDS,
    SPECIALTIES,
    Person,
    cells_of,
    copied,
    publish,
    rows_of,
    seen,
    wait_for_view,
    with_a_draft,
    withdraw,
)

MAY_GO = "revocable"


@pytest.fixture(scope="module")
def draft(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("twins")
    (folder / "source").mkdir()
    return folder, with_a_draft(folder / "source")


def chosen(house: House, release: str) -> dict[str, Person]:
    """One person of each kind, each of another indicator, so that nobody's decision concerns another's, and in whose
    units nobody was hidden before: a partner that covers somebody already stays with them, which is its worth."""
    units = {
        (row["indicator"]["id"], row["subject"]["id"]): row["partition"]
        for row in rows_of(house, release, "&level=provider") if row["status"] == "published"
    }  # fmt: skip
    shown = {(row["indicator"]["id"], row["subject"]["id"]) for row in rows_of(house, release, "&level=consultant")}
    where: dict[tuple[str, str], list[str]] = {}
    team: Counter[tuple[str, str]] = Counter()
    hidden = set()
    for indicator, unit, who in cells_of(house, release).select("indicator", "provider", "consultant").iter_rows():
        where.setdefault((indicator, who), []).append(unit)
        team[indicator, unit] += 1
        hidden |= {(indicator, unit)} if (indicator, who) not in shown else set()
    kinds: dict[str, Callable[[str, list[str]], bool]] = {
        "two units": lambda i, at: len(at) > 1,
        "alone in the unit": lambda i, at: len(at) == 1 and team[i, at[0]] == 1 and (i, at[0]) in units,
        "a fixed total": lambda i, at: len(at) == 1 and units.get((i, at[0])) == "fixed",
        "a total that may go": lambda i, at: len(at) == 1 and team[i, at[0]] > 2 and units.get((i, at[0])) == MAY_GO,
    }  # fmt: skip
    found: dict[str, Person] = {}
    for kind, fits in kinds.items():
        taken = {one.indicator for one in found.values()}
        found[kind] = next(
            Person(who, indicator) for (indicator, who), at in sorted(where.items())
            if (indicator, who) in shown and indicator not in taken and fits(indicator, at)
            and not {(indicator, unit) for unit in at} & hidden
        )  # fmt: skip
    return found


def _first_difference(path: str, one: str, other: str) -> str:
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"{path}: {one[max(0, at - 60) : at + 60]!r} is {other[max(0, at - 60) : at + 60]!r}"


def test_who_withdrew_and_who_had_refused_cannot_be_told_apart(draft: tuple[Path, str]) -> None:
    folder, release = draft
    a = copied(folder / "source", folder / "a")
    try:
        publish(a, release)
        before = seen(a)
        people = chosen(a, release)
        assert len({one.indicator for one in people.values()}) == len(SPECIALTIES)
        wait_for_view(a, release, withdraw(a, people.values()))
        withdrew = seen(a, [*SEEDS, *before])
    finally:
        a.down()
    b = copied(folder / "source", folder / "b")
    try:
        revision = withdraw(b, people.values())
        publish(b, release)
        wait_for_view(b, release, revision)
        refused = seen(b, [*SEEDS, *before])
    finally:
        b.down()
    assert len(withdrew) > 500, len(withdrew)
    assert withdrew.keys() == refused.keys(), sorted(withdrew.keys() ^ refused.keys())[:10]
    different = [path for path in withdrew if withdrew[path] != refused[path]]
    assert not different, "\n".join(_first_difference(path, withdrew[path], refused[path]) for path in different[:9])
    gone = {path for path in before if withdrew[path].startswith("404 ") and not before[path].startswith("404 ")}
    for one in people.values():
        assert f"/consultants/{one.gmc}" in "".join(before)
        assert [path for path in gone if path.endswith(f"/consultants/{one.gmc}")], "addresses that were kept are asked"
        assert not [path for path, text in withdrew.items() if one.gmc in path + text and one.gmc not in path]
    assert before != withdrew
