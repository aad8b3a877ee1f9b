"""One decision for each indicator and period, over every release that readers may have beside one another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from services.ratings.disclosure import Decision, Eligible, Memory, Policy, Quarantine, Table, decide, quarantines
from services.ratings.view.fates import Fates, Gone, fates_of
from services.ratings.view.roster import IndicatorPeriod, Roster, keyed_order


@dataclass(frozen=True, eq=False)
class Question:
    """Who and what is hidden of an indicator and period. `rosters`: by release, all that will be readable. `live`: the
    releases of which readers have a view that was decided under this policy, with the memory as it is; none where the
    sets that gateways hold are of another rule. `nameable`: whom permissions allow to be named. `withdrawn`: who could
    be named at the last bake and withdrew since, in that order. `left`: with what gateways have hidden for them by
    views of another policy, for each of `rosters`, where no view is of this one. `newest`: the live releases that
    joined with the last bake, so that some readers may have had only the views before."""

    indicator: str
    rosters: Mapping[str, Roster]
    nameable: frozenset[str]
    memory: Memory
    key: bytes
    live: frozenset[str] = frozenset()
    withdrawn: Sequence[str] = ()
    left: Sequence[Quarantine] = ()
    newest: frozenset[str] = frozenset()

    @cached_property
    def tables(self) -> list[Table]:
        return [one.table for one in self.rosters.values()]

    @cached_property
    def people(self) -> frozenset[str]:
        return frozenset().union(*(table.people for table in self.tables))

    @cached_property
    def secrets(self) -> frozenset[str]:
        """Whoever may not be named, and whoever has no figures to show, in whichever release; and whoever returns."""
        return (self.people - self.nameable) | (self.people & self.unshown) | self.returning

    @cached_property
    def unshown(self) -> frozenset[str]:
        return frozenset().union(*(one.unshown for one in self.rosters.values()))

    @cached_property
    def returning(self) -> frozenset[str]:
        """Who may be named again and is kept back for one bake: readers may still have views that know no set to hide
        for them, should they withdraw once more."""
        return self.memory.kept_back((self.people & self.nameable) - self.unshown)

    @cached_property
    def order(self) -> list[str]:
        return keyed_order(self.people, self.key, self.indicator)

    @cached_property
    def unit_order(self) -> list[str]:
        return keyed_order(frozenset().union(*(table.units for table in self.tables)), self.key, self.indicator)

    def before(self, policy: Policy) -> tuple[Memory, Eligible | None]:
        """What readers know once the withdrawals since the last bake have taken effect, one after another; and what
        they may lose for the sake of fresh secrets: what gateways have hidden at once, and what nobody has seen yet.
        No limit where views of another rule are live."""
        seen = [one.table for release, one in self.rosters.items() if release in self.live]
        if not seen:
            fresh = self.secrets - self.memory.secret_since.keys()
            known = self.memory.withdrawn(self.tables, [one for one in self.left if one.person in fresh])
            return (known, None) if self.memory.bakes else self._at_first(policy)
        fresh = self.secrets - self.memory.secret_since.keys()
        decided = _as_shown(seen, self.memory)
        sets = {one.person: one for one in quarantines(seen, decided, fresh, self.order, self.unit_order, policy)}
        gone = [sets[one] for one in dict.fromkeys(self.withdrawn) if one in sets]
        memory = self.memory.withdrawn(seen, [part for one in gone for part in self._in_turn(one, policy)])
        unseen = self.people - frozenset().union(*(table.people for table in seen))
        people = frozenset().union(unseen, *(one.people for one in sets.values()))
        return memory, Eligible(people, frozenset().union(*(units for one in sets.values() for units in one.units)))

    def _in_turn(self, one: Quarantine, policy: Policy) -> list[Quarantine]:
        """What a withdrawal has hidden everywhere, and then all of it: while a release joined, some gateways still had
        the views before, whose set may be a smaller one."""
        among = [release for release in self.rosters if release in self.live]
        before = [release for release in among if release not in self.newest]
        if not 0 < len(before) < len(among):
            return [one]
        tables = [self.rosters[release].table for release in before]
        shown = _as_shown(tables, self.memory)
        found = quarantines(tables, shown, frozenset({one.person}), self.order, self.unit_order, policy)
        places = [before.index(release) if release in before else None for release in among]
        return [*(one.common(then, places) for then in found), one]

    def _at_first(self, policy: Policy) -> tuple[Memory, Eligible]:
        """Of what has never been shown, those may be hidden who would have to go if everybody had been shown and all
        secrets had withdrawn. So nobody can tell from a view whether somebody withdrew or had refused before."""
        nothing = Decision(frozenset(), tuple(frozenset[str]() for _ in self.tables))
        sets = list(quarantines(self.tables, nothing, self.secrets, self.order, self.unit_order, policy))
        shown = {table.key(unit): self.memory.bakes for table in self.tables for unit in table.revocable}
        people = frozenset().union(*(one.people for one in sets))
        units = frozenset().union(*(units for one in sets for units in one.units))
        return replace(self.memory, shown_until=shown), Eligible(people, units)


@dataclass(frozen=True)
class Answer:
    """`fates` by release. `exposed`: secrets whom nothing can cover, though everything is hidden."""

    fates: Mapping[str, Fates]
    memory: Memory
    exposed: frozenset[str] = field(default=frozenset(), repr=False)


def answer(asked: Question, policy: Policy) -> Answer:
    """Decide, and work out what must go with whom from now on."""
    tables, order, units = asked.tables, asked.order, asked.unit_order
    known, eligible = asked.before(policy)
    decision = decide(tables, asked.secrets, order, units, known, policy, eligible)
    memory = known.after(tables, decision, asked.secrets, returning=asked.returning)
    named = asked.nameable - asked.unshown
    sets = list(quarantines(tables, decision, named, order, units, policy))
    fates = {
        release: fates_of(roster, decision.hidden, decision.withheld[at], _gone(sets, at))
        for at, (release, roster) in enumerate(asked.rosters.items())
    }
    return Answer(fates, memory, decision.exposed)


def _gone(sets: list[Quarantine], at: int) -> list[Gone]:
    return [Gone(one.person, one.people, one.units[at]) for one in sets]


def _as_shown(tables: list[Table], memory: Memory) -> Decision:
    """The decision of which readers have the views: what the last bake did not show."""
    hidden = frozenset().union(*(table.people for table in tables)) & memory.hidden_since.keys()
    withheld = (
        frozenset(unit for unit in table.revocable if memory.shown_until.get(table.key(unit), 0) < memory.bakes)
        for table in tables
    )
    return Decision(hidden, tuple(withheld))


def by_key(rosters: Mapping[str, Mapping[IndicatorPeriod, Roster]]) -> dict[IndicatorPeriod, dict[str, Roster]]:
    """From rosters by release to releases by indicator and period, in order."""
    keys = sorted(frozenset().union(*(one.keys() for one in rosters.values())))
    return {key: {release: found[key] for release, found in rosters.items() if key in found} for key in keys}
