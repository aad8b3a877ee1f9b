"""Keeps the ledger and its journal together, and the door shut while they are not.

Nothing is answered from beyond the journal's end: what the ledger has more is added to the journal first. A ledger that
has less, or another history, closes the service until it is the ledger of its journal again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Final, NoReturn

from services.consent.journal import Journal, JournalBroken, Tip
from services.consent.problems import ConsentClosed, JournalUnavailable
from services.consent.store import LedgerEnd, Reading, Store
from shared.kit.logs import log

AT_ONCE: Final = 5_000  # entries read and flushed together
WAIT_SECONDS: Final = 10.0
STARTING: Final = "The service has not yet compared its ledger with its journal."
REPLAY: Final = (
    "an older store was restored. Run `python -m services.consent replay-journal` with the settings of this service; "
    "it opens by itself then."
)
OTHER: Final = (
    "they are two histories. Put the database and the journal together that belong together "
    "(CANDOUR_CONSENT_DATA_DIR or CANDOUR_CONSENT_DATABASE_URL, and CANDOUR_CONSENT_JOURNAL_DIR)."
)
LOST: Final = (
    "This ledger has had a journal, and there is none in CANDOUR_CONSENT_JOURNAL_DIR. Is its volume mounted? Put the "
    "journal back; without it nobody can tell whether this ledger is whole."
)


class Keeper:
    """`closed` says why nothing is answered; empty while the service is open."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self.store, self.journal = store, journal
        self.closed = STARTING
        self.turn = RLock()

    @property
    def tip(self) -> Tip:
        """The journal's end. Whatever of the ledger is read afterwards must reach it. Raises ConsentClosed."""
        self.check_open()
        return self.journal.tip

    def check_open(self) -> None:
        """Raises ConsentClosed."""
        if self.closed:
            raise ConsentClosed(self.closed)

    def check(self, tip: Tip, end: LedgerEnd) -> None:
        """Raises ConsentClosed, and closes, where a ledger that was read after `tip` is not the one it belongs to."""
        if end.store_id != self.journal.store_id or (end.revision == tip.revision and end.ledger_head != tip.hash):
            self._refuse(f"The ledger and its journal differ: {OTHER}")
        if end.revision < tip.revision:
            if self.journal.hash_at(end.revision) != end.ledger_head:
                self._refuse(f"The ledger and its journal differ at revision {end.revision} or before: {OTHER}")
            self._refuse(f"The ledger ends at revision {end.revision}, its journal at {tip.revision}: {REPLAY}")

    def probe(self, entries: int) -> None:
        """Before a commit: whether the journal is there and will have room for it. Raises ConsentClosed, and OSError
        where its disk is full."""
        with self._turn():
            try:
                self.journal.probe(entries)
            except JournalBroken as broken:
                self._refuse(str(broken))

    def confirm(self, end: LedgerEnd) -> None:
        """As `cover`, for what was only seen: where it is not in the journal yet, it must first be sure to survive."""
        if self.tip.revision < end.revision:
            self.store.heads.ask_now()
            self.cover(end)

    def cover(self, end: LedgerEnd) -> None:
        """Returns once the journal has everything up to `end`. Raises JournalUnavailable, ConsentClosed."""
        if self.tip.revision < end.revision:
            self._cover(end)

    def _cover(self, end: LedgerEnd) -> None:
        with self._turn():
            try:
                self._append_upto(end.revision)
            except JournalBroken as broken:
                self._refuse(str(broken))
            except OSError as error:
                log.error("journal_not_written", kind=type(error).__name__, number=error.errno)
                raise JournalUnavailable from error

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Alone at the journal. Raises JournalUnavailable where the one before hangs: while the journal grows, somebody
        is writing down a large return."""
        seen = self.journal.tip.revision
        while not self.turn.acquire(timeout=WAIT_SECONDS):
            if self.journal.tip.revision == seen:
                raise JournalUnavailable
            seen = self.journal.tip.revision
        try:
            yield
        finally:
            self.turn.release()

    def _append_upto(self, revision: int) -> None:
        while (tip := self.journal.tip).revision < revision:
            with self.store.reading_for_journal() as tx:
                entries = tx.entries(tip.revision, min(revision, tip.revision + AT_ONCE))
            if not entries:
                raise JournalBroken(f"The ledger has no revision {tip.revision + 1}: {OTHER}")
            self.journal.append(entries)

    def agree(self) -> None:
        """Bring the journal up to the ledger, or begin one where there never was one. Raises ConsentClosed where they
        do not belong together, and what `cover` raises; the door is as it was, or shut."""
        self.store.heads.ask_now()  # what is seen from here on will survive
        with self._turn():
            there = self._there()
            with self.store.reading_for_journal() as tx:
                end, begun = tx.end(), tx.journal_begun()
                if there:
                    self._compare(tx, end)
                elif begun:
                    self._refuse(LOST)
                else:
                    self.journal.begin(end.store_id, tx.entries(0, end.revision))
            self._cover(end)

    def _there(self) -> bool:
        """Whether there is a journal, read again where it is not the one that was open. Raises ConsentClosed."""
        if self.journal.is_open():
            return True
        self.closed = self.closed or STARTING  # nobody may look while it is read
        try:
            return self.journal.read_again()
        except JournalBroken as broken:
            self._refuse(str(broken))

    def open(self) -> None:
        if self.closed:
            log.info("consent_open", revision=self.journal.tip.revision)
        self.closed = ""

    def _compare(self, tx: Reading, end: LedgerEnd) -> None:
        tip = self.journal.tip
        self.check(tip, end)
        if tip.revision and tx.hash_at(tip.revision) != tip.hash:
            self._refuse(f"The ledger and its journal differ at revision {tip.revision} or before: {OTHER}")

    def _refuse(self, why: str) -> NoReturn:
        """Close, and raise ConsentClosed."""
        if self.closed != why:
            log.critical("consent_closed", why=why)
        self.closed = why
        raise ConsentClosed(why)
