"""What ratings is told: who may be named, and nothing of why."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, Digest, Slug, SubjectKey
from shared.contracts.consent.words import Nameable, Purpose, Regime


class Named(Contract):
    subject: Nameable
    key: SubjectKey
    basis: Regime


class PersonalPractice(Contract):
    """A practice with one partner: its results are a person's, so it appears only where it is `named`."""

    practice: Nameable
    key: SubjectKey
    state: Literal["named", "withheld"]


class ProgrammePermissions(Contract):
    """Who may be named for a programme and purpose. Any consultant who is not listed is withheld. A practice that is
    not among `practices` is nobody's person and needs no permission."""

    programme: Slug
    purpose: Purpose
    named: list[Named]
    practices: list[PersonalPractice] = Field(default_factory=list)
    otherwise: Literal["withheld"] = "withheld"


class Permissions(Contract):
    """Read in one transaction, at one revision. No reasons."""

    store_id: str
    revision: Count
    at: datetime
    ledger_head: Digest
    programmes: list[ProgrammePermissions]


class LegalBasis(Contract):
    id: Slug
    regime: Regime
    instrument: str
    valid_from: date
    valid_to: date | None = None


class Programme(Contract):
    id: Slug
    label: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    bases: list[LegalBasis]
