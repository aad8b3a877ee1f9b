"""The trail: what people of the office did that is no event of the ledger."""

from dataclasses import dataclass

from sqlalchemy import func, insert, select
from sqlmodel import Session

from services.consent.models import TRAIL


@dataclass(frozen=True)
class Trace:
    """Who did what. `alias` is whom it was about: nothing else in it may say so."""

    actor: str
    action: str
    alias: str | None = None
    detail: str | None = None


def add(session: Session, at: str, trace: Trace) -> None:
    """One line more. Its number follows the last: writers take turns."""
    last = session.execute(select(func.max(TRAIL.c.number))).scalar() or 0
    session.execute(insert(TRAIL), [{"number": last + 1, "at": at} | vars(trace)])


def details(session: Session, action: str) -> list[str]:
    """What was ever written beside an action, in order."""
    query = select(TRAIL.c.detail).where(TRAIL.c.action == action).order_by(TRAIL.c.number)
    return [str(detail) for detail in session.execute(query).scalars()]
