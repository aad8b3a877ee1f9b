"""What became of a file, line by line, and of its part that waited for a second person."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, Slug

ImportKind = Literal["register", "returns"]
Fate = Literal["duplicate", "quarantined", "waiting"]


class ImportLine(Contract):
    """What became of one line of a file that was not simply applied. `found` never repeats a name or evidence."""

    line: int = Field(ge=1)
    fate: Fate
    code: Slug
    column: str | None = None
    found: str
    expected: str


class ImportEffect(Contract):
    """How many people a return changes in one programme, lines that wait included."""

    programme: Slug
    newly_named: Count
    newly_withheld: Count


class Waiting(Contract):
    """The part of a return that needs a second person. `report` is the import that its approval has become."""

    state: Literal["waiting", "approved", "rejected"]
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    report: str | None = None


class ImportReport(Contract):
    """One fate per line: lines = header + applied + duplicate + quarantined + waiting + blank. `needs_second_person`:
    so many people would be newly named that some lines wait, or would without `dry_run`. The approval of lines that
    waited is an import of its own, `of` the first, whose lines have the numbers of the first."""

    id: str
    kind: ImportKind
    dry_run: bool
    lines: Count
    header: Count
    applied: Count
    duplicate: Count
    quarantined: Count
    waiting: Count = 0
    blank: Count
    revision: Count
    effect: list[ImportEffect] = Field(default_factory=list)
    needs_second_person: bool = False
    of: str | None = None
    second_person: Waiting | None = None
    problems: list[ImportLine]


class WaitingImport(Contract):
    """A return of which lines wait: for the list of those who may approve it."""

    id: str
    lines: Count
    effect: list[ImportEffect]
    proposed_by: str
    proposed_at: datetime
