"""What can be added to the store within one transaction; nothing of the ledger is ever changed."""

from collections.abc import Mapping, Sequence
from operator import itemgetter

from sqlalchemy import insert, update
from sqlmodel import Session

from services.consent.domain.standing import Standing, Subject
from services.consent.ledger import Entry, Event, chained
from services.consent.models import (
    CONSULTANT,
    HEAD,
    IMPORT,
    JOURNAL,
    LEDGER,
    POLICY,
    RECEIPT,
    STANDING,
)
from services.consent.policies import PolicyText
from services.consent.store.enrolling import PeopleWriting
from services.consent.store.reading import HEAD_QUERY, LedgerEnd, Reading
from services.consent.store.rounds import make_round
from services.consent.store.rows import columns_of, key_of, row_of
from shared.kit.bulk import insert_rows, update_rows


class Writing(Reading, PeopleWriting):
    """Opened with the head locked, so that revisions are given out one after another. On PostgreSQL every one of them
    makes a round, also where nothing is added: its commit says that what it saw will survive."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        make_round(session)
        self.end_of_ledger = LedgerEnd(*session.execute(HEAD_QUERY.with_for_update()).one())

    def append(self, events: Sequence[Event]) -> list[Entry]:
        """Chain events to the ledger, in order, and move the head and the people's revisions with them."""
        entries = list(chained(events, self.end_of_ledger.revision, self.end_of_ledger.ledger_head))
        self.replay(entries)
        return entries

    def replay(self, entries: Sequence[Entry]) -> None:
        """Entries as they are, which must follow the last; the head and the people's revisions move with them."""
        if entries:
            insert_rows(self.session, LEDGER, _LEDGER, map(_ledger_row, map(columns_of, entries)))
            self.end_of_ledger = LedgerEnd(self.end_of_ledger.store_id, entries[-1].revision, entries[-1].hash)
            self.session.execute(update(HEAD).values(revision=entries[-1].revision, ledger_head=entries[-1].hash))
            latest = {entry.subject: entry.revision for entry in entries}
            update_rows(self.session, CONSULTANT, ["alias"], ["revision"], latest.items())

    def keep_standings(self, standings: Mapping[Subject, Standing], known: set[Subject]) -> None:
        """Write the projection; `known` are the subjects that have a row already."""
        fresh = (_standing_row(row_of(subject, one)) for subject, one in standings.items() if subject not in known)
        moved = (_standing_row(row_of(subject, one)) for subject, one in standings.items() if subject in known)
        insert_rows(self.session, STANDING, [*_SUBJECT, *_STANDS], fresh)
        update_rows(self.session, STANDING, _SUBJECT, _STANDS, moved)

    def keep_receipt(self, subject: Subject, key_digest: str, revision: int, known: bool) -> None:
        """Which decision answers this key from now on; `known` keys have a row already."""
        row = key_of(subject) | {"key_digest": key_digest}
        if known:
            same = (RECEIPT.c[name] == value for name, value in row.items())
            self.session.execute(update(RECEIPT).where(*same).values(revision=revision))
        else:
            self.session.execute(insert(RECEIPT), [row | {"revision": revision}])

    def keep_report(self, import_id: str, created_at: str, actor: str, report: str) -> None:
        values = {"id": import_id, "created_at": created_at, "actor": actor, "report": report}
        self.session.execute(insert(IMPORT), [values])

    def keep_policy(self, texts: Sequence[PolicyText], loaded_at: str) -> None:
        """Keep the files this store has not yet been run under."""
        known = self.policies()
        fresh = [vars(text) | {"loaded_at": loaded_at} for text in texts if text.digest not in known]
        if fresh:
            self.session.execute(insert(POLICY), fresh)

    def keep_journal_begun(self, begun_at: str) -> None:
        """From now on this store opens beside its journal only."""
        if not self.journal_begun():
            self.session.execute(insert(JOURNAL), [{"id": 1, "begun_at": begun_at}])


_SUBJECT = ("subject", "programme", "purpose")
_STANDS = tuple(column.name for column in STANDING.c if column.name not in _SUBJECT)
_LEDGER = tuple(column.name for column in LEDGER.c)
_ledger_row, _standing_row = itemgetter(*_LEDGER), itemgetter(*_SUBJECT, *_STANDS)
