"""The tables of ratings. Private to this service; what crosses a boundary is built from them as a contract."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, LargeBinary, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.kit.times import UtcTime


class RatingsTable(SQLModel, registry=registry()):
    """Base of every table this service owns; its migrations see no others."""


class ReleaseRow(RatingsTable, table=True):
    """A release. `parts` names the frames of its results by digest; `made_with` the code, method version and reviewed
    files that made them, None where it was built before that was kept; `salt` never leaves this service."""

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


class HiddenUnitRow(RatingsTable, table=True):
    """A unit that a view of this release has hidden: it stays hidden in this release."""

    __tablename__ = "hidden_unit"

    release: str = Field(primary_key=True, foreign_key="release.id")
    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    provider: str = Field(primary_key=True)


class BakesRow(RatingsTable, table=True):
    """How many views of an indicator and period have gone live, over all releases."""

    __tablename__ = "bakes"

    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    bakes: int


class HiddenSinceRow(RatingsTable, table=True):
    """A consultant whom no readable view shows, and the bake since which none has."""

    __tablename__ = "hidden_since"

    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    consultant: str = Field(primary_key=True)
    since: int


class KeyringRow(RatingsTable, table=True):
    """The key of the partners' order: one for the life of the service."""

    __tablename__ = "keyring"

    id: int = Field(primary_key=True)
    partner_order: bytes = Field(sa_type=LargeBinary)


class AuditRow(RatingsTable, table=True):
    """Who did what to which release, written in the transaction that did it."""

    __tablename__ = "audit"

    number: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcTime)
    actor: str
    action: str
    release: str = Field(foreign_key="release.id")
    detail: dict[str, Any] = Field(sa_type=JSON)


METADATA = RatingsTable.metadata
HIDDEN_UNIT, BAKES, HIDDEN_SINCE = (METADATA.tables[name] for name in ("hidden_unit", "bakes", "hidden_since"))
