"""Min and max of every hidden figure, for nobody in particular and for each insider in turn."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from cli.disclosure import proving
from cli.disclosure.asked import Judged, Target, Who
from cli.disclosure.exact import Program, agree
from cli.disclosure.findings import Finding, Found
from cli.disclosure.numbers import Span
from cli.disclosure.policy import MEASURES, Policy
from cli.disclosure.systems import FIT_SLACK, System, system
from cli.disclosure.tables import Table
from cli.disclosure.tree import Tree

ALL_IN_TURN: Final = 60  # people in one block up to whom each is tried as an insider
MOST_TELLING: Final = 4  # else those whose own figures take most from what is unknown, per node above the secret
GROUPS: Final = 400  # sets of several insiders that are tried


@dataclass
class Verdict:
    """`pairs`: secrets x measures x insiders that were judged. `checked`: of these, asked again of HiGHS."""

    secrets: int = 0
    figures: int = 0
    pairs: int = 0
    checked: int = 0
    worst: Finding | None = None
    tables: int = 0

    def see(self, finding: Finding) -> None:
        if self.worst is None or (finding.fraction or 0.0) < (self.worst.fraction or 0.0):
            self.worst = finding


@dataclass
class Judge:
    """`sample`: one in so many figures is asked again of HiGHS; 0 for none."""

    policy: Policy
    found: Found
    sample: int = 50
    verdict: Verdict = field(default_factory=Verdict)

    def table(self, table: Table) -> None:
        """Raises CouldNotJudge where roster and figures contradict one another."""
        self.verdict.tables += 1
        self._shown(table)
        people: set[str] = set()
        for first, measure, secrets in _cohorts(table):
            people |= secrets
            known = table.since[first]
            self._measure(Asked(table, system(table, known), measure), first, secrets)
        self.verdict.secrets += len(people)

    def _shown(self, table: Table) -> None:
        """Somebody whom the roster calls a secret has a row."""
        for person in sorted(table.roster.secret or ()):
            for measure in MEASURES:
                told = table.now.people[measure].get(person)
                if told is not None:
                    self.found.findings.append(proving.shown(table, person, measure, told))

    def _measure(self, asked: "Asked", first: int, secrets: set[str]) -> None:
        for target in asked.targets(secrets):
            worst = asked.worst(target, self.policy)
            self.verdict.figures += 1
            self.verdict.pairs += asked.insiders_of(target.person)
            if self._is_sampled(worst):
                worst = self._again(asked, worst)
            self._tell(asked, worst, first)

    def _tell(self, asked: "Asked", worst: Judged, first: int) -> None:
        """A finding where the interval is too narrow; and the narrowest of all, with its proof, in any case."""
        narrow, verdict = worst.fraction < 1 - 1e-9, self.verdict
        if not narrow and verdict.worst is not None and worst.fraction >= (verdict.worst.fraction or 0.0):
            return
        finding = proving.interval(asked.table, asked.system, worst, first, self.policy)
        verdict.see(finding)
        if narrow:
            self.found.findings.append(finding)

    def _is_sampled(self, judged: Judged) -> bool:
        if judged.fraction < 1 - 1e-9:
            return True
        return bool(self.sample) and (self.verdict.figures - 1) % self.sample == 0

    def _again(self, asked: "Asked", judged: Judged) -> Judged:
        """What HiGHS says. A difference is told, and the narrower interval stands."""
        self.verdict.checked += 1
        exact = asked.program.bounds(judged.measure, judged.target.cells, judged.insiders)
        if not asked.system.ratios and not agree(exact, judged.span):
            self.found.note(
                f"HiGHS gives {exact.low:g} to {exact.high:g} for a figure for which sums gave {judged.span.low:g} to "
                f"{judged.span.high:g}; the narrower one was judged"
            )
        span = judged.span.meet(exact)
        fraction = self.policy.fraction(judged.measure, judged.target.truth, span.low, span.high)
        return Judged(fraction, judged.target, judged.measure, span, judged.insiders)


def _cohorts(table: Table) -> Iterator[tuple[int, str, set[str]]]:
    """Secrets that have been hidden since the same reading, by measure, with the number of that reading."""
    for measure in MEASURES:
        by_first: dict[int, set[str]] = {}
        for person in table.secrets():
            first = table.last_shown(person, measure) + 1
            if first < len(table.since):
                by_first.setdefault(first, set()).add(person)
        for first in sorted(by_first):
            yield first, measure, by_first[first]


class Asked:
    """One measure of one system, and who may be an insider."""

    def __init__(self, table: Table, known: System, measure: str) -> None:
        self.table, self.system, self.measure = table, known, measure
        self.tree: Tree = known.trees[measure]
        self.hidden = known.hidden[measure]
        self.in_node: dict[int, list[str]] = {}
        self.telling: dict[int, list[str]] = {}
        self._program: Program | None = None
        for cell in self.tree.cells:
            if cell.person in self.hidden:
                self.in_node.setdefault(cell.node, []).append(cell.person)

    @property
    def program(self) -> Program:
        if self._program is None:
            known = self.system
            self._program = Program(known.trees, known.fitted, FIT_SLACK, known.ratios)
        return self._program

    def insiders_of(self, person: str) -> int:
        """Nobody, and everybody else who is hidden."""
        return len(self.hidden - {person}) + 1

    def targets(self, secrets: set[str]) -> Iterator[Target]:
        """Every cell of every secret; and the whole row of those who have several, which is what was to be shown."""
        for person in sorted(secrets):
            own = self.tree.of_person[person]
            for cells in [(one,) for one in own] + ([tuple(own)] if len(own) > 1 else []):
                found = [self.tree.cells[one] for one in cells]
                yield Target(person, cells, tuple(one.unit for one in found), sum(one.truth for one in found))

    def worst(self, target: Target, policy: Policy) -> Judged:
        """The interval that is narrowest for its need, over all who may tell each other what they know."""

        def judged(insiders: Who) -> Judged:
            span = self._bounds(target.cells, insiders)
            fraction = policy.fraction(self.measure, target.truth, span.low, span.high)
            return Judged(fraction, target, self.measure, span, insiders)

        return min((judged(who) for who in self._groups(target, policy.k)), key=lambda one: one.fraction)

    def _bounds(self, targets: Sequence[int], insiders: Who) -> Span:
        if self.system.ratios:  # ratios tie the measures together: no tree
            return self.program.bounds(self.measure, targets, insiders)
        return self.tree.bounds(targets, insiders)

    def _groups(self, target: Target, k: int) -> Iterator[Who]:
        """Nobody; each one alone; and sets of up to `k`.

        The upper end for a set of insiders is the least, over the nodes above the secret, of a constant minus what the
        set's own figures take from what is unknown there, which adds up over people. So the narrowest is that of the k
        people who take most at one of the nodes; the lower end is touched only where hardly anybody else is left, and
        there all are tried in turn.
        """
        yield ()
        lowest = {self.tree.cells[one].node for one in target.cells}
        near = {one for node in lowest for one in self.in_node.get(node, []) if one != target.person}
        candidates = sorted(near) if len(near) <= ALL_IN_TURN else []
        for node in sorted({above for one in lowest for above in self.tree.chain(one)}) if k else ():
            most = [one for one in self._telling(node) if one != target.person][: max(MOST_TELLING, k)]
            if k > 1:
                yield tuple(most[:k])
            candidates = [*candidates, *most]
        candidates = list(dict.fromkeys(candidates))
        if k:
            yield from ((one,) for one in candidates)
        yield from _several(candidates, k)

    def _telling(self, node: int) -> list[str]:
        if node not in self.telling:
            told = self.tree.most_told(node, self.hidden)
            self.telling[node] = sorted(told, key=lambda one: (-told[one], one))
        return self.telling[node]


def _several(candidates: Sequence[str], k: int) -> Iterable[Who]:
    found = (who for size in range(2, k + 1) for who in combinations(candidates, size))
    return [who for _, who in zip(range(GROUPS), found, strict=False)]
