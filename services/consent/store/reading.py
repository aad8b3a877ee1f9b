"""What can be asked of the store within one transaction. Ask for the head first: then the rest is at least as new."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session

from services.consent.domain.standing import Standing, Subject
from services.consent.ledger import NOBODY, Entry
from services.consent.models import HEAD, IMPORT, JOURNAL, LEDGER, POLICY, RECEIPT, STANDING
from services.consent.store.lists import only
from services.consent.store.people import PeopleReading
from services.consent.store.rows import entry_of, standing_of, subject_of
from shared.contracts.consent import Purpose


@dataclass(frozen=True)
class LedgerEnd:
    """Which store, and where its ledger ends."""

    store_id: str
    revision: int
    ledger_head: str


HEAD_QUERY = select(HEAD.c.store_id, HEAD.c.revision, HEAD.c.ledger_head)


class Reading(PeopleReading):
    """Queries on one open transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def end(self) -> LedgerEnd:
        return LedgerEnd(*self.session.execute(HEAD_QUERY).one())

    def standing(self, subject: Subject) -> Standing:
        """Not sought, where nothing has happened."""
        table = STANDING.c
        query = select(STANDING).where(
            table.subject == subject.id, table.programme == subject.programme, table.purpose == subject.purpose.value
        )
        row = self.session.execute(query).mappings().one_or_none()
        return standing_of(row) if row else Standing()

    def standings(self, aliases: Sequence[str] | None = None, programme: str | None = None) -> dict[Subject, Standing]:
        """Of these people, or of everybody; in this programme, or in all."""
        query = select(STANDING) if programme is None else select(STANDING).where(STANDING.c.programme == programme)
        rows = self.session.execute(only(self.session, query, STANDING.c.subject, aliases)).mappings()
        return {subject_of(row): standing_of(row) for row in rows}

    def entry(self, revision: int) -> Entry:
        row = self.session.execute(select(LEDGER).where(LEDGER.c.revision == revision)).mappings().one()
        return entry_of(row)

    def hash_at(self, revision: int) -> str:
        """The hash of the ledger up to a revision that it has, from 1."""
        return str(self.session.execute(select(LEDGER.c.hash).where(LEDGER.c.revision == revision)).scalar_one())

    def entries(self, after: int, upto: int) -> list[Entry]:
        """Every entry in (after, upto], in order."""
        query = select(LEDGER).where(LEDGER.c.revision > after, LEDGER.c.revision <= upto).order_by(LEDGER.c.revision)
        return [entry_of(row) for row in self.session.execute(query).mappings()]

    def latest(self, aliases: Sequence[str]) -> dict[str, int]:
        """The revision of the last event of each of these people who has any."""
        query = select(LEDGER.c.subject, func.max(LEDGER.c.revision)).group_by(LEDGER.c.subject)
        found = self.session.execute(only(self.session, query, LEDGER.c.subject, aliases))
        return {row[0]: row[1] for row in found}

    def journal_begun(self) -> bool:
        """Whether this store ever had a journal."""
        return self.session.execute(select(JOURNAL.c.id)).first() is not None

    def policies(self) -> set[str]:
        """The digests of the policy files this store was run under."""
        return set(self.session.execute(select(POLICY.c.digest)).scalars())

    def history(self, aliases: Sequence[str]) -> list[Entry]:
        """Every event of these people, in the order of the ledger for each."""
        query = only(self.session, select(LEDGER).order_by(LEDGER.c.revision), LEDGER.c.subject, aliases)
        return [entry_of(row) for row in self.session.execute(query).mappings()]

    def policy_events(self) -> list[Entry]:
        """Every event that is about no person: legal bases and switches that two people put in force, in order."""
        return self.history([NOBODY])

    def found(self, hash_from: str, hash_to: str) -> list[Entry]:
        """The entries whose hash is in this range, both ends included."""
        query = select(LEDGER).where(LEDGER.c.hash >= hash_from, LEDGER.c.hash <= hash_to)
        return [entry_of(row) for row in self.session.execute(query).mappings()]

    def effects(self, after: int, upto: int) -> list[tuple[int, Subject | None, str | None]]:
        """(revision, subject, effect) for every revision in (after, upto], in order; no subject without an effect."""
        table = LEDGER.c
        query = (
            select(table.revision, table.subject, table.programme, table.purpose, table.effect)
            .where(table.revision > after, table.revision <= upto)
            .order_by(table.revision)
        )
        rows = self.session.execute(query)
        return [
            (number, Subject(alias, name, Purpose(purpose)) if effect else None, effect)
            for number, alias, name, purpose, effect in rows
        ]

    def receipt(self, subject: Subject, key_digest: str) -> int | None:
        """The revision that answers withdrawals sent with this key."""
        table = RECEIPT.c
        query = select(table.revision).where(
            table.subject == subject.id, table.programme == subject.programme, table.purpose == subject.purpose.value,
            table.key_digest == key_digest,
        )  # fmt: skip
        return self.session.execute(query).scalar_one_or_none()

    def report(self, import_id: str) -> str | None:
        return self.session.execute(select(IMPORT.c.report).where(IMPORT.c.id == import_id)).scalar_one_or_none()
