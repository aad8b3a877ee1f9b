"""Many rows into each engine: 1.8 million standings in one transaction by `shared.kit.bulk`, until they are durable.

The ORM is measured in the same run on a sample, because all of it would take minutes; its full time is what the sample
gives for each row, which flatters it: rows that come later cost no less.
"""

import tempfile
import time
from collections.abc import Callable
from typing import Final

import polars as pl
from rich.table import Table
from sqlalchemy import func, select
from sqlmodel import Session

from benchmarks.outcome import Outcome
from services.consent.__main__ import MIGRATIONS
from services.consent.models import STANDING
from services.consent.models.ledger import StandingRow
from shared.kit.bulk import insert_frame, insert_rows
from shared.kit.database import Database
from shared.kit.migrating import migrate
from tests.postgres import Postgres

ROWS: Final = 1_800_000
SAMPLE: Final = 20_000
EMPTY: Final = pl.lit(None, dtype=pl.String)
Way = Callable[[Session, pl.DataFrame], object]
WAYS: Final[dict[str, tuple[Way, int]]] = {
    "frame": (lambda session, frame: insert_frame(session, STANDING, frame), ROWS),
    "rows": (lambda session, frame: insert_rows(session, STANDING, frame.columns, frame.iter_rows()), ROWS),
    "ORM": (
        lambda session, frame: session.add_all(StandingRow(**row) for row in frame.iter_rows(named=True)), SAMPLE,
    ),
}  # fmt: skip


def run() -> Outcome:
    """Ratios: the ORM's time over that of each way, by engine."""
    frame = standings()
    with tempfile.TemporaryDirectory() as folder, Postgres() as server:  # fsync on, as it is run
        urls = {"SQLite": f"sqlite:///{folder}/consent.sqlite", "PostgreSQL": server.url(server.new_database())}
        seconds = {engine: measured(url, frame) for engine, url in urls.items()}
    ratios = {
        f"{engine}: ORM / {way}": of["ORM"] / of[way] for engine, of in seconds.items() for way in ("frame", "rows")
    }
    return Outcome("bulk", ratios, {"rows": ROWS, "sample": SAMPLE, "seconds": seconds}, [table_of(seconds)])


def standings() -> pl.DataFrame:
    """One for each of 1.8 million people, shape (ROWS, 16), some cells empty."""
    number = pl.int_range(ROWS, dtype=pl.Int64, eager=True)
    return pl.DataFrame({"subject": "p-" + (number + 1_000_000).cast(pl.String).str.zfill(32)}).with_columns(
        programme=pl.lit("adult-cardiac-surgery-consultant-outcomes"), purpose=pl.lit("own_figures"),
        word=pl.when(number % 5 == 0).then(pl.lit("withdrawn")).otherwise(pl.lit("given")),
        notice_version=pl.when(number % 5 == 0).then(None).otherwise(pl.lit(1)),
        decided_on=pl.lit("2026-05-01"), revision=number + 1, informed_version=pl.lit(1),
        informed_on=pl.when(number % 3 == 0).then(None).otherwise(pl.lit("2026-04-01")),
        told=pl.when(number % 5 == 0).then(pl.lit("withheld")).otherwise(pl.lit("named")),
        scope_from=EMPTY, scope_to=EMPTY, reason=EMPTY, objection=EMPTY, restricted=pl.lit(0), signed_off=pl.lit(0),
    )  # fmt: skip


def measured(url: str, frame: pl.DataFrame) -> dict[str, float]:
    """Seconds for all the rows, by way; the ORM's from its sample."""
    migrate(url, MIGRATIONS)
    database = Database(url)
    found: dict[str, float] = {}
    for name, (way, rows) in WAYS.items():
        with database.transaction() as session:
            session.connection().exec_driver_sql("DELETE FROM standing")
        began = time.perf_counter()
        with database.transaction() as session:
            way(session, frame.head(rows))
        found[name] = (time.perf_counter() - began) * ROWS / rows
        with database.reading() as session:
            assert session.execute(select(func.count()).select_from(STANDING)).scalar_one() == rows
    database.close()
    return found


def table_of(seconds: dict[str, dict[str, float]]) -> Table:
    title = f"{ROWS:,} standings in one transaction; the ORM from {SAMPLE:,} of them"
    table = Table("engine", "bulk, a frame (s)", "bulk, rows (s)", "ORM (s)", "ORM / frame", "ORM / rows", title=title)
    for engine, of in seconds.items():
        ratios = (f"{of['ORM'] / of[way]:.0f}" for way in ("frame", "rows"))
        table.add_row(engine, *(f"{of[way]:.1f}" for way in WAYS), *ratios)
    return table
