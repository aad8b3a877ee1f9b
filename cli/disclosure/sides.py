"""Where enough of the cases must have been sent for a comparison, that somebody is compared tells of a total."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from cli.disclosure.facts import Facts, Key
from cli.disclosure.findings import Equation, Found
from cli.disclosure.inputs import COUNTED, EVERY_RELEASE, External, Rosters
from cli.disclosure.rows import Row

LOW: Final = "case_ascertainment_low"
BEYOND: Final = frozenset({"above_control", "below_control"})  # such a word may stay, whatever was sent


def sides(facts: Facts, rosters: Rosters, externals: Sequence[External], found: Found) -> None:
    """Rows of people that tell on which side of the minimum a total lies that is not shown.

    Nobody may be called low of whose units no total is shown; and with counts from elsewhere nobody may be compared who
    works in a unit that was counted and whose total is not shown, but for a word beyond the limits."""
    for key, row in facts.rows.items():
        release, level, person, indicator, period = key
        if level != "consultant" or (release, indicator) not in facts.gated or row.get("status") != "published":
            continue
        roster = rosters.get((release, indicator, period)) or rosters.get((EVERY_RELEASE, indicator, period))
        units = roster.units_of(person) if roster is not None else [row.get("provider_id", "")]
        for words in _told(row, units, set(_shown(facts, key, units)), set(_counted(externals, indicator, period))):
            at = {"release": release, "indicator": indicator, "period": period, "consultant": person}
            found.add("side_told", words, at, Equation("read", facts.where[key]))


def _told(row: Row, units: Iterable[str], shown: set[str], counted: set[str]) -> Iterator[str]:
    hidden = sorted(set(units) - shown)
    if row.get("not_rated_reason") == LOW and not shown:
        yield f"it says that too few cases came from {', '.join(hidden)}"
    rated = row.get("comparison_status") == "rated" and row.get("position") not in BEYOND
    if rated and counted.intersection(hidden):
        yield f"it is compared, so enough cases came from {', '.join(sorted(counted.intersection(hidden)))}"


def _shown(facts: Facts, key: Key, units: Iterable[str]) -> Iterator[str]:
    release, _, _, indicator, period = key
    for unit in units:
        if "denominator" in facts.rows.get((release, "provider", unit, indicator, period), {}):
            yield unit


def _counted(externals: Iterable[External], indicator: str, period: str) -> Iterator[str]:
    wanted = (indicator, period, COUNTED)
    return (one.node for one in externals if (one.indicator, one.period, one.measure) == wanted)
