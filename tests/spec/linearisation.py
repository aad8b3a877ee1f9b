"""The definition that the history checker is compared with: is there an order of moments, one inside each operation,
in which a register that grants and withdraws could have given these very answers? Every order is tried.

Short random histories come from a register that works, some of whose answers are lost, and some of whose readers lie.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cli.check.lines import Asked, Header, Read, Write

PERSON: Final = "9900001"
SOON: Final = 1e-6  # an event whose revision nobody was told stands right after the one before
Operation = Write | Read
HEADER: Final = Header(f="header", format=1, asked=Asked(withdrawals=1, reads=1))


@dataclass(frozen=True)
class State:
    """Of one person: the revision of the last event, and whether they may be shown."""

    last: float
    granted: bool


def possible(history: Sequence[Operation]) -> bool:
    """Whether any order explains every answer; reads that show nobody need no explanation."""
    told = [one for one in history if one.outcome != "fail" and (isinstance(one, Write) or one.shown)]
    seen: set[tuple[int, State]] = set()

    def from_here(left: int, state: State) -> bool:
        if not any(left >> place & 1 and told[place].outcome != "info" for place in range(len(told))):
            return True
        if (left, state) in seen:
            return False
        seen.add((left, state))
        first_over = min((_over(one) for place, one in enumerate(told) if left >> place & 1), default=0.0)
        return any(
            from_here(left & ~(1 << place), after)
            for place, one in enumerate(told)
            if left >> place & 1 and one.inv <= first_over
            for after in _after(one, state)
        )

    return from_here((1 << len(told)) - 1, State(0, granted=True))


def _over(one: Operation) -> float:
    return float("inf") if one.end is None or (isinstance(one, Write) and one.outcome == "info") else one.end


def _after(one: Operation, state: State) -> Iterator[State]:
    """What the register may be after `one`; nothing where it could not have answered so."""
    if isinstance(one, Read):
        if state.granted:
            yield state
    elif one.f == "withdraw":
        yield from _withdrawn(one, state)
    elif one.expects is not None and one.expects >= state.last:  # events unknown to us may have come between
        if one.outcome == "info":
            yield State(one.expects + SOON, granted=True)
            yield state  # it never arrived
        elif one.number > one.expects:
            yield State(one.number, granted=True)
    elif one.outcome == "info":
        yield state


def _withdrawn(one: Write, state: State) -> Iterator[State]:
    if one.outcome == "info":
        yield State(state.last + SOON, granted=False)
        yield state
    elif one.number > state.last or (one.number == state.last and not state.granted):
        yield State(one.number, granted=False)


class Register:
    """One that works: events have revisions, with gaps for what happens to other people."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.revision, self.last, self.granted = chance, 0, 0, True

    def event(self, granted: bool) -> int:
        self.revision += self.chance.choice((1, 1, 1, 2, 3))
        self.last, self.granted = self.revision, granted
        return self.revision

    def withdraw(self) -> int:
        return self.event(granted=False) if self.granted or self.chance.random() < 0.1 else self.last

    def grant(self, expects: int) -> int | None:
        return self.event(granted=True) if expects == self.last else None


@dataclass
class _Planned:
    kind: str
    inv: float
    at: float
    end: float
    expects: int = 0


def random_history(chance: random.Random) -> list[Operation]:
    """At most 12 operations of one person."""
    planned = []
    for _ in range(chance.randint(3, 12)):
        inv = chance.uniform(0, 10)
        at = inv + chance.expovariate(2)
        kind = chance.choices(("withdraw", "grant", "read"), (3, 3, 5))[0]
        planned.append(_Planned(kind, inv, at, at + chance.expovariate(2)))
    moments = sorted([(one.inv, 0, one) for one in planned] + [(one.at, 1, one) for one in planned], key=_when)
    register, found = Register(chance), list[Operation]()
    for _, arrived, one in moments:
        if not arrived:
            one.expects = register.last
        else:
            found.append(_answered(one, register, chance))
    return found


def _when(moment: tuple[float, int, _Planned]) -> tuple[float, int]:
    return moment[:2]


def _answered(one: _Planned, register: Register, chance: random.Random) -> Operation:
    if one.kind == "read":
        shown = register.granted if chance.random() < 0.6 else chance.random() < 0.6
        return Read(f="read", proc="r", inv=one.inv, end=one.end, outcome="ok", c=[PERSON],
                    shown=[PERSON] if shown else [])  # fmt: skip
    lost = chance.random() < 0.25
    arrives = not lost or chance.random() < 0.6  # a request without an answer may never have arrived
    number: int | None = None
    if arrives and one.kind == "withdraw":
        number = register.withdraw()
    elif arrives:
        number = register.grant(one.expects)
    outcome = "info" if lost else "fail" if number is None else "ok"
    if outcome == "ok" and number and chance.random() < 0.03:
        number = max(1, number + chance.choice((-2, -1, 1, 2)))  # an answer that is wrong
    return Write.model_validate(
        {"f": one.kind, "proc": "w", "c": PERSON, "inv": one.inv, "end": None if lost else one.end, "outcome": outcome,
         "revision": number if outcome == "ok" else None, "expects": one.expects if one.kind == "grant" else None}
    )  # fmt: skip
