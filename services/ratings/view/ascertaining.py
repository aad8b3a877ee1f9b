"""What readers are told of missing cases. A share of cases tells a unit's total, and so does whether it is enough: both
are told only where the total itself is, of the unit and of whoever works there."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from services.ratings.assembly.ascertainment import FLAG_LOW, FLAG_MORE, LOW, NOT_TOLD, loses_its_word, not_rated
from services.ratings.indicators.definition import Definition
from services.ratings.view.fates import NOTHING_HIDDEN, SHOWN, Fates

ALMOST_NOTHING: Final = 1e-9  # so that 0.29 is 29 hundredths and not 28.999…
CASE_FLAGS: Final = "case_flags"
Unit = tuple[str, str]  # period, provider


@dataclass(frozen=True, eq=False)
class CasesSent:
    """Of one indicator, the frames `ascertainment` and `members` of its release."""

    ascertained: pl.DataFrame
    members: pl.DataFrame

    @classmethod
    def of(cls, indicator: str, ascertainment: pl.DataFrame, members: pl.DataFrame) -> "CasesSent":
        own = pl.col("indicator") == indicator
        return cls(ascertainment.filter(own), members.filter(own))


def with_cases_sent(
    rows: pl.DataFrame, sent: CasesSent | None, definition: Definition, fates: Mapping[str, Fates]
) -> pl.DataFrame:
    """Rows with `case_ascertainment` (a share from 0 to 1, of units whose total is shown) and `case_flags`.

    Where an indicator asks for a minimum, nobody is compared who has cases in a unit whose total is not shown: that
    they are, or are not, would tell on which side of the minimum that total is. `fates` by period.
    """
    if sent is None or sent.ascertained.is_empty():
        return rows.with_columns(pl.lit(None, pl.Float64).alias("case_ascertainment"), pl.lit("").alias(CASE_FLAGS))
    shown = _shown(rows, fates)
    status = {(period, unit): word for period, unit, word in
              sent.ascertained.select("period_id", "provider", "status").iter_rows()}  # fmt: skip
    low, hidden = _people(sent.members, status, shown)
    flags = list(_flags(rows, status, shown, low))
    told = _with_share(rows, sent.ascertained, shown).with_columns(pl.Series(CASE_FLAGS, flags, pl.String))
    return _regated(told, definition, low, hidden) if definition.minimum_ascertainment is not None else told


def _shown(rows: pl.DataFrame, fates: Mapping[str, Fates]) -> frozenset[Unit]:
    units = rows.filter((pl.col("level") == "provider") & (pl.col("status") == "published"))
    return frozenset(
        (period, unit) for period, unit in units.select("period_id", "subject").iter_rows()
        if fates.get(period, NOTHING_HIDDEN).of("provider", unit) == SHOWN
    )  # fmt: skip


def _people(
    members: pl.DataFrame, status: Mapping[Unit, str], shown: frozenset[Unit]
) -> tuple[frozenset[Unit], frozenset[Unit]]:
    """By period: people with cases in a unit that is seen to be low; and in one that was counted and is not shown."""
    low, hidden = set(), set()
    for period, unit, person in members.select("period_id", "provider", "consultant").iter_rows():
        found = status.get((period, unit), "no_count")
        if found != "no_count" and (period, unit) not in shown:
            hidden.add((period, person))
        elif found == "low":
            low.add((period, person))
    return frozenset(low), frozenset(hidden)


def _flags(
    rows: pl.DataFrame, status: Mapping[Unit, str], shown: frozenset[Unit], low: frozenset[Unit]
) -> Iterator[str]:
    for period, level, subject in rows.select("period_id", "level", "subject").iter_rows():
        key = (period, subject)
        if level == "consultant":
            yield FLAG_LOW if key in low else ""
        else:
            told = status.get(key, "") if key in shown else ""
            yield {"low": FLAG_LOW, "more": FLAG_MORE}.get(told, "")


def _with_share(rows: pl.DataFrame, ascertained: pl.DataFrame, shown: frozenset[Unit]) -> pl.DataFrame:
    """Whole hundredths, rounded down: a share of 1 is all of them, and one that is shown below the minimum is below."""
    told = ascertained.select("period_id", "provider", "share").filter(pl.col("share").is_not_null())
    known = {
        (period, unit): math.floor(min(share, 1.0) * 100 + ALMOST_NOTHING) / 100
        for period, unit, share in told.iter_rows() if (period, unit) in shown
    }  # fmt: skip
    shares = [known.get((period, subject)) if level == "provider" else None
              for period, level, subject in rows.select("period_id", "level", "subject").iter_rows()]  # fmt: skip
    return rows.with_columns(pl.Series("case_ascertainment", shares, pl.Float64))


def _regated(rows: pl.DataFrame, definition: Definition, low: frozenset[Unit], hidden: frozenset[Unit]) -> pl.DataFrame:
    """Of people: whoever is seen to work in a unit that is low is not compared for that; whoever works in one of which
    nobody is told, for this. What the results say of the latter stays with those who made them."""
    people = rows.select("period_id", "level", "subject").rows()
    seen_low = pl.Series([level == "consultant" and (period, who) in low for period, level, who in people])
    unseen = pl.Series([level == "consultant" and (period, who) in hidden for period, level, who in people])
    concerned = loses_its_word(definition.polarity) | (pl.col("not_rated_reason") == LOW)
    rows = not_rated(rows, concerned & pl.lit(unseen), NOT_TOLD)
    return not_rated(rows, (concerned | (pl.col("not_rated_reason") == NOT_TOLD)) & pl.lit(seen_low), LOW)
