"""Whoever keeps everything that was served since a moment: what they can bound, in closed form.

Unknown are figures, each at least nothing. Known are sums of them. Where the sets of the sums are nested or apart, they
split the unknowns into *atoms* with a known sum each, and the interval of anything is read off its atoms.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tests.disclosure.worlds import NATION, Figure, Release, Sizes, World

SHARE: Final = 0.2
Sets = frozenset[frozenset[Figure]]


class Interval(NamedTuple):
    lower: float
    upper: float


@dataclass(frozen=True)
class Served:
    """What one release shows at a moment: people with a row, and units with a total."""

    people: frozenset[str]
    units: frozenset[str]


@dataclass
class Kept:
    """What somebody has kept: by release, everybody and every total that was shown at any time since they began."""

    people: dict[str, frozenset[str]] = field(default_factory=dict)
    units: dict[str, frozenset[str]] = field(default_factory=dict)

    def see(self, served: Mapping[str, Served]) -> None:
        for name, one in served.items():
            self.people[name] = self.people.get(name, frozenset()) | one.people
            self.units[name] = self.units.get(name, frozenset()) | one.units


@dataclass(frozen=True)
class Puzzle:
    """Sums that are known, as sets of figures that are not. Their values follow from `value`."""

    sums: Sets
    value: Mapping[Figure, Sizes]

    @property
    def unknown(self) -> frozenset[Figure]:
        return frozenset[Figure]().union(*self.sums)

    def without(self, person: str) -> "Puzzle":
        """The same to one who knows everything of this person."""
        return Puzzle(_sets(frozenset(f for f in one if f[1] != person) for one in self.sums), self.value)

    def total(self, figures: Iterable[Figure], measure: int) -> float:
        return sum(self.value[one][measure] for one in figures)


def puzzle(world: World, kept: Kept) -> Puzzle:
    """Everything known from the releases seen. A figure is known if a release that prints it alone showed it."""
    known = frozenset(
        figure
        for name, people in kept.people.items()
        for (person, _), figures in world.releases[name].cells.items()
        if person in people and len(figures) == 1
        for figure in figures
    )
    sums: set[frozenset[Figure]] = set()
    for name, units in kept.units.items():
        release = world.releases[name]
        sums.update(_of_units(release, units | release.known))
        sums.update(f for (person, _), f in release.cells.items() if person in kept.people[name])
    return Puzzle(_sets(one - known for one in sums), world.value)


def _sets(found: Iterable[frozenset[Figure]]) -> Sets:
    return frozenset(one for one in found if one)


def _of_units(release: Release, known: frozenset[str]) -> Iterator[frozenset[Figure]]:
    every: dict[str, frozenset[Figure]] = {}
    for (_, unit), figures in release.cells.items():
        for place in {unit, release.above.get(unit, NATION), NATION}:
            every[place] = every.get(place, frozenset()) | figures
    yield from (figures for place, figures in every.items() if place in known or place == NATION)


def atoms(sums: Sets) -> list[frozenset[Figure]] | None:
    """The parts with a known sum, or None where sums overlap otherwise than by one holding the other."""
    ordered = sorted(sums, key=len)
    for number, small in enumerate(ordered):
        if any(small & large and not small <= large for large in ordered[number + 1 :]):
            return None
    parts, taken = [], frozenset[Figure]()
    for one in ordered:
        inside = frozenset().union(*(small for small in ordered if small < one))
        if one - inside:
            parts.append(one - inside)
        taken |= one
    return parts


def closed_form(
    parts: Iterable[frozenset[Figure]], puzzle: Puzzle, target: frozenset[Figure], measure: int
) -> Interval:
    """The interval of the sum of `target`: all of an atom's sum, or none of it, unless the target is the whole atom."""
    lower = upper = 0.0
    for part in parts:
        asked = part & target
        if asked:
            upper += puzzle.total(part, measure)
            lower += puzzle.total(part, measure) if asked == part else 0.0
    return Interval(lower, upper)


def need(size: float, measure: int, floors: Sequence[float]) -> float:
    return max(floors[measure], SHARE * size)


def acceptable(found: Interval, size: float, width: float) -> bool:
    return found.upper - size >= width - 1e-6 and size - found.lower >= min(width, size) - 1e-6


def targets(world: World, kept: Kept, secret: str) -> Iterator[frozenset[Figure]]:
    """What may not be narrowed: each cell of theirs in each release seen, and their whole row in it."""
    found: set[frozenset[Figure]] = set()
    for name in kept.people:
        cells = [f for (person, _), f in world.releases[name].cells.items() if person == secret]
        found.update(cells)
        if len(cells) > 1:
            found.add(frozenset().union(*cells))
    yield from sorted(found, key=sorted)
