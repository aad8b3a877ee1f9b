"""What the verbs of ingest pass to one another, and the name of a snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from services.ingest.fates import STATUS
from services.ingest.source import Source
from shared.contracts.ingest import Fate, Ground, NoLines, Refusal, Submission
from shared.kit.frames import content_digest, snapshot_name
from shared.kit.jobs import Attempt

CHECK = "check_submission"
STANDING = (Fate.ACCEPTED.value, Fate.AGGREGATE.value)
ROWS_FILE = "rows.parquet"


@dataclass(frozen=True)
class Waiting:
    """A submission without fates. `turn` changes when it is to be decided again, and with it what is being decided."""

    feed: str
    sha256: str
    supersedes: bool
    turn: int
    attempt: int
    whole_period: bool = False
    name: str | None = None
    mends: str | None = None

    @property
    def job(self) -> Attempt:
        return Attempt(CHECK, f"{self.feed}.{self.sha256}.{self.attempt}", self.attempt, (self.feed, self.sha256))


@dataclass(frozen=True)
class Pointer:
    """Where a feed's rows are: the digest of a stored table (None: no rows yet), and the version to compare with."""

    version: int
    state: str | None


@dataclass(frozen=True)
class Sending:
    """A file as its sender announces it."""

    feed: str
    sha256: str
    supersede: bool
    now: datetime
    whole_period: bool = False
    name: str | None = None
    mends: str | None = None


@dataclass(frozen=True)
class Declaring:
    """A ground as somebody declares it, who saw the declaration of that number."""

    ground: Ground
    seen: int
    by: str
    now: datetime


@dataclass(frozen=True)
class Came:
    """What was counted while bytes came: how many, and their lines, or why those have no number."""

    size: int
    lines: int | None = None
    no_lines: NoLines | None = None


@dataclass(frozen=True)
class Kept:
    """A submission as it is now, its receipt as signed, and whether its bytes came for the first time."""

    submission: Submission
    receipt: str
    waiting: Waiting | None
    fresh: bool


@dataclass(frozen=True)
class Traces:
    """What is kept of a submission beside its fates: the tables of its lines set aside and of what was read of it, the
    name of its file, and whose lines it mends."""

    aside: str | None
    reading: str | None
    name: str | None
    mends: str | None


@dataclass(frozen=True)
class Correction:
    """What a later submission changes in an earlier one: its new quarantine table, and lines that left each fate."""

    sha256: str
    aside: str
    left: Mapping[Fate, int]


@dataclass(frozen=True)
class Outcome:
    """The fates of a submission, as stored files and counts."""

    encoding: str
    fates: Mapping[Fate, int]
    aside: str
    state: str
    corrections: tuple[Correction, ...]
    reading: str | None = None
    profile: str | None = None
    sheets_left_alone: int | None = None


Verdict = Outcome | Refusal


def snapshot_rows(state: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Rows that stand, canonical columns only, in order of the key."""
    return state.filter(pl.col(STATUS).is_in(STANDING)).select(list(source.canonical)).sort(source.key)


def snapshot_digest(rows: pl.DataFrame, source: Source) -> str:
    """`sha256:…` of kind, schema version and content, as `shared.kit.frames` spells them for everybody."""
    return snapshot_name(source.kind.value, source.schema_version, content_digest(rows, source.key))
