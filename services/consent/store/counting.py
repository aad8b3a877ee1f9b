"""How many stand where, and what was withdrawn of late: for the office's first page, which names nobody."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlmodel import Session

from services.consent.domain.facts import Word
from services.consent.models import CONSULTANT, ENROLMENT, LEDGER, MARK, STANDING
from services.consent.store.lists import only
from shared.contracts.consent import Act, Purpose


@dataclass(frozen=True)
class Hidden:
    """A withdrawal: its revision, and when it was recorded."""

    revision: int
    recorded_at: str


@dataclass(frozen=True)
class OpenCase:
    """An objection that waits for its outcome, or a restriction in force."""

    alias: str
    programme: str
    purpose: str
    objection: str | None
    restricted: bool


def unanswered(session: Session) -> list[tuple[str, str, int]]:
    """(programme, `asked` or `not_sought`, how many) of everybody enrolled, for their own figures, by programme."""
    word = func.coalesce(STANDING.c.word, Word.NOT_SOUGHT.value)
    joined = ENROLMENT.join(CONSULTANT, CONSULTANT.c.gmc == ENROLMENT.c.gmc).outerjoin(
        STANDING,
        and_(
            STANDING.c.subject == CONSULTANT.c.alias, STANDING.c.programme == ENROLMENT.c.programme,
            STANDING.c.purpose == Purpose.OWN_FIGURES.value,
        ),
    )  # fmt: skip
    query = select(ENROLMENT.c.programme, word, func.count()).select_from(joined)
    grouped = query.where(word.in_(["asked", "not_sought"])).group_by(ENROLMENT.c.programme, word)
    return sorted((row[0], row[1], row[2]) for row in session.execute(grouped))


def withdrawn_since(session: Session, moment: str) -> list[Hidden]:
    """Withdrawals recorded at `moment` or later, in order."""
    table = LEDGER.c
    query = select(table.revision, table.recorded_at).where(
        table.act == Act.WITHDRAWN.value, table.recorded_at >= moment
    )
    return [Hidden(*row) for row in session.execute(query.order_by(table.revision))]


def effective_at(session: Session, hidden: Sequence[Hidden]) -> list[str | None]:
    """When each of these, in the order of the ledger, was known to be effective; None where it is not yet."""
    if not hidden:
        return []
    query = select(MARK.c.revision, MARK.c.at).where(MARK.c.revision >= hidden[0].revision).order_by(MARK.c.revision)
    marks = [(int(revision), str(at)) for revision, at in session.execute(query)]
    places = (bisect_left(marks, (one.revision, "")) for one in hidden)
    return [marks[place][1] if place < len(marks) else None for place in places]


def open_cases(session: Session) -> list[OpenCase]:
    """Every objection without an outcome and every restriction in force."""
    table = STANDING.c
    query = select(table.subject, table.programme, table.purpose, table.objection, table.restricted)
    found = session.execute(query.where((table.objection == "open") | (table.restricted == 1)))
    return sorted(
        (OpenCase(alias, name, purpose, state, bool(held)) for alias, name, purpose, state, held in found),
        key=lambda one: (one.programme, one.alias),
    )


def since(session: Session, aliases: Sequence[str], acts: Sequence[Act]) -> dict[tuple[str, str, str], str]:
    """When the last event of these kinds was recorded, by alias, programme and purpose."""
    table = LEDGER.c
    query = select(table.subject, table.programme, table.purpose, func.max(table.recorded_at)).where(
        table.act.in_([act.value for act in acts])
    )
    grouped = query.group_by(table.subject, table.programme, table.purpose)
    rows = session.execute(only(session, grouped, table.subject, list(aliases)))
    return {(row[0], row[1], row[2]): row[3] for row in rows}
