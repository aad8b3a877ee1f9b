"""Looks in a thread of its own whether day or law is another one, and then at everybody."""

from threading import Event, Thread
from time import monotonic
from typing import Final

from services.consent.workflow import reassessing
from services.consent.workflow.office import Office
from services.consent.workflow.reassessing import Swept
from shared.kit.logs import log
from shared.kit.problems import Problem

EVERY_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 60.0  # a decision may have been weighed just before midnight and written just after the look


class Assessor:
    def __init__(self, office: Office) -> None:
        self.office = office
        self.last: Swept | None = None
        self.looked_at = float("-inf")
        self.ended = Event()
        self.thread = Thread(target=self._run, name="assessor", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.ended.set()
        self.office.turning.due.set()
        self.thread.join(2 * EVERY_SECONDS)

    def _run(self) -> None:
        due = self.office.turning.due
        while not self.ended.is_set():
            due.clear()
            if not self.office.keeper.closed:
                self._look()
            due.wait(EVERY_SECONDS)

    def _look(self) -> None:
        wanted = reassessing.due(self.office, self.last)
        if wanted is None and monotonic() - self.looked_at < AGAIN_SECONDS:
            return
        try:
            events = reassessing.sweep(self.office, self.office.writing, self.office.clock())
        except Problem as problem:  # the next look may find it gone; until then gateways are not answered
            log.warning("not_reassessed", cause=problem.code)
        except Exception as error:
            log.error("not_reassessed", kind=type(error).__name__)
        else:
            self.last, self.looked_at = wanted or self.last, monotonic()
            if events:
                log.info("reassessed", events=events)
