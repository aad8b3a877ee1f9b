"""What became of a file, line by line."""

from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, Slug

ImportKind = Literal["register", "returns"]


class ImportLine(Contract):
    """What became of one line of a file that was not simply applied. `found` never repeats a name or evidence."""

    line: int = Field(ge=1)
    fate: Literal["duplicate", "quarantined"]
    code: Slug
    column: str | None = None
    found: str
    expected: str


class ImportReport(Contract):
    """One fate per line: lines = header + applied + duplicate + quarantined + waiting + blank."""

    id: str
    kind: ImportKind
    dry_run: bool
    lines: Count
    header: Count
    applied: Count
    duplicate: Count
    quarantined: Count
    blank: Count
    revision: Count
    problems: list[ImportLine]
