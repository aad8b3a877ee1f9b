"""Room held back on the disk of a PostgreSQL server, which only the server can see: a table of random bytes, whose
TRUNCATE gives the space back at once. It is not in the server's log, and empty after a crash."""

import os
from threading import Event
from typing import Final

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from services.consent.models import BALLAST
from shared.kit.database import Database

PIECE: Final = 1 << 20


class TableBallast:
    """As `Ballast`, in the table of that name; its transactions take no writer's turn."""

    def __init__(self, database: Database, size: int) -> None:
        self.database, self.pieces = database, -(-size // PIECE)
        self.given_back = Event()

    def hold(self) -> bool:
        """Fill up what is missing; whether all of it is held. Never raises; stops where it is released meanwhile."""
        self.given_back.clear()
        try:
            for piece in range(self._held(), self.pieces):
                if self.given_back.is_set():
                    return False
                with self.database.engine.begin() as connection:
                    connection.execute(insert(BALLAST), [{"piece": piece, "body": os.urandom(PIECE)}])
            self._drop_beyond()
        except SQLAlchemyError:
            self.release()  # what an insert that failed has left behind too
            return False
        return True

    def release(self) -> bool:
        """Give the space back; whether there was any. Never raises, and waits for no standby: nothing is promised."""
        self.given_back.set()
        try:
            held = self._held() > 0
            with self.database.engine.begin() as connection:
                connection.execute(text("SET LOCAL synchronous_commit TO local"))
                connection.execute(text("TRUNCATE ballast"))
        except SQLAlchemyError:
            return False
        return held

    def _held(self) -> int:
        with self.database.engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(BALLAST)).scalar_one()

    def _drop_beyond(self) -> None:
        """Of a size that was greater once."""
        with self.database.engine.begin() as connection:
            connection.execute(delete(BALLAST).where(BALLAST.c.piece >= self.pieces))
