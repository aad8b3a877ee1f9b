"""What is asked of the package in every random world, and how much of it there was."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from random import Random

from services.ratings.disclosure import Decision, Memory, Table, decide
from tests.disclosure.attacking import Interval, Puzzle, atoms, closed_form, puzzle, targets
from tests.disclosure.exhaustive import is_safe
from tests.disclosure.packaged import Asked, Package
from tests.disclosure.playing import Play, judged
from tests.disclosure.reference import everything_is_safe, exhaustive_decision, grid, past
from tests.disclosure.solving import WHOLE, enumerated, solved, solved_together
from tests.disclosure.worlds import World, world


@dataclass
class Tally:
    """`narrowest`: the least width above a secret, over the width that it needs."""

    worlds: int = 0
    tables: int = 0
    bakes: int = 0
    refused: int = 0
    intervals: int = 0
    narrowest: float = float("inf")
    violations: list[str] = field(default_factory=list)

    def add(self, play: Play) -> None:
        self.worlds += 1
        self.bakes += len(play.bakes)
        self.refused += not play.bakes
        self.tables += len(play.fixed)
        for one in judged(play):
            self.intervals += 1
            self.narrowest = min(self.narrowest, (one.found.upper - one.size) / one.width)
            if not one.accepted:
                self.violations.append(f"world {play.world.name}: {one}")


def played(drawn: World, kind: type[Package] = Package) -> tuple[Play, Package]:
    publisher = kind(drawn)
    return Play(drawn, publisher).run(), publisher


def until(kind: type[Package], seed: int, most: int) -> int | None:
    """How many worlds it takes to catch a publisher; None if none of `most` does."""
    for number in range(most):
        play, _ = played(world(seed, number), kind)
        if any(not one.accepted for one in judged(play)):
            return number + 1
    return None


def three_ways(play: Play, most: int = 2) -> Iterator[tuple[str, Interval, Interval]]:
    """(method, what it found, the closed form): up to `most` secret figures of a world, drawn at random, each with an
    outsider or one insider, wherever sums are nested."""
    chance = Random(play.world.key)
    drawn = [one for one in play.closed if any(targets(play.world, one[1], one[0]))]
    for secret, kept in chance.sample(drawn, min(most, len(drawn))):
        known = puzzle(play.world, kept)
        insiders = sorted({person for _, person, _ in known.unknown} - {secret})
        if insiders and chance.random() < 0.8:
            known = known.without(chance.choice(insiders))
        parts = atoms(known.sums)
        if parts is not None:
            yield from _compared(known, parts, chance.choice(list(targets(play.world, kept, secret))))


def _compared(
    known: Puzzle, parts: list[frozenset[tuple[int, str, str]]], target: frozenset[tuple[int, str, str]]
) -> Iterator[tuple[str, Interval, Interval]]:
    for measure in range(3):
        closed = closed_form(parts, known, target, measure)
        yield "LP", solved(known, target, measure, whole=False), closed
        yield "MILP", solved(known, target, measure, whole=True), closed
        yield "MILP of all measures", solved_together(known, target, measure), closed
        if WHOLE[measure] and len(known.unknown) <= 5:
            found = enumerated(known, target, measure)
            if found is not None:
                yield "every world", found, closed


def needless(publisher: Package) -> Iterator[str]:
    """Decisions that are not the one which going through everything finds."""
    people, units, policy = publisher.people, publisher.units, publisher.policy
    for asked in publisher.history:
        least = exhaustive_decision(asked.tables, asked.secrets, people, units, asked.memory, policy, asked.eligible)
        if least is None and not asked.decision.exposed:
            yield f"{asked.decision} is not exposed, and nothing is safe"
        elif least is not None and asked.decision != least:
            yield f"{asked.decision}, and {least} is the least"


def exposed_needlessly(publisher: Package) -> Iterator[str]:
    """Secrets who are said to be exposed, and would be safe if everything were hidden."""
    for asked in publisher.history:
        for secret in sorted(asked.decision.exposed):
            if everything_is_safe(asked.tables, secret, asked.memory, publisher.policy):
                yield f"{secret} of {asked}"


def out_of_quarantine(publisher: Package) -> Iterator[str]:
    """What a quarantine set must be, for everybody alone and for two and three at once, and in the bake after."""
    chance = Random(publisher.world.key)
    for asked, following in zip(publisher.history, [*publisher.history[1:], None], strict=True):
        by_person = {one.person: one for one in asked.sets}
        groups = [*combinations(by_person, 1), *chance.sample([*combinations(by_person, 2)], min(4, _pairs(by_person)))]
        if len(by_person) > 2:
            groups += [tuple(chance.sample(sorted(by_person), 3)) for _ in range(3)]
        for group in groups:
            yield from _unsafe_state(publisher, asked, group)
        if following is not None:
            yield from _further(asked, following, publisher.policy.max_hidden < 1)


def _pairs(people: Collection[str]) -> int:
    return len(people) * (len(people) - 1) // 2


def _unsafe_state(publisher: Package, asked: Asked, group: tuple[str, ...]) -> Iterator[str]:
    by_person = {one.person: one for one in asked.sets}
    memory = asked.after.withdrawn(asked.tables, [by_person[one] for one in group])
    hidden = asked.decision.hidden.union(group, *(by_person[one].people for one in group))
    for number, table in enumerate(asked.tables):
        withheld = asked.decision.withheld[number].union(*(by_person[one].units[number] for one in group))
        if withheld & table.fixed:
            yield f"{group}: a fixed total would go"
        for one in group:
            held = is_safe([grid(table)], past(memory, [table]), one, hidden, withheld, publisher.world.floors)
            alone = everything_is_safe([table], one, Memory(), publisher.policy)
            said = one in asked.decision.exposed  # who returns is a secret for one bake more, and may be beyond cover
            if one in table.people and alone and not held and not said:
                yield f"{one} of {group} in table {number} after {asked}"


def _further(asked: Asked, following: Asked, limited: bool) -> Iterator[str]:
    """What the next bake hides though it was shown and in nobody's set; none but for somebody exposed, or new."""
    if following.eligible is None or following.decision.exposed or len(following.tables) > len(asked.tables):
        return
    if limited:  # whoever returns and stays as a partner counts for the share from then on, and may cost a total
        return
    people = following.decision.hidden - asked.decision.hidden - following.eligible.people - following.secrets
    units = frozenset().union(*following.decision.withheld) - frozenset().union(*asked.decision.withheld)
    if people or units - following.eligible.units:
        yield f"{sorted(people)} {sorted(units - following.eligible.units)} newly hidden by {following}"


def fixed_withheld(publisher: Package) -> Iterator[str]:
    for asked in publisher.history:
        for table, withheld in zip(asked.tables, asked.decision.withheld, strict=True):
            if withheld & table.fixed:
                yield f"{sorted(withheld & table.fixed)} of {asked}"


def fresh_decision(publisher: Package, secrets: frozenset[str]) -> Decision:
    """Of the newest tables, as if nothing had been published before."""
    tables = list(publisher.published.values())
    return decide(tables, secrets, publisher.people, publisher.units, Memory(), publisher.policy)


def size_of(found: Decision) -> tuple[int, int]:
    return len(frozenset().union(*found.withheld)), len(found.hidden)


def renamed(publisher: Package, secrets: frozenset[str], seed: int) -> tuple[Decision, Decision]:
    """The decision under other names, with the keyed orders carried over; and the one that it should be."""
    chance = Random(seed)
    names = sorted(publisher.world.people | set(publisher.units))
    other = dict(zip(names, chance.sample([f"x{number:02}" for number in range(len(names))], len(names)), strict=True))
    tables = [_renamed(table, other, chance) for table in publisher.published.values()]
    people, units = [[other[one] for one in order] for order in (publisher.people, publisher.units)]
    found = decide(tables, _of(secrets, other), people, units, Memory(), publisher.policy)
    plain = fresh_decision(publisher, secrets)
    wanted = Decision(
        _of(plain.hidden, other), tuple(_of(one, other) for one in plain.withheld), _of(plain.exposed, other)
    )
    return found, wanted


def _of(names: frozenset[str], other: dict[str, str]) -> frozenset[str]:
    return frozenset(other[one] for one in names)


def _renamed(table: Table, other: dict[str, str], chance: Random) -> Table:
    cells = [type(one)(other[one.person], other[one.unit], one.sizes) for one in table.cells]
    return Table(
        tuple(chance.sample(cells, len(cells))),
        {other[unit]: region for unit, region in table.above.items() if unit in other},
        _of(table.known, other), _of(table.small, other), _of(table.fixed, other),
    )  # fmt: skip
