"""What stands beside the figures of a view: replies to results, commentaries, and flags that a subject asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

import polars as pl

from shared.contracts.views import Commentary

DISPUTED: Final = "disputed"
ResultKey = tuple[str, str, str, str]  # level, subject, indicator, period


@dataclass(frozen=True)
class Reply:
    """As moderated; or, where nobody had replied by the last day of the window, that day. `author` is a role."""

    status: Literal["given", "not_received"]
    author: str | None = None
    received: date | None = None
    text: str | None = None
    invited_until: date | None = None


@dataclass(frozen=True)
class Beside:
    """Frozen when a release is published: every view of it has the same."""

    replies: Mapping[ResultKey, Reply] = field(default_factory=dict)
    disputed: frozenset[ResultKey] = frozenset()
    commentaries: tuple[Commentary, ...] = ()


NOTHING: Final = Beside()
COLUMNS: Final[dict[str, type[pl.DataType]]] = {
    "reply_status": pl.String, "reply_author": pl.String, "reply_received": pl.Date, "reply_text": pl.String,
    "reply_invited_until": pl.Date,
}  # fmt: skip


def with_replies(rows: pl.DataFrame, beside: Beside) -> pl.DataFrame:
    """Rows that have `level`, `subject`, `indicator_id`, `period_id`, `status`, `interval_level` and `quality_flags`,
    with the columns of their reply, and `disputed` among the flags where the subject asked for that. An absent row has
    neither. Where counts are told to the nearest five there is no interval, and nobody is said to have been silent:
    they were asked by the position of the exact count, which would be told thereby."""
    keys = list(rows.select("level", "subject", "indicator_id", "period_id").iter_rows())
    published = rows["status"] == "published"
    exact = published & rows["interval_level"].is_not_null()
    replies = [beside.replies.get(key) if shown else None for key, shown in zip(keys, published, strict=True)]
    replies = [
        one if told or one is None or one.status != "not_received" else None
        for one, told in zip(replies, exact, strict=True)
    ]
    told: dict[str, list[str | date | None]] = {
        name: [getattr(one, name.removeprefix("reply_")) if one else None for one in replies] for name in COLUMNS
    }
    flagged = [shown and key in beside.disputed for key, shown in zip(keys, published, strict=True)]
    disputed = pl.Series(flagged, dtype=pl.Boolean)
    flags = pl.when(disputed).then(pl.format("{} " + DISPUTED, "quality_flags").str.strip_chars())
    return rows.with_columns(
        *(pl.Series(name, told[name], kind) for name, kind in COLUMNS.items()),
        flags.otherwise("quality_flags").alias("quality_flags"),
    )
