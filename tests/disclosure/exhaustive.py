"""The least that must be hidden, by going through everything that could be: from the rule, not from the code."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from tests.disclosure.attacking import SHARE


@dataclass(frozen=True)
class Grid:
    """One table: sizes by person and unit; the lowest known ancestor of a unit (none: the whole set)."""

    sizes: Mapping[tuple[str, str], tuple[float, ...]]
    above: Mapping[str, str]
    known: frozenset[str]
    small: frozenset[str]
    fixed: frozenset[str]
    name: str = ""

    @property
    def units(self) -> frozenset[str]:
        return frozenset(unit for _, unit in self.sizes)


@dataclass(frozen=True)
class Past:
    """What is remembered: since when people have been hidden and secret, until when a release showed a total, by
    (release, unit). Whoever is not in it begins at `now`."""

    now: int
    hidden_since: Mapping[str, int]
    secret_since: Mapping[str, int]
    shown_until: Mapping[tuple[str, str], int]

    def covers(self, person: str, secret: str) -> bool:
        return self.hidden_since.get(person, self.now) <= self.secret_since.get(secret, self.now)

    def total_is_known(self, grid: Grid, unit: str, secret: str, withheld: frozenset[str]) -> bool:
        if unit in grid.known:
            return True
        if unit in grid.small:
            return False
        shown = self.shown_until.get((grid.name, unit), 0) >= self.secret_since.get(secret, self.now)
        return shown or unit in grid.fixed or unit not in withheld


def is_safe(  # noqa: PLR0917  # one secret: all its cells, all measures
    grids: Sequence[Grid],
    past: Past,
    secret: str,
    hidden: frozenset[str],
    withheld: frozenset[str],
    floors: Sequence[float],
) -> bool:
    return all(
        _covered(block, secret, floors) for grid in grids for block in _blocks(grid, past, secret, hidden, withheld)
    )


def _blocks(
    grid: Grid, past: Past, secret: str, hidden: frozenset[str], withheld: frozenset[str]
) -> Iterator[dict[str, list[float]]]:
    """Who is unknown, and with how much, in every block where the secret has a cell. The secret's own is in it."""
    place = {
        unit: unit if past.total_is_known(grid, unit, secret, withheld) else "above " + grid.above.get(unit, "")
        for unit in grid.units
    }
    for block in {place[unit] for person, unit in grid.sizes if person == secret}:
        found: dict[str, list[float]] = {}
        for (person, unit), sizes in grid.sizes.items():
            if place[unit] == block and (person == secret or (person in hidden and past.covers(person, secret))):
                found[person] = [a + b for a, b in zip(found.get(person, [0.0] * len(sizes)), sizes, strict=True)]
        yield found


def _covered(block: dict[str, list[float]], secret: str, floors: Sequence[float]) -> bool:
    others = [sizes for person, sizes in block.items() if person != secret]
    for measure, floor in enumerate(floors):
        own = block[secret][measure]
        rest = sorted(one[measure] for one in others)[:-1]  # the insider is whoever has most
        if not rest or sum(rest) < max(floor, SHARE * own):
            return False
    return True


@dataclass(frozen=True)
class Asked:
    """`must_withhold`: from the start, as `protect = colleagues` has it. `may_hide`, `may_withhold`: nobody else."""

    secrets: frozenset[str]
    people: Sequence[str]
    units: Sequence[str]
    must_withhold: frozenset[str]
    floors: Sequence[float]
    max_hidden: float


def smallest(grids: Sequence[Grid], past: Past, asked: Asked) -> tuple[frozenset[str], frozenset[str]] | None:
    """(people, units) that are first by: fewest totals, fewest people, then first in the order in which `people` and
    `units` (those that may newly be hidden and withheld) are given. None where nothing is safe."""
    rest = [unit for unit in asked.units if unit not in asked.must_withhold]
    for number in range(len(rest) + 1):
        found = [
            (chosen, hidden)
            for chosen in combinations(rest, number)
            if (hidden := _fewest(grids, past, asked, asked.must_withhold | frozenset(chosen))) is not None
        ]
        if found:
            fewest = min(len(hidden) for _, hidden in found)
            chosen, hidden = next(one for one in found if len(one[1]) == fewest)
            return hidden, asked.must_withhold | frozenset(chosen)
    return None


def _fewest(grids: Sequence[Grid], past: Past, asked: Asked, withheld: frozenset[str]) -> frozenset[str] | None:
    partners = [one for one in asked.people if one not in asked.secrets]
    if not _all_safe(grids, past, asked, asked.secrets | frozenset(partners), withheld):
        return None
    for number in range(len(partners) + 1):
        for chosen in combinations(partners, number):
            hidden = asked.secrets | frozenset(chosen)
            if _within_share(grids, asked, hidden, withheld) and _all_safe(grids, past, asked, hidden, withheld):
                return hidden
    return None


def _all_safe(
    grids: Sequence[Grid], past: Past, asked: Asked, hidden: frozenset[str], withheld: frozenset[str]
) -> bool:
    return all(is_safe(grids, past, secret, hidden, withheld, asked.floors) for secret in sorted(asked.secrets))


def _within_share(grids: Sequence[Grid], asked: Asked, hidden: frozenset[str], withheld: frozenset[str]) -> bool:
    """No unit with a secret keeps its total at the price of too many partners; a fixed one stays whatever it costs."""
    for grid in grids:
        for unit in grid.units - withheld - grid.fixed - grid.small - grid.known:
            people = {person for person, at in grid.sizes if at == unit}
            if people & asked.secrets and len(people & hidden - asked.secrets) > asked.max_hidden * len(people) + 1e-9:
                return False
    return True
