"""The publisher under test: `services.ratings.disclosure`, remembering from bake to bake as the bake does."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from services.ratings.disclosure import (
    Cell,
    Decision,
    Eligible,
    Memory,
    Policy,
    Quarantine,
    Table,
    Widths,
    decide,
    fixed_units,
    quarantines,
    reorganised,
)
from tests.disclosure.playing import Baked, Taken
from tests.disclosure.worlds import Release, World


@dataclass(frozen=True)
class Asked:
    """One call of `decide`, and what came of it."""

    tables: list[Table]
    secrets: frozenset[str]
    memory: Memory
    eligible: Eligible | None
    decision: Decision
    sets: list[Quarantine]
    after: Memory


class Package:
    """Follows the calls of a bake: tables, `Memory.withdrawn`, `decide`, `Memory.after`, `quarantines`. Every release
    that was ever published stays among the tables."""

    mistake = "none"

    def __init__(self, world: World) -> None:
        self.world = world
        self.policy = Policy(Widths(1, 0.2, world.floors), "colleagues" if world.protect == "colleagues" else "totals",
                             world.max_hidden, world.small)  # fmt: skip
        chance = Random(b"order" + world.key)
        self.people = chance.sample(sorted(world.people), len(world.people))
        units = sorted({unit for release in world.releases.values() for unit in release.units})
        self.units = chance.sample(units, len(units))
        self.memory = Memory()
        self.quarantines: dict[str, Quarantine] = {}
        self.earlier: dict[str, Quarantine] = {}
        self.earlier_names: list[str] = []
        self.history: list[Asked] = []
        self.published: dict[str, Table] = {}
        self.names: list[str] = []
        self.tables: list[Table] = []

    def bake(self, live: Sequence[Release], secrets: frozenset[str], fresh: Sequence[str]) -> Baked:
        eligible = self.eligible(frozenset(fresh))
        self.memory = self.memory.withdrawn(self.tables, self.gone(fresh))
        for release in live:
            if release.name not in self.published:
                self.published[release.name] = self.table(release, list(self.published.values()))
        names, self.names = self.names, self.decided_on(live)
        tables = [self.published[name] for name in self.names]
        named = self.world.people - secrets
        returning = self.memory.kept_back(named) if self.history else frozenset[str]()
        secrets |= returning
        decision = self.decide(tables, secrets, eligible)
        after = self.memory.after(tables, decision, secrets, returning=returning)
        sets = self.planned(tables, decision, named)
        self.history.append(Asked(tables, secrets, self.memory, eligible, decision, sets, after))
        self.earlier, self.earlier_names = self.quarantines, names
        self.memory, self.quarantines = after, {one.person: one for one in sets}
        self.tables = tables
        return Baked(
            decision.hidden,
            {
                name: units | table.small
                for name, table, units in zip(self.names, tables, decision.withheld, strict=True)
            },
            decision.exposed,
            {one.person: Taken(one.people, self.by_release(one)) for one in self.quarantines.values()},
            {name: table.fixed for name, table in zip(self.names, tables, strict=True)},
        )

    def decided_on(self, live: Sequence[Release]) -> list[str]:
        """Of every release that was ever published: copies of those that were taken down are kept."""
        return list(self.published)

    def gone(self, fresh: Sequence[str]) -> list[Quarantine]:
        """The sets that have left the live views, in the order of the withdrawals. While a release joined, first what
        the views before it let go too."""
        found = []
        for one in [one for one in fresh if one in self.quarantines]:
            if set(self.names) - set(self.earlier_names) and one in self.earlier:
                found.append(self.quarantines[one].common(self.earlier[one], self.places()))
            found.append(self.quarantines[one])
        return found

    def places(self) -> list[int | None]:
        return [self.earlier_names.index(one) if one in self.earlier_names else None for one in self.names]

    def decide(self, tables: Sequence[Table], secrets: frozenset[str], eligible: Eligible | None) -> Decision:
        return decide(tables, secrets, self.people, self.units, self.memory, self.policy, eligible)

    def planned(self, tables: Sequence[Table], decision: Decision, nameable: frozenset[str]) -> list[Quarantine]:
        return list(quarantines(tables, decision, nameable, self.people, self.units, self.policy))

    def by_release(self, one: Quarantine) -> dict[str, frozenset[str]]:
        return dict(zip(self.names, one.units, strict=True))

    def eligible(self, fresh: frozenset[str]) -> Eligible | None:
        """What the live views let go for those who are secrets since them."""
        if not self.history:
            return None
        taken = [self.quarantines[one] for one in sorted(fresh & self.quarantines.keys())]
        people = frozenset().union(*(one.people | {one.person} for one in taken))
        return Eligible(people, frozenset().union(*(units for one in taken for units in one.units)))

    def table(self, release: Release, earlier: Sequence[Table]) -> Table:
        sizes = {cell: self.world.sizes(figures) for cell, figures in release.cells.items()}
        total: dict[str, float] = {}
        for (_, unit), one in sizes.items():
            total[unit] = total.get(unit, 0) + one[0]
        cells = tuple(Cell(person, unit, one) for (person, unit), one in sizes.items())
        above = {unit: region for unit, region in release.above.items() if region in release.known}
        small = frozenset(unit for unit, cases in total.items() if cases < self.policy.small)
        known = release.known & release.units
        never = small | reorganised(Table(cells), earlier)
        fixed = fixed_units(Table(cells, above, known, never), self.units, self.policy, earlier)
        return Table(cells, above, known, never, fixed)
