"""Tables rounded to the nearest five: whoever bounds a secret in fractions flatters the publisher.

A unit prints its rounded total and its shown colleagues' rounded counts. In fractions each printed number may be 2.5
off, in whole numbers only 2: the interval of whole worlds lies within the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from services.ratings.disclosure import Cell, Memory, Policy, Table, decide
from tests.disclosure.attacking import Interval, acceptable, need

BASE: Final = 5
FLOOR: Final = (10.0,)


@dataclass(frozen=True)
class Unit:
    """Cases of each person; the first is the secret. `order`: in which partners are tried."""

    cases: tuple[int, ...]
    order: tuple[int, ...]


def unit(seed: int, number: int) -> Unit:
    chance = Random(f"rounded:{seed}:{number}")
    size = chance.randint(3, 8)
    cases = tuple(chance.randint(1, 60) for _ in range(size))
    return Unit(cases, tuple(chance.sample(range(1, size), size - 1)))


def rounded(count: int) -> int:
    return (2 * count + BASE) // (2 * BASE) * BASE


def interval(one: Unit, hidden: Sequence[int], insider: int | None, *, whole: bool) -> Interval:
    """Of the secret, when `hidden` have no row; the insider's own count is known to them."""
    size = len(one.cases)
    slack = (BASE - 1) // 2 if whole else BASE / 2
    shown = [at for at in range(size) if at not in hidden]
    low, high = np.zeros(size), np.full(size, np.inf)
    for at in shown:
        low[at], high[at] = max(0, rounded(one.cases[at]) - slack), rounded(one.cases[at]) + slack
    if insider is not None:
        low[insider] = high[insider] = one.cases[insider]
    total = rounded(sum(one.cases))
    rule = LinearConstraint(np.ones((1, size)), total - slack, total + slack)
    ends = []
    for sign in (1, -1):
        answer = milp(
            sign * np.eye(size)[0], constraints=[rule], integrality=np.full(size, whole), bounds=Bounds(low, high)
        )
        if answer.fun is None:
            raise AssertionError(f"HiGHS found no counts that are printed so: {answer.message}")
        ends.append(sign * float(answer.fun))
    return Interval(*ends)


def is_acceptable(one: Unit, hidden: Sequence[int], *, whole: bool) -> bool:
    """To outsiders and to every insider among the colleagues."""
    size = one.cases[0]
    insiders = [None, *range(1, len(one.cases))]
    found = (interval(one, hidden, insider, whole=whole) for insider in insiders)
    return all(acceptable(each, size, need(size, 0, FLOOR)) for each in found)


def by_fractions(one: Unit) -> list[int] | None:
    """The mutant: partners are added until the interval in fractions is wide enough."""
    for number in range(len(one.order) + 1):
        hidden = [0, *one.order[:number]]
        if is_acceptable(one, hidden, whole=False):
            return hidden
    return None


def by_the_package(one: Unit) -> list[int] | None:
    """The package decides on the exact counts; None where it says that the secret cannot be covered."""
    widths = Policy().widths
    policy = Policy(type(widths)(widths.k, widths.p, FLOOR))
    table = Table(
        tuple(Cell(str(at), "unit", (float(count),)) for at, count in enumerate(one.cases)), fixed=frozenset({"unit"})
    )
    order = ["0", *(str(at) for at in one.order)]
    found = decide([table], frozenset({"0"}), order, ["unit"], Memory(), policy)
    return None if found.exposed else sorted(int(at) for at in found.hidden)
