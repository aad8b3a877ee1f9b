"""The figures of one release, indicator and period, as disclosure control sees them: who has how much where."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeAlias

WHOLE: Final = ""  # the ancestor of every unit; its sum is always known, see docs/decisions/0017
Sizes: TypeAlias = tuple[float, ...]


@dataclass(frozen=True)
class Cell:
    """What one person did in one unit; `sizes` per measure, each 0 or more. Raises ValueError for another size."""

    person: str
    unit: str
    sizes: Sizes

    def __post_init__(self) -> None:
        if not self.sizes or not all(math.isfinite(size) and size >= 0 for size in self.sizes):
            raise ValueError(f"sizes are finite numbers of 0 or more, one per measure, not {self.sizes}")


@dataclass(frozen=True, eq=False)
class Table:
    """The cells of one release, indicator and period.

    `above`: the lowest ancestor of a unit whose sum is known; the whole set where none is named. `known`: units whose
    total others publish. `small`: units whose total is never shown whatever anybody decides, because they are small or
    `reorganised`. `fixed`: units whose total is never withheld. `release` tells the tables of several releases apart in
    what is remembered of totals.
    `own`: what a cell counts for as a secret, by person and unit, where that is more than what it surely covers.
    Raises ValueError where a person has two cells in a unit, or a unit is both small and fixed.
    """

    cells: tuple[Cell, ...]
    above: Mapping[str, str] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    small: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    release: str = ""
    own: Mapping[tuple[str, str], Sizes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cells", tuple(self.cells))
        if len({(cell.person, cell.unit) for cell in self.cells}) < len(self.cells):
            raise ValueError("a person has one cell in a unit; add up what was found twice")
        if both := self.small & self.fixed:
            raise ValueError(f"{len(both)} units are both small, so never shown, and fixed, so never withheld")

    @cached_property
    def _by_unit(self) -> dict[str, dict[str, Sizes]]:
        found: dict[str, dict[str, Sizes]] = defaultdict(dict)
        for cell in self.cells:
            found[cell.unit][cell.person] = cell.sizes
        return dict(found)

    @cached_property
    def _by_person(self) -> dict[str, dict[str, Sizes]]:
        found: dict[str, dict[str, Sizes]] = defaultdict(dict)
        for cell in self.cells:
            found[cell.person][cell.unit] = self.own.get((cell.person, cell.unit), cell.sizes)
        return dict(found)

    @cached_property
    def units(self) -> frozenset[str]:
        return frozenset(self._by_unit)

    @cached_property
    def people(self) -> frozenset[str]:
        return frozenset(self._by_person)

    @cached_property
    def revocable(self) -> frozenset[str]:
        """Units whose total can be withheld: neither fixed nor suppressed anyway."""
        return self.units - self.fixed - self.small

    @cached_property
    def units_under(self) -> Mapping[str, tuple[str, ...]]:
        """The units of every lowest known ancestor."""
        found: dict[str, list[str]] = defaultdict(list)
        for unit in sorted(self._by_unit):
            found[self.parent(unit)].append(unit)
        return {ancestor: tuple(units) for ancestor, units in found.items()}

    def parent(self, unit: str) -> str:
        return self.above.get(unit, WHOLE)

    def cells_in(self, unit: str) -> Mapping[str, Sizes]:
        """Person to sizes; empty for a unit that is not in this table."""
        return self._by_unit.get(unit, {})

    def cells_of(self, person: str) -> Mapping[str, Sizes]:
        """Unit to sizes; empty for a person who is not in this table."""
        return self._by_person.get(person, {})

    def own_in(self, person: str, units: Iterable[str]) -> Sizes:
        """What a person is as a secret in a block of units, at least one of them theirs: their row is the secret, so it
        is the sum of their cells there."""
        cells = self.cells_of(person)
        if len(cells) == 1:  # as of most people
            return next(iter(cells.values()))
        return tuple(map(sum, zip(*(cells[unit] for unit in units if unit in cells), strict=True)))

    def people_in(self, unit: str) -> frozenset[str]:
        return frozenset(self.cells_in(unit))

    def units_of(self, person: str) -> frozenset[str]:
        return frozenset(self.cells_of(person))

    def key(self, unit: str) -> str:
        """Under which it is remembered that this total was shown."""
        return f"{self.release} {unit}" if self.release else unit


def people_of(tables: Iterable[Table]) -> frozenset[str]:
    return frozenset().union(*(table.people for table in tables))


def units_of(tables: Iterable[Table]) -> frozenset[str]:
    return frozenset().union(*(table.units for table in tables))


def units_of_person(tables: Iterable[Table], person: str) -> frozenset[str]:
    return frozenset().union(*(table.units_of(person) for table in tables))
