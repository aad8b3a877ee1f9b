"""Until which day what was announced holds: then a legal basis begins or ends, and everybody is looked at again.

Days come by themselves, but gateways act on revisions only. So from the first moment of a day on which the law turns,
no check of a gateway is answered before whoever must be hidden has been: a clock that only ever refuses.
"""

from datetime import date
from threading import Event, Lock
from typing import Final

from services.consent.domain.judging import Law
from services.consent.problems import LawTurning
from services.consent.workflow.lawmaking import next_turn
from shared.kit.levels import Level

WAIT_SECONDS: Final = 0.5  # less than a gateway waits for its check


class Turning:
    """`until`: the first day on which somebody may have to be hidden, None where no such day is known. `due` wakes
    whoever looks at everybody again."""

    def __init__(self) -> None:
        self.until: date | None = None
        self.changes = 0
        self.applied = Level()  # the day for which the law was last applied, as a number
        self.due, self.lock = Event(), Lock()

    def holds(self, day: date) -> bool:
        until = self.until
        return until is None or day < until

    async def check(self, day: date) -> None:
        """Returns once whoever must be hidden from `day` on has been. Raises LawTurning after half a second."""
        if self.holds(day):
            return
        self.due.set()
        await self.applied.reach(day.toordinal(), WAIT_SECONDS)
        if not self.holds(day):
            raise LawTurning

    def enacted(self, law: Law, day: date) -> None:
        """The law is about to be this one, or has just become it: it may turn sooner than was known."""
        turn = next_turn(law, day)
        with self.lock:
            self.changes += 1
            if turn is not None and (self.until is None or turn < self.until):
                self.until = turn
        self.due.set()

    def done(self, law: Law, day: date, changes: int) -> bool:
        """Everybody stands as the law of that day says; whether it is still the law that was looked at."""
        with self.lock:
            if changes != self.changes:
                return False
            self.until = next_turn(law, day)
        self.applied.set(day.toordinal())
        return True
