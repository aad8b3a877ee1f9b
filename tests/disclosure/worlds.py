"""Random lives of one indicator and period: tables, releases that join and leave, and people who change their minds.

Everything comes from the seed. People and units are invented. Sizes of expected deaths are quarters, so that sums are
exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

Sizes = tuple[int, int, float]
Figure = tuple[int, str, str]
"""A figure that exists once, whoever prints it: (the data it belongs to, person, unit before any merger)."""
NATION: Final = "nation"
MEASURES: Final = ("cases", "observed", "expected")


@dataclass(frozen=True)
class Release:
    """One table. `cells`: what each printed cell adds up; `above`: a unit's region, where it has one; `known`: units
    and regions whose totals are printed elsewhere. The nation's is always known."""

    name: str
    cells: Mapping[tuple[str, str], frozenset[Figure]]
    above: Mapping[str, str]
    known: frozenset[str]

    @property
    def people(self) -> frozenset[str]:
        return frozenset(person for person, _ in self.cells)

    @property
    def units(self) -> frozenset[str]:
        return frozenset(unit for _, unit in self.cells)


@dataclass(frozen=True)
class Turn:
    """What happens before one bake: decisions in their order, releases that join and releases that leave. `late`: who
    withdraws when the bake has been decided and its views are going live, one release after another."""

    decisions: tuple[tuple[str, str], ...] = ()
    joins: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    late: tuple[str, ...] = ()


@dataclass(frozen=True)
class World:
    """`turns[0]` has who refused from the start, and the first releases."""

    name: str
    value: Mapping[Figure, Sizes]
    releases: Mapping[str, Release]
    turns: tuple[Turn, ...]
    max_hidden: float = 1.0
    protect: str = "totals"
    floors: tuple[float, float, float] = (10.0, 3.0, 1.0)
    small: int = 10
    key: bytes = b"key"

    @property
    def people(self) -> frozenset[str]:
        return frozenset(one for release in self.releases.values() for one in release.people)

    def sizes(self, figures: frozenset[Figure]) -> Sizes:
        values = [self.value[one] for one in figures]
        return (sum(v[0] for v in values), sum(v[1] for v in values), sum(v[2] for v in values))


@dataclass
class Draft:
    """A table while it is being made: who works where, and with which figures."""

    works: dict[str, list[str]]
    above: dict[str, str]
    known: frozenset[str]
    data: int = 0
    moved: dict[str, str] = field(default_factory=dict)

    def printed(self, name: str) -> Release:
        cells: dict[tuple[str, str], frozenset[Figure]] = {}
        for person, units in self.works.items():
            for unit in units:
                now = self.moved.get(unit, unit)
                figure = frozenset({(self.data, person, unit)})
                cells[person, now] = cells.get((person, now), frozenset()) | figure
        return Release(name, cells, {u: r for u, r in self.above.items() if u not in self.moved}, self.known)


def world(seed: int, number: int, *, tiny: bool = False, most: int = 12) -> World:
    """The world of this seed and number; `tiny` has few people and small counts, for brute force."""
    chance = Random(f"{seed}:{number}:{tiny}")
    draft = _draft(chance, tiny, most)
    values: dict[Figure, Sizes] = {}
    _fill(chance, draft, values, tiny)
    releases = {"r1": draft.printed("r1")}
    for count in range(2, chance.choice([1, 1, 2, 2, 3, 4, 5]) + 1):
        draft = _next(chance, draft, values, tiny)
        releases[f"r{count}"] = draft.printed(f"r{count}")
    return World(
        f"{seed}:{number}", values, releases, _turns(chance, releases),
        chance.choice([1.0, 1.0, 1.0, 0.5]), chance.choice(["totals", "totals", "totals", "colleagues"]),
        (2.0, 1.0, 0.5) if tiny else (10.0, 3.0, 1.0), 2 if tiny else 10, f"{seed}:{number}".encode(),
    )  # fmt: skip


def _draft(chance: Random, tiny: bool, most: int) -> Draft:
    number = chance.randint(1, 5 if tiny else most)
    units = [f"u{n}" for n in range(1, chance.randint(1, 3 if tiny else 6) + 1)]
    works = {f"p{n}": [chance.choice(units)] for n in range(1, number + 1)}
    for person in works:
        if chance.random() < 0.12 and len(units) > 1:
            works[person] = chance.sample(units, 2)
    above, known = {}, set()
    if len(units) > 2 and chance.random() < 0.4:
        above = {unit: chance.choice(["north", "south"]) for unit in units}
        known |= {region for region in ("north", "south") if chance.random() < 0.6}
    known |= {unit for unit in units if chance.random() < 0.05}
    return Draft(works, above, frozenset(known))


def _fill(chance: Random, draft: Draft, values: dict[Figure, Sizes], tiny: bool) -> None:
    tied = _sizes(chance, tiny, chance.choice([0.02, 0.05, 0.1]))
    rate = chance.choice([0.03, 0.05, 0.1])
    for person, units in draft.works.items():
        for unit in units:
            drawn = tied if chance.random() < 0.15 else _sizes(chance, tiny, rate)
            values[draft.data, person, unit] = drawn


def _sizes(chance: Random, tiny: bool, rate: float) -> Sizes:
    if chance.random() < 0.06:
        return (0, 0, 0.0)
    if tiny:
        cases = chance.randint(0, 7)
        return (cases, chance.randint(0, min(cases, 3)), chance.randint(0, 8) / 4)
    cases = min(int(chance.lognormvariate(4.3, 0.8)), 900)
    observed = sum(chance.random() < rate for _ in range(cases))
    return (cases, observed, int(4 * cases * rate * chance.uniform(0.6, 1.5)) / 4)


def _next(chance: Random, draft: Draft, values: dict[Figure, Sizes], tiny: bool) -> Draft:
    """The same data again; or restated; or with two units merged into one; or restated and merged."""
    new = Draft(dict(draft.works), dict(draft.above), draft.known, draft.data, dict(draft.moved))
    kind = chance.choice(["same", "restated", "merged", "both"])
    if kind in ("restated", "both"):
        new.data = draft.data + 1
        if chance.random() < 0.3:
            new.works[f"p{len(new.works) + 1}"] = [chance.choice(next(iter(draft.works.values())))]
        for person, units in new.works.items():
            for unit in units:
                before = values.get((draft.data, person, unit))
                kept = before is not None and chance.random() < 0.7
                values[new.data, person, unit] = before if before and kept else _sizes(chance, tiny, 0.05)
    standing = sorted({new.moved.get(unit, unit) for units in new.works.values() for unit in units})
    if kind in ("merged", "both") and len(standing) > 1:
        gone = chance.choice(standing)
        heir = chance.choice(
            [one for one in standing if one != gone and draft.above.get(one) == draft.above.get(gone)] or [gone]
        )
        new.moved = {unit: heir if now == gone else now for unit, now in new.moved.items()} | {gone: heir}
        new.known -= {gone, heir}
    return new


def _turns(chance: Random, releases: Mapping[str, Release]) -> tuple[Turn, ...]:
    people = sorted({one for release in releases.values() for one in release.people})
    names = list(releases)
    first = chance.randint(1, len(names))
    waiting, live = names[first:], names[:first]
    refused = {one for one in people if chance.random() < chance.choice([0.0, 0.1, 0.3])}
    turns = [Turn(tuple(("withdraw", one) for one in sorted(refused)), tuple(live))]
    for _ in range(chance.randint(1, 4) + len(waiting)):
        decisions = []
        for _ in range(chance.choice([0, 1, 1, 2, 3])):
            one = chance.choice(people)
            if one in refused and chance.random() < 0.6:
                decisions.append(("return", one))
                refused.discard(one)
            elif one not in refused:
                decisions.append(("withdraw", one))
                refused.add(one)
        joins: tuple[str, ...] = ()
        if waiting and chance.random() < 0.6:
            joins = (waiting.pop(0),)
            live += joins
        leaves: tuple[str, ...] = ()
        if len(live) > 1 and chance.random() < 0.15:
            leaves = (live.pop(0),)
        late = [one for one in people if one not in refused and chance.random() < 0.04]
        refused.update(late)
        turns.append(Turn(tuple(decisions), joins, leaves, tuple(late)))
    return tuple(turns)
