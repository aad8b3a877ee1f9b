"""What ingest says of what was sent, and the snapshot it hands to ratings."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from shared.contracts.base import Contract, Count, Digest, Sha256, Slug

Day: TypeAlias = date


class SnapshotKind(StrEnum):
    """What one row of a snapshot is."""

    PROVIDERS = "providers"
    CONSULTANTS = "consultants"
    EPISODES = "episodes"
    COUNTS = "counts"
    VALUES = "values"
    POPULATIONS = "populations"
    SUCCESSIONS = "successions"


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


class Content(StrEnum):
    """What the rows of a source are about, which decides what ground it needs."""

    AGGREGATE = "aggregate"
    REGISTER = "register"
    PATIENTS = "patients"


class GroundKind(StrEnum):
    """Why rows may be held: they are about no patient (`aggregate`, `register`), about nobody who exists (`synthetic`),
    anonymised and published by their controller (`published`), or about patients under pseudonyms (`pseudonymised`)."""

    AGGREGATE = "aggregate"
    REGISTER = "register"
    SYNTHETIC = "synthetic"
    PUBLISHED = "published"
    PSEUDONYMISED = "pseudonymised"


class OptOut(Contract):
    """The National Data Opt-out: applied to the file on a day (the cleaned list's), or why it does not apply."""

    status: Literal["applied", "not_applicable"]
    date: Day | None = None
    why: Annotated[str, Field(min_length=1, max_length=500)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> "OptOut":
        if (self.status == "applied") != (self.date is not None) or (self.status == "not_applicable") != bool(self.why):
            raise ValueError("applied needs the date of the cleaned list; not_applicable needs the reason, and no date")
        return self


class Ground(Contract):
    """On what ground a feed is held: its instrument in words, and for patients' rows what became of opt-outs."""

    kind: GroundKind
    instrument: Annotated[str, Field(min_length=1, max_length=500)]
    opt_out: OptOut | None = None

    @model_validator(mode="after")
    def _opt_outs_of_patients(self) -> "Ground":
        if (self.kind is GroundKind.PSEUDONYMISED) != (self.opt_out is not None):
            raise ValueError("pseudonymised rows of patients, and no others, say what became of opt-outs")
        return self


class Feed(Contract):
    """The stream of files of one source. `ground` is the source's own, or the one declared; absent where one is needed
    and none is declared: then no file is taken."""

    id: Slug
    content: Content
    version: Count
    ground: Ground | None = None
    declared_by: str | None = None
    declared: datetime | None = None


class Feeds(Contract):
    feeds: list[Feed]


class Progress(Contract):
    """How far the job of a submission is: bytes read, then rows compared. Not durable, and absent when it is over.
    `failed`: the kind of error at which its last attempt ended; it waits, and is tried again."""

    step: Literal["waiting", "reading", "resolving", "recording"]
    done: Count
    total: Count
    failed: str | None = None


class NoLines(StrEnum):
    """Why the bytes of an upload have no lines to count: a file is packed in them, or a character is not one byte."""

    GZIP = "gzip"
    ZIP = "zip"
    PARQUET = "parquet"
    OFFICE_BINARY = "office-binary"
    UTF_16 = "utf-16"


class Received(Contract):
    """What a receipt says: that these bytes were durable at that time. `lines`: those that end with a line feed, and a
    last one that does not, which in a file of text are those that get fates; or `no_lines`, why they are not counted.
    """

    receipt: Literal["candour upload receipt 1"] = "candour upload receipt 1"
    feed: Slug
    sha256: Sha256
    bytes: Count
    lines: Count | None = None
    no_lines: NoLines | None = None
    received: datetime

    @model_validator(mode="after")
    def _lines_or_why_not(self) -> "Received":
        if (self.lines is None) == (self.no_lines is None):
            raise ValueError("a receipt has the number of lines, or why there is none")
        return self


class Receipt(Received):
    """The answer to an upload, sent once the bytes are durable; the same bytes again get the same receipt, to the byte.
    The payload of `jws` is this receipt as JSON with sorted keys, without `key` and `jws`."""

    key: str
    jws: str


class ReceiptKeys(Contract):
    """A set of JSON Web Keys: every one that has ever signed a receipt."""

    keys: list[dict[str, str]]


class Refusal(Contract):
    """Why a whole file was refused: one sentence, and the three things it is made of."""

    code: Slug
    detail: str
    found: str
    expected: str
    line: int | None = None


class Submission(Contract):
    """`supersedes`: its rows replace earlier rows of the same key; with `whole_period` also those of the days that it
    covers and does not have. `name`: of the file as sent. `profiled`: whether there is a report on its contents.
    `sheets_left_alone`: how many sheets of a workbook its source does not read; no line of them is among `lines`."""

    feed: Slug
    sha256: Sha256
    state: SubmissionState
    bytes: Count
    received: datetime
    supersedes: bool
    whole_period: bool = False
    name: str | None = None
    encoding: str | None = None
    progress: Progress | None = None
    profiled: bool = False
    lines: Count | None = None
    sheets_left_alone: Count | None = None
    fates: Fates | None = None
    refusal: Refusal | None = None


class Submissions(Contract):
    """Newest first. `next`: the value of `before` that asks for those that follow, absent at the end."""

    submissions: list[Submission]
    next: int | None = None


class QuarantinedLine(Contract):
    """A line set aside (fate quarantined or conflict), with what was found and what was expected. `text`: the line as
    it was sent, for stewards alone."""

    line: int = Field(ge=1)
    fate: Fate
    code: Slug
    column: str | None = None
    found: str
    expected: str
    text: str | None = None


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


class Change(Contract):
    """A row that one snapshot has and the other has not, or a value that differs. `before` and `after` are as text,
    absent where there is no value."""

    key: dict[str, str]
    kind: Literal["new", "gone", "changed"]
    column: str | None = None
    before: str | None = None
    after: str | None = None


class Differences(Contract):
    """From an earlier snapshot of a feed to a later one: rows by what became of them, then the changes in order of the
    key. `next`: the value of `after` that asks for those that follow."""

    earlier: Digest
    later: Digest
    new: Count
    gone: Count
    changed: Count
    unchanged: Count
    columns_new: list[str] = Field(default_factory=list)
    columns_gone: list[str] = Field(default_factory=list)
    changes: list[Change]
    next: int | None = None


class Snapshots(Contract):
    """Newest first. `next`: the value of `before` that asks for those that follow, absent at the end."""

    snapshots: list[Snapshot]
    next: int | None = None


class Source(Contract):
    """A kind of file that ingest can read. The feed that carries it has the same id. `names`: patterns of file names by
    which it is recognised, beside its header."""

    id: Slug
    label: str
    kind: SnapshotKind
    synthetic: bool
    columns: list[str]
    key: list[str]
    content: Content = Content.AGGREGATE
    form: Literal["csv", "workbook", "parquet"] = "csv"
    names: list[str] = Field(default_factory=list)


class Sources(Contract):
    sources: list[Source]
