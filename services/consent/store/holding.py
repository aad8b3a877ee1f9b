"""Room held back on the disk of a PostgreSQL server, which only the server can see: a table of random bytes, whose
TRUNCATE gives the space back at once, also where not a page is left. It is not in the server's log, and empty after a
crash."""

from threading import Event
from typing import Final

from sqlalchemy import func, insert, literal_column, select, text
from sqlalchemy.exc import SQLAlchemyError

from services.consent.models import BALLAST
from shared.kit.ballast import is_full
from shared.kit.database import Database
from shared.kit.outage import is_away

PIECE: Final = 1 << 20
ROWS: Final = 6_700  # of 156 bytes, in pages of 8 KiB: about one piece
FILL: Final = insert(BALLAST).from_select(
    [column.name for column in BALLAST.columns],
    select(*(func.gen_random_uuid() for _ in BALLAST.columns)).select_from(func.generate_series(1, ROWS).alias("g")),
)
SIZE: Final = select(func.pg_relation_size(literal_column("'ballast'")))


class TableBallast:
    """As `Ballast`, in the table of that name; its transactions take no writer's turn."""

    def __init__(self, database: Database, size: int) -> None:
        self.database, self.size = database, size
        self.given_back = Event()

    def hold(self) -> bool:
        """Fill up what is missing, piece by piece; whether all of it is held. Stops where it is released meanwhile.
        Raises SQLAlchemyError where the database is away."""
        self.given_back.clear()
        try:
            if self._held() > self.size + 2 * PIECE:  # it was to be more once
                self._truncate()
            while self._held() < self.size:
                if self.given_back.is_set():
                    return False
                with self.database.engine.begin() as connection:
                    connection.execute(FILL)
        except SQLAlchemyError as error:
            if is_away(error) and not is_full(error):
                raise  # of its disk nothing is known
            self.release()  # what an insert that failed has left behind too
            return False
        return True

    def release(self) -> bool:
        """Give the space back; whether there was any. Never raises."""
        self.given_back.set()
        try:
            held = self._held() > 0
            self._truncate()
        except SQLAlchemyError:
            return False
        return held

    def _held(self) -> int:
        with self.database.engine.connect() as connection:
            return int(connection.execute(SIZE).scalar_one())

    def _truncate(self) -> None:
        """Waits for no standby: nothing is promised by it."""
        with self.database.engine.begin() as connection:
            connection.execute(text("SET LOCAL synchronous_commit TO local"))
            connection.execute(text("TRUNCATE ballast"))
