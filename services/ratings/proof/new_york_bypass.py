"""New York State's two smaller tables of bypass surgery: 2011 as downloaded in 2015, and 2001-2003
(methods, section 3.1)."""

import numpy as np
import polars as pl

from services.ratings.methods.intervals import IntervalRule
from services.ratings.methods.standardisation import adjusted_rate, standardise
from services.ratings.proof.agreement import Agreement, Claim, Frames, floats, keys_of, near

SOURCE = "ny-cardiac"
NOW, EXTRACT, YEARS_2003 = "ny-hospitals", "ny-cabg-2011", "ny-cabg-2003"
KEY = ["provider", "measure", "period_start", "period_end"]

SAME_ROWS = Claim(
    SOURCE, "CABG 2011 as downloaded in 2015 and in 2024: every figure, name and verdict", "equal",
    (EXTRACT, NOW), 41, 41, "Facility ids lost leading zeros in between; ingest restores them.", frozenset(),
)  # fmt: skip
FROM_RATES = Claim(
    SOURCE, "CABG 2003: adjusted rate = OMR / EMR x overall rate of 973 deaths in 47,795 cases", "within .0140",
    (YEARS_2003,), 37, 37, "OMR and EMR were printed with two decimals.", frozenset(),
)  # fmt: skip
FROM_COUNTS = Claim(
    SOURCE, "CABG 2003: adjusted rate from deaths, cases and EMR", "within .0086", (YEARS_2003,), 37, 37,
    "EMR was printed with two decimals.", frozenset(),
)  # fmt: skip
CLAIMS = (SAME_ROWS, FROM_RATES, FROM_COUNTS)


def agreements(frames: Frames) -> list[Agreement]:
    """The three lines of the two smaller tables."""
    return [_same_rows(frames[EXTRACT], frames[NOW]), *_of_2003(frames[YEARS_2003])]


def _same_rows(extract: pl.DataFrame, now: pl.DataFrame) -> Agreement:
    both = extract.join(now, on=KEY, how="left", suffix="_now", validate="1:1").sort(*KEY)
    values = [name for name in extract.columns if name not in KEY]
    equal = both.select(pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_now")) for name in values))
    return SAME_ROWS.met_by(keys_of(both, *KEY), equal.to_series().to_numpy())


def _of_2003(frame: pl.DataFrame) -> list[Agreement]:
    keys, printed = frame["hospital"].to_list(), floats(frame, "ramr")
    deaths, cases, expected_rate = (frame[name].to_numpy() for name in ("deaths", "cases", "emr"))
    overall = deaths.sum() / cases.sum()
    ratio = standardise(deaths, cases, expected_rate * cases / 100, rule=IntervalRule.BYAR)
    from_counts = 100 * adjusted_rate(ratio, overall).rate.values
    from_rates = floats(frame, "omr") / np.asarray(expected_rate, dtype=np.float64) * 100 * overall
    return [
        FROM_RATES.met_by(keys, near(from_rates, printed, 0.0140)),
        FROM_COUNTS.met_by(keys, near(from_counts, printed, 0.0086)),
    ]
