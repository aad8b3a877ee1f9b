"""G1 and G2: nothing of a person whom an acknowledged withdrawal hides. One pass over the reads, two look-ups each."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cli.check.found import Violation
from cli.check.lines import EVERYBODY, Effective, Read, Sent, Write
from cli.check.reading import History
from cli.check.windows import Register, Window, Windows

KEPT: Final = 1000  # violations that are kept with their operations; all are counted


@dataclass
class Seen:
    """What the pass over the reads found. `covered`: person and revision of withdrawals with an answered read in D1."""

    violations: list[Violation] = field(default_factory=list)
    breaches: Counter[str] = field(default_factory=Counter)
    reads: int = 0
    answered: int = 0
    sent: int = 0
    covered: set[tuple[str, int]] = field(default_factory=set)


class Reader:
    """Holds each read and each chunk to the windows of the people in it."""

    def __init__(self, history: History) -> None:
        self.registers = registers_of(history.writes)
        told: dict[str, list[Effective]] = defaultdict(list)
        for one in history.effective:
            told[one.c].append(one)
        self.recorded = {c: register.recorded() for c, register in self.registers.items()}
        self.effective = {c: self.registers[c].effective(told[c]) for c in told if c in self.registers}
        self.seen = Seen()

    def take(self, one: Read | Sent) -> None:
        if isinstance(one, Sent):
            self.seen.sent += 1
            self._judge("G2", self.effective, one, one.at, one.at)
            return
        self.seen.reads += 1
        if one.end is None:
            return
        self.seen.answered += one.outcome == "ok"
        self._judge("G1", self.recorded, one, one.inv, one.end)
        if one.outcome == "ok" and one.c != EVERYBODY:
            for c in one.c:
                self._cover(c, one.inv, one.end)

    def _judge(self, law: str, windows: Mapping[str, Windows], one: Read | Sent, began: float, ended: float) -> None:
        for c in one.shown:
            held = windows[c].holding(began, ended) if c in windows else None
            if held is not None:
                self.seen.breaches[law] += 1
                if len(self.seen.violations) < KEPT:
                    self.seen.violations.append(Violation(law, c, held.withdrawal, one, _said(one, held)))

    def _cover(self, c: str, began: float, ended: float) -> None:
        if c in self.recorded:
            held = self.recorded[c].all_holding(began, ended)
            self.seen.covered.update((c, one.withdrawal.number) for one in held)


def _said(one: Read | Sent, held: Window) -> str:
    if isinstance(one, Read):
        late = one.inv - held.start
        return f"a read that began {late:.6f} s after revision {held.withdrawal.number} was recorded showed the person"
    late = one.at - held.start
    return f"bytes were sent {late:.6f} s after revision {held.withdrawal.number} was known to be in force everywhere"


def registers_of(writes: list[Write]) -> dict[str, Register]:
    """By person."""
    found: dict[str, list[Write]] = defaultdict(list)
    for one in writes:
        found[one.c].append(one)
    return {c: Register(of_person) for c, of_person in found.items()}
