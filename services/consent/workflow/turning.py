"""Until which day what was announced holds: then a legal basis begins or ends, and everybody is looked at again.

Days come by themselves, but gateways act on revisions only. So from the first moment of a day on which the law turns,
no check of a gateway is answered before whoever must be hidden has been: a clock that only ever refuses.
"""

from collections.abc import Iterator
from contextlib import contextmanager
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
        self.changes = self.enacting = 0
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

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Around a transaction that may change the law, its commit included: a look that began before its end has not
        seen it."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)
            self.due.set()

    def _count(self, more: int) -> None:
        with self.lock:
            self.enacting += more
            self.changes += 1

    def nearer(self, day: date | None) -> None:
        """Somebody may have to be hidden from that day on, which may be today: then nobody is answered before."""
        with self.lock:
            if day is not None and (self.until is None or day < self.until):
                self.until = day
                self.applied.set(0)

    def done(self, law: Law, day: date, changes: int) -> bool:
        """Whoever must be hidden on that day has been; whether it is still the law that was looked at."""
        with self.lock:
            if self.enacting or changes != self.changes:
                return False
            self.until = next_turn(law, day)
        self.applied.set(day.toordinal())
        return True
