"""How many were asked and what became of it; and who refused, where naming them is in force."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, Slug


class Counts(Contract):
    """People, by what they decided about their own figures. `asked` is everybody of whom the ledger has an event; each
    of them is counted once in `pending`, `given`, `refused`, `withdrawn` or `erased`. `objected` are those with an
    objection that is open or upheld, `named` those who may be named, whatever they decided."""

    asked: Count
    pending: Count
    given: Count
    refused: Count
    withdrawn: Count
    erased: Count
    objected: Count
    named: Count


class SpecialtyCounts(Contract):
    specialty: Slug
    counts: Counts


class ProgrammeCounts(Contract):
    """`specialties` where the register gives any."""

    programme: Slug
    label: str
    counts: Counts
    specialties: list[SpecialtyCounts] = Field(default_factory=list)


class ExactParticipation(Contract):
    """For consent officers and auditors only: small numbers among them are people. `valid`: decisions taken up to that
    day; `known`: as far as they were recorded by then."""

    form: Literal["exact"] = "exact"
    valid: date
    known: datetime
    programmes: list[ProgrammeCounts]


class ProgrammeShare(Contract):
    """Of those who were `asked` at least `at_least_percent` may be named, and fewer than `less_than_percent` where it
    is not the highest level that is used for so many. Nothing is said of few people: `suppressed` says so."""

    programme: Slug
    label: str
    status: Literal["published", "suppressed"]
    asked: Count | None = None
    at_least_percent: Count | None = None
    less_than_percent: Count | None = None


class SafeParticipation(Contract):
    """What may be published as at a moment, by the rule of `services/consent/domain/participation.py`. `fewest`: how
    many may be on the other side of any level."""

    form: Literal["safe"] = "safe"
    at: datetime
    levels: list[Count]
    fewest: Count
    programmes: list[ProgrammeShare]


class Refuser(Contract):
    """A name and one of the policy's reasons; a reason is missing where none was given. Never a result."""

    name: str
    reason: Slug | None = None
    reason_label: str | None = None


class ProgrammeRefusers(Contract):
    programme: Slug
    label: str
    refusers: list[Refuser]


class Refusals(Contract):
    """Exactly those who may be named for it at this revision, by programme in which it is switched on."""

    store_id: str
    revision: Count
    programmes: list[ProgrammeRefusers]
