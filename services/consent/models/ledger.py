"""The ledger, and what it adds up to. It knows people by an alias; numbers and names are in `people`."""

from sqlalchemy import Text
from sqlmodel import Field

from services.consent.models.base import ConsentTable


class HeadRow(ConsentTable, table=True):
    """One row: which store this is, and where its ledger ends. Locked by every writer, read by every check."""

    __tablename__ = "head"
    id: int = Field(primary_key=True)
    store_id: str = Field(max_length=32)
    revision: int
    ledger_head: str = Field(max_length=64)


class LedgerRow(ConsentTable, table=True):
    """Append-only: triggers refuse updates, deletions and gaps. `evidence` is a digest since version 0003; the columns
    after `hash` came then, and count in the hash only where they hold something."""

    __tablename__ = "ledger"
    revision: int = Field(primary_key=True)
    subject: str = Field(max_length=40, index=True)
    programme: str = Field(max_length=80)
    purpose: str = Field(max_length=20)
    act: str = Field(max_length=20)
    basis_id: str | None = Field(max_length=80)
    notice_version: int | None
    actor: str = Field(max_length=80)
    channel: str = Field(max_length=80)
    evidence: str | None = Field(max_length=200)
    valid_from: str = Field(max_length=10)
    recorded_at: str = Field(max_length=27)
    effect: str | None = Field(max_length=8)
    prev_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64, index=True)
    scope_from: str | None = Field(max_length=10)
    scope_to: str | None = Field(max_length=10)
    reason: str | None = Field(max_length=80)
    notice_sha256: str | None = Field(max_length=64)
    assurance: str | None = Field(max_length=20)
    body: str | None = Field(sa_type=Text)


class StandingRow(ConsentTable, table=True):
    """The projection: what the ledger adds up to, written in the ledger's own transaction. `subject` is the alias."""

    __tablename__ = "standing"
    subject: str = Field(primary_key=True, max_length=40)
    programme: str = Field(primary_key=True, max_length=80)
    purpose: str = Field(primary_key=True, max_length=20)
    word: str = Field(max_length=20)
    notice_version: int | None
    decided_on: str | None = Field(max_length=10)
    revision: int
    informed_version: int | None
    informed_on: str | None = Field(max_length=10)
    told: str = Field(max_length=8)
    scope_from: str | None = Field(max_length=10)
    scope_to: str | None = Field(max_length=10)
    reason: str | None = Field(max_length=80)
    objection: str | None = Field(max_length=10)
    restricted: int
    signed_off: int


class ReceiptRow(ConsentTable, table=True):
    """Which decision answered a withdrawal that was sent with this Idempotency-Key. `subject` is the alias."""

    __tablename__ = "receipt"
    subject: str = Field(primary_key=True, max_length=40)
    programme: str = Field(primary_key=True, max_length=80)
    purpose: str = Field(primary_key=True, max_length=20)
    key_digest: str = Field(primary_key=True, max_length=64)
    revision: int


class JournalRow(ConsentTable, table=True):
    """One row once a journal was begun: from then on it must be there."""

    __tablename__ = "journal"
    id: int = Field(primary_key=True)
    begun_at: str = Field(max_length=27)
