"""The same question put to HiGHS, over whole numbers: all measures at once, with the identity and with ratios.

It is slow and knows nothing of trees: every finding is asked again here before it is told, and a sample of everything
else, so that the shorter way is checked on the very data that it was used on.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from cli.disclosure.numbers import Span
from cli.disclosure.policy import COUNTS
from cli.disclosure.tree import Tree

OPTIMAL: Final = 0
INFEASIBLE: Final = 2
Row = tuple[dict[int, float], float, float]


@dataclass
class Program:
    """Variables and rows of the trees of one table. `fitted`: events and expected events of the whole set are equal,
    within `slack`. `ratios`: observed over expected of hidden people of whom it is known."""

    trees: Mapping[str, Tree]
    fitted: bool = False
    slack: float = 0.0
    ratios: Mapping[str, Span] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.low: list[float] = []
        self.high: list[float] = []
        self.whole: list[int] = []
        self.rows: list[Row] = []
        self.place: dict[tuple[str, int], int] = {}
        for measure, tree in self.trees.items():
            self._add(measure, tree)
        if self.fitted and {"observed", "expected"} <= self.trees.keys():
            self._identity()
        for person, ratio in self.ratios.items():
            self._ratio(person, ratio)

    def _add(self, measure: str, tree: Tree) -> None:
        below: dict[int, dict[int, float]] = defaultdict(dict)
        for number, cell in enumerate(tree.cells):
            self.place[measure, number] = len(self.low)
            for node in tree.chain(cell.node):
                below[node][len(self.low)] = 1.0
            self.low.append(cell.box.low)
            self.high.append(cell.box.high)
            self.whole.append(int(measure in COUNTS))
        self.rows += [(below[node], span.low, span.high) for node, span in enumerate(tree.spans) if below[node]]

    def _identity(self) -> None:
        row = {self.place["observed", number]: 1.0 for number in range(len(self.trees["observed"].cells))}
        row |= {self.place["expected", number]: -1.0 for number in range(len(self.trees["expected"].cells))}
        self.rows.append((row, -self.slack, self.slack))

    def _ratio(self, person: str, ratio: Span) -> None:
        """low x expected <= observed <= high x expected."""
        observed = {self.place["observed", one]: 1.0 for one in self.trees["observed"].of_person[person]}
        expected = [self.place["expected", one] for one in self.trees["expected"].of_person[person]]
        self.rows.append((observed | dict.fromkeys(expected, -ratio.low), 0.0, np.inf))
        self.rows.append((observed | dict.fromkeys(expected, -ratio.high), -np.inf, 0.0))

    def bounds(self, measure: str, targets: Sequence[int], insiders: Iterable[str] = ()) -> Span:
        """Least and most of the sum of some cells. Raises ArithmeticError where HiGHS finds no optimum."""
        low, high = np.array(self.low), np.array(self.high)
        wanted = [self.place[measure, one] for one in targets]
        for who in insiders:
            for name, tree in self.trees.items():
                for number in tree.of_person[who]:
                    place = self.place[name, number]
                    if place not in wanted:
                        low[place] = high[place] = tree.cells[number].truth
        return Span(self._solve(wanted, low, high, 1.0), -self._solve(wanted, low, high, -1.0))

    def _solve(self, wanted: Sequence[int], low: npt.NDArray[Any], high: npt.NDArray[Any], sign: float) -> float:
        aim = np.zeros(len(self.low))
        aim[list(wanted)] = sign
        answer = milp(aim, integrality=np.array(self.whole), bounds=Bounds(low, high), constraints=self._matrix(),
                      options={"mip_rel_gap": 0.0})  # fmt: skip
        if answer.status == OPTIMAL:
            return float(answer.fun)
        if answer.status == INFEASIBLE:
            raise ArithmeticError("what was read contradicts itself")
        return -np.inf

    def _matrix(self) -> list[LinearConstraint]:
        if not self.rows:
            return []
        entries = [(number, place, one) for number, (row, _, _) in enumerate(self.rows) for place, one in row.items()]
        across, down, values = zip(*entries, strict=True)
        matrix = csr_array((values, (across, down)), shape=(len(self.rows), len(self.low)))
        return [LinearConstraint(matrix, [row[1] for row in self.rows], [row[2] for row in self.rows])]


def agree(one: Span, other: Span, slack: float = 1e-4) -> bool:
    """Equal ends, or both endless."""
    return all(
        left == right or abs(left - right) <= slack * max(1.0, abs(left))
        for left, right in ((one.low, other.low), (one.high, other.high))
    )


def identified(trees: Mapping[str, Tree], slack: float) -> None:
    """Observed and expected of the whole set are equal: each narrows what is known of the other's sum."""
    if not {"observed", "expected"} <= trees.keys():
        return
    observed, expected = trees["observed"], trees["expected"]
    expected.narrow_root(observed.whole.whole().wider(slack))
    observed.narrow_root(expected.whole.wider(slack).whole())
    expected.narrow_root(observed.whole.whole().wider(slack))
