"""California's inpatient mortality ratings of 2012: a partial proof, since no expected number is published
(methods, section 3.8)."""

import numpy as np
import polars as pl

from services.ratings.methods.arrays import TextArray
from services.ratings.methods.funnel import interval_test
from services.ratings.methods.intervals import IntervalRule
from services.ratings.proof.agreement import Agreement, Claim, Frames, floats, keys_of

ENTRY = "california"
RATE, DEATHS, CASES = "risk_adjusted_mortality_rate", "of_deaths", "of_cases"
CONDITION, RATING = "procedure_condition", "hospital_ratings"
BETTER, AS_EXPECTED, WORSE = "Better", "As Expected", "Worse"

RATINGS = Claim(
    "ca-hospitals", "ratings of the rows with deaths: exact 95% interval test on E = O x S / rate",
    "equal", (ENTRY,), 2327, 2262,
    why="97%, not all: the file has no expected number, so E is worked back from a rate rounded to .1 and from S, the "
    "condition's deaths / cases in the listed rows, which is not the state's. No row is rated on the opposite side. "
    "Of the 65, 10 agree at another rate that rounds to the printed one, and 22 more at the S that suits their "
    "condition best. S is taken from rows that have both counts: 37 rows print deaths without cases, and the usual "
    "recipe counts those deaths too, which inflates S (pneumonia 6.0% in place of 4.9%) and leaves 2,252 rows.",
)  # fmt: skip
OPPOSITE = Claim(
    "ca-hospitals", "no row is rated Better where we find it worse, or Worse where we find it better", "equal",
    (ENTRY,), 2327, 2327, named=frozenset(),
)  # fmt: skip
CLAIMS = (RATINGS, OPPOSITE)


def agreements(frames: Frames) -> list[Agreement]:
    """The two lines of California."""
    rows = with_expected(frames[ENTRY])
    found, printed = ratings(rows), rows[RATING].to_numpy().astype(np.str_)
    keys = keys_of(rows, "oshpdid", CONDITION)
    apart = (found != printed) & (found != AS_EXPECTED) & (printed != AS_EXPECTED)
    return [RATINGS.met_by(keys, found == printed), OPPOSITE.met_by(keys, ~apart)]


def with_expected(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows with deaths and a rate, with E = O x S / rate; rates are percentages."""
    both = frame.filter(pl.col(DEATHS).is_not_null() & pl.col(CASES).is_not_null())
    shares = both.group_by(CONDITION).agg(share=pl.col(DEATHS).sum() / pl.col(CASES).sum())
    rows = frame.filter((pl.col(DEATHS) > 0) & (pl.col(RATE) > 0)).join(shares, on=CONDITION)
    return rows.with_columns(expected=pl.col(DEATHS) * 100 * pl.col("share") / pl.col(RATE)).sort("oshpdid", CONDITION)


def ratings(rows: pl.DataFrame) -> TextArray:
    """The publisher's words, from deaths and `expected`: an exact 95% interval of the ratio that holds 1, or not."""
    position = interval_test(rows[DEATHS].to_numpy(), floats(rows, "expected"), IntervalRule.EXACT)
    above, below = (np.char.startswith(position, side) for side in ("above", "below"))
    return np.where(above, WORSE, np.where(below, BETTER, AS_EXPECTED))
