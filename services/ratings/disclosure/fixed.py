"""Which totals no sequence of withdrawals can ever touch: a function of the figures, and of nobody's decisions."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from services.ratings.disclosure.policy import Policy, Widths
from services.ratings.disclosure.safety import is_safe
from services.ratings.disclosure.sums import Crowd, merged
from services.ratings.disclosure.table import Sizes, Table


def fixed_units(
    table: Table, unit_order: Sequence[str], policy: Policy, earlier: Iterable[Table] = ()
) -> frozenset[str]:
    """Units whose total is safe to show even if all their people are secrets; `table.fixed` is not looked at.

    The others must be safe together too, once all of their totals are withheld: otherwise further units, first in
    `unit_order`, stay revocable until that holds. So every secret can be covered, unless the table is tiny.

    `earlier`: the tables of releases published before. What could be withheld there can be withheld here, too: the same
    total must not be shown by one release and withheld by another.
    """
    widths = policy.widths
    fixed = {unit for unit in table.units - table.small if all_safe(table, [unit], widths)}
    fixed -= frozenset().union(*(other.units - other.fixed for other in earlier))
    for units in table.units_under.values():
        together = [unit for unit in units if unit not in fixed and unit not in table.known]
        candidates = fixed.intersection(units) - table.known
        spare = (unit for unit in unit_order if unit in candidates)
        while together and not all_safe(table, together, widths):
            unit = next(spare, None)
            if unit is None:
                break
            fixed.discard(unit)
            together.append(unit)
    return frozenset(fixed)


def all_safe(table: Table, units: Collection[str], widths: Widths) -> bool:
    """Whether everybody in a block of units, all hidden and all secrets, is safe."""
    together = merged(table.cells_in(unit) for unit in units)
    crowd = Crowd(together, widths)
    secrets = ((person, table.own_in(person, units)) for person in together)
    return all(
        crowd.ample(person, widths.needs(own)) or _is_safe(person, own, together, widths) for person, own in secrets
    )


def _is_safe(person: str, own: Sizes, together: Mapping[str, Sizes], widths: Widths) -> bool:
    others = [sizes for one, sizes in together.items() if one != person]
    return all(
        is_safe((sizes[measure] for sizes in others), size, widths.k, widths.p, floor)
        for measure, (size, floor) in enumerate(zip(own, widths.floors, strict=True))
    )
