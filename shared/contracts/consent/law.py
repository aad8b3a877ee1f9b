"""The law as stewards write it: legal bases, their end, switches, and what waits for a second person."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from shared.contracts.base import Contract, Count, Digest, Printable, Sha256, Slug
from shared.contracts.consent.decisions import Scope
from shared.contracts.consent.words import Purpose, Regime

Words = Annotated[Printable, Field(min_length=1, max_length=200)]
Dpia = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9./-]{0,79}$")]  # the number of an impact assessment
Switch = Literal["naming_refusers"]
ProposalKind = Literal["basis", "basis_end", "switch", "returns"]


class BasisTerms(Contract):
    """A dated ground in law for naming people. A contract can oblige, but not by law: typing one as a legal obligation
    is refused. `scope` is which periods of care it reaches, any where it is left out; publication waits `notice_days`
    after a person was told by a notice of version `notice_version` or later."""

    id: Slug
    regime: Regime
    instrument: Words
    citation: Words | None = None
    instrument_kind: Literal["legislation", "direction", "contract", "advice"]
    programmes: list[Slug] = Field(min_length=1)
    purposes: list[Purpose] = Field(min_length=1)
    valid_from: date
    valid_to: date | None = None
    scope: Scope | None = None
    notice_version: int = Field(ge=1, le=999_999)
    notice_days: int = Field(default=0, ge=0, le=3650)
    dpia: Dpia | None = None

    @model_validator(mode="after")
    def _lawful(self) -> Self:
        if self.instrument_kind == "contract" and self.regime is Regime.LEGAL_OBLIGATION:
            raise ValueError("a contract is no legal obligation")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        if self.scope and self.scope.first and self.scope.last and self.scope.last < self.scope.first:
            raise ValueError("the last day of scope is before its first")
        if len(set(self.programmes)) < len(self.programmes) or len(set(self.purposes)) < len(self.purposes):
            raise ValueError("a programme or a purpose is there twice")
        return self


class BasisEnd(Contract):
    """The last day on which a basis is in force; yesterday or before ends it at once."""

    last: date
    reason: Words


class LegalBasisEntry(Contract):
    """A basis as it stands: what was written, and the last day that was set since. `source`: a policy file, or the
    ledger, where two people put it in force."""

    terms: BasisTerms
    source: Literal["file", "ledger"]
    in_force: bool
    last: date | None = None
    proposed_by: str | None = None
    approved_by: str | None = None
    begun_revision: Count | None = None
    ended_revision: Count | None = None


class LegalBases(Contract):
    """`at` is the day that `in_force` is about."""

    at: date
    revision: Count
    bases: list[LegalBasisEntry]


class SwitchRequest(Contract):
    """Switch on. `warning_sha256` says which warning was read: the digest that `GET /v1/switches` gives with it."""

    switch: Switch
    programme: Slug
    dpia: Dpia
    warning_sha256: Sha256


class SwitchState(Contract):
    """`revision` is the event that last moved it; missing where nobody ever did: off."""

    switch: Switch
    programme: Slug
    on: bool
    dpia: Dpia | None = None
    revision: Count | None = None


class Switches(Contract):
    warning: str
    warning_sha256: Sha256
    switches: list[SwitchState]


class Proposal(Contract):
    """What one person proposed, and another must approve by repeating its `digest`. `hidden`: how many were hidden in
    the transaction that put it in force; missing where they were too many for it, and are being hidden."""

    proposal: str
    kind: ProposalKind
    digest: Digest
    what: dict[str, Any]
    state: Literal["open", "approved", "rejected"]
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    revision: Count | None = None
    hidden: Count | None = None


class Proposals(Contract):
    """Newest first."""

    proposals: list[Proposal]


class Signature(Contract):
    """Under a proposal: `digest` is that of what was read, so that nobody approves what they did not see."""

    digest: Digest
