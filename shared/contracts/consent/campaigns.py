"""Asking everybody of a programme, and whoever is asked alone; the wordings that people are asked with."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, Printable, Sha256, Slug
from shared.contracts.consent.words import Nameable, Purpose, SubjectKind

NoticeVersion = Annotated[int, Field(ge=1, le=999_999)]


class CampaignRequest(Contract):
    """`notice` is a version of the programme's notice that is in use; `closes_on` the last day on which anybody is
    asked or reminded."""

    programme: Slug
    purpose: Purpose
    notice: NoticeVersion
    channel: Slug
    closes_on: date | None = None


class CampaignCounts(Contract):
    """Of the population, as it stands now. population = given + refused + withdrawn + pending, and pending is who has
    no answer: asked, or not asked yet. `not_to_be_asked` is how many of the population nobody may write to, because of
    a restriction or an objection, whatever they answered."""

    population: Count
    given: Count
    refused: Count
    withdrawn: Count
    pending: Count
    asked: Count
    not_asked: Count
    not_to_be_asked: Count


class ContactCounts(Contract):
    """The delivery log: how many requests and reminders went out, and when the last one did."""

    requests: Count
    reminders: Count
    last: datetime | None = None


class Campaign(Contract):
    id: str
    programme: Slug
    purpose: Purpose
    notice: NoticeVersion
    notice_sha256: Sha256 | None = None
    channel: Slug
    state: Literal["open", "closed"]
    opened: datetime
    opened_by: str
    closes_on: date | None = None
    closed: datetime | None = None
    counts: CampaignCounts
    contacts: ContactCounts


class NonResponder(Contract):
    """Of the population, and without an answer. Silence is never consent."""

    gmc: Nameable
    kind: SubjectKind = SubjectKind.CONSULTANT
    name: str
    requested: datetime | None = None
    reminders: Count
    last_contact: datetime | None = None


class NonResponders(Contract):
    campaign: str
    people: list[NonResponder]


class SingleRequest(Contract):
    """Ask one person. Without `notice` under the newest version in use."""

    programme: Slug
    purpose: Purpose
    notice: NoticeVersion | None = None
    channel: Slug
    evidence: Annotated[Printable, Field(max_length=200)] | None = None


class NoticeText(Contract):
    """One version of a programme's notice: the exact wording that its digest is of."""

    programme: Slug
    version: NoticeVersion
    sha256: Sha256
    served_from: date
    in_use: bool
    wording: str
