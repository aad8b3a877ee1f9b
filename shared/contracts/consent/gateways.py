"""What consent and its gateways say to each other: where the ledger ends, what changed, how far each gateway is."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, Digest, SubjectKey
from shared.contracts.consent.words import GatewayName, Incarnation

Proof = Literal["process_ended", "connections_closed"]


class Head(Contract):
    """The newest committed revision, read by a transaction that began after the call arrived.

    `ledger_head` is the hash of the ledger up to that revision: two histories of equal length differ in it.
    """

    store_id: str
    revision: Count
    ledger_head: Digest


class News(Contract):
    """That there is something newer, as a hint: nothing may be answered because of it, or because it did not come."""

    revision: Count


class Begin(Contract):
    """A gateway process begins. `ended` is the incarnation that had this process's lock before it: the kernel gives a
    lock away only when its holder is gone, so that process sends nothing any more."""

    ended: Incarnation | None = None


class Registration(Contract):
    """A gateway process as consent knows it. Of one name only the newest incarnation is answered: `number` grows with
    each registration of the name, and the rest cannot be guessed."""

    gateway: GatewayName
    incarnation: Incarnation
    store_id: str
    revision: Count


class Confirmation(Contract):
    """What a gateway says of itself: every request that begins from now on is answered at `applied` or later, and
    nothing older that a later decision hides is still going out. `leaving`: it has closed its door and its connections,
    and will not ask again."""

    incarnation: Incarnation
    applied: Count
    leaving: bool = False


class Fence(Contract):
    """Whoever has seen a gateway process end says so. `number` counts the registrations of the name."""

    number: Annotated[int, Field(ge=1, le=999_999_999)]
    proof: Proof


class GatewayEntry(Contract):
    """One process that is, or may still be, sending. `applied` is absent where it has not confirmed since consent
    started. `newest` is False for one that was replaced and of which nobody has proof that it ended."""

    gateway: GatewayName
    number: int = Field(ge=1)
    newest: bool = True
    registered: datetime
    applied: Count | None = None
    confirmed: datetime | None = None


class Gateways(Contract):
    """`revision` is the ledger's at the moment of the answer: a gateway whose `applied` is less is behind. Nothing up
    to `effective` is still being sent by anybody."""

    revision: Count
    effective: Count
    gateways: list[GatewayEntry]


class Change(Contract):
    """One revision. Blank (no key) where nobody's standing changed. The key says nothing to who lacks the secret."""

    revision: int = Field(ge=1)
    key: SubjectKey | None = None
    now: Literal["withheld", "named"] | None = None


class Changes(Contract):
    """Gapless: one entry per revision in (after, upto]. `after_head` is the hash of the ledger up to `after`, at 0 that
    of the empty ledger of this store: who knew the hash there sees whether these changes continue what they knew."""

    store_id: str
    after: Count
    after_head: Digest
    upto: Count
    changes: list[Change]
