"""G0: what was acknowledged is in the ledger, one revision for each event, in the order of real time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from cli.check.found import Violation
from cli.check.lines import Entry, Write
from cli.check.reading import History
from cli.check.windows import Register


def ledger_violations(history: History, registers: dict[str, Register]) -> Iterator[Violation]:
    """Of every person, and of the ledger as a whole."""
    for register in registers.values():
        yield from _of_person(register)
    done = sorted((one for register in registers.values() for one in register.done), key=lambda one: one.number)
    yield from _one_event_each(done)
    yield from _never_back(done, history.header.revision)
    if history.entries:
        yield from _whole(history.entries)
        yield from _kept(history.entries, done)


def _of_person(register: Register) -> Iterator[Violation]:
    done, first_over = register.done, register.first_over
    for one in done:
        later = register.upto(one.number)
        if later < len(done) and first_over[later] < one.inv:
            other = min(done[later:], key=lambda write: write.over)
            yield Violation(
                "G0", one.c, other, one,
                f"revision {one.number} was given after {other.number} had been acknowledged: it goes back",
            )  # fmt: skip
        if one.f == "grant" and one.expects is not None:
            yield from _compared(register, one, one.expects)


def _compared(register: Register, grant: Write, expects: int) -> Iterator[Violation]:
    """A grant lands right after what it expected, or not at all."""
    between = register.done[register.upto(expects) : register.upto(grant.number - 1)]
    if grant.number <= expects or between:
        other = between[0] if between else grant
        yield Violation(
            "G0", grant.c, other, grant,
            f"a grant that expected revision {expects} landed as {grant.number}, over {other.number}",
        )  # fmt: skip


def _one_event_each(done: Sequence[Write]) -> Iterator[Violation]:
    seen: dict[int, Write] = {}
    for one in done:
        first = seen.setdefault(one.number, one)
        if first is not one and (first.c != one.c or "grant" in (first.f, one.f)):
            yield Violation("G0", one.c, first, one, f"two events were acknowledged with revision {one.number}")


def _never_back(done: Sequence[Write], start: int) -> Iterator[Violation]:
    """Across people: an event that is asked for after another was acknowledged has the greater revision. A repeated
    withdrawal is no event: it is answered with the one that stands."""
    fresh = [one for one in _first_of_each(done) if one.number > start]
    soonest: Write | None = None  # of those with a greater revision, the one that was acknowledged first
    for one in reversed(fresh):
        if soonest is not None and soonest.over < one.inv and soonest.c != one.c:
            yield Violation(
                "G0", one.c, soonest, one, f"revision {one.number} was given after {soonest.number} was acknowledged"
            )
        if soonest is None or one.over < soonest.over:
            soonest = one


def _first_of_each(done: Sequence[Write]) -> Iterator[Write]:
    """Of several answers with one revision the one that was asked for first."""
    by_number: dict[int, Write] = {}
    for one in done:
        if one.number not in by_number or one.inv < by_number[one.number].inv:
            by_number[one.number] = one
    yield from by_number.values()


def _whole(entries: Iterable[Entry]) -> Iterator[Violation]:
    numbers = sorted(one.revision for one in entries)
    for before, after in pairwise(numbers):
        if after == before:
            yield Violation("G0", "", None, None, f"revision {after} stands twice in the final ledger")
        elif after != before + 1:
            yield Violation("G0", "", None, None, f"the final ledger has a gap between {before} and {after}")


def _kept(entries: Sequence[Entry], done: Iterable[Write]) -> Iterator[Violation]:
    found: dict[int, Entry] = {one.revision: one for one in entries}
    acknowledged: dict[int, list[Write]] = defaultdict(list)
    for one in done:
        acknowledged[one.number].append(one)
    for number, writes in acknowledged.items():
        entry = found.get(number)
        for write in writes:
            if entry is None:
                yield _lost(write, "does not have it")
            elif entry.c is not None and (entry.c, entry.act) != (write.c, write.f):
                yield _lost(write, "has another event there")


def _lost(write: Write, what: str) -> Violation:
    detail = f"acknowledged with revision {write.number}; the final ledger {what}"
    return Violation("G0", write.c, write, None, detail)
