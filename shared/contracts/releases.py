"""The life cycle of a release, as ratings tells it to the people who make and approve it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, Digest, ReleaseId, Slug
from shared.contracts.views import Correction


class ReleaseStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    TAKEN_DOWN = "taken_down"


class BuildState(StrEnum):
    """How far the draft's results are: only a `done` draft can be submitted."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ReleaseRequest(Contract):
    """A new draft over the newest snapshot of every feed that the indicators need. No list: all that have one.
    `correction`: which release it sets right, and what, in words that the public reads beside both."""

    date: date
    indicators: list[Slug] | None = None
    correction: Correction | None = None


class TakeDown(Contract):
    """Why a release may not be read any more. Kept with who did it; never shown to the public."""

    reason: str = Field(min_length=1, max_length=1000, pattern=r"\S")


class Stage(Contract):
    """One finished stage of a build, for people who wait and for the benchmark."""

    name: str
    seconds: float


class Release(Contract):
    """`submission` counts how often it was handed to review; `window_until` is the last day, in London, on which those
    who are measured may look and answer, absent where the policy holds no window."""

    release: ReleaseId
    status: ReleaseStatus
    owner: str | None = None
    build: BuildState
    failure: str | None = None
    stages: list[Stage]
    next_steps: list[str]
    author: str
    reviewer: str | None = None
    publisher: str | None = None
    created: datetime
    submission: Count = 0
    submitted: datetime | None = None
    window_until: date | None = None
    published: datetime | None = None
    supersedes: ReleaseId | None = None
    correction: Correction | None = None
    indicators: list[Slug]
    inputs: list[Digest]
    results_digest: Digest | None = None
    results: Count | None = None
    view: Count | None = None


class Releases(Contract):
    releases: list[Release]


class ReadableView(Contract):
    """One line of the index that gateways follow: which view of which release is live."""

    release: ReleaseId
    view: int
    status: Literal["published", "superseded"]
    consent_revision: Count
    manifest_sha256: str


class ReadableViews(Contract):
    views: list[ReadableView]
