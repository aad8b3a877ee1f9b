"""What a model card may say of counts: coarse numbers, no small groups, and nothing that gives back either.

The reasons are in docs/decisions/0010-model-cards.md. A hidden consultant is covered by at least two others; a step is
more events than three consultants have on average, so a total less what is visible hardly bounds what they have.
"""

from typing import Final

import numpy as np

from services.ratings.methods.intervals import IntervalRule, count_interval
from services.ratings.methods.levels import WARNING
from services.ratings.methods.rounding import half_away
from shared.contracts.cards import Disclosure, Group

RULE: Final = "2026.1"
CASES_TO: Final = 200
EVENTS_TO: Final = 20
FEWEST_CASES: Final = 200
FEWEST_EVENTS: Final = 20  # and as many cases without the event
FEWEST_BEHIND: Final = 10  # events, and cases without, in a level of a coefficient and in its reference level
RATIO_DECIMALS: Final = 2

DISCLOSURE: Final = Disclosure(
    rule=RULE, cases_to=CASES_TO, events_to=EVENTS_TO, fewest_events=FEWEST_EVENTS, fewest_cases=FEWEST_CASES,
    fewest_behind_a_coefficient=FEWEST_BEHIND,
    words=(
        f"Numbers of cases and patterns are rounded to {CASES_TO} and 10, of events to {EVENTS_TO}; ranges are worked"
        " out from the rounded numbers. A group is not shown where it has fewer than"
        f" {FEWEST_CASES} cases, {FEWEST_EVENTS} events or {FEWEST_EVENTS} cases without one, and a coefficient where"
        f" it or its reference level has fewer than {FEWEST_BEHIND}. So nothing can be subtracted from a total, and"
        " nothing points at patients."
    ),
)  # fmt: skip


def coarse(count: int, step: int) -> int:
    """The nearest multiple of `step`, a tie upwards."""
    return (2 * count + step) // (2 * step) * step


def shown(cases: int, observed: int) -> bool:
    """Whether a group is large enough to be shown."""
    return cases >= FEWEST_CASES and min(observed, cases - observed) >= FEWEST_EVENTS


def group_of(name: str, cases: int, observed: int, expected: float, **where: str | float | None) -> Group:
    """A group with its ratio, or without any number. The limits are a function of what is shown beside them: of the
    ratio as rounded and of the events as rounded, and of nothing else."""
    if not shown(cases, observed) or expected <= 0:
        return Group.model_validate({"group": name, "status": "suppressed", **where})
    ratio, events = rounded(observed / expected), coarse(observed, EVENTS_TO)
    interval = count_interval([events], WARNING, IntervalRule.EXACT)
    return Group.model_validate(
        {
            "group": name, "status": "published", **where, "cases": coarse(cases, CASES_TO), "events": events,
            "ratio": ratio, "lower": rounded(ratio * float(interval.lower.values[0]) / events),
            "upper": rounded(ratio * float(interval.upper[0]) / events),
        }
    )  # fmt: skip


def rounded(value: float, decimals: int = RATIO_DECIMALS) -> float:
    """One figure of a card, a tie away from zero."""
    return float(half_away(np.array([value]), decimals)[0])
