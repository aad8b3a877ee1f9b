"""What consent tells its neighbours: who may be named, and who became nameable or not since."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, Digest, Gmc, Printable, Slug, SubjectKey

GatewayName = Slug
Incarnation = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}-[0-9a-f]{32}$")]


class Act(StrEnum):
    """What a decision event records. Absence of any event is `not_sought`."""

    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Purpose(StrEnum):
    """Purposes never imply one another."""

    OWN_FIGURES = "own_figures"
    RATING = "rating"
    NAMING_REFUSERS = "naming_refusers"
    UNIT_AGGREGATES = "unit_aggregates"
    COMPARATOR = "comparator"


class Regime(StrEnum):
    """The kinds of legal basis."""

    CONSENT = "consent"
    PUBLIC_TASK = "public_task"
    LEGAL_OBLIGATION = "legal_obligation"


class Head(Contract):
    """The newest committed revision, read by a transaction that began after the call arrived.

    `ledger_head` is the hash of the ledger up to that revision: two histories of equal length differ in it.
    """

    store_id: str
    revision: Count
    ledger_head: Digest


class Registration(Contract):
    """A gateway process as consent knows it. Of one name only the newest incarnation is answered: `number` grows with
    each registration of the name, and the rest cannot be guessed."""

    gateway: GatewayName
    incarnation: Incarnation
    store_id: str
    revision: Count


class Confirmation(Contract):
    """What a gateway says of itself: every request that begins from now on is answered at `applied` or later."""

    incarnation: Incarnation
    applied: Count


class GatewayEntry(Contract):
    """`applied` is absent where the gateway has not confirmed since consent started."""

    gateway: GatewayName
    registered: datetime
    applied: Count | None = None
    confirmed: datetime | None = None


class Gateways(Contract):
    """`revision` is the ledger's at the moment of the answer: a gateway whose `applied` is less is behind."""

    revision: Count
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


class Named(Contract):
    subject: Gmc
    key: SubjectKey
    basis: Regime


class ProgrammePermissions(Contract):
    """Who may be named for a programme and purpose. Anyone not listed is withheld."""

    programme: Slug
    purpose: Purpose
    named: list[Named]
    otherwise: Literal["withheld"] = "withheld"


class Permissions(Contract):
    """Read in one transaction, at one revision. No reasons."""

    store_id: str
    revision: Count
    at: datetime
    ledger_head: Digest
    programmes: list[ProgrammePermissions]


class Notice(Contract):
    version: int = Field(ge=1)


class DecisionRequest(Contract):
    """One purpose, one act. `given` needs If-Match with the revision the caller last saw for this consultant."""

    programme: Slug
    purpose: Purpose
    act: Literal[Act.ASKED, Act.GIVEN, Act.REFUSED]
    notice: Notice | None = None
    channel: Slug
    evidence: Annotated[Printable, Field(max_length=200)] | None = None


class WithdrawalRequest(Contract):
    programme: Slug
    purpose: Purpose
    channel: Slug


class Decision(Contract):
    """The acknowledgement of a decision: `recorded` says it is durable and binds every request that begins later."""

    decision: str
    programme: Slug
    purpose: Purpose
    act: Act
    revision: Count
    recorded: datetime


class Standing(Contract):
    """A consultant's present decision for one programme and purpose. For consent officers only."""

    programme: Slug
    purpose: Purpose
    decision: str
    notice_version: int | None = None
    revision: Count
    outcome: Literal["named", "withheld"]
    reason: str


class LedgerEntry(Contract):
    revision: Count
    programme: Slug
    purpose: Purpose
    act: Act
    actor: str
    channel: str
    recorded: datetime
    notice_version: int | None = None


class ConsultantRecord(Contract):
    gmc: Gmc
    name: str
    standings: list[Standing]
    history: list[LedgerEntry]


class ConsultantEntry(Contract):
    """One consultant in the officers' list: where they stand in each programme they are enrolled in."""

    gmc: Gmc
    name: str
    standings: list[Standing]


class PageMeta(Contract):
    returned: Count
    limit: Count


class PageLinks(Contract):
    """`next` is missing on the last page."""

    next: str | None = None


class ConsultantPage(Contract):
    """Consultants in the order of their numbers."""

    data: list[ConsultantEntry]
    meta: PageMeta
    links: PageLinks


class ImportLine(Contract):
    """What became of one line of a return that was not simply applied."""

    line: int = Field(ge=1)
    fate: Literal["duplicate", "quarantined"]
    code: Slug
    column: str | None = None
    found: str
    expected: str


class ImportReport(Contract):
    """One fate per line: lines = header + applied + duplicate + quarantined + blank."""

    id: str
    kind: Literal["register", "returns"]
    dry_run: bool
    lines: Count
    header: Count
    applied: Count
    duplicate: Count
    quarantined: Count
    blank: Count
    revision: Count
    problems: list[ImportLine]


class LegalBasis(Contract):
    id: Slug
    regime: Regime
    instrument: str
    valid_from: date
    valid_to: date | None = None


class Programme(Contract):
    id: Slug
    label: str
    owner: str
    bases: list[LegalBasis]
