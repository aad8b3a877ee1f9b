"""Tables of the consent service. Names are kept in `consultant` only; the ledger knows people by number."""

from typing import cast

from sqlalchemy import Column, MetaData, Table, Text, Uuid
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class ConsentTable(SQLModel, registry=registry()):
    """Base of every table this service owns; its migrations see no others."""


class HeadRow(ConsentTable, table=True):
    """One row: which store this is, and where its ledger ends. Locked by every writer, read by every check."""

    __tablename__ = "head"
    id: int = Field(primary_key=True)
    store_id: str = Field(max_length=32)
    revision: int
    ledger_head: str = Field(max_length=64)


class LedgerRow(ConsentTable, table=True):
    """Append-only: triggers refuse updates, deletions and gaps."""

    __tablename__ = "ledger"
    revision: int = Field(primary_key=True)
    subject: str = Field(max_length=7, index=True)
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
    hash: str = Field(max_length=64)


class ConsultantRow(ConsentTable, table=True):
    """`revision` is that of the consultant's latest event, 0 before any: their ETag."""

    __tablename__ = "consultant"
    gmc: str = Field(primary_key=True, max_length=7)
    name: str = Field(max_length=200)
    revision: int


class EnrolmentRow(ConsentTable, table=True):
    __tablename__ = "enrolment"
    gmc: str = Field(primary_key=True, max_length=7, foreign_key="consultant.gmc")
    programme: str = Field(primary_key=True, max_length=80)


class StandingRow(ConsentTable, table=True):
    """The projection: what the ledger adds up to, written in the ledger's own transaction."""

    __tablename__ = "standing"
    gmc: str = Field(primary_key=True, max_length=7)
    programme: str = Field(primary_key=True, max_length=80)
    purpose: str = Field(primary_key=True, max_length=20)
    word: str = Field(max_length=20)
    notice_version: int | None
    decided_on: str | None = Field(max_length=10)
    revision: int
    informed_version: int | None
    informed_on: str | None = Field(max_length=10)
    told: str = Field(max_length=8)


class ReceiptRow(ConsentTable, table=True):
    """Which decision answered a withdrawal that was sent with this Idempotency-Key."""

    __tablename__ = "receipt"
    gmc: str = Field(primary_key=True, max_length=7)
    programme: str = Field(primary_key=True, max_length=80)
    purpose: str = Field(primary_key=True, max_length=20)
    key_digest: str = Field(primary_key=True, max_length=64)
    revision: int


class ImportRow(ConsentTable, table=True):
    __tablename__ = "import_report"
    id: str = Field(primary_key=True, max_length=20)
    created_at: str = Field(max_length=27)
    actor: str = Field(max_length=80)
    report: str = Field(sa_type=Text)


class PolicyRow(ConsentTable, table=True):
    """Every policy file this store was ever run under, by digest. Append-only."""

    __tablename__ = "policy_file"
    digest: str = Field(primary_key=True, max_length=71)
    name: str = Field(max_length=200)
    body: str = Field(sa_type=Text)
    loaded_at: str = Field(max_length=27)


class JournalRow(ConsentTable, table=True):
    """One row once a journal was begun: from then on it must be there."""

    __tablename__ = "journal"
    id: int = Field(primary_key=True)
    begun_at: str = Field(max_length=27)


class GatewayRow(ConsentTable, table=True):
    """The newest process of each name."""

    __tablename__ = "gateway"
    name: str = Field(primary_key=True, max_length=80)
    incarnation: str = Field(max_length=42)
    registered_at: str = Field(max_length=27)


def _table(row: type[ConsentTable]) -> Table:
    return cast(Table, row.__table__)  # type: ignore[attr-defined]  # added by the mapper, which mypy does not see


METADATA: MetaData = ConsentTable.metadata
HEAD, LEDGER, CONSULTANT, ENROLMENT, STANDING, RECEIPT, IMPORT, POLICY, JOURNAL, GATEWAY = (
    _table(row)
    for row in (
        HeadRow, LedgerRow, ConsultantRow, EnrolmentRow, StandingRow, ReceiptRow, ImportRow, PolicyRow,
        JournalRow, GatewayRow,
    )
)  # fmt: skip

# Random bytes that hold room back on the disk of a PostgreSQL server; empty on SQLite, where a file does. It has no
# index and no type that PostgreSQL would keep beside it: to give such a table up, nothing new has to be written.
BALLAST = Table("ballast", METADATA, *(Column(f"r{number}", Uuid, nullable=False) for number in range(8)))
