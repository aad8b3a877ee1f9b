"""Destroying what names one person, and what of it a database would leave lying about in its files."""

import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Table, delete, insert, or_, select, update
from sqlmodel import Session

from services.consent.domain.quoting import Quoted
from services.consent.models import (
    CONSULTANT,
    CONTACT,
    ENROLMENT,
    ERASED,
    EVIDENCE,
    IMPORT,
    MEMBER,
    PROPOSAL,
    RECEIPT,
    SESSION,
)
from services.consent.store.people import Person

PAPERS: Final = ((IMPORT, IMPORT.c.report), (PROPOSAL, PROPOSAL.c.body))
OF_ALIAS: Final = (EVIDENCE, CONTACT, MEMBER)
SWEPT: Final = (CONSULTANT, ENROLMENT, EVIDENCE, CONTACT, MEMBER, RECEIPT, SESSION, IMPORT, PROPOSAL)
DESTROYED: Final = tuple(table.name for table in SWEPT)


def quoting(session: Session, table: Table, quoted: Quoted) -> Iterator[tuple[Any, Any]]:
    """Each row of the office's papers whose text quotes the person, with that text as JSON."""
    column = dict(PAPERS)[table]
    wanted = or_(*(column.contains(needle, autoescape=True) for needle in quoted.needles))
    for key in session.execute(select(table.c.id).where(wanted)).scalars().all():  # one large text at a time
        row = session.execute(select(table).where(table.c.id == key)).one()
        value = _loaded(getattr(row, column.name))
        if quoted.within(value):
            yield row, value


def destroy(session: Session, person: Person | None, alias: str, number: str | None = None) -> dict[str, int]:
    """Remove the key and everything that names the person, in the caller's transaction; how many rows of each table.
    Also where the register has nobody of this alias: `number` is what to look for in papers then."""
    gone = dict.fromkeys(DESTROYED, 0)
    for table in OF_ALIAS:
        gone[table.name] = _remove(session, table, table.c.alias, alias)
    gone[RECEIPT.name] = _remove(session, RECEIPT, RECEIPT.c.subject, alias)
    known = person.number if person else number
    if known is not None:
        gone[SESSION.name] = _remove(session, SESSION, SESSION.c.subject, known)
        gone[ENROLMENT.name] = _remove(session, ENROLMENT, ENROLMENT.c.gmc, known)
        for table, _ in PAPERS:
            gone[table.name] = _scrub(session, table, Quoted(known, person.name if person else None))
    gone[CONSULTANT.name] = _remove(session, CONSULTANT, CONSULTANT.c.alias, alias)
    return gone


def _loaded(text: str) -> Any:
    """Papers are JSON; should one ever not be, its text is one."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def keep_erased(session: Session, alias: str, revision: int, erased_at: str) -> None:
    if session.execute(select(ERASED.c.alias).where(ERASED.c.alias == alias)).first() is None:
        session.execute(insert(ERASED), [{"alias": alias, "revision": revision, "erased_at": erased_at}])


def _remove(session: Session, table: Table, column: Any, value: str) -> int:
    return session.connection().execute(delete(table).where(column == value)).rowcount


def _scrub(session: Session, table: Table, quoted: Quoted) -> int:
    column = dict(PAPERS)[table]
    found = 0
    for row, value in quoting(session, table, quoted):
        without = quoted.without(value)
        text = without if isinstance(value, str) else json.dumps(without, ensure_ascii=False, separators=(",", ":"))
        session.execute(update(table).where(table.c.id == row.id).values({column.name: text}))
        found += 1
    return found
