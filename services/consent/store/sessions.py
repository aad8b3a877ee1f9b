"""The table of sessions. What it keeps is no part of the ledger: its writers take no turn and wait for no standby."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import delete, event, insert, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection

from services.consent.models import SESSION
from shared.kit.database import Database

PATIENCE_MILLISECONDS: Final = 250
Row = Mapping[str, Any]


class SessionTable:
    """On connections of its own, that give up quickly: an import may have the file to itself for a while."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.served = self.database.engine.dialect.name == "postgresql"
        if not self.served:
            event.listen(self.database.engine, "connect", _impatient)

    def load(self) -> Sequence[Row]:
        with self.database.reading() as session:
            return [dict(row) for row in session.execute(select(SESSION)).mappings()]

    def keep(self, rows: Sequence[Row], gone: Sequence[str]) -> None:
        """Durable on this machine once it returns: `rows` as they are now, `gone` (hashes) no more. Raises
        SQLAlchemyError where the database is busy, full or away; then nothing has changed."""
        hashes = [str(row["id_hash"]) for row in rows] + list(gone)
        with self.database.engine.connect().execution_options(writes=True) as connection, connection.begin():
            if self.served:
                connection.execute(text("SET LOCAL synchronous_commit TO local"))
                connection.execute(text("SET LOCAL lock_timeout TO '1s'"))
            for start in range(0, len(hashes), 500):
                connection.execute(delete(SESSION).where(SESSION.c.id_hash.in_(hashes[start : start + 500])))
            if rows:
                connection.execute(insert(SESSION), [dict(row) for row in rows])

    def close(self) -> None:
        self.database.close()


def _impatient(connection: DBAPIConnection, _record: Any) -> None:
    connection.cursor().execute(f"PRAGMA busy_timeout={PATIENCE_MILLISECONDS}")
