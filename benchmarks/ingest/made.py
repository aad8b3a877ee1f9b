"""Episodes of nobody as CSV, in the layout of the source `candour-demo`."""

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from services.ingest.source import PACKAGED, Source, load_sources

FEED: Final = "candour-demo"
FIRST_DAY, DAYS = np.datetime64("2023-04-01"), 1095
PIECE: Final = 1_000_000
DIGITS: Final = 7
"""Of an episode's number in that source; a file of more rows than that has numbers for needs one digit more."""


def digits_for(rows: int) -> int:
    return max(DIGITS, len(str(rows)))


def sources_into(folder: Path, rows: int) -> Source:
    """The source alone, into `folder`, with room for the numbers of so many episodes."""
    told = (PACKAGED / f"{FEED}.toml").read_text(encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{FEED}.toml").write_text(told.replace(f"E[0-9]{{{DIGITS}}}", f"E[0-9]{{{digits_for(rows)}}}"), "utf-8")
    return load_sources(folder)[FEED]


def write_episodes(path: Path, rows: int) -> None:
    """Every episode once, in the order of its number, as a register writes them out."""
    source = load_sources()[FEED]
    rng = np.random.default_rng(7)
    levels = {column.name: column.codes for column in source.sent if column.type == "code"}
    with path.open("wb") as out:
        out.write((",".join(source.header) + "\n").encode())
        for first in range(0, rows, PIECE):
            _piece(rng, first, min(PIECE, rows - first), rows, levels).select(source.header).write_csv(
                out, include_header=False, quote_style="never"
            )


def _piece(rng: np.random.Generator, first: int, rows: int, every: int, levels: dict[str, list[str]]) -> pl.DataFrame:
    def some(texts: list[str]) -> pl.Series:
        return pl.Series(texts).gather(rng.integers(0, len(texts), rows))

    days = FIRST_DAY + rng.integers(0, DAYS, rows).astype("timedelta64[D]")
    return pl.DataFrame(
        {
            "number": np.arange(first, first + rows),
            "provider": some([f"ZZ{number:03d}" for number in range(1, 121)]),
            "consultant": some([str(9_900_001 + number) for number in range(2_000)]),
            "date": days,
            "died_30_days": rng.integers(0, 2, rows),
            **{name: some([*texts, ""] if name == "comorbidity" else texts) for name, texts in levels.items()},
        }
    ).with_columns(episode="E" + pl.col("number").cast(pl.String).str.zfill(digits_for(every)))
