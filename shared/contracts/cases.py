"""Outlier cases, as ratings tells them to those who may know of them. Nothing of this is for the public."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, Printable, Prose, ReleaseId, Slug, SubjectId

StepName = Annotated[str, Field(pattern=r"^[a-z]+(_[a-z]+)*$", max_length=40)]
CaseId = Annotated[str, Field(pattern=r"^k-[0-9a-f]{12}$")]


class CaseState(StrEnum):
    """Where a case stands. `signal` is the word until somebody has confirmed it."""

    SIGNAL = "signal"
    IN_SCRUTINY = "in_scrutiny"
    CLOSED_NO_CASE = "closed_no_case"
    CASE_TO_ANSWER = "case_to_answer"
    AWAITING_RESPONSE = "awaiting_response"
    IN_REVIEW = "in_review"
    CLOSED_DATA = "closed_data"
    CLOSED_EXPLAINED = "closed_explained"
    CONFIRMED = "confirmed"
    INVESTIGATION = "investigation"
    PUBLISHED = "published"
    LOCAL_REVIEW = "local_review"


class CaseKind(StrEnum):
    """`alert`: beyond the warning limits, told for local review. `alarm`: beyond the control limits."""

    ALERT = "alert"
    ALARM = "alarm"


class Party(StrEnum):
    """Who may have the next step, and who may know."""

    AUDIT = "audit"
    LEAD_CLINICIAN = "lead_clinician"
    CONSULTANT = "consultant"
    CHIEF_EXECUTIVE = "chief_executive"
    MEDICAL_DIRECTOR = "medical_director"
    REGULATOR = "regulator"


class CaseFigures(Contract):
    """What a case is about, and in which release it was found."""

    release: ReleaseId
    cases: Count
    observed: Count
    expected: float
    position: str


class Notice(Contract):
    """What a step tells to whom, in the policy's words."""

    to: list[Party]
    text: str


class CaseStep(Contract):
    """`actor`, and the notes of steps before the reader's stage, are for the audit only. `override`: why the audit took
    a step of somebody else, or before its day."""

    sequence: Count
    at: datetime
    day_zero: date
    party: Party | Literal["ratings"]
    actor: str | None = None
    step: StepName
    was: CaseState | None = None
    state: CaseState
    stage: Count
    round: Count
    owner: Party | None = None
    deadline: date | None = None
    earliest: date | None = None
    note: str | None = None
    override: str | None = None
    figures: CaseFigures | None = None
    notice: Notice | None = None


class CaseLine(Contract):
    """One case in a list. `sequence` is that of its newest step."""

    case: CaseId
    release: ReleaseId
    level: Literal["provider", "consultant"]
    subject: SubjectId
    provider: SubjectId
    indicator: Slug
    period: str
    kind: CaseKind
    direction: Literal["above", "below"]
    state: CaseState
    stage: Count
    round: Count
    owner: Party | None = None
    deadline: date | None = None
    overdue: bool
    policy: str
    opened: datetime
    closed: datetime | None = None
    sequence: Count


class Case(CaseLine):
    """A case with its whole history. `next_steps` are those that the reader may take now, `needs_override` those that
    the reader may take with a reason."""

    figures: CaseFigures
    next_steps: list[StepName]
    needs_override: list[StepName]
    history: list[CaseStep]


class Cases(Contract):
    """`today` is the day in London by which `overdue` was judged."""

    today: date
    cases: list[CaseLine]


class TakeCaseStep(Contract):
    """`note`: what was found or said. `override`: the reason for taking a step of another party, or before its day."""

    step: StepName
    note: Prose = Field(max_length=4000)
    override: Printable | None = Field(default=None, min_length=1, max_length=1000)


class PolicyInUse(Contract):
    """A policy, and whether cases may be opened under it."""

    policy: str
    levels: list[str]
    specialties: list[Slug] | None = None
    source: str
    source_date: date
    verified_by: str | None = None
    synthetic: bool
    opens_cases: bool
    why_not: str | None = None


class PoliciesInUse(Contract):
    policies: list[PolicyInUse]
