"""What readers may have kept from earlier views of an indicator and period, counted in moments: one for every bake,
and one for every withdrawal in between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.ratings.disclosure.table import Table, people_of


class Gone(Protocol):
    """A quarantine set."""

    @property
    def person(self) -> str: ...

    @property
    def people(self) -> frozenset[str]: ...

    @property
    def units(self) -> tuple[frozenset[str], ...]: ...


class Decided(Protocol):
    @property
    def hidden(self) -> frozenset[str]: ...

    @property
    def withheld(self) -> tuple[frozenset[str], ...]: ...


@dataclass(frozen=True)
class Memory:
    """`hidden_since`: the moment since which no readable view of any release has shown a person. `secret_since`: the
    moment since which a person is a secret without a break. `shown_until`: by `Table.key`, the last moment at which a
    view showed the total. `bakes`: how many moments there were. `returning`: who may be named again, but was not when
    the views before the newest were baked. The newest hide them still, and hold the sets by which gateways would hide
    them: whoever withdraws once more while a gateway has the view before is covered by what covered them all along."""

    hidden_since: Mapping[str, int] = field(default_factory=dict)
    secret_since: Mapping[str, int] = field(default_factory=dict)
    shown_until: Mapping[str, int] = field(default_factory=dict)
    bakes: int = 0
    returning: frozenset[str] = frozenset()

    def kept_back(self, people: frozenset[str]) -> frozenset[str]:
        """Of people who may be named, those who must stay hidden for one bake more."""
        return (people & self.secret_since.keys()) - self.returning

    @property
    def now(self) -> int:
        """The number of the bake that is being decided."""
        return self.bakes + 1

    def hidden(self, person: str) -> int:
        """Since when somebody who is hidden now is hidden."""
        return self.hidden_since.get(person, self.now)

    def secret(self, person: str) -> int:
        """Since when somebody who is a secret now is one."""
        return self.secret_since.get(person, self.now)

    def was_shown(self, table: Table, unit: str, since: int) -> bool:
        """Whether readers may know this total from a view since then. A small unit's is never shown, so where several
        tables share a key it was another table's."""
        return unit not in table.small and self.shown_until.get(table.key(unit), 0) >= since

    def withdrawn(self, tables: Sequence[Table], gone: Sequence[Gone]) -> "Memory":
        """What to know before the next bake when these sets have left the live views of `tables` one after another, in
        the order in which the withdrawals were recorded. Whoever withdrew first may have been looked for while all that
        left later was still there: it covers nobody who went before it.

        A person who is a secret already goes on being one; one moment is counted for each set all the same.
        """
        hidden, secret, shown = dict(self.hidden_since), dict(self.secret_since), dict(self.shown_until)
        there = {key for key, until in shown.items() if until == self.bakes}
        for moment, one in enumerate(gone, self.now):
            secret.setdefault(one.person, moment)
            for person in sorted(one.people | {one.person}):
                hidden.setdefault(person, moment)
            there -= {table.key(unit) for table, units in zip(tables, one.units, strict=True) for unit in units}
            shown.update(dict.fromkeys(sorted(there), moment))
        return Memory(hidden, secret, shown, self.bakes + len(gone), self.returning)

    def after(
        self,
        tables: Sequence[Table],
        decision: Decided,
        secrets: frozenset[str],
        elsewhere: frozenset[str] = frozenset(),
        returning: frozenset[str] = frozenset(),
    ) -> "Memory":
        """What to know at the next bake. `elsewhere`: people shown in a readable release that was not decided here.
        `returning`: of the secrets, those who may be named again and are hidden for one bake more."""
        people = people_of(tables)
        absent = {one: since for one, since in self.hidden_since.items() if one not in people}
        hidden = absent | {one: self.hidden(one) for one in sorted(decision.hidden)}
        known = secrets & (people | self.secret_since.keys())  # of nobody else has anything been read yet
        return Memory(
            {one: since for one, since in hidden.items() if one not in elsewhere},
            {one: self.secret(one) for one in sorted(known)},
            {**self.shown_until, **dict.fromkeys(_shown(tables, decision), self.now)},
            self.now,
            returning,
        )


def _shown(tables: Sequence[Table], decision: Decided) -> list[str]:
    """Keys of the totals that this decision shows. Where tables share a key, a total that is withheld in one of them
    and shown in another because it is fixed there counts as withheld: fixed ones need no memory."""
    withheld = {table.key(unit) for table, units in zip(tables, decision.withheld, strict=True) for unit in units}
    keys = {table.key(unit) for table in tables for unit in table.units - table.small}
    return sorted(keys - withheld)
