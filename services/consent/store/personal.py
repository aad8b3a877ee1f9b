"""Everything there is about one person, place by place: for the person, who may ask for it."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Result, RowMapping, Table, select
from sqlmodel import Session

from services.consent.domain.quoting import Quoted
from services.consent.models import (
    CAMPAIGN,
    CONTACT,
    ENROLMENT,
    ERASED,
    IMPORT,
    MEMBER,
    PROPOSAL,
    RECEIPT,
    SESSION,
    STANDING,
    TRAIL,
)
from services.consent.store.erasing import quoting

Row = dict[str, Any]
SIGNED_IN: Final = ("account", "roles", "created_at", "seen_at", "fresh_at")  # not what would let somebody else in
SENT: Final = ("programme", "purpose", "revision")


def by_alias(session: Session, alias: str) -> dict[str, list[Row]]:
    """What is kept under the alias, beside the ledger."""
    campaigns = CAMPAIGN.join(MEMBER, MEMBER.c.campaign == CAMPAIGN.c.id)
    asked = select(CAMPAIGN).select_from(campaigns).where(MEMBER.c.alias == alias).order_by(CAMPAIGN.c.id)
    return {
        "standings": _of(session, STANDING, STANDING.c.subject == alias),
        "campaigns": _rows(session.execute(asked)),
        "contacts": _of(session, CONTACT, CONTACT.c.alias == alias),
        "receipts": _of(session, RECEIPT, RECEIPT.c.subject == alias, SENT),
        "erased": _of(session, ERASED, ERASED.c.alias == alias),
        "trail": _of(session, TRAIL, TRAIL.c.alias == alias),
    }


def by_number(session: Session, quoted: Quoted) -> dict[str, list[Row]]:
    """What is kept under the number, or quotes it or the name."""
    return {
        "enrolments": _of(session, ENROLMENT, ENROLMENT.c.gmc == quoted.number),
        "sessions": _of(session, SESSION, SESSION.c.subject == quoted.number, SIGNED_IN),
        "imports": list(_reported(session, quoted)),
        "proposals": list(_proposed(session, quoted)),
    }


def _reported(session: Session, quoted: Quoted) -> Iterator[Row]:
    """Lines of reports that quote the person; other lines are about others."""
    for row, report in quoting(session, IMPORT, quoted):
        for line in report["problems"]:
            if quoted.within(line):
                yield {"import": row.id, "created_at": row.created_at, "actor": row.actor, "line": line}


def _proposed(session: Session, quoted: Quoted) -> Iterator[Row]:
    """Of what somebody proposed only the lines that quote the person: a return has those of others beside them."""
    for row, body in quoting(session, PROPOSAL, quoted):
        kept = ("id", "kind", "proposed_by", "proposed_at", "decided_by", "decided_at", "outcome", "revision")
        yield _present({name: getattr(row, name) for name in kept}) | {"lines": quoted.lines_of(body)}


def _of(session: Session, table: Table, where: ColumnElement[bool], names: Iterable[str] | None = None) -> list[Row]:
    chosen = [table.c[name] for name in names] if names else list(table.c)
    return _rows(session.execute(select(*chosen).where(where).order_by(*table.primary_key.columns)))


def _rows(found: Result[*tuple[Any, ...]]) -> list[Row]:
    return [_present(row) for row in found.mappings()]


def _present(row: RowMapping | Row) -> Row:
    """Without what is absent: no naked null."""
    return {name: value for name, value in row.items() if value is not None}
