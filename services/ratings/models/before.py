"""What happens between a draft and the public: dates, gates, previews, queries and answers."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from services.ratings.models.base import RatingsTable
from shared.kit.times import UtcTime


class CalendarRow(RatingsTable, table=True):
    """A day on which a release was announced to come. `moved_from`, `moved_because`: which day had been announced
    before, and why it is another; `correction_of`: only a release that corrects this one may come on it."""

    __tablename__ = "calendar_entry"

    day: date = Field(primary_key=True)
    title: str
    announced: datetime = Field(sa_type=UtcTime)
    announced_by: str
    moved_from: date | None = None
    moved_because: str | None = None
    correction_of: str | None = Field(default=None, foreign_key="release.id")


class GateAnswerRow(RatingsTable, table=True):
    """What a person has answered to a gate that only a person can answer, for one submission of a release."""

    __tablename__ = "gate_answer"

    release: str = Field(primary_key=True, foreign_key="release.id")
    submission: int = Field(primary_key=True)
    gate: str = Field(primary_key=True)
    passed: bool
    note: str
    person: str
    at: datetime = Field(sa_type=UtcTime)


class SignOffRow(RatingsTable, table=True):
    """Who has signed the gate of one submission, in which role. `gate_digest` is of what the gate said then."""

    __tablename__ = "sign_off"

    release: str = Field(primary_key=True, foreign_key="release.id")
    submission: int = Field(primary_key=True)
    role: str = Field(primary_key=True)
    person: str
    at: datetime = Field(sa_type=UtcTime)
    gate_digest: str


class SeenRow(RatingsTable, table=True):
    """A subject has looked at their results before the public could."""

    __tablename__ = "seen"

    release: str = Field(primary_key=True, foreign_key="release.id")
    submission: int = Field(primary_key=True)
    level: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    account: str
    at: datetime = Field(sa_type=UtcTime)


class QueryRow(RatingsTable, table=True):
    """A subject's question about the records behind a result, and the data steward's answer. `disputed`: they ask for
    that flag beside the result. `figures` is the digest of the result's figures as they were seen: where a later
    submission has others, the question is about those no more."""

    __tablename__ = "record_query"
    __table_args__ = (UniqueConstraint("asked_by", "idempotency_key"),)

    number: int | None = Field(default=None, primary_key=True)
    release: str = Field(foreign_key="release.id")
    submission: int
    level: str
    subject: str
    indicator: str
    period: str
    figures: str
    records: str
    about: str
    disputed: bool
    state: str
    asked_by: str
    asked: datetime = Field(sa_type=UtcTime)
    answer: str | None = None
    data_changed: bool | None = None
    answered_by: str | None = None
    answered: datetime | None = Field(default=None, sa_type=UtcTime)
    idempotency_key: str


class AnswerRow(RatingsTable, table=True):
    """A subject's own text: a `reply` to one result or a `commentary` on all of theirs, both for the public once
    moderated, or a `comment` for the audit team alone. Never changed but for its moderation: the newest of a kind and
    result is the one that counts. `figures` is the digest of the figures it answers to: where a later submission has
    others, its author must say it again. `ground` and `reason`: why it was refused."""

    __tablename__ = "answer"
    __table_args__ = (UniqueConstraint("sent_by", "idempotency_key"),)

    number: int | None = Field(default=None, primary_key=True)
    release: str = Field(foreign_key="release.id")
    submission: int
    kind: str
    level: str
    subject: str
    indicator: str | None = None
    period: str | None = None
    figures: str
    author_role: str
    text: str
    sent_by: str
    sent: datetime = Field(sa_type=UtcTime)
    state: str
    moderated_by: str | None = None
    moderated: datetime | None = Field(default=None, sa_type=UtcTime)
    ground: str | None = None
    reason: str | None = None
    idempotency_key: str
