"""Two times: when something counts from, and when it was known. An answer for a day of the past takes both."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.consent.domain.standing import Happened, Standing, Subject


@dataclass(frozen=True)
class Moment:
    """What counted on the day `valid`, by what was known at the end of the day `known`; days of UTC."""

    valid: date
    known: date

    def has(self, day: date, recorded: date) -> bool:
        return day <= self.valid and recorded <= self.known


Recorded = tuple[Subject, Happened, date]  # what happened to whom, and the day on which that was recorded


def standings_at(events: Iterable[Recorded], moment: Moment) -> dict[Subject, Standing]:
    """Where everybody stood. `events` are in the order of the ledger: what was accepted later overrides what was
    accepted before it, whatever their days, because it was accepted as an answer to it. So with both days today this is
    where everybody stands."""
    found: dict[Subject, Standing] = {}
    for subject, happened, recorded in events:
        if moment.has(happened.day, recorded):
            found[subject] = found.get(subject, Standing()).after(happened)
    return found
