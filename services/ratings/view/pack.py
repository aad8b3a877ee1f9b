"""Parts of a pack for peer review that show others: points without names, and published peers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from services.ratings.casemix.casefile import CaseFile
from services.ratings.casemix.mix import Mix, context_of, mix_of
from services.ratings.methods.peers import NOBODY, nearest_peers
from services.ratings.view.preview import OwnRow, Preview
from shared.contracts.pack import Better, Funnel, Point

DIGITS: Final = 2  # of another's expected number: enough to draw a point, too few to know whose it is
RATIO_DECIMALS: Final = 1
BETTER: Final = (
    "The two ranges have nothing in common: a difference of which chance alone is an unlikely cause. It does not say "
    "why, nor that the care was better: case mix that the model does not see, and how cases are recorded, differ, too."
)
PREFERS: Final = {"lower_is_better": "lower", "higher_is_better": "higher"}


@dataclass(frozen=True, eq=False)
class LiveRows:
    """The rows of the live view of the release that is published now."""

    release: str
    rows: pl.DataFrame

    def published(self, own: OwnRow) -> pl.DataFrame:
        """Those with figures of an own row's level and indicator, in order of their periods."""
        level, _, indicator, _ = own.key
        there = (pl.col("level") == level) & (pl.col("indicator_id") == indicator) & (pl.col("status") == "published")
        return self.rows.filter(there).sort("period_end")


def funnel_of(preview: Preview, own: OwnRow, live: LiveRows | None) -> Funnel:
    """The own point as the public would read it; the others' are those that the public reads now, of their newest
    period, rounded. Nothing of anybody else's is drawn out of a release that is not out: whoever withdraws before it
    is may let go of a partner, and who had kept the points of both would have both figures of their sum."""
    level, subject, indicator, period = own.key
    others = _others(subject, live.published(own)) if live else pl.DataFrame()
    points = others.select("expected", "standardised_ratio").drop_nulls().iter_rows() if others.height else ()
    drawn = sorted((_significant(expected), round(ratio, RATIO_DECIMALS)) for expected, ratio in points)
    curves = (one for one in preview.curves if (one.indicator, one.period, one.level) == (indicator, period, level))
    return Funnel(
        own=_own_point(own), others=[Point(expected=x, ratio=y) for x, y in drawn],
        others_of=live.release if live and drawn else None, curve=next(curves, None),
    )  # fmt: skip


def _others(subject: str, rows: pl.DataFrame) -> pl.DataFrame:
    newest = pl.col("period_end") == pl.col("period_end").max()
    return rows.filter(newest, pl.coalesce("consultant_id", "provider_id") != subject)


def _own_point(own: OwnRow) -> Point | None:
    value: dict[str, Any] = own.body.get("value", {})
    if "expected" not in value or "standardised_ratio" not in value:
        return None
    return Point(expected=value["expected"], ratio=value["standardised_ratio"])


def _significant(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


@dataclass(frozen=True, eq=False)
class Peers:
    """Comparable subjects who are published now, nearest first: their rows in the live view, and their case mix."""

    release: str
    rows: list[dict[str, Any]]
    mix: Mix | None

    @property
    def some(self) -> int:
        return len(self.rows)


def peers_of(own: OwnRow, file: CaseFile, live: LiveRows) -> Peers:
    """The nearest by how many cases they have and by their case mix."""
    level, subject, _, _ = own.key
    release, column = live.release, "consultant" if level == "consultant" else "provider"
    rows = {row[f"{column}_id"]: row for row in live.published(own).iter_rows(named=True)}
    counts = file.counts.filter(pl.col("cases") > 0).partition_by(column, as_dict=True)
    candidates = sorted(one for one in rows if one != subject and (one,) in counts)
    if not candidates or (subject,) not in counts:
        return Peers(release, [], None)
    codes = [subject, *candidates]
    context = context_of([mix_of(counts[one,], file.model) for one in codes], file.model)
    near = nearest_peers(codes, context, np.ones(len(codes), dtype=np.bool_)).rows[0]
    nearest = [codes[row] for row in near if row != NOBODY]
    return Peers(release, [rows[one] for one in nearest], mix_of(pl.concat([counts[o,] for o in nearest]), file.model))


def better_of(own: OwnRow, peers: Peers) -> Iterator[Better]:
    """Peers whose interval lies wholly on the welcome side of the own one; nobody where neither side is welcome."""
    mine: dict[str, Any] = own.body.get("value", {}).get("interval", {})
    side = PREFERS.get(own.body["indicator"]["polarity"])
    if side is None or "lower" not in mine or "upper" not in mine:
        return
    for row in peers.rows:
        ends = (row["interval_lower"], row["interval_upper"])
        if None in ends or row["estimate"] is None:
            continue
        if ends[1] < mine["lower"] if side == "lower" else ends[0] > mine["upper"]:
            yield _better(row, peers.release, mine)


def _better(row: dict[str, Any], release: str, mine: dict[str, Any]) -> Better:
    person = row["level"] == "consultant"
    return Better(
        subject=row["consultant_id"] if person else row["provider_id"],
        name=row["consultant_name"] if person else row["provider_name"], release=release, result=row["id"],
        estimate=row["estimate"], lower=row["interval_lower"], upper=row["interval_upper"], own_lower=mine["lower"],
        own_upper=mine["upper"], says=BETTER,
    )  # fmt: skip
