"""Fates against a slow reading of the rule, line by line, over random files."""

from collections import Counter
from dataclasses import dataclass, field

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.checks import row_schema
from services.ingest.fates import Resolution, resolve, state_schema
from services.ingest.source import load_sources
from shared.contracts.ingest import Fate

SOURCE = load_sources()["candour-demo-providers"]
Line = tuple[str, str]  # key, value
Sent = tuple[bool, list[Line]]  # whether it supersedes, lines


@dataclass
class ByHand:
    """The rule as prose: one line after another."""

    standing: dict[str, tuple[str, str, int]] = field(default_factory=dict)  # key -> value, submission, line
    disputed: set[str] = field(default_factory=set)
    fates: dict[tuple[str, int], Fate] = field(default_factory=dict)

    def take(self, submission: str, supersedes: bool, lines: list[Line]) -> None:
        if supersedes:
            for key, _ in lines:
                self.disputed.discard(key)
                self.standing.pop(key, None)
        for number, (key, value) in enumerate(lines, start=2):
            self.fates[submission, number] = self._fate(submission, number, key, value)

    def _fate(self, submission: str, number: int, key: str, value: str) -> Fate:
        if key in self.disputed:
            return Fate.CONFLICT
        if key not in self.standing:
            self.standing[key] = (value, submission, number)
            return Fate.ACCEPTED
        held, other, line = self.standing[key]
        if held == value:
            return Fate.DUPLICATE
        self.disputed.add(key)
        self.fates[other, line] = Fate.CONFLICT
        return Fate.CONFLICT

    def count(self, submission: str) -> dict[Fate, int]:
        return Counter(fate for (one, _), fate in self.fates.items() if one == submission)


def frame(lines: list[Line]) -> pl.DataFrame:
    rows = [(number, False, key, value, "hospital", "North") for number, (key, value) in enumerate(lines, start=2)]
    return pl.DataFrame(rows, schema=row_schema(SOURCE), orient="row")


def empty() -> pl.DataFrame:
    return pl.DataFrame(schema=state_schema(SOURCE))


def resolved(files: list[Sent]) -> tuple[dict[str, Counter[Fate]], Resolution]:
    state, counts = empty(), {}
    for number, (supersedes, lines) in enumerate(files):
        resolution = resolve(frame(lines), state, str(number), supersedes, SOURCE)
        state, counts[str(number)] = resolution.state, Counter(resolution.fates)
        for submission, was in resolution.overtaken.select("_submission", "_status").iter_rows():
            counts[submission][Fate(was)] -= 1
            counts[submission][Fate.CONFLICT] += 1
    return counts, resolution


LINES = st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("xy")), min_size=1, max_size=6)


@given(st.lists(st.tuples(st.booleans(), LINES), min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_frames_and_lines_by_hand_agree(files: list[Sent]) -> None:
    hand = ByHand()
    for number, (supersedes, lines) in enumerate(files):
        hand.take(str(number), supersedes, lines)
    counts, last = resolved(files)
    for submission, fates in counts.items():
        assert +fates == hand.count(submission)
    standing = last.state.filter(pl.col("_status") == "accepted")
    assert set(standing.select("provider", "name", "_submission", "_line").iter_rows()) == {
        (key, *held) for key, held in hand.standing.items() if key not in hand.disputed
    }


@given(LINES, st.integers(0, 6))
@settings(max_examples=100, deadline=None)
def test_two_parts_have_the_fates_of_the_whole(lines: list[Line], cut: int) -> None:
    whole, at_once = resolved([(False, lines)])
    parts, one_by_one = resolved([(False, part) for part in (lines[:cut], lines[cut:]) if part])
    assert +sum(whole.values(), Counter()) == +sum(parts.values(), Counter())
    kept = ["provider", "name", "_status"]
    assert at_once.state.select(kept).equals(one_by_one.state.select(kept))


def test_a_state_says_nothing_of_the_order_of_lines() -> None:
    one = resolve(frame([("A", "x"), ("B", "y")]), empty(), "1", False, SOURCE).state
    other = resolve(frame([("B", "y"), ("A", "x")]), empty(), "1", False, SOURCE).state
    assert one.drop("_line").equals(other.drop("_line"))


def test_every_line_in_conflict_is_explained_once() -> None:
    first = resolve(frame([("A", "x"), ("B", "x")]), empty(), "first", False, SOURCE)
    second = resolve(frame([("A", "y"), ("A", "x"), ("B", "x")]), first.state, "second", False, SOURCE)
    assert second.fates == {Fate.CONFLICT: 2, Fate.DUPLICATE: 1}
    told = second.aside.select("line", "column", "found", "expected").rows()
    agree = "the same values in every line with this key"
    assert told == [(2, "name", "y", "x, as in line 2 of submission first"), (3, None, "A", agree)]
    assert second.overtaken.select("_submission", "line", "found").rows() == [("first", 2, "A")]
