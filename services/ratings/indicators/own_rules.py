"""Which rules an indicator of our own may name. A reproduced publication keeps its publisher's, whatever their level.

The simulator measures every rule where the truth is known (docs/methods.md); a rule that is off its level is refused
here, with the reason, and reported there as being for reproduction only.
"""

from services.ratings.methods.intervals import IntervalRule
from services.ratings.methods.overdispersion import DispersionRows

SPREAD_TOO_SMALL = frozenset({DispersionRows.TRUNCATED_DECILES, DispersionRows.WINSORISED_10})


def refusal_for_ours(test: str, rows: DispersionRows, interval: IntervalRule) -> str:
    """Why an indicator of ours may not name these together; empty where it may."""
    if rows in SPREAD_TOO_SMALL:
        return f"{rows} underestimates the spread between providers"
    if test == "target":
        return "limits of the target test call small counts low too often; count_tails keeps its level"
    if test == "interval" and interval is IntervalRule.BYAR:
        return "byar is over its level for no event at all; exact_below_10_then_byar keeps its own"
    return ""


def allowed_for_ours(test: str, rows: DispersionRows, interval: IntervalRule) -> bool:
    return not refusal_for_ours(test, rows, interval)
