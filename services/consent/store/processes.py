"""Gateway processes, and the moments up to which all of them were known to be: rows of their own, beside the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select, update
from sqlmodel import Session

from services.consent.models import GATEWAY, LEDGER, MARK, PROCESS
from services.consent.store.rows import number_of


@dataclass(frozen=True)
class Process:
    """The `number`-th process of a name. It may be sending until `proof` says why it is not."""

    name: str
    number: int
    incarnation: str
    registered_at: str
    ended_at: str | None = None
    proof: str | None = None


@dataclass(frozen=True)
class Mark:
    """Every revision up to this one was effective at that moment."""

    revision: int
    at: str


def process(session: Session, name: str, number: int) -> Process | None:
    query = select(PROCESS).where(PROCESS.c.name == name, PROCESS.c.number == number)
    row = session.execute(query).one_or_none()
    return Process(*row) if row else None


def process_of_token(session: Session, name: str, token: str) -> Process | None:
    """The process of that name whose incarnation ends with `token`."""
    query = select(PROCESS).where(PROCESS.c.name == name, PROCESS.c.incarnation.endswith(f"-{token}"))
    row = session.execute(query.order_by(PROCESS.c.number.desc()).limit(1)).one_or_none()
    return Process(*row) if row else None


def all_processes(session: Session) -> list[Process]:
    """Every one that ever registered, by name and number."""
    return [Process(*row) for row in session.execute(select(PROCESS).order_by(PROCESS.c.name, PROCESS.c.number))]


def open_processes(session: Session) -> list[Process]:
    """Every process of which nobody has proof that it ended, by name and number."""
    query = select(PROCESS).where(PROCESS.c.ended_at.is_(None)).order_by(PROCESS.c.name, PROCESS.c.number)
    return [Process(*row) for row in session.execute(query)]


def newest(session: Session) -> dict[str, str]:
    """The newest incarnation of each name."""
    return {row[0]: row[1] for row in session.execute(select(GATEWAY.c.name, GATEWAY.c.incarnation))}


def newest_of(session: Session, name: str) -> str | None:
    return session.execute(select(GATEWAY.c.incarnation).where(GATEWAY.c.name == name)).scalar_one_or_none()


def keep_process(session: Session, begun: Process, *, replacing: bool) -> None:
    """A process that is the newest of its name from this commit on; `replacing` another."""
    values = {"incarnation": begun.incarnation, "registered_at": begun.registered_at}
    session.execute(insert(PROCESS), [vars(begun)])
    if replacing:
        session.execute(update(GATEWAY).where(GATEWAY.c.name == begun.name).values(values))
    else:
        session.execute(insert(GATEWAY), [{"name": begun.name} | values])


def put_back(session: Session, lost: Sequence[Process]) -> None:
    """Processes that this store had forgotten, by name and number; the last of a name is its newest where none is
    newer."""
    for one in lost:
        before = newest_of(session, one.name)
        if before is None or number_of(before) < one.number:
            keep_process(session, one, replacing=before is not None)
        else:
            session.execute(insert(PROCESS), [vars(one)])


def keep_end(session: Session, ended: Process, at: str, proof: str) -> None:
    """The first proof stays."""
    same = (PROCESS.c.name == ended.name, PROCESS.c.number == ended.number, PROCESS.c.ended_at.is_(None))
    session.execute(update(PROCESS).where(*same).values(ended_at=at, proof=proof))


def last_mark(session: Session) -> int:
    """The newest revision that ever was effective; 0 where none was."""
    return session.execute(select(func.max(MARK.c.revision))).scalar_one() or 0


def first_mark(session: Session, revision: int) -> Mark | None:
    """The first moment at which `revision` was known to be effective."""
    query = select(MARK.c.revision, MARK.c.at).where(MARK.c.revision >= revision).order_by(MARK.c.revision).limit(1)
    row = session.execute(query).one_or_none()
    return Mark(*row) if row else None


def keep_marks(session: Session, marks: Sequence[Mark]) -> None:
    """Marks of revisions beyond the last one that is kept; what is kept stays as it is."""
    last = last_mark(session)
    rows = [vars(one) for one in marks if one.revision > last]
    if rows:
        session.execute(insert(MARK), rows)


def revision_of_hash(session: Session, begins: str) -> int | None:
    """The revision whose hash begins with these hexadecimal digits; None where there is none."""
    rest = 64 - len(begins)
    query = select(LEDGER.c.revision).where(LEDGER.c.hash.between(begins + "0" * rest, begins + "f" * rest))
    return session.execute(query.order_by(LEDGER.c.revision).limit(1)).scalar_one_or_none()
