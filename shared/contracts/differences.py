"""What is other in a release than in one before it: in the results that people approve, not in what is shown of it."""

from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, ReleaseId, Slug, SubjectId

Cause = Literal["selection", "data", "definition_version", "method_version", "small_number_rule"]


class DifferentIndicator(Contract):
    """Rows of one indicator, and what is other about how they were made. `causes` is empty where no row is other;
    `selection`: the indicator is in one of the two releases only."""

    indicator: Slug
    rows: Count
    same: Count
    changed: Count
    new: Count
    gone: Count
    causes: list[Cause]


class ChangedRow(Contract):
    """A row that is in both. `was` and `now` are the position among the limits, or why there is none; `changed` names
    the figures that are other."""

    indicator: Slug
    period: str
    level: Literal["provider", "consultant"]
    subject: SubjectId
    was: str
    now: str
    changed: list[str]


class OneSidedRow(Contract):
    indicator: Slug
    period: str
    level: Literal["provider", "consultant"]
    subject: SubjectId
    position: str


class MovedCases(Contract):
    """Cases that are in both and count for another consultant now; `was` or `now` is absent where it is nobody."""

    indicator: Slug
    period: str
    was: SubjectId | None = None
    now: SubjectId | None = None
    cases: Count


class Differences(Contract):
    """Changed positions first. At most `listed` rows of each list are told; the counts are of all. `moved_cases`: by
    pair of consultants, most first; told only where both releases follow the same rules of who operated."""

    release: ReleaseId
    compared_with: ReleaseId
    indicators: list[DifferentIndicator]
    bands_changed: Count
    changed: list[ChangedRow]
    new: list[OneSidedRow]
    gone: list[OneSidedRow]
    moved_cases: list[MovedCases] = Field(default_factory=list)
    listed: Count
