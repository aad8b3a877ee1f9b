"""Sums within sums: what follows for a figure from totals that are nested in one another. Pure.

Every cell has a box (from, to), every node a span for the sum of all that is below it. Such a family is laminar, so its
matrix is totally unimodular: what is worked out below is the optimum of linear programming, and where the ends of the
spans are whole also that over whole numbers. Wanted is the most that some cells, the targets, can add up to. Of a node
with the sum t that is min(H, t - R) for every t of at least L: R is the least that all others below it take, H the most
that the targets can be, L the least that all can be. Nodes side by side are together another one, with R, H and L added
up; and a span cuts L and H. The least is the same question with all signs turned. The tests compare it with HiGHS and
with trying every table; every run does the former on a sample of its own data.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cli.disclosure.numbers import Span

ROOT: Final = 0


@dataclass(frozen=True)
class Cell:
    """One person's figure in one unit, below `node`. `truth` is used for what its owner knows, and for nothing else."""

    person: str
    unit: str
    node: int
    box: Span
    truth: float


@dataclass
class _Sum:
    """Of boxes: the least, and the most, in which infinite ends are counted instead of added."""

    low: float = 0.0
    high: float = 0.0
    endless: int = 0

    def add(self, span: Span, times: int = 1) -> None:
        self.low += times * span.low
        if math.isinf(span.high):
            self.endless += times
        else:
            self.high += times * span.high

    def copy(self) -> "_Sum":
        return _Sum(self.low, self.high, self.endless)

    @property
    def span(self) -> Span:
        return Span(self.low, math.inf if self.endless else self.high)


class Tree:
    """`spans` and `parents` by node; node 0 is the root, and a parent comes before its children."""

    def __init__(self, spans: Sequence[Span], parents: Sequence[int], cells: Sequence[Cell]) -> None:
        self.spans, self.parents, self.cells = list(spans), list(parents), list(cells)
        self.of_person: dict[str, list[int]] = defaultdict(list)
        for number, cell in enumerate(self.cells):
            self.of_person[cell.person].append(number)
        self._add_up()

    def _add_up(self) -> None:
        self.sums = [_Sum() for _ in self.spans]
        for cell in self.cells:
            self.sums[cell.node].add(cell.box)
        self.inner = list(self.spans)
        for node in range(len(self.spans) - 1, -1, -1):
            self.inner[node] = self.spans[node].meet(self.sums[node].span)
            if node != ROOT:
                self.sums[self.parents[node]].add(self.inner[node])

    def narrow_root(self, span: Span) -> None:
        self.spans[ROOT] = self.spans[ROOT].meet(span)
        self._add_up()

    @property
    def whole(self) -> Span:
        """What is known of the sum of everything."""
        return self.inner[ROOT]

    def chain(self, node: int) -> list[int]:
        """From a node to the root."""
        found = [node]
        while found[-1] != ROOT:
            found.append(self.parents[found[-1]])
        return found

    def bounds(self, targets: Sequence[int], insiders: Iterable[str] = (), top: int = ROOT) -> Span:
        """Of the sum of some cells of one person, for those who know their own cells besides everything that is known.
        `top`: a node above all of them, beyond which nothing is looked at."""
        nodes = sorted({node for one in targets for node in self._up_to(top, one)}, reverse=True)
        known = [one for who in insiders for one in self.of_person[who]]
        others = self._without(targets, known, nodes)
        boxes: dict[int, list[Span]] = defaultdict(list)
        for one in targets:
            boxes[self.cells[one].node].append(self.cells[one].box)
        most = self._most(nodes, {node: others[node].span for node in nodes}, boxes, 1)
        return Span(-self._most(nodes, {node: others[node].span for node in nodes}, boxes, -1), most)

    def _up_to(self, top: int, target: int) -> list[int]:
        chain = self.chain(self.cells[target].node)
        return chain[: chain.index(top) + 1]

    def _most(
        self, nodes: Sequence[int], others: Mapping[int, Span], boxes: Mapping[int, Sequence[Span]], sign: int
    ) -> float:
        """The most that the targets, or what is `sign` times them, can add up to. `nodes`: children before parents."""
        rest: dict[int, float] = defaultdict(float)
        most: dict[int, float] = defaultdict(float)
        least: dict[int, float] = defaultdict(float)
        for node in nodes:
            own, beside, span = boxes.get(node, ()), others[node].times(sign), self.spans[node].times(sign)
            taken = beside.low + rest[node]
            high = min(most[node] + sum(one.times(sign).high for one in own), span.high - taken)
            low = max(least[node] + beside.low + sum(one.times(sign).low for one in own), span.low)
            if node == nodes[-1]:
                return high
            parent = self.parents[node]
            rest[parent] += max(taken, low - high)
            most[parent] += high
            least[parent] += low
        raise ValueError("no targets")

    def _without(self, targets: Sequence[int], known: Iterable[int], nodes: Sequence[int]) -> dict[int, _Sum]:
        """Per node the sum of all below it but the targets and what lies below the other nodes, with the `known` cells
        fixed."""
        changed: dict[int, _Sum] = {node: self.sums[node].copy() for node in nodes}
        for one in targets:
            changed[self.cells[one].node].add(self.cells[one].box, -1)
        for node in nodes[:-1]:
            changed[self.parents[node]].add(self.inner[node], -1)
        for number in known:
            if number in targets:
                continue
            cell = self.cells[number]
            there = changed.setdefault(cell.node, self.sums[cell.node].copy())
            there.add(cell.box, -1)
            there.add(Span(cell.truth, cell.truth))
        self._carry_up(changed, set(nodes))
        return changed

    def _carry_up(self, changed: dict[int, _Sum], nodes: set[int]) -> None:
        """Other nodes, in which a cell is fixed, tell their parents."""
        waiting = sorted(changed.keys() - nodes)
        while waiting:
            node = waiting.pop()
            parent = self.parents[node]
            if parent not in changed:
                changed[parent] = self.sums[parent].copy()
                waiting = sorted({*waiting, parent})
            changed[parent].add(self.inner[node], -1)
            changed[parent].add(self.spans[node].meet(changed[node].span))

    def telling(self, targets: Sequence[int], insiders: Sequence[str]) -> list[int]:
        """The nodes above these cells, from the lowest up to the first with which all is said."""
        chains = [self.chain(self.cells[one].node) for one in targets]
        shared = [node for node in chains[0] if all(node in chain for chain in chains)]
        final = self.bounds(targets, insiders)
        top = next((one for one in shared if self.bounds(targets, insiders, one) == final), ROOT)
        return sorted({node for one in targets for node in self._up_to(top, one)}, reverse=True)

    def most_told(self, node: int, hidden: Iterable[str]) -> dict[str, float]:
        """How much each of these people's own figures take from what is unknown directly below a node."""
        found: dict[str, float] = defaultdict(float)
        wanted = set(hidden)
        for cell in self.cells:
            if cell.node == node and cell.person in wanted:
                found[cell.person] += cell.truth - cell.box.low
        return found
