"""The ledger as it was known at the end of a day."""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session

from services.consent.ledger import EVERY, Entry, genesis
from services.consent.models import CONSULTANT, LEDGER
from services.consent.store.reading import LedgerEnd
from services.consent.store.rows import entry_of

AT_ONCE = 5_000


def known_by(session: Session, known: date, aliases: list[str] | None, programme: str | None) -> Iterator[Entry]:
    """Every event about a person that was recorded by the end of that day, in the order of the ledger."""
    query = select(LEDGER).where(_by(known), LEDGER.c.purpose != EVERY).order_by(LEDGER.c.revision)
    if aliases is not None:
        query = query.where(LEDGER.c.subject.in_(aliases))
    if programme is not None:
        query = query.where(LEDGER.c.programme == programme)
    for row in session.execute(query.execution_options(yield_per=AT_ONCE)).mappings():
        yield entry_of(row)


def policy_known_by(session: Session, known: date) -> list[Entry]:
    """The events that are about nobody."""
    query = select(LEDGER).where(_by(known), LEDGER.c.purpose == EVERY).order_by(LEDGER.c.revision)
    return [entry_of(row) for row in session.execute(query).mappings()]


def end_by(session: Session, store_id: str, known: date) -> LedgerEnd:
    """Where the ledger ended then."""
    last = session.execute(select(func.max(LEDGER.c.revision)).where(_by(known))).scalar()
    if last is None:
        return LedgerEnd(store_id, 0, genesis(store_id))
    head = session.execute(select(LEDGER.c.hash).where(LEDGER.c.revision == last)).scalar_one()
    return LedgerEnd(store_id, last, head)


def numbers(session: Session) -> dict[str, str]:
    """The number of every alias that the register has."""
    return {row[0]: row[1] for row in session.execute(select(CONSULTANT.c.alias, CONSULTANT.c.gmc))}


def _by(known: date) -> ColumnElement[bool]:
    return LEDGER.c.recorded_at < (known + timedelta(1)).isoformat()
