"""Looks at ledger, journal and room every second or two, in a thread of its own: the door opens by itself."""

from threading import Event, Thread
from typing import Final

from services.consent.problems import ConsentClosed
from services.consent.workflow import effective, gateways, reassessing
from services.consent.workflow.office import Office, stamp
from shared.kit.logs import log
from shared.kit.problems import Problem

EVERY_SECONDS: Final = 1.5
UNREADABLE: Final = "the ledger cannot be read"
UNWRITABLE: Final = "the journal cannot be read or written"


class Watch:
    """`fault` is what the last look met that keeps no door shut: it passes, or the next request says it itself."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.fault: str | None = None
        self.looked, self.ended = Event(), Event()
        self.thread = Thread(target=self._run, name="watch", daemon=True)

    def start(self, patience: float) -> None:
        """Returns after the first look, or after `patience` seconds: a database that hangs must not hold the start."""
        self.thread.start()
        self.looked.wait(patience)

    def stop(self) -> None:
        self.ended.set()
        self.thread.join(2 * EVERY_SECONDS)

    def why_not_ready(self) -> str | None:
        """A reason without anything private in it; None where all is well."""
        return self.fault or self.office.keeper.closed or None

    def _run(self) -> None:
        while not self.ended.is_set():
            self.fault = self._look()
            self.looked.set()
            if not self.office.keeper.closed:  # it may take seconds, and the door must not wait for it
                self.office.room.keep()
                effective.keep_moments(self.office)
            self.ended.wait(EVERY_SECONDS)
        if not self.office.keeper.closed:
            effective.keep_moments(self.office)

    def _look(self) -> str | None:
        keeper = self.office.keeper
        try:
            keeper.agree()
            if keeper.closed:
                self._prepare()
                reassessing.begin(self.office)
                gateways.begin(self.office)
                keeper.open()
            self.office.tell(keeper.journal.tip.revision)
        except ConsentClosed:
            return None
        except Problem as problem:
            return problem.title
        except OSError as error:
            log.error("look_failed", kind=type(error).__name__, number=error.errno)
            return UNWRITABLE
        except Exception as error:  # whatever it is: the next look may find it gone, and ready says it meanwhile
            log.error("look_failed", kind=type(error).__name__)
            return UNREADABLE
        return None

    def _prepare(self) -> None:
        """What must be kept before the first answer: that there is a journal, the policy that holds now, and no name in
        clear."""
        office = self.office
        now = stamp(office.clock())
        wanted = {text.digest for text in office.policy.texts}
        with office.store.reading() as tx:
            kept = tx.journal_begun() and wanted <= tx.policies() and not tx.unsealed()
        if not kept:
            with office.store.writing() as tx:
                tx.keep_journal_begun(now)
                tx.keep_policy(office.policy.texts, now)
                tx.seal_names()
