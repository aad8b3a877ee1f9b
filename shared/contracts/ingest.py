"""What ingest says of what was sent, and the snapshot it hands to ratings."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import Field

from shared.contracts.base import Contract, Count, Digest, Sha256, Slug


class SnapshotKind(StrEnum):
    """What one row of a snapshot is."""

    PROVIDERS = "providers"
    CONSULTANTS = "consultants"
    EPISODES = "episodes"
    COUNTS = "counts"
    VALUES = "values"


class Fate(StrEnum):
    """What became of one physical line. A closed list: every line has exactly one."""

    HEADER = "header"
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"
    AGGREGATE = "aggregate"
    FOOTER = "footer"
    BLANK = "blank"


class Fates(Contract):
    """Lines of a submission by fate; they add up to its lines."""

    header: Count = 0
    accepted: Count = 0
    duplicate: Count = 0
    conflict: Count = 0
    quarantined: Count = 0
    aggregate: Count = 0
    footer: Count = 0
    blank: Count = 0


class SubmissionState(StrEnum):
    """received: the bytes are durable. checked: every line has its fate. refused: the whole file was."""

    RECEIVED = "received"
    CHECKED = "checked"
    REFUSED = "refused"


class Receipt(Contract):
    """The answer to an upload, sent once the bytes are durable; the same bytes again get the same receipt."""

    feed: Slug
    sha256: Sha256
    bytes: Count
    received: datetime


class Refusal(Contract):
    """Why a whole file was refused: one sentence, and the three things it is made of."""

    code: Slug
    detail: str
    found: str
    expected: str
    line: int | None = None


class Submission(Contract):
    feed: Slug
    sha256: Sha256
    state: SubmissionState
    bytes: Count
    received: datetime
    supersedes: bool
    encoding: str | None = None
    lines: Count | None = None
    fates: Fates | None = None
    refusal: Refusal | None = None


class Submissions(Contract):
    """Newest first. `next`: the value of `before` that asks for those that follow, absent at the end."""

    submissions: list[Submission]
    next: int | None = None


class QuarantinedLine(Contract):
    """A line set aside (fate quarantined or conflict), with what was found, what was expected, and the line as sent."""

    line: int = Field(ge=1)
    fate: Fate
    code: Slug
    column: str | None = None
    found: str
    expected: str
    text: str


class SnapshotFile(Contract):
    name: str
    sha256: Sha256
    bytes: Count


class SnapshotRequest(Contract):
    feed: Slug


class Snapshot(Contract):
    """Accepted rows of a feed, frozen. `digest` is over schema and rows in key order, not over file bytes."""

    digest: Digest
    feed: Slug
    kind: SnapshotKind
    schema_version: int
    rows: Count
    first_day: date | None = None
    last_day: date | None = None
    submissions: list[Sha256]
    files: list[SnapshotFile]
    created: datetime


class Snapshots(Contract):
    """Newest first. `next`: the value of `before` that asks for those that follow, absent at the end."""

    snapshots: list[Snapshot]
    next: int | None = None


class Source(Contract):
    """A kind of file that ingest can read. The feed that carries it has the same id."""

    id: Slug
    label: str
    kind: SnapshotKind
    synthetic: bool
    columns: list[str]
    key: list[str]


class Sources(Contract):
    sources: list[Source]
