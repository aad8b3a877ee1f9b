"""What can be asked of the store within one transaction. Ask for the head first: then the rest is at least as new."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlmodel import Session

from services.consent.domain.facts import Word
from services.consent.domain.standing import Standing, Subject
from services.consent.ledger import Entry
from services.consent.models import (
    CONSULTANT,
    ENROLMENT,
    GATEWAY,
    HEAD,
    IMPORT,
    JOURNAL,
    LEDGER,
    POLICY,
    RECEIPT,
    STANDING,
)
from services.consent.store.rows import entry_of, standing_of, subject_of
from shared.contracts.consent import Purpose
from shared.kit.bulk import among

MOST_BOUND = 500  # values in one IN list: more than a page of them


@dataclass(frozen=True)
class LedgerEnd:
    """Which store, and where its ledger ends."""

    store_id: str
    revision: int
    ledger_head: str


@dataclass(frozen=True)
class Consultant:
    gmc: str
    name: str
    revision: int


@dataclass(frozen=True)
class Gateway:
    """The newest process of a name, and when it registered."""

    name: str
    incarnation: str
    registered_at: str


@dataclass(frozen=True)
class Wanted:
    """Which consultants to list: those after a number, in a state of decision, in a programme; None is any."""

    after: str
    limit: int
    state: Word | None = None
    programme: str | None = None


HEAD_QUERY = select(HEAD.c.store_id, HEAD.c.revision, HEAD.c.ledger_head)


class Reading:
    """Queries on one open transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def end(self) -> LedgerEnd:
        return LedgerEnd(*self.session.execute(HEAD_QUERY).one())

    def consultant(self, gmc: str) -> Consultant | None:
        row = self.session.execute(select(CONSULTANT).where(CONSULTANT.c.gmc == gmc)).one_or_none()
        return Consultant(*row) if row else None

    def consultants(self) -> dict[str, Consultant]:
        return {row[0]: Consultant(*row) for row in self.session.execute(select(CONSULTANT))}

    def enrolled(self, gmcs: Sequence[str] | None = None, programme: str | None = None) -> list[tuple[str, str]]:
        """(gmc, programme) of these consultants, or of everybody; in this programme, or in all."""
        table = ENROLMENT.c
        query = select(table.gmc, table.programme).order_by(table.gmc, table.programme)
        if programme is not None:
            query = query.where(table.programme == programme)
        return [(row[0], row[1]) for row in self.session.execute(_of(self.session, query, table.gmc, gmcs))]

    def standing(self, subject: Subject) -> Standing:
        """Not sought, where nothing has happened."""
        table = STANDING.c
        query = select(STANDING).where(
            table.gmc == subject.gmc, table.programme == subject.programme, table.purpose == subject.purpose.value
        )
        row = self.session.execute(query).mappings().one_or_none()
        return standing_of(row) if row else Standing()

    def standings(self, gmcs: Sequence[str] | None = None, programme: str | None = None) -> dict[Subject, Standing]:
        """Of these consultants, or of everybody; in this programme, or in all."""
        query = select(STANDING) if programme is None else select(STANDING).where(STANDING.c.programme == programme)
        rows = self.session.execute(_of(self.session, query, STANDING.c.gmc, gmcs)).mappings()
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

    def latest(self, gmcs: Sequence[str]) -> dict[str, int]:
        """The revision of the last event of each of these consultants who has any."""
        query = select(LEDGER.c.subject, func.max(LEDGER.c.revision)).group_by(LEDGER.c.subject)
        found = self.session.execute(_of(self.session, query, LEDGER.c.subject, gmcs))
        return {row[0]: row[1] for row in found}

    def journal_begun(self) -> bool:
        """Whether this store ever had a journal."""
        return self.session.execute(select(JOURNAL.c.id)).first() is not None

    def policies(self) -> set[str]:
        """The digests of the policy files this store was run under."""
        return set(self.session.execute(select(POLICY.c.digest)).scalars())

    def gateways(self) -> list[Gateway]:
        """Every name there ever was, in order."""
        return [Gateway(*row) for row in self.session.execute(select(GATEWAY).order_by(GATEWAY.c.name))]

    def history(self, gmcs: Sequence[str]) -> list[Entry]:
        """Every event of these consultants, in the order of the ledger for each."""
        query = _of(self.session, select(LEDGER).order_by(LEDGER.c.revision), LEDGER.c.subject, gmcs)
        return [entry_of(row) for row in self.session.execute(query).mappings()]

    def effects(self, after: int, upto: int) -> list[tuple[int, Subject, str | None]]:
        """(revision, subject, effect) for every revision in (after, upto], in order."""
        table = LEDGER.c
        query = (
            select(table.revision, table.subject, table.programme, table.purpose, table.effect)
            .where(table.revision > after, table.revision <= upto)
            .order_by(table.revision)
        )
        rows = self.session.execute(query)
        return [(number, Subject(gmc, name, Purpose(purpose)), effect) for number, gmc, name, purpose, effect in rows]

    def receipt(self, subject: Subject, key_digest: str) -> int | None:
        """The revision that answers withdrawals sent with this key."""
        table = RECEIPT.c
        query = select(table.revision).where(
            table.gmc == subject.gmc, table.programme == subject.programme, table.purpose == subject.purpose.value,
            table.key_digest == key_digest,
        )  # fmt: skip
        return self.session.execute(query).scalar_one_or_none()

    def page(self, wanted: Wanted) -> list[Consultant]:
        """The next consultants in order of their numbers, one more than the limit where there are more."""
        query = select(CONSULTANT).where(CONSULTANT.c.gmc > wanted.after)
        if wanted.state is not None or wanted.programme is not None:
            query = query.where(CONSULTANT.c.gmc.in_(_in_state(wanted.state, wanted.programme)))
        rows = self.session.execute(query.order_by(CONSULTANT.c.gmc).limit(wanted.limit + 1))
        return [Consultant(*row) for row in rows]

    def report(self, import_id: str) -> str | None:
        return self.session.execute(select(IMPORT.c.report).where(IMPORT.c.id == import_id)).scalar_one_or_none()


def _in_state(state: Word | None, programme: str | None) -> Select[tuple[str]]:
    """Numbers of the consultants who stand so in some programme they are enrolled in."""
    joined = ENROLMENT.outerjoin(
        STANDING, and_(STANDING.c.gmc == ENROLMENT.c.gmc, STANDING.c.programme == ENROLMENT.c.programme)
    )
    query = select(ENROLMENT.c.gmc).select_from(joined)
    if programme is not None:
        query = query.where(ENROLMENT.c.programme == programme)
    if state is Word.NOT_SOUGHT:
        query = query.where(STANDING.c.word.is_(None))
    elif state is not None:
        query = query.where(STANDING.c.word == state.value)
    return query


def _of(
    session: Session, query: Select[*tuple[Any, ...]], column: ColumnElement[str], values: Sequence[str] | None
) -> Select[*tuple[Any, ...]]:
    """The query for everything, or for these values only."""
    if values is None:
        return query
    return query.where(column.in_(values) if len(values) <= MOST_BOUND else among(session, column, values))
