"""One table as trees of sums: a cell for every person and unit, a node for every total that is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cli.disclosure.exact import identified
from cli.disclosure.fetching import CouldNotJudge
from cli.disclosure.inputs import COUNTED, NOBODY
from cli.disclosure.numbers import ANY, Span, exactly, product
from cli.disclosure.policy import COUNTS, MEASURES
from cli.disclosure.tables import SHARE, Knowledge, Table
from cli.disclosure.tree import ROOT, Cell, Tree

WHOLE: Final = "*"
FIT_SLACK: Final = 0.01  # to which a fitted model's expected events add up to those observed


@dataclass(frozen=True)
class System:
    """A table as trees, by measure. `hidden`: by measure. `names` of nodes; `fitted`: whether the identity holds."""

    trees: Mapping[str, Tree]
    hidden: Mapping[str, frozenset[str]]
    names: Mapping[str, tuple[str, ...]]
    fitted: bool
    ratios: Mapping[str, Span]


def system(table: Table, known: Knowledge) -> System:
    """Raises CouldNotJudge where roster and figures contradict one another."""
    built = {measure: _Builder(table, known, measure) for measure in MEASURES}
    trees = {measure: one.tree() for measure, one in built.items()}
    hidden = {measure: frozenset(table.roster.people - known.people[measure].keys()) for measure in MEASURES}
    ratios = {one: told.span for one, told in known.hints["ratio"].items()
              if one in hidden["observed"] & hidden["expected"]}  # fmt: skip
    names = {measure: tuple(one.names) for measure, one in built.items()}
    fitted = bool(known.cards) and _equal(trees["observed"], trees["expected"])
    if fitted:
        identified(trees, FIT_SLACK)
    return System(trees, hidden, names, fitted, ratios)


def _equal(observed: Tree, expected: Tree) -> bool:
    """A model that was fitted on these cases has an intercept; the roster says whether the sums are indeed equal."""
    return abs(sum(one.truth for one in observed.cells) - sum(one.truth for one in expected.cells)) <= FIT_SLACK


class _Builder:
    """The tree of one measure: cells below units whose total is known, those below regions and the whole set."""

    def __init__(self, table: Table, known: Knowledge, measure: str) -> None:
        self.table, self.known, self.measure = table, known, measure
        self.number = MEASURES.index(measure)
        self.names, self.spans, self.parents = [WHOLE], [ANY], [ROOT]
        self.sizes = {cell: sizes[self.number] for cell, sizes in table.roster.cells.items()}

    def tree(self) -> Tree:
        self._regions()
        place = {unit: self._unit(unit) for unit in sorted({unit for _, unit in self.sizes})}
        cells = [self._cell(person, unit, place[unit]) for person, unit in sorted(self.sizes)]
        cells += [Cell(NOBODY, unit, node, exactly(rest), rest) for unit, node in place.items()
                  if (rest := self._unattributed(unit))]  # fmt: skip
        self.spans[ROOT] = self._whole(sum(cell.truth for cell in cells))
        return Tree(self.spans, self.parents, cells)

    def _told(self, unit: str) -> Span:
        """What is public of a unit's total, here and elsewhere."""
        span = ANY
        if unit in self.known.units[self.measure]:
            span = self.known.units[self.measure][unit].span
        return self._as_counted(self._with_externals(unit, span).meet(self._by_share(unit)))

    def _by_share(self, unit: str) -> Span:
        """Of a unit's cases, what follows from the share of them that it sent and the count that somebody else made."""
        share = self.known.units[SHARE].get(unit)
        counts = [one.span for one in self.table.externals if (one.node, one.measure) == (unit, COUNTED)]
        if self.measure != "cases" or share is None or not counts:
            return ANY
        return product(share.span, counts[0])

    def _with_externals(self, node: str, span: Span) -> Span:
        for one in self.table.externals:
            if (one.node, one.measure) == (node, self.measure):
                span = span.meet(one.span)
        return span

    def _as_counted(self, span: Span) -> Span:
        return span.whole() if self.measure in COUNTS else span

    def _regions(self) -> None:
        for region in sorted({one.node for one in self.table.externals} & set(self.table.regions.values())):
            span = self._as_counted(self._with_externals(region, ANY))
            if span != ANY:
                self._node(region, span, ROOT)

    def _node(self, name: str, span: Span, parent: int) -> int:
        self.names.append(name)
        self.spans.append(span)
        self.parents.append(parent)
        return len(self.names) - 1

    def _unit(self, unit: str) -> int:
        """The node of a unit, or that of what is known above it."""
        region = self.table.regions.get(unit, "")
        above = self.names.index(region) if region in self.names else ROOT
        span = self._told(unit)
        if span == ANY:
            return above
        truth = sum(size for (_, where), size in self.sizes.items() if where == unit)
        if span.high < truth - 1e-6:
            raise CouldNotJudge(
                f"The roster says more {self.measure} than {unit} has in public ({self.table.indicator}, "
                f"{self.table.period}): it belongs to another release, or the total is wrong."
            )
        return self._node(unit, span, above)

    def _unattributed(self, unit: str) -> float:
        """What a unit has beyond all cells of the roster: cases that were sent without a consultant."""
        span = self._told(unit)
        truth = sum(size for (_, where), size in self.sizes.items() if where == unit)
        return 0.0 if span == ANY or span.has(truth) else (span.low + span.high) / 2 - truth

    def _cell(self, person: str, unit: str, node: int) -> Cell:
        size = self.sizes[person, unit]
        return Cell(person, unit, node, self._box(person, size), size)

    def _box(self, person: str, size: float) -> Span:
        """Of a person whose figure is printed readers know how it splits over units: from lists of staff."""
        if person == NOBODY:
            return exactly(size)
        whole = sum(self.sizes[person, one] for one in self.table.roster.units_of(person))
        printed = self.known.people[self.measure].get(person)
        if printed is not None:
            if not printed.span.has(whole):
                raise CouldNotJudge(
                    f"{self.measure} of consultant {person} ({self.table.indicator}, {self.table.period}) are not those"
                    f" of the roster: {printed.where}. The roster belongs to another release."
                )
            return Span(max(0.0, size + printed.span.low - whole), size + printed.span.high - whole)
        hint = self.known.hints[self.measure].get(person)
        if hint is None:
            return ANY
        alone = whole == size and len(self.table.roster.units_of(person)) == 1
        return Span(max(0.0, hint.span.low) if alone else 0.0, hint.span.high)

    def _whole(self, truth: float) -> Span:
        """Of the whole set: what the card of its model prints, and totals published elsewhere, where they are of it."""
        span = self._as_counted(self._with_externals(WHOLE, ANY))
        for card in self.known.cards:
            told = {"cases": card.cases, "observed": card.events}.get(self.measure)
            if told is not None and self._as_counted(told).has(truth):
                span = span.meet(self._as_counted(told))
        return span if span.has(truth) else ANY
