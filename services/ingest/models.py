"""The tables of ingest. Private to this service, and built from contracts, never validated as one."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.contracts.ingest import Fate
from shared.kit.times import UtcTime

FATES = tuple(fate.value for fate in Fate)
LINES = " + ".join(FATES)
COUNTED = " and ".join(f"coalesce({count}, -1) >= 0" for count in ("lines", *FATES))  # null would pass a check


class IngestTable(SQLModel, registry=registry()):
    """Base of every table this service owns; its migrations see no others."""


class FeedRow(IngestTable, table=True):
    """A feed: the table that holds its rows now (a file named by its digest), how often that changed, turns given; and
    the ground declared for it, by whom, when. `declaration` counts up, for those who compare before they set."""

    __tablename__ = "feed"

    id: str = Field(primary_key=True)
    state: str | None = None
    version: int = 0
    turns: int = 0
    ground: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    declared_by: str | None = None
    declared: datetime | None = Field(default=None, sa_type=UtcTime)
    declaration: int = 0


class SubmissionRow(IngestTable, table=True):
    """One file sent to one feed. `turn` orders the submissions of a feed; `aside` names the table of its lines in
    quarantine or conflict; `attempt` numbers its jobs. `name`: of the file as sent. `reading` and `profile` name what
    was read of it, and the report on that. `mends`: the submission whose lines this one brings again, mended. One that
    was retracted is refused, with that code. `receipt`: as signed; none yet where it came before there were any.
    `sheets_left_alone`: of a workbook that is checked, how many sheets were not read."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("feed", "sha256"),
        UniqueConstraint("feed", "turn"),
        Index("submission_waiting", "state", "feed", "turn"),
        CheckConstraint("state in ('received', 'checked', 'refused')", name="state_known"),
        CheckConstraint(
            f"(state = 'checked' and {COUNTED} and lines = {LINES})"
            " or (state <> 'checked' and lines is null)", name="every_line_has_one_fate",
        ),
        CheckConstraint("(state = 'refused') = (refused_code is not null)", name="refusal_has_a_reason"),
    )  # fmt: skip

    number: int | None = Field(default=None, primary_key=True)
    feed: str = Field(foreign_key="feed.id")
    sha256: str
    bytes: int = Field(sa_type=BigInteger)
    received: datetime = Field(sa_type=UtcTime)
    supersedes: bool
    turn: int
    attempt: int
    state: str
    encoding: str | None = None
    aside: str | None = None
    lines: int | None = Field(default=None, sa_type=BigInteger)
    header: int | None = Field(default=None, sa_type=BigInteger)
    accepted: int | None = Field(default=None, sa_type=BigInteger)
    duplicate: int | None = Field(default=None, sa_type=BigInteger)
    conflict: int | None = Field(default=None, sa_type=BigInteger)
    quarantined: int | None = Field(default=None, sa_type=BigInteger)
    aggregate: int | None = Field(default=None, sa_type=BigInteger)
    footer: int | None = Field(default=None, sa_type=BigInteger)
    blank: int | None = Field(default=None, sa_type=BigInteger)
    refused_code: str | None = None
    refusal: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    name: str | None = None
    whole_period: bool = False
    reading: str | None = None
    profile: str | None = None
    mends: str | None = None
    receipt: str | None = None
    sheets_left_alone: int | None = None


class ReceiptKeyRow(IngestTable, table=True):
    """A public key that has signed receipts, or may have, since then."""

    __tablename__ = "receipt_key"

    public: str = Field(primary_key=True)
    since: datetime = Field(sa_type=UtcTime)


class DecisionRow(IngestTable, table=True):
    """That a submission got its fates, or was refused: one row for each turn it was given, written in the transaction
    that stored them. `feed_version` is the feed's afterwards; `at` is empty where it was decided before this was kept.
    A file that was asked to supersede has been decided more than once."""

    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("feed", "turn"),
        CheckConstraint("state in ('checked', 'refused')", name="decision_known"),
    )

    number: int | None = Field(default=None, primary_key=True)
    feed: str = Field(foreign_key="feed.id")
    sha256: str
    turn: int
    state: str
    feed_version: int | None = None
    at: datetime | None = Field(default=None, sa_type=UtcTime)


class SnapshotRow(IngestTable, table=True):
    __tablename__ = "snapshot"
    __table_args__ = (UniqueConstraint("digest", "feed"),)

    number: int | None = Field(default=None, primary_key=True)
    digest: str
    feed: str = Field(foreign_key="feed.id")
    kind: str
    schema_version: int
    rows: int = Field(sa_type=BigInteger)
    first_day: date | None = None
    last_day: date | None = None
    submissions: list[str] = Field(sa_type=JSON)
    files: list[dict[str, Any]] = Field(sa_type=JSON)
    created: datetime = Field(sa_type=UtcTime)
