"""Signed-in browsers in the database: any process of the service may answer the next page."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session as Connection
from sqlmodel import col, delete, select

from services.ratings.models import SessionRow
from shared.kit.console.sessions import Session

MOST_EACH = 20  # browsers of one account; the one not seen for longest goes


def find(connection: Connection, key: str) -> SessionRow | None:
    return connection.get(SessionRow, key)


def keep(connection: Connection, session: Session) -> None:
    """A new one; of more than 20 of one account, those not seen for longest end."""
    mine = select(SessionRow).where(SessionRow.account == session.account).order_by(col(SessionRow.seen_at).desc())
    for row in connection.exec(mine).all()[MOST_EACH - 1 :]:
        connection.delete(row)
    connection.add(
        SessionRow(
            id_hash=session.id_hash, account=session.account, roles=" ".join(sorted(session.roles)),
            subject=session.subject, stamp=session.stamp, csrf=session.csrf, created_at=session.created_at,
            seen_at=session.seen_at, fresh_at=session.fresh_at, messages=[],
        )
    )  # fmt: skip


def end(connection: Connection, keys: Sequence[str]) -> None:
    connection.execute(delete(SessionRow).where(col(SessionRow.id_hash).in_(keys)))


def end_of_account(connection: Connection, account: str) -> int:
    mine = connection.exec(select(SessionRow.id_hash).where(SessionRow.account == account)).all()
    end(connection, mine)
    return len(mine)


def all_of_them(connection: Connection) -> list[SessionRow]:
    return list(connection.exec(select(SessionRow)))


def as_session(row: SessionRow) -> Session:
    fields: dict[str, Any] = row.model_dump(exclude={"messages", "roles"})
    return Session(**fields, roles=frozenset(row.roles.split()))
