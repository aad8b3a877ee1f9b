"""What must hold for a decision to be safe, given which totals are withheld: one row per secret cell."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from services.ratings.disclosure.memory import Memory
from services.ratings.disclosure.policy import Policy, Widths
from services.ratings.disclosure.safety import is_safe
from services.ratings.disclosure.sums import Crowd, merged
from services.ratings.disclosure.table import Sizes, Table

Place: TypeAlias = tuple[int, str, str]  # number of the table, secret, unit
Key: TypeAlias = tuple[int, str, str, tuple[str, ...]]  # and the units of the block


@dataclass(frozen=True, eq=False)
class Row:
    """One secret cell. `own`: what its person has in the whole block, for their row must be as safe as each cell of it.
    `secrets`, `free`: what each other person adds to the block by being hidden; the secrets among them are hidden
    whatever is decided, the others may be."""

    key: Key
    own: Sizes
    secrets: Mapping[str, Sizes]
    free: Mapping[str, Sizes]

    def is_safe(self, partners: Iterable[str], widths: Widths) -> bool:
        """Whether the secret is safe with the secrets and these partners hidden, in every measure."""
        hidden = [*self.secrets.values(), *(self.free[one] for one in partners if one in self.free)]
        return all(
            is_safe((sizes[measure] for sizes in hidden), own, widths.k, widths.p, floor)
            for measure, (own, floor) in enumerate(zip(self.own, widths.floors, strict=True))
        )


@dataclass(frozen=True)
class Group:
    """Who can be hidden in a block, from the view of secrets of one age."""

    secrets: Mapping[str, Sizes]
    free: Mapping[str, Sizes]
    hidden: Crowd


class Rows:
    """Builds the rows of given tables and secrets, and keeps what it has built. `partners`: who may be hidden beside
    the secrets."""

    def __init__(
        self, tables: Sequence[Table], secrets: frozenset[str], partners: frozenset[str], memory: Memory, policy: Policy
    ) -> None:
        self.tables, self.secrets, self.partners = tables, secrets, partners
        self.memory, self.widths = memory, policy.widths
        self.places = [
            (number, secret, unit)
            for number, table in enumerate(tables)
            for secret in sorted(secrets & table.people)
            for unit in sorted(table.cells_of(secret))
        ]
        self._unknown: dict[tuple[int, str, int, frozenset[str]], tuple[str, ...]] = {}
        self._groups: dict[tuple[int, tuple[str, ...], int], Group] = {}
        self._rows: dict[Key, Row | None] = {}
        self._possible: dict[Key, bool] = {}

    def is_known(self, number: int, unit: str, since: int, totals: frozenset[str]) -> bool:
        """Whether the total of a unit is known to those who want a secret of that age, when `totals` are withheld
        wherever they can be."""
        table = self.tables[number]
        kept = unit not in table.small and (unit not in totals or unit in table.fixed)
        return kept or unit in table.known or self.memory.was_shown(table, unit, since)

    def block(self, number: int, secret: str, unit: str, totals: frozenset[str]) -> tuple[str, ...]:
        """The units whose hidden cells are known to them only as one sum."""
        since = self.memory.secret(secret)
        if self.is_known(number, unit, since, totals):
            return (unit,)
        ancestor = self.tables[number].parent(unit)
        at = (number, ancestor, since, totals)
        if at not in self._unknown:
            beside = self.tables[number].units_under[ancestor]
            self._unknown[at] = tuple(one for one in beside if not self.is_known(number, one, since, totals))
        return self._unknown[at]

    def needed(self, places: Iterable[Place], totals: frozenset[str]) -> Iterator[Row]:
        """The rows of these secret cells that do not hold already by the secrets alone."""
        for number, secret, unit in places:
            row = self._row((number, secret, unit, self.block(number, secret, unit, totals)))
            if row is not None:
                yield row

    def is_possible(self, row: Row) -> bool:
        """Whether the row holds with everybody hidden who can be."""
        if row.key not in self._possible:
            self._possible[row.key] = row.is_safe(row.free, self.widths)
        return self._possible[row.key]

    def brought(self, row: Row, unit: str) -> list[Sizes]:
        """The cells that a row's block gains, everybody hidden, once a unit's total is withheld too."""
        number, secret, at, _ = row.key
        table, since = self.tables[number], self.memory.secret(secret)
        if table.parent(unit) != table.parent(at) or self.is_known(number, unit, since, frozenset({unit})):
            return []
        group = self._group(number, (unit,), since)
        return [sizes for people in (group.secrets, group.free) for one, sizes in people.items() if one != secret]

    def _row(self, key: Key) -> Row | None:
        if key not in self._rows:
            self._rows[key] = self._build(key)
        return self._rows[key]

    def _build(self, key: Key) -> Row | None:
        number, secret, _, units = key
        own = self.tables[number].own_in(secret, units)
        group = self._group(number, units, self.memory.secret(secret))
        if group.hidden.ample(secret, self.widths.needs(own)):
            return None
        others = {one: sizes for one, sizes in group.secrets.items() if one != secret}
        row = Row(key, own, others, group.free)
        return None if row.is_safe((), self.widths) else row

    def _group(self, number: int, units: tuple[str, ...], since: int) -> Group:
        at = (number, units, since)
        if at not in self._groups:
            people = merged(self.tables[number].cells_in(unit) for unit in units)
            covering = {one: sizes for one, sizes in people.items() if self.memory.hidden(one) <= since}
            secrets = {one: sizes for one, sizes in covering.items() if one in self.secrets}
            free = {one: sizes for one, sizes in covering.items() if one in self.partners}
            self._groups[at] = Group(secrets, free, Crowd(secrets, self.widths))
        return self._groups[at]
