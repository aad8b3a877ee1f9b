"""Standings by what they say, however many people share it: a law is applied to each kind once, not to each person."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel import Session

from services.consent.domain.standing import Standing, Subject
from services.consent.models import STANDING
from services.consent.store.rows import row_of, standing_of
from shared.contracts.consent import Purpose

# Who somebody is, and which event said it, changes no outcome.
PERSONAL: Final = frozenset({"subject", "revision", "decided_on", "reason"})
SHARED: Final = [column for column in STANDING.c if column.name not in PERSONAL]


@dataclass(frozen=True)
class Alike:
    """So many people stand like this for a programme and purpose. Of `standing` only what is shared is filled in."""

    programme: str
    purpose: Purpose
    standing: Standing
    people: int


def kinds(session: Session) -> list[Alike]:
    """Every kind of standing there is. One pass over the table in the database; hundreds of rows come of it."""
    found = session.execute(select(*SHARED, func.count().label("people")).group_by(*SHARED)).mappings()
    return [_alike(dict(row)) for row in found]


def _alike(row: dict[str, Any]) -> Alike:
    people, programme, purpose = row.pop("people"), row["programme"], Purpose(row["purpose"])
    whole: Any = row | {"revision": 0, "decided_on": None, "reason": None}
    return Alike(programme, purpose, standing_of(whole), people)


def aliases(session: Session, alike: Alike, limit: int) -> list[str]:
    """Some of the people who stand like this, in the order of their aliases."""
    row = row_of(Subject("", alike.programme, alike.purpose), alike.standing)
    same = (column.is_not_distinct_from(row[column.name]) for column in SHARED)
    query = select(STANDING.c.subject).where(*same).order_by(STANDING.c.subject).limit(limit)
    return list(session.execute(query).scalars())
