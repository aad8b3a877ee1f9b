"""What people ask for their own record, what became of it, and what could be published on a day."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, Digest, Printable, Sha256, Slug
from shared.contracts.consent.decisions import Notice, Scope
from shared.contracts.consent.words import Act, Nameable, Purpose


class OwnDecision(Contract):
    """What a person decides for themselves. `given` needs If-Match; `reason` is for refusing, and private."""

    programme: Slug
    purpose: Purpose
    act: Literal[Act.GIVEN, Act.REFUSED]
    notice: Notice | None = None
    scope: Scope | None = None
    reason: Slug | None = None


class OwnWithdrawal(Contract):
    programme: Slug
    purpose: Purpose


class OwnRight(Contract):
    """To object, or to have the record restricted: both hide at once."""

    programme: Slug
    purpose: Purpose
    act: Literal[Act.OBJECTION_RAISED, Act.RESTRICTED]
    evidence: Annotated[Printable, Field(max_length=200)] | None = None


class ErasureRequest(Contract):
    """By which way the request came. Nothing in words: they would have to be erased too."""

    channel: Slug


class Erasure(Contract):
    """What was done: the events of the ledger, and how much that named the person was destroyed. `remains` says what
    is left and who must see to it."""

    revision: Count
    erased: datetime
    events: Count
    destroyed: dict[str, Count]
    remains: list[str]


class AsOfAnswer(Contract):
    """One person for one programme and purpose. `person` is the alias; the number is absent where it was erased."""

    person: str
    gmc: Nameable | None = None
    programme: Slug
    purpose: Purpose
    verdict: Literal["named", "withheld"]
    basis: Slug | None = None
    reason: str


class AsOf(Contract):
    """What could lawfully be published on the day `valid`, by what was known at the end of the day `known`. `revision`
    is the ledger's at that moment. The same question has the same bytes for an answer whenever it is asked."""

    store_id: str
    valid: date
    known: date
    revision: Count
    ledger_head: Digest
    period: Scope | None = None
    named: Count
    withheld: Count
    answers: list[AsOfAnswer]
    otherwise: Literal["withheld"] = "withheld"


class Receipt(Contract):
    """An entry of the ledger, with every column that its hash is over, and a signature that can be checked without us.
    The payload of `jws` is this receipt as JSON with sorted keys, without `key` and `jws`."""

    receipt: str
    store_id: str
    decision: str
    entry: dict[str, Any]
    hash: Sha256
    key: str
    jws: str


class ReceiptKeys(Contract):
    """A set of JSON Web Keys: every one that has ever signed a receipt."""

    keys: list[dict[str, str]]
