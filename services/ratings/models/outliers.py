"""Outlier cases and every step of theirs."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from services.ratings.models.base import RatingsTable
from shared.kit.times import UtcTime


class CaseRow(RatingsTable, table=True):
    """A result beyond the limits, and where its case stands. `round` counts up when corrected data begin it anew;
    `stage` is the policy's, `reached` the highest that it ever was at; `owner` a party; `deadline` the last day, in
    London, for the owner's next step; `policy` its id and version. `release` is the one that it now stands on;
    `provider` is whose lead is told, for a consultant where they treat most; `figures` are those that it is about."""

    __tablename__ = "outlier_case"
    __table_args__ = (UniqueConstraint("release", "level", "subject", "indicator", "period", "kind"),)

    id: str = Field(primary_key=True)
    release: str = Field(foreign_key="release.id")
    level: str
    subject: str
    provider: str
    indicator: str
    period: str
    kind: str
    direction: str
    state: str
    stage: int
    reached: int
    round: int
    owner: str | None = None
    deadline: date | None = None
    policy: str
    figures: dict[str, Any] = Field(sa_type=JSON)
    opened: datetime = Field(sa_type=UtcTime)
    closed: datetime | None = Field(default=None, sa_type=UtcTime)


class CaseStepRow(RatingsTable, table=True):
    """One step of a case, never changed afterwards. `sequence` counts those of a case, from 1; `owner` and `deadline`
    are those that it led to."""

    __tablename__ = "case_step"
    __table_args__ = (UniqueConstraint("case", "sequence"), UniqueConstraint("case", "idempotency_key"))

    number: int | None = Field(default=None, primary_key=True)
    case: str = Field(foreign_key="outlier_case.id", index=True)
    sequence: int
    at: datetime = Field(sa_type=UtcTime)
    day_zero: date
    actor: str
    party: str
    step: str
    was: str | None = None
    state: str
    stage: int
    round: int
    owner: str | None = None
    deadline: date | None = None
    note: str
    detail: dict[str, Any] = Field(sa_type=JSON)
    idempotency_key: str | None = None
