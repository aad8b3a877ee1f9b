"""The same counts by one group-by, on whatever holds the episodes: polars, DuckDB, Spark, or what narwhals reads next.

Only whole numbers are added up, so every engine gives the same counts to the last one; floats come later, in one place.
"""

from collections.abc import Mapping, Sequence

import narwhals.stable.v2 as nw
import polars as pl
from narwhals.stable.v2.typing import IntoFrame


def count_by(
    episodes: IntoFrame, key: Sequence[str], outcome: str, absent: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """`cases` and `observed` (int64) per key, sorted by the full key; `outcome` is 1 for an event and 0 for none.

    `absent` says what an empty cell of a key column counts as. A frame of an engine is brought over only as counts.
    """
    words = absent or {}
    filled = [nw.col(name).fill_null(words[name]) if name in words else nw.col(name) for name in key]
    counted: pl.DataFrame = (
        nw.from_native(episodes)
        .lazy()
        .select(*filled, nw.col(outcome).cast(nw.Int64()).alias("observed"))
        .group_by(*key)
        .agg(nw.len().alias("cases"), nw.col("observed").sum())
        .collect(backend="polars")
        .to_native()
    )
    whole = counted.select(*key, pl.col("cases", "observed").cast(pl.Int64))  # DuckDB's sums are decimals
    return whole.sort(*key)
