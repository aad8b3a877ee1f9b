"""What is known of one indicator and period over all readable releases, put into trees.

Releases in which the figures of an indicator and period are the same are one table: what one of them shows is known in
all. A reader who kept what was served earlier knows that too, except that nothing protects a figure from those who read
it before it was hidden: so a secret is judged on what was served since it was last shown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cli.disclosure.facts import Card, Facts, Key
from cli.disclosure.inputs import EVERY_RELEASE, External, Roster, Rosters
from cli.disclosure.measuring import Spans, measured
from cli.disclosure.numbers import Span
from cli.disclosure.policy import MEASURES

PRINTED: Final = {"cases": "denominator", "observed": "observed", "expected": "expected"}
SHARE: Final = "share"
NAME: Final = (*MEASURES, "ratio", SHARE)


@dataclass(frozen=True)
class Told:
    """A figure that was read, and where."""

    span: Span
    where: str


@dataclass
class Knowledge:
    """Of one table and one span of time: people and units by measure. `people` are those whose figure is printed,
    `hints` those of whom something follows from what is printed."""

    people: dict[str, dict[str, Told]] = field(default_factory=lambda: {one: {} for one in NAME})
    hints: dict[str, dict[str, Told]] = field(default_factory=lambda: {one: {} for one in NAME})
    units: dict[str, dict[str, Told]] = field(default_factory=lambda: {one: {} for one in NAME})
    cards: list[Card] = field(default_factory=list)


@dataclass
class Table:
    """`since[n]`: what was served from the n-th reading on; the last is what is served now."""

    indicator: str
    period: str
    releases: tuple[str, ...]
    roster: Roster
    since: list[Knowledge]
    regions: Mapping[str, str]
    externals: Sequence[External]

    def last_shown(self, person: str, measure: str) -> int:
        """The number of the last reading that showed somebody's figure; -1 where none did."""
        shown = [number for number, known in enumerate(self.since) if person in known.people[measure]]
        return max(shown, default=-1)

    @property
    def now(self) -> Knowledge:
        return self.since[-1]

    def secrets(self) -> set[str]:
        return self.roster.people if self.roster.secret is None else self.roster.secret & self.roster.people


def tables(readings: Sequence[Facts], rosters: Rosters, externals: Sequence[External]) -> Iterator[Table]:
    """One after the other, `readings` in order of time. Raises CouldNotJudge where the roster is not that of what was
    read."""
    spans = [measured(facts) for facts in readings]
    wanted = {(key[3], key[4]) for facts in readings for key in facts.rows if key[2]}
    for indicator, period in sorted(wanted):
        releases = sorted({key[0] for facts in readings for key in facts.rows if key[3:] == (indicator, period)})
        for group in _with_same_figures(releases, indicator, period, rosters):
            roster = _roster(group[0], indicator, period, rosters)
            if roster is None:
                continue
            yield Table(
                indicator, period, group, roster, _since(readings, spans, group, indicator, period),
                readings[-1].regions, [one for one in externals if (one.indicator, one.period) == (indicator, period)],
            )  # fmt: skip


def _roster(release: str, indicator: str, period: str, rosters: Rosters) -> Roster | None:
    return rosters.get((release, indicator, period)) or rosters.get((EVERY_RELEASE, indicator, period))


def _with_same_figures(releases: Iterable[str], indicator: str, period: str, rosters: Rosters) -> list[tuple[str, ...]]:
    groups: list[list[str]] = []
    for release in releases:
        own = _roster(release, indicator, period, rosters)
        for group in groups:
            other = _roster(group[0], indicator, period, rosters)
            if own is not None and other is not None and own.same_figures(other):
                group.append(release)
                break
        else:
            groups.append([release])
    return [tuple(group) for group in groups]


def _since(
    readings: Sequence[Facts],
    spans: Sequence[Mapping[Key, Spans]],
    releases: Sequence[str],
    indicator: str,
    period: str,
) -> list[Knowledge]:
    found = []
    for first in range(len(readings)):
        known = Knowledge()
        for facts, told in zip(readings[first:], spans[first:], strict=True):
            for key, row in facts.rows.items():
                if key[0] in releases and key[3:] == (indicator, period):
                    _learn(known, key, row.keys(), told[key], facts.where[key])
            known.cards += [card for key, card in facts.cards.items() if key[0] in releases
                            and key[1:] == (indicator, period)]  # fmt: skip
        found.append(known)
    return found


def _learn(known: Knowledge, key: Key, names: Iterable[str], told: Spans, where: str) -> None:
    for measure, span in told.items():
        printed = PRINTED.get(measure, "ratio") in names
        if key[1] == "consultant":
            there = known.people if printed and measure in MEASURES else known.hints
        else:
            there = known.units
        before = there[measure].get(key[2])
        there[measure][key[2]] = Told(span if before is None else before.span.meet(span), where)
