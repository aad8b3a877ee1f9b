"""Releases, their views, replays, and what was done to them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, LargeBinary, UniqueConstraint
from sqlmodel import Field

from services.ratings.models.base import RatingsTable
from shared.kit.times import UtcTime


class ReleaseRow(RatingsTable, table=True):
    """A release. `parts` names the frames of its results by digest; `made_with` the code, method version and reviewed
    files that made them, None where it was built before that was kept; `salt` never leaves this service.

    `disclosure` is the policy under which its unit totals were sorted into fixed and revocable, None where all are
    revocable. `submission` counts how often it was handed to review, each time with a window that is open until the end
    of `window_until`; `correction` says which release it sets right, and what, in words for the public."""

    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("day", "number"),)

    id: str = Field(primary_key=True)
    day: date
    number: int
    idempotency_key: str = Field(unique=True)
    requested: dict[str, Any] = Field(sa_type=JSON)
    status: str
    build: str
    attempt: int
    failure: str | None = None
    stages: list[dict[str, Any]] = Field(sa_type=JSON)
    author: str
    reviewer: str | None = None
    publisher: str | None = None
    created: datetime = Field(sa_type=UtcTime)
    published: datetime | None = Field(default=None, sa_type=UtcTime)
    supersedes: str | None = None
    indicators: list[str] = Field(sa_type=JSON)
    inputs: list[dict[str, Any]] = Field(sa_type=JSON)
    parts: dict[str, str] = Field(sa_type=JSON)
    results_digest: str | None = None
    results: int | None = None
    made_with: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    disclosure: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    submitted: datetime | None = Field(default=None, sa_type=UtcTime)
    window_until: date | None = None
    submission: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    correction: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    salt: bytes = Field(sa_type=LargeBinary)


class ReplayRow(RatingsTable, table=True):
    """One run that computes a release again. `report` has what it found, once `state` is `done`."""

    __tablename__ = "replay"

    release: str = Field(primary_key=True, foreign_key="release.id")
    run: int = Field(primary_key=True)
    attempt: int
    state: str
    stage: str | None = None
    refusal: str | None = None
    asked_by: str
    asked: datetime = Field(sa_type=UtcTime)
    ended: datetime | None = Field(default=None, sa_type=UtcTime)
    report: dict[str, Any] | None = Field(default=None, sa_type=JSON)


class PointerRow(RatingsTable, table=True):
    """Which view of a release is live. One row flips in one transaction; before that nobody sees the new view. `shown`
    has indicator, period and consultant of every consultant's row in it; None where it was baked before this was kept.
    `disclosure` is the digest of the rule and policy that hid what is hidden in it; None under the rule before 2026.2.
    """

    __tablename__ = "pointer"

    release: str = Field(primary_key=True, foreign_key="release.id")
    view: int
    consent_store: str
    consent_revision: int
    permissions: str
    manifest_sha256: str
    baked: datetime = Field(sa_type=UtcTime)
    shown: list[list[str]] | None = Field(default=None, sa_type=JSON)
    disclosure: str | None = None


class AuditRow(RatingsTable, table=True):
    """Who did what to which release, written in the transaction that did it."""

    __tablename__ = "audit"

    number: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcTime)
    actor: str
    action: str
    release: str = Field(foreign_key="release.id")
    detail: dict[str, Any] = Field(sa_type=JSON)
