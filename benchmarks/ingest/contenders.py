"""`python -m benchmarks.ingest.contenders WAY FILE FOLDER ROWS`: one way to take episodes in, in a process of its own.

Prints JSON: rows taken, seconds, and the most resident bytes of this process and of the child that it started. Each way
reads the CSV, makes the same checks as far as it can say them, and writes Parquet.
"""

import asyncio
import hashlib
import json
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import dataframely as dy
import duckdb
import polars as pl

from benchmarks.ingest.made import FEED, digits_for, sources_into
from services.ingest.__main__ import MIGRATIONS
from services.ingest.columns import Code
from services.ingest.domain import Sending
from services.ingest.source import load_sources
from services.ingest.store.database import Store
from services.ingest.store.files import Files
from services.ingest.workflow.arrival import Terms, take_in
from services.ingest.workflow.checking import Checking
from services.ingest.workflow.freezing import freeze
from shared.kit.database import Database
from shared.kit.migrating import migrate
from shared.kit.signing import Signer

Way = Callable[[Path, Path, int], int]
LEVELS: Final = {column.source: column.codes for column in load_sources()[FEED].sent if isinstance(column, Code)}
FIRST, LAST = date(2023, 4, 1), date(2026, 3, 31)
PROVIDER, CONSULTANT = "^[A-Z]{2}[0-9]{3}$", "^[0-9]{7}$"
PIECE: Final = 1 << 20


def own(file: Path, folder: Path, rows: int) -> int:
    """From the bytes of an upload to a frozen snapshot, as the service and its job do it."""
    source = sources_into(folder / "sources", rows)
    url = f"sqlite:///{folder / 'ingest.sqlite'}"
    migrate(url, MIGRATIONS)
    store = Store(Database(url), Files(folder / "ingest"))
    store.open([FEED])
    began = datetime.now(UTC)
    sending = Sending(FEED, _digest(file), supersede=False, now=began)
    asyncio.run(take_in(store, sending, _streamed(file), Terms(1 << 40, 60.0, Signer(FEED.encode(), b"benchmarks"))))
    Checking(store, {FEED: source}).run(FEED)
    taken = freeze(store, source, began)[0].rows
    store.close()
    return taken


def bare(file: Path, folder: Path, rows: int) -> int:  # noqa: ARG001
    """The limit: polars reads it, guessing types, and writes it."""
    frame = pl.read_csv(file)
    frame.write_parquet(folder / "rows.parquet")
    return frame.height


def dataframely(file: Path, folder: Path, rows: int) -> int:
    class Episodes(dy.Schema):
        episode = dy.String(primary_key=True, regex=f"^E[0-9]{{{digits_for(rows)}}}$")
        provider = dy.String(regex=PROVIDER)
        consultant = dy.String(regex=CONSULTANT)
        specialty = dy.Enum(LEVELS["specialty"])
        date = dy.Date(min=FIRST, max=LAST)
        age_band = dy.Enum(LEVELS["age_band"])
        sex = dy.Enum(LEVELS["sex"])
        urgency = dy.Enum(LEVELS["urgency"])
        comorbidity = dy.Enum(LEVELS["comorbidity"], nullable=True)
        died_30_days = dy.Int8(min=0, max=1)

    passed, failure = Episodes.filter(_typed(file), cast=True)
    passed.write_parquet(folder / "rows.parquet")
    failure.invalid().write_parquet(folder / "aside.parquet")
    return passed.height


def _typed(file: Path) -> pl.DataFrame:
    """Texts, and the two columns whose casts neither library does as they are checked here."""
    day, died = pl.col("date").str.to_date("%Y-%m-%d", strict=False), pl.col("died_30_days").cast(pl.Int8, strict=False)
    return pl.read_csv(file, infer_schema_length=0).with_columns(day, died)


def pandera(file: Path, folder: Path, rows: int) -> int:
    import pandera.polars as pa  # noqa: PLC0415  # slow, and only this needs it

    texts = {name: pa.Column(str, pa.Check.isin(levels), nullable=name == "comorbidity") for name, levels in
             LEVELS.items()}  # fmt: skip
    schema = pa.DataFrameSchema(
        {
            **texts,
            "episode": pa.Column(str, pa.Check.str_matches(f"^E[0-9]{{{digits_for(rows)}}}$"), unique=True),
            "provider": pa.Column(str, pa.Check.str_matches(PROVIDER)),
            "consultant": pa.Column(str, pa.Check.str_matches(CONSULTANT)),
            "date": pa.Column(pl.Date, pa.Check.in_range(FIRST, LAST)),
            "died_30_days": pa.Column(pl.Int8, pa.Check.in_range(0, 1)),
        }
    )
    passed = schema.validate(_typed(file), lazy=True)
    passed.write_parquet(folder / "rows.parquet")
    return passed.height


def in_duckdb(file: Path, folder: Path, rows: int) -> int:
    listed = " AND ".join(
        f"{name if name != 'comorbidity' else f'coalesce({name}, {levels[0]!r})'} IN ({', '.join(map(repr, levels))})"
        for name, levels in LEVELS.items()
    )
    checked = (
        f"regexp_full_match(episode, 'E[0-9]{{{digits_for(rows)}}}')"
        f" AND regexp_full_match(provider, '[A-Z]{{2}}[0-9]{{3}}')"
        f" AND regexp_full_match(consultant, '[0-9]{{7}}') AND TRY_CAST(date AS DATE) BETWEEN '{FIRST}' AND '{LAST}'"
        f" AND TRY_CAST(died_30_days AS TINYINT) BETWEEN 0 AND 1 AND {listed}"
    )
    with duckdb.connect(config={"memory_limit": "8GB", "temp_directory": str(folder)}) as connection:
        connection.execute(f"CREATE VIEW texts AS SELECT * FROM read_csv('{file}', all_varchar = true, header = true)")
        connection.execute(
            "CREATE TABLE taken AS SELECT * REPLACE (date::DATE AS date, died_30_days::TINYINT AS died_30_days) "
            f"FROM texts WHERE {checked}"
        )
        connection.execute(f"COPY taken TO '{folder / 'rows.parquet'}' (FORMAT parquet, COMPRESSION zstd)")
        taken, different = connection.execute("SELECT count(*), count(DISTINCT episode) FROM taken").fetchone() or (
            0,
            0,
        )
    return int(min(taken, different))


WAYS: Final[dict[str, Way]] = {
    "bare read and write": bare,
    "Candour": own,
    "dataframely": dataframely,
    "pandera": pandera,
    "DuckDB": in_duckdb,
}


def _digest(file: Path) -> str:
    """What the sender announces: computed by it, but in this time too."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


async def _streamed(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            yield piece


def peak_bytes() -> dict[str, int]:
    """The most that this process, and the largest child of it, ever had resident."""
    return {
        "own": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10,
        "child": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10,
    }


def main() -> None:
    way, file, folder, rows = sys.argv[1:]
    began, worked = time.perf_counter(), time.process_time()
    taken = WAYS[way](Path(file), Path(folder), int(rows))
    seconds = time.perf_counter() - began
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = time.process_time() - worked + children.ru_utime + children.ru_stime
    print(json.dumps({"rows": taken, "seconds": seconds, "processor_seconds": worked, "peak_bytes": peak_bytes()}))


if __name__ == "__main__":
    main()
