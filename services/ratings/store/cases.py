"""Outlier cases and their steps. Steps are only ever added."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, func, select

from services.ratings.models import CaseRow, CaseStepRow
from services.ratings.store.store import Transaction
from shared.kit.problems import NotFound


@dataclass(frozen=True)
class Wanted:
    """Which cases: None for any. `open_before`: those with a deadline before that day."""

    release: str | None = None
    kind: str | None = None
    state: str | None = None
    provider: str | None = None
    subject: str | None = None
    open_before: date | None = None


def case_of(tx: Transaction, case: str) -> CaseRow:
    """Raises NotFound."""
    row = tx.session.get(CaseRow, case)
    if row is None:
        raise NotFound("There is no case of this name.")
    return row


def cases(tx: Transaction, wanted: Wanted) -> list[CaseRow]:
    """Those with the nearest deadline first, the ended ones last."""
    query = select(CaseRow)
    for name in ("release", "kind", "state", "provider", "subject"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(getattr(CaseRow, name) == value)
    if wanted.open_before is not None:
        query = query.where(col(CaseRow.deadline) < wanted.open_before)
    return sorted(tx.session.exec(query), key=lambda row: (row.deadline or date.max, row.opened, row.id))


def newest_of(tx: Transaction, indicators: Iterable[str]) -> dict[tuple[str, ...], CaseRow]:
    """The newest case by level, subject, indicator, period and kind."""
    query = select(CaseRow).where(col(CaseRow.indicator).in_(list(indicators)))
    rows = tx.session.exec(query.order_by(col(CaseRow.opened), col(CaseRow.id)))
    return {(row.level, row.subject, row.indicator, row.period, row.kind): row for row in rows}


def history(tx: Transaction, case: str) -> list[CaseStepRow]:
    """Oldest first."""
    query = select(CaseStepRow).where(CaseStepRow.case == case)
    return list(tx.session.exec(query.order_by(col(CaseStepRow.sequence))))


def sequences(tx: Transaction) -> dict[str, int]:
    """How many steps each case has."""
    query = select(CaseStepRow.case, func.max(CaseStepRow.sequence)).group_by(CaseStepRow.case)
    return dict(tx.session.exec(query).all())


def newest_sequence(tx: Transaction, case: str) -> int:
    """0 where it has no step yet."""
    return tx.session.exec(select(func.max(CaseStepRow.sequence)).where(CaseStepRow.case == case)).one() or 0


def step_of_key(tx: Transaction, case: str, key: str) -> CaseStepRow | None:
    query = select(CaseStepRow).where(CaseStepRow.case == case, CaseStepRow.idempotency_key == key)
    return tx.session.exec(query).first()


def keep(tx: Transaction, kept: Collection[tuple[CaseRow, CaseStepRow]]) -> None:
    """Cases as they stand now, and the steps that led there: in that order, for the one refers to the other, and each
    in one go, however many there are."""
    for rows in zip(*kept, strict=True):
        tx.session.add_all(rows)
        tx.session.flush()
