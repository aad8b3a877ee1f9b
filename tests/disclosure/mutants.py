"""Publishers with one planted mistake each: variations around the package, as a hurried hand would have made them."""

from collections.abc import Sequence
from dataclasses import replace

from services.ratings.disclosure import Decision, Eligible, Memory, Quarantine, Table, Widths, decide
from tests.disclosure.packaged import Package
from tests.disclosure.playing import Baked, Taken
from tests.disclosure.worlds import MEASURES, Release, World


class NoComplement(Package):
    """Whoever may not be named is left out, and nobody else."""

    mistake = "no complement"

    def decide(self, tables: Sequence[Table], secrets: frozenset[str], eligible: Eligible | None) -> Decision:
        return Decision(secrets, tuple(frozenset() for _ in tables))


class NoInsider(Package):
    """Colleagues are thought not to know their own figures."""

    mistake = "no insider"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.policy = replace(self.policy, widths=Widths(0, 0.2, world.floors))


class SetPerMeasure(Package):
    """Each measure has partners of its own. Whoever is shown for one measure is known for all: a row prints ratios."""

    mistake = "per-measure sets"

    def decide(self, tables: Sequence[Table], secrets: frozenset[str], eligible: Eligible | None) -> Decision:
        found = [self._for_one(measure, tables, secrets, eligible) for measure in range(len(MEASURES))]
        return Decision(
            frozenset.intersection(*(one.hidden for one in found)),
            tuple(frozenset.intersection(*units) for units in zip(*(one.withheld for one in found), strict=True)),
        )

    def _for_one(
        self, measure: int, tables: Sequence[Table], secrets: frozenset[str], eligible: Eligible | None
    ) -> Decision:
        floors = tuple(floor if at == measure else 0.0 for at, floor in enumerate(self.policy.widths.floors))
        policy = replace(self.policy, widths=replace(self.policy.widths, floors=floors))
        only = [_of_one(table, measure) for table in tables]
        return decide(only, secrets, self.people, self.units, self.memory, policy, eligible)


def _of_one(table: Table, measure: int) -> Table:
    """The table with one measure; of the others there is nothing."""
    cells = (
        replace(one, sizes=tuple(size if at == measure else 0.0 for at, size in enumerate(one.sizes)))
        for one in table.cells
    )
    return replace(table, cells=tuple(cells))


class RegionForgotten(Package):
    """Totals are withheld, and nobody looks at what the region and the nation add up to."""

    mistake = "total recoverable via the region"

    def decide(self, tables: Sequence[Table], secrets: frozenset[str], eligible: Eligible | None) -> Decision:
        return Decision(secrets, tuple(_units_of(secrets, table) & table.revocable for table in tables))


def _units_of(people: frozenset[str], table: Table) -> frozenset[str]:
    return frozenset[str]().union(*map(table.units_of, people))


class UnfilteredFacets(Package):
    """Lists are filtered, and the figures beside them, how many rows and cases a unit has, are not."""

    mistake = "list totals and facets unfiltered"

    def bake(self, live: Sequence[Release], secrets: frozenset[str], fresh: Sequence[str]) -> Baked:
        baked = super().bake(live, secrets, fresh)
        none = {name: frozenset[str]() for name in baked.absent}
        sets = {one: Taken(taken.people, none) for one, taken in baked.quarantine.items()}
        return replace(baked, absent=none, quarantine=sets)


class OldReleaseUnfiltered(Package):
    """A release that another one follows is history, and is shown as it was."""

    mistake = "old release unfiltered"

    def bake(self, live: Sequence[Release], secrets: frozenset[str], fresh: Sequence[str]) -> Baked:
        baked = super().bake(live, secrets, fresh)
        return replace(baked, untouched=frozenset(one.name for one in live[:-1]))


class PartnerReleased(Package):
    """Each bake starts from scratch: who covers whom since when is not asked."""

    mistake = "partner released early"

    def bake(self, live: Sequence[Release], secrets: frozenset[str], fresh: Sequence[str]) -> Baked:
        self.memory = Memory()
        return super().bake(live, secrets, fresh)

    def eligible(self, fresh: frozenset[str]) -> Eligible | None:
        return None


class ManyAsOne(Package):
    """Withdrawals between two bakes are thought to come at one moment."""

    mistake = "withdrawals between bakes taken for one"

    def gone(self, fresh: Sequence[str]) -> list[Quarantine]:
        return []


class MergersForgotten(Package):
    """Each release is safe by itself; that the same people are added up otherwise in another is not looked at."""

    mistake = "mergers forgotten"

    def table(self, release: Release, earlier: Sequence[Table]) -> Table:
        return super().table(release, [])


class TakenDownForgotten(Package):
    """A release that was taken down is not decided on any more, as if nobody had read it."""

    mistake = "a release that was taken down forgotten"

    def decided_on(self, live: Sequence[Release]) -> list[str]:
        return [release.name for release in live]


MUTANTS: tuple[type[Package], ...] = (
    NoComplement, SetPerMeasure, NoInsider, RegionForgotten, UnfilteredFacets, OldReleaseUnfiltered, PartnerReleased,
)  # fmt: skip
EXTRA: tuple[type[Package], ...] = (ManyAsOne, MergersForgotten, TakenDownForgotten)
"""Mistakes that only a rarer turn of events brings out."""
