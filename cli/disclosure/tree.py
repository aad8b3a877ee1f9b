"""Sums within sums: what follows for one cell from totals that are nested in one another. Pure.

Every cell has a box (from, to), every node a span for the sum of all that is below it. Such a family is laminar,
so its matrix is totally unimodular: the bounds below are those of linear programming, and where the ends of the spans
are whole also those over whole numbers. Going down from the root, a child gets what its parent may have less the least
(or most) that its siblings have; this uses each constraint once and is exact. The tests compare it with HiGHS over
whole numbers, and every run does so on a sample of its own data.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
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

    def bounds(self, target: int, insiders: Iterable[str] = (), top: int = ROOT) -> Span:
        """Of a cell, for those who know their own cells besides everything that is known. `top`: a node above the cell,
        beyond which nothing is looked at."""
        cell = self.cells[target]
        whole = self.chain(cell.node)
        chain = whole[: whole.index(top) + 1]
        others = self._without(target, [one for who in insiders for one in self.of_person[who]], chain)
        allowed = self.spans[top]
        for node, below in zip(reversed(chain), [*reversed(chain[:-1]), None], strict=True):
            own = cell.box if below is None else self.spans[below]
            allowed = own.meet(allowed.minus(others[node].span))
        return allowed

    def _without(self, target: int, known: Iterable[int], chain: Sequence[int]) -> dict[int, _Sum]:
        """Per node of the chain the sum of all below it that does not lie on the chain, the `known` cells fixed."""
        changed: dict[int, _Sum] = {node: self.sums[node].copy() for node in chain}
        changed[chain[0]].add(self.cells[target].box, -1)
        for node in chain[:-1]:
            changed[self.parents[node]].add(self.inner[node], -1)
        for number in known:
            if number == target:
                continue
            cell = self.cells[number]
            there = changed.setdefault(cell.node, self.sums[cell.node].copy())
            there.add(cell.box, -1)
            there.add(Span(cell.truth, cell.truth))
        self._carry_up(changed, set(chain))
        return {node: changed[node] for node in chain}

    def _carry_up(self, changed: dict[int, _Sum], chain: set[int]) -> None:
        """Nodes beside the chain in which a cell is fixed tell their parents."""
        waiting = sorted(changed.keys() - chain)
        while waiting:
            node = waiting.pop()
            parent = self.parents[node]
            if parent not in changed:
                changed[parent] = self.sums[parent].copy()
                waiting = sorted({*waiting, parent})
            changed[parent].add(self.inner[node], -1)
            changed[parent].add(self.spans[node].meet(changed[node].span))

    def telling(self, target: int, insiders: Sequence[str]) -> list[int]:
        """The nodes above a cell, from the lowest up to the first with which all is said."""
        chain = self.chain(self.cells[target].node)
        final = self.bounds(target, insiders)
        enough = (place for place, node in enumerate(chain) if self.bounds(target, insiders, node) == final)
        return chain[: next(enough, len(chain) - 1) + 1]

    def most_told(self, node: int, hidden: Iterable[str]) -> dict[str, float]:
        """How much each of these people's own figures take from what is unknown directly below a node."""
        found: dict[str, float] = defaultdict(float)
        wanted = set(hidden)
        for cell in self.cells:
            if cell.node == node and cell.person in wanted:
                found[cell.person] += cell.truth - cell.box.low
        return found
