"""What the ledger has announced of own figures, in as few columns as can be counted from."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlmodel import Session

from services.consent.models import LEDGER
from shared.contracts.consent import Purpose

AT_ONCE = 5_000


def announced(session: Session, recorded_by: str, programmes: list[str]) -> Iterator[tuple[str, str, str | None]]:
    """Programme, alias and effect of every event about somebody's own figures that was recorded by that moment, in
    order."""
    table = LEDGER.c
    query = select(table.programme, table.subject, table.effect).where(
        table.purpose == Purpose.OWN_FIGURES.value, table.recorded_at <= recorded_by, table.programme.in_(programmes)
    )
    for row in session.execute(query.order_by(table.revision).execution_options(yield_per=AT_ONCE)):
        yield row[0], row[1], row[2]
