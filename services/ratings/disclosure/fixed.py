"""Which totals no sequence of withdrawals can ever touch: a function of the figures, and of nobody's decisions."""

from collections.abc import Collection, Mapping, Sequence

from services.ratings.disclosure.policy import Policy, Widths
from services.ratings.disclosure.safety import SLACK, is_safe, plus
from services.ratings.disclosure.table import Sizes, Table


def fixed_units(table: Table, unit_order: Sequence[str], policy: Policy) -> frozenset[str]:
    """Units whose total is safe to show even if all their people are secrets; `table.fixed` is not looked at.

    The others must be safe together too, once all of their totals are withheld: otherwise further units, first in
    `unit_order`, stay revocable until that holds. So every secret can be covered, unless the table is tiny.
    """
    widths = policy.widths
    fixed = {unit for unit in table.units - table.small if all_safe([table.cells_in(unit)], widths)}
    for units in table.units_under.values():
        together = [unit for unit in units if unit not in fixed and unit not in table.known]
        spare = (unit for unit in unit_order if unit in fixed and unit in units and unit not in table.known)
        while together and not all_safe([table.cells_in(unit) for unit in together], widths):
            unit = next(spare, None)
            if unit is None:
                break
            fixed.discard(unit)
            together.append(unit)
    return frozenset(fixed)


def all_safe(cells: Collection[Mapping[str, Sizes]], widths: Widths) -> bool:
    """Whether everybody in one block, all hidden and all secrets, is safe; `cells` by unit, person to sizes."""
    grouped: dict[str, Sizes] = {}
    largest: dict[str, Sizes] = {}
    for unit in cells:
        for person, sizes in unit.items():
            grouped[person] = plus(grouped[person], sizes) if person in grouped else sizes
            largest[person] = tuple(map(max, largest[person], sizes)) if person in largest else sizes
    for number, floor in enumerate(widths.floors):
        together = {person: sizes[number] for person, sizes in grouped.items()}
        if _ample(together.values(), widths, floor):
            continue
        for person, own in largest.items():
            others = (size for one, size in together.items() if one != person)
            if not is_safe(others, own[number], widths.k, widths.p, floor):
                return False
    return True


def _ample(sizes: Collection[float], widths: Widths, floor: float) -> bool:
    """Whether even the secret that is hardest to cover has room to spare, so that the others need not be looked at."""
    ordered = sorted(sizes, reverse=True)
    rest = sum(ordered[widths.k + 1 :])
    return len(ordered) > widths.k + 1 and rest > SLACK * max(floor, widths.p * ordered[0])
