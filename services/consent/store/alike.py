"""Standings by what they say, however many people share it: a law is applied to each kind once, not to each person."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel import Session

from services.consent.domain.standing import Standing
from services.consent.models import STANDING
from services.consent.store.rows import standing_of
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
    return Alike(programme, purpose, _shared(row), people)


def _shared(row: Mapping[Any, Any]) -> Standing:
    whole: Any = {**row, "revision": 0, "decided_on": None, "reason": None}
    return standing_of(whole)


def aliases(session: Session, programme: str, purpose: Purpose, wanted: Collection[Standing]) -> list[str]:
    """Who stands in one of these ways, in the order of their aliases: one pass, however many ways there are."""
    query = select(STANDING.c.subject, *SHARED).where(
        STANDING.c.programme == programme, STANDING.c.purpose == purpose.value,
        STANDING.c.told.in_({one.told for one in wanted}),
    )  # fmt: skip
    rows = session.execute(query.order_by(STANDING.c.subject)).mappings()
    return [row["subject"] for row in rows if _shared(row) in wanted]
