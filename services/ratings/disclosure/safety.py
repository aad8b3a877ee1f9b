"""When is a hidden figure safe: what is known adds up to blocks, and a block must leave enough room around a secret."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.ratings.disclosure.memory import Decided, Memory
from services.ratings.disclosure.policy import MEASURES, Widths
from services.ratings.disclosure.sums import merged
from services.ratings.disclosure.table import Sizes, Table


def covers(memory: Memory, person: str, secret: str) -> bool:
    """Whether a hidden person stands between readers and a secret: hidden for as long as the secret is one."""
    return memory.hidden(person) <= memory.secret(secret)


def is_safe(sizes_of_others: Iterable[float], own: float, k: int, p: float, floor: float) -> bool:
    """Whether nobody who knows `k` of the others can bound `own` from above within max(floor, p times own).

    `sizes_of_others`: one measure of everybody else hidden in the block, one number per person.
    """
    others = sorted(sizes_of_others, reverse=True)
    return len(others) > k and sum(others[k:]) >= max(floor, p * own)


def interval(total: float, insiders: Iterable[float], others: int, bounds: tuple[float, float]) -> tuple[float, float]:
    """What `insiders`, who know their figures, know of a secret in a block that adds up to `total`, when each of the
    `others` and the secret itself lie within `bounds`."""
    least, most = bounds
    rest = total - sum(insiders)
    low = max(least, rest - others * most) if others else max(least, rest)
    return max(0.0, low), min(most, rest - others * least)


def acceptable(own: float, found: tuple[float, float], need: float) -> bool:
    """Whether an interval leaves `need` above the secret, and as much below it as there can be."""
    low, high = found
    return high - own >= need and own - low >= min(need, own)


@dataclass(frozen=True)
class Block:
    """The hidden figures that are only known as a sum to those who want one secret's: its own, and everybody else's
    who covers it, one row per person however many of their cells are in the block."""

    table: int
    secret: str
    unit: str
    own: Sizes
    others: Mapping[str, Sizes]

    def failing(self, widths: Widths) -> Iterator[int]:
        """Numbers of the measures in which the secret is not safe."""
        for number, (own, floor) in enumerate(zip(self.own, widths.floors, strict=True)):
            if not is_safe((sizes[number] for sizes in self.others.values()), own, widths.k, widths.p, floor):
                yield number


def is_known(table: Table, unit: str, secret: str, withheld: frozenset[str], memory: Memory) -> bool:
    """Whether those who want a secret's figures know the total of a unit: it is shown, others publish it, or it was
    shown while the secret was one."""
    kept = unit not in withheld and unit not in table.small
    return kept or unit in table.known or memory.was_shown(table, unit, memory.secret(secret))


def units_in_block(table: Table, unit: str, secret: str, withheld: frozenset[str], memory: Memory) -> tuple[str, ...]:
    """The units whose hidden cells are known only together with this one's: itself alone where its total is known,
    otherwise all below its lowest known ancestor whose totals are not."""
    if is_known(table, unit, secret, withheld, memory):
        return (unit,)
    beside = table.units_under[table.parent(unit)]
    return tuple(one for one in beside if not is_known(table, one, secret, withheld, memory))


def block(  # noqa: PLR0917  # each is another thing, and none has a default
    tables: Sequence[Table], number: int, secret: str, unit: str, hidden: frozenset[str],
    withheld: frozenset[str], memory: Memory,
) -> Block:  # fmt: skip
    """The block of one secret cell when exactly `hidden` are hidden and `withheld` is withheld in that table."""
    table = tables[number]
    units = units_in_block(table, unit, secret, withheld, memory)
    others = {
        person: sizes
        for person, sizes in merged(table.cells_in(one) for one in units).items()
        if person in hidden and person != secret and covers(memory, person, secret)
    }
    return Block(number, secret, unit, table.own_in(secret, units), others)


def blocks(tables: Sequence[Table], secrets: Iterable[str], decision: Decided, memory: Memory) -> Iterator[Block]:
    """The block of every secret cell under a decision. `memory`: from before the decision or after it, alike."""
    for number, table in enumerate(tables):
        for secret in sorted(secrets):
            for unit in sorted(table.cells_of(secret)):
                yield block(tables, number, secret, unit, decision.hidden, decision.withheld[number], memory)


def unsafe(
    tables: Sequence[Table], secrets: frozenset[str], decision: Decided, memory: Memory, widths: Widths
) -> list[tuple[int, str, str, str]]:
    """Every secret cell that a decision leaves unsafe: (number of the table, secret, unit, measure). A secret who is
    not even hidden is unsafe in every measure."""
    shown = secrets - decision.hidden
    found = []
    for one in blocks(tables, secrets, decision, memory):
        failing = range(len(one.own)) if one.secret in shown else one.failing(widths)
        found += [(one.table, one.secret, one.unit, measure_name(number)) for number in failing]
    return found


def measure_name(number: int) -> str:
    return MEASURES[number] if number < len(MEASURES) else str(number)
