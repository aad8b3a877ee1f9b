"""The smallest part of a history that still breaks the law: nothing that could excuse the breach is left out.

An operation may go only if it could not have undone the withdrawal: other people's, reads, and grants that cannot have
landed after it. What is left is the withdrawal, what broke it, and the grants that came close.
"""

from collections.abc import Mapping

from cli.check.found import Violation
from cli.check.lines import Read, Sent, Write
from cli.check.windows import Register

Operation = Write | Read | Sent


def shrunk(found: Violation, registers: Mapping[str, Register]) -> tuple[Operation, ...]:
    """In the order of time."""
    if found.law == "G0" or not isinstance(found.second, Read | Sent) or found.first is None:
        return tuple(one for one in (found.first, found.second) if one is not None)
    began, ended = _span(found.second)
    kept = list(registers[found.c].writes)
    for one in list(kept):
        if one is not found.first and not _may_excuse(one, found.first, ended):
            rest = [other for other in kept if other is not one]
            if _still(rest, found.first, began, ended):
                kept = rest
    return tuple(sorted([*kept, found.second], key=lambda one: _span(one)[0]))


def _may_excuse(one: Write, withdrawal: Write, ended: float) -> bool:
    """A grant that was asked for in time, and was not acknowledged as an earlier one."""
    if one.f != "grant" or one.outcome == "fail" or one.inv > ended:
        return False
    return one.outcome == "info" or one.number > withdrawal.number


def _still(writes: list[Write], withdrawal: Write, began: float, ended: float) -> bool:
    return any(one.withdrawal is withdrawal for one in Register(writes).recorded().all_holding(began, ended))


def _span(one: Operation) -> tuple[float, float]:
    if isinstance(one, Sent):
        return one.at, one.at
    return one.inv, one.over if one.end is None else one.end
