"""A world played out against a publisher: what was served over time, and what the readers of it could work out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple, Protocol

from tests.disclosure.attacking import (
    Interval,
    Kept,
    Puzzle,
    Served,
    acceptable,
    atoms,
    closed_form,
    need,
    puzzle,
    targets,
)
from tests.disclosure.solving import solved
from tests.disclosure.worlds import MEASURES, Figure, Release, World


class Taken(NamedTuple):
    """What goes the moment somebody withdraws: people, and units by release."""

    people: frozenset[str]
    units: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Baked:
    """One decision: who is hidden, which totals are not shown (small ones among them) by release, who could not be
    covered, what goes when anybody withdraws, and which totals never go. `untouched`: releases that show everything."""

    hidden: frozenset[str]
    absent: Mapping[str, frozenset[str]]
    exposed: frozenset[str]
    quarantine: Mapping[str, Taken]
    fixed: Mapping[str, frozenset[str]]
    untouched: frozenset[str] = frozenset()


class Publisher(Protocol):
    """Whoever decides; remembers by itself from one bake to the next."""

    def bake(self, live: Sequence[Release], secrets: frozenset[str], fresh: Sequence[str]) -> Baked: ...


class Finding(NamedTuple):
    """One interval that was judged."""

    secret: str
    measure: str
    insider: str | None
    size: float
    found: Interval
    width: float
    accepted: bool


@dataclass
class View:
    """What one release serves: its view, and the withdrawals applied to it since."""

    release: Release
    baked: Baked
    applied: set[str] = field(default_factory=set)

    def served(self) -> Served:
        if self.release.name in self.baked.untouched:
            return Served(self.release.people, self.release.units)
        hidden, absent = self.baked.hidden, self.baked.absent[self.release.name]
        for one in self.applied & self.baked.quarantine.keys():
            taken = self.baked.quarantine[one]
            hidden, absent = hidden | taken.people | {one}, absent | taken.units[self.release.name]
        return Served(self.release.people - hidden, self.release.units - absent)


@dataclass
class Play:
    """`secrets`: everybody who may not be shown now, with what has been served since their moment."""

    world: World
    publisher: Publisher
    secrets: dict[str, Kept] = field(default_factory=dict)
    exposed: set[str] = field(default_factory=set)
    views: dict[str, View] = field(default_factory=dict)
    bakes: list[Baked] = field(default_factory=list)
    closed: list[tuple[str, Kept]] = field(default_factory=list)
    fixed: dict[str, frozenset[str]] = field(default_factory=dict)

    def run(self) -> "Play":
        live: list[str] = []
        decided = frozenset[str]()
        chance = Random(self.world.key)
        for turn in self.world.turns:
            for decision, person in turn.decisions:
                self._withdraw(person) if decision == "withdraw" else self._return(person)
            live = [name for name in [*live, *turn.joins] if name not in turn.leaves]
            fresh = [one for one in self.secrets if one not in decided]
            decided = frozenset(self.secrets)
            baked = self.publisher.bake([self.world.releases[name] for name in live], decided, fresh)
            self.exposed |= baked.exposed
            if baked.exposed and turn.joins:
                break  # the gate does not let that release be published
            self.bakes.append(baked)
            self.fixed.update(baked.fixed)
            self._go_live(chance.sample(live, len(live)), baked, list(turn.late))
        self.closed += self.secrets.items()
        return self

    def _withdraw(self, person: str) -> None:
        if person in self.secrets:
            return
        self.secrets[person] = Kept()
        for view in self.views.values():
            view.applied.add(person)
        self._serve()

    def _return(self, person: str) -> None:
        if person in self.secrets:
            self.closed.append((person, self.secrets.pop(person)))

    def _go_live(self, order: Sequence[str], baked: Baked, late: list[str]) -> None:
        """One release after another; releases that left go first. Withdrawals come in between."""
        self.views = {name: view for name, view in self.views.items() if name in order}
        after: set[str] = set()
        for name in order:
            if late:
                after.add(late[0])
                self.exposed.update(late[:1] if baked.exposed else ())  # everything goes for somebody else, just then
                self._withdraw(late.pop(0))
            self.views[name] = View(self.world.releases[name], baked, set(after))
            self._serve()
        for person in late:
            self._withdraw(person)

    def _serve(self) -> None:
        now = {name: view.served() for name, view in self.views.items()}
        for kept in self.secrets.values():
            kept.see(now)


def judged(play: Play) -> Iterator[Finding]:
    """Every interval of every secret who was not said to be exposed, to outsiders and to each single insider. Left out
    is whom a release would give away alone, with everybody hidden and every total withheld that may be."""
    for secret, kept in play.closed:
        if secret not in play.exposed and kept.people:
            asked = list(targets(play.world, kept, secret))
            found = list(_judged(play.world, puzzle(play.world, kept), secret, asked))
            if all(one.accepted for one in found) or not any(_hopeless(play, secret, name) for name in kept.people):
                yield from found


def _hopeless(play: Play, secret: str, name: str) -> bool:
    alone = Kept()
    alone.see({name: Served(frozenset(), play.fixed[name])})
    asked = list(targets(play.world, alone, secret))
    return any(not one.accepted for one in _judged(play.world, puzzle(play.world, alone), secret, asked))


def _judged(world: World, solve: Puzzle, secret: str, asked: Sequence[frozenset[Figure]]) -> Iterator[Finding]:
    others = sorted({person for _, person, _ in solve.unknown} - {secret})
    insiders: list[str | None] = [*others] or [None]
    for insider in insiders:
        known = solve.without(insider) if insider else solve
        parts = atoms(known.sums)
        for target in asked:
            for measure, name in enumerate(MEASURES):
                if parts is None:
                    found = solved(known, target, measure, whole=False)
                else:
                    found = closed_form(parts, known, target, measure)
                size = world.sizes(target)[measure]
                width = need(size, measure, world.floors)
                yield Finding(secret, name, insider, size, found, width, acceptable(found, size, width))
