"""A round under the quorum. A message in PostgreSQL's log, of no table and behind no lock, makes the commit wait until
the synchronous standbys have everything up to it. A deposed primary never completes one; and once one is complete,
every row that was visible before it will survive, also one whose own wait was cancelled.

Which standbys there are may be set anew while the server runs, so it is asked every time.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, String, case, cast, func, select
from sqlmodel import Session

ROUND: Final[ColumnElement[Any]] = case(
    (
        func.current_setting("synchronous_standby_names") != "",
        cast(func.pg_logical_emit_message(True, "candour", "round"), String),
    )
)


def make_round(session: Session) -> None:
    """The transaction's commit becomes one. Nothing on SQLite, where a commit that returns is on the disk."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(ROUND))
