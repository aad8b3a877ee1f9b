"""What whoever is measured sees before the public does, asks and says, and what is made of it."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from shared.contracts.base import Contract, Count, Prose, ReleaseId, ResultId, Slug
from shared.contracts.public.results import Result


def _lines(value: object) -> object:
    """Forms send another end of line."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


Text = Annotated[Prose, BeforeValidator(_lines), Field(max_length=20_000)]
Level = Literal["provider", "consultant"]
Public = Literal["shown", "not_named", "not_shown"]


class ReplyText(Contract):
    """To one result; replaces what was sent before."""

    text: Text


class CommentaryText(Contract):
    """On all results of a release; replaces what was sent before."""

    release: ReleaseId
    text: Text


class CommentText(Contract):
    """For the audit team alone, on a release or on one result in it."""

    release: ReleaseId
    text: Text
    result: ResultId | None = None


class Moderation(Contract):
    """A text is refused for confidentiality or law, and with the reason; it is never changed."""

    outcome: Literal["accepted", "refused"]
    ground: Literal["confidentiality", "law"] | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _refused_with_a_reason(self) -> Self:
        said = self.ground is not None and self.reason is not None
        if self.outcome == "refused" and not said:
            raise ValueError("a refusal names its ground, confidentiality or law, and the reason")
        if self.outcome == "accepted" and (self.ground or self.reason):
            raise ValueError("what is accepted has no ground and no reason")
        return self


class SentText(Contract):
    """One text as it was sent. `author` is the role that the public is told, `sent_by` the account; `applies`: whether
    the figures are still those that it answers to. The newest of a result or release counts."""

    number: Count
    kind: Literal["reply", "commentary", "comment"]
    release: ReleaseId
    submission: Count
    level: Level
    subject: str
    result: ResultId | None = None
    indicator: Slug | None = None
    period: str | None = None
    author: str
    sent_by: str
    received: date
    text: str
    words: Count
    most_words: Count
    state: Literal["waiting", "accepted", "refused", "replaced", "withdrawn", "kept"]
    applies: bool
    moderated: datetime | None = None
    ground: str | None = None
    reason: str | None = None


class SentTexts(Contract):
    texts: list[SentText]


class LastLook(Contract):
    """A reply as it was taken, and the row as the public will see it where the reply is accepted."""

    sent: SentText
    result: Result


class QueryRequest(Contract):
    """`records`: which ones, as the subject knows them; `about`: what is wrong; `disputed`: the flag is asked for."""

    result: ResultId
    records: Text
    about: Text
    disputed: bool = False


class QueryAnswer(Contract):
    """`data_changed`: whether the records were corrected, so that figures will be others."""

    answer: Text
    data_changed: bool


class RecordQuery(Contract):
    """`applies`: whether the figures are still those that were asked about; a flag stands for no others."""

    number: Count
    release: ReleaseId
    submission: Count
    level: Level
    subject: str
    result: ResultId
    indicator: Slug
    period: str
    records: str
    about: str
    disputed: bool
    applies: bool
    state: Literal["open", "answered"]
    asked: datetime
    answer: str | None = None
    data_changed: bool | None = None
    answered: datetime | None = None


class RecordQueries(Contract):
    queries: list[RecordQuery]


class OwnResult(Contract):
    """`result` is the row as the public will see it or, where `public` says that it will not, as it would. `says` is
    that in words. `invited`: a reply is asked for, because the figure is beyond the control limits."""

    result: Result
    public: Public
    says: str
    invited: bool
    reply: SentText | None = None
    queries: list[Count]


class OwnRelease(Contract):
    """`window_until` is the last day on which replies, comments and queries are taken, where one is set; `open`:
    whether they are taken now."""

    release: ReleaseId
    status: Literal["not_yet_published"]
    words: str
    submission: Count
    window_until: date | None = None
    open: bool
    results: list[OwnResult]
    commentary: SentText | None = None
    comments: list[SentText]


class OwnResults(Contract):
    """Of the account's own subject, in every release that is under review."""

    level: Level
    subject: str
    releases: list[OwnRelease]
