"""The ledger as an auditor reads it: every column, in order, so that the chain can be checked again elsewhere."""

from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, Digest
from shared.contracts.consent.words import Act


class AuditEntry(Contract):
    """One event, with people by their alias. `hash` is SHA-256 over the other columns as `docs/assurance.md` says."""

    revision: int = Field(ge=1)
    subject: str
    programme: str
    purpose: str
    act: Act
    basis_id: str | None = None
    notice_version: int | None = None
    notice_sha256: str | None = None
    actor: str
    channel: str
    evidence: str | None = None
    valid_from: str
    recorded_at: str
    effect: Literal["named", "withheld"] | None = None
    scope_from: str | None = None
    scope_to: str | None = None
    reason: str | None = None
    assurance: str | None = None
    body: str | None = None
    prev_hash: str
    hash: str


class AuditPage(Contract):
    """Events after a revision. The whole ledger has come once the last of them is `revision`."""

    store_id: str
    revision: Count
    ledger_head: Digest
    entries: list[AuditEntry]
