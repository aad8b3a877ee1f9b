"""Outlier cases and every step of theirs."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from services.ratings.models.base import RatingsTable
from shared.kit.times import UtcTime


class CaseRow(RatingsTable, table=True):
    """A result beyond the limits, and where its case stands. `round` counts up when corrected data begin it anew;
    `owner` is a role; `deadline` the last day, in London, for the owner's next step; `policy` its version."""

    __tablename__ = "outlier_case"
    __table_args__ = (UniqueConstraint("release", "level", "subject", "indicator", "period"),)

    id: str = Field(primary_key=True)
    release: str = Field(foreign_key="release.id")
    level: str
    subject: str
    indicator: str
    period: str
    kind: str
    direction: str
    state: str
    round: int
    owner: str | None = None
    deadline: date | None = None
    policy: str
    opened: datetime = Field(sa_type=UtcTime)
    closed: datetime | None = Field(default=None, sa_type=UtcTime)


class CaseStepRow(RatingsTable, table=True):
    """One step of a case, never changed afterwards."""

    __tablename__ = "case_step"

    number: int | None = Field(default=None, primary_key=True)
    case: str = Field(foreign_key="outlier_case.id", index=True)
    at: datetime = Field(sa_type=UtcTime)
    day_zero: date
    actor: str
    step: str
    was: str
    state: str
    round: int
    owner: str | None = None
    deadline: date | None = None
    note: str
    detail: dict[str, Any] = Field(sa_type=JSON)
