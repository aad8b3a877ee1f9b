"""Days on which releases are announced to come."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from shared.contracts.base import Contract, Count, Prose, ReleaseId

Title = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^\p{C}\p{Zl}\p{Zp}]*[^\p{C}\p{Z}][^\p{C}\p{Zl}\p{Zp}]*$")
]
Reason = Annotated[Prose, Field(max_length=1000)]


class Announcement(Contract):
    """A day, or another day `instead_of` one that was announced, with the `reason`. `correction_of`: only a release
    that corrects this one may come on it; such a day may be announced at shorter notice."""

    day: date
    title: Title
    instead_of: date | None = None
    reason: Reason | None = None
    correction_of: ReleaseId | None = None


class AnnouncedDay(Contract):
    """`releases`: those of this date that the public may read."""

    day: date
    title: str
    announced: datetime
    moved_from: date | None = None
    moved_because: str | None = None
    correction_of: ReleaseId | None = None
    releases: list[ReleaseId]


class Calendar(Contract):
    """In order of days. `notice_days`, `correction_notice_days`: how long before a day it must be announced."""

    days: list[AnnouncedDay]
    notice_days: Count
    correction_notice_days: Count
