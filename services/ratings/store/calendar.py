"""Announced days, and the releases that came on them."""

from collections.abc import Mapping
from datetime import date

from sqlmodel import col, select

from services.ratings.models import CalendarRow, ReleaseRow
from services.ratings.store.store import Transaction


def announced(tx: Transaction) -> list[CalendarRow]:
    """In order of days."""
    return list(tx.session.exec(select(CalendarRow).order_by(col(CalendarRow.day))))


def day_of(tx: Transaction, day: date) -> CalendarRow | None:
    return tx.session.get(CalendarRow, day)


def announce(tx: Transaction, row: CalendarRow) -> None:
    tx.session.add(row)
    tx.session.flush()


def withdraw(tx: Transaction, row: CalendarRow) -> None:
    tx.session.delete(row)
    tx.session.flush()


def came_on(tx: Transaction) -> Mapping[date, list[str]]:
    """Releases that the public may read, by their date."""
    found: dict[date, list[ReleaseRow]] = {}
    for row, _ in tx.readable():
        found.setdefault(row.day, []).append(row)
    return {day: [one.id for one in sorted(rows, key=lambda one: one.number)] for day, rows in found.items()}


def was_published_on(tx: Transaction, day: date) -> bool:
    """Whether a release of this date has ever been published, taken down since or not."""
    found = select(ReleaseRow.id).where(ReleaseRow.day == day, col(ReleaseRow.published).is_not(None))
    return tx.session.exec(found).first() is not None
