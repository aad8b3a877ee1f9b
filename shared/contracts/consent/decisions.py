"""What is recorded about one person, and what an officer or the person reads of it."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, Printable, Sha256, Slug
from shared.contracts.consent.words import Act, Nameable, Purpose, SubjectKind


class Notice(Contract):
    """Which wording. With `sha256` the caller says which bytes the person saw; another digest is refused."""

    version: int = Field(ge=1, le=999_999)
    sha256: Sha256 | None = None


class Scope(Contract):
    """Care from the first day to the last, both included; an end that is left out is open."""

    first: date | None = None
    last: date | None = None


class DecisionRequest(Contract):
    """One purpose, one act. `given` needs If-Match with the revision the caller last saw for this person.

    `decided_on` is the day it was decided, today where it is left out, never later. `reason` is one of the policy's
    codes, for refusing only, and private. `evidence` is kept under the person's own key, its digest in the ledger.
    """

    programme: Slug
    purpose: Purpose
    act: Literal[Act.ASKED, Act.GIVEN, Act.REFUSED]
    notice: Notice | None = None
    scope: Scope | None = None
    decided_on: date | None = None
    reason: Slug | None = None
    channel: Slug
    evidence: Annotated[Printable, Field(max_length=200)] | None = None


class WithdrawalRequest(Contract):
    programme: Slug
    purpose: Purpose
    channel: Slug


class RightRequest(Contract):
    """An objection and its outcome, a restriction and its end, a legal sign-off, a correction. What hides is never
    refused for staleness; what may show again needs If-Match."""

    programme: Slug
    purpose: Purpose
    act: Literal[
        Act.OBJECTION_RAISED, Act.OBJECTION_UPHELD, Act.OBJECTION_REJECTED, Act.RESTRICTED, Act.RELEASED,
        Act.SIGNED_OFF, Act.RECTIFIED,
    ]  # fmt: skip
    channel: Slug
    evidence: Annotated[Printable, Field(max_length=200)] | None = None


class Effective(Contract):
    """`effective`: nobody is sending an answer that began earlier. `at` is when consent knew."""

    status: Literal["waiting", "effective"]
    at: datetime | None = None
    gateways_confirmed: Count
    gateways_registered: Count


class Decision(Contract):
    """The acknowledgement of a decision: `recorded` says it is durable and binds every request that begins later."""

    decision: str
    programme: Slug
    purpose: Purpose
    act: Act
    revision: Count
    recorded: datetime
    effective: Effective | None = None


class Standing(Contract):
    """A person's present decision for one programme and purpose. For consent officers, and for the person."""

    programme: Slug
    purpose: Purpose
    decision: str
    notice_version: int | None = None
    scope: Scope | None = None
    reason_given: str | None = None
    objection: Literal["open", "upheld", "rejected"] | None = None
    restricted: bool | None = None
    revision: Count
    outcome: Literal["named", "withheld"]
    reason: str


class LedgerEntry(Contract):
    revision: Count
    decision: str
    programme: Slug
    purpose: Purpose
    act: Act
    actor: str
    channel: str
    decided_on: date
    recorded: datetime
    notice_version: int | None = None
    scope: Scope | None = None
    reason: str | None = None
    basis: str | None = None
    evidence: str | None = None
    effect: Literal["named", "withheld"] | None = None


class ConsultantRecord(Contract):
    gmc: Nameable
    kind: SubjectKind = SubjectKind.CONSULTANT
    name: str
    standings: list[Standing]
    history: list[LedgerEntry]


class ConsultantEntry(Contract):
    """One person in the officers' list: where they stand in each programme they are enrolled in."""

    gmc: Nameable
    kind: SubjectKind = SubjectKind.CONSULTANT
    name: str
    standings: list[Standing]


class PageMeta(Contract):
    returned: Count
    limit: Count


class PageLinks(Contract):
    """`next` is missing on the last page."""

    next: str | None = None


class ConsultantPage(Contract):
    """People in the order of their numbers."""

    data: list[ConsultantEntry]
    meta: PageMeta
    links: PageLinks
