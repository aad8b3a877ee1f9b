"""The form of the ledger: events, their one encoding, and the chain of hashes that makes an edit visible.

The hash of an entry is SHA-256 over its columns as JSON with sorted keys and no spaces, the previous hash among them.
Columns that were added later count only where they hold something, so that older entries hash as before.
`verify_ledger` checks the same law by code of its own; a change here must be made there too.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final, Literal

import orjson

from services.consent.domain.facts import Span
from services.consent.domain.standing import Happened, Outcome, Subject
from shared.contracts.consent import Act, Purpose

GENESIS: Final = b"candour consent ledger "
ADDED: Final = frozenset({"scope_from", "scope_to", "reason", "notice_sha256", "assurance", "body"})
NOBODY: Final = "policy"  # the subject of events that are about no person
EVERY: Final = "*"  # their programme and purpose
MOST_BODY_BYTES: Final = 1000
Every = Literal["*"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happened. Times are text, so that what is hashed is what is kept; `recorded_at` is UTC, in microseconds.
    `subject` is an alias or NOBODY; `evidence` a digest; `body` the text of a basis or a switch."""

    subject: str
    programme: str
    purpose: Purpose | Every
    act: Act
    basis_id: str | None
    notice_version: int | None
    actor: str
    channel: str
    evidence: str | None
    valid_from: str
    recorded_at: str
    effect: Outcome | None
    scope_from: str | None = None
    scope_to: str | None = None
    reason: str | None = None
    notice_sha256: str | None = None
    assurance: str | None = None
    body: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entry(Event):
    """An event in its place in the chain."""

    revision: int
    prev_hash: str
    hash: str

    @property
    def about(self) -> Subject | None:
        """Whom it is about; None where it is about no person."""
        return None if self.purpose == EVERY else Subject(self.subject, self.programme, Purpose(self.purpose))

    @property
    def happened(self) -> Happened:
        """What it means for the standing of its subject."""
        return Happened(
            self.act, date.fromisoformat(self.valid_from), self.revision, self.notice_version,
            Span(_day(self.scope_from), _day(self.scope_to)), self.reason,
        )  # fmt: skip


def genesis(store_id: str) -> str:
    """The hash before the first entry: bound to one store, so that two ledgers never share a chain."""
    return hashlib.sha256(GENESIS + store_id.encode()).hexdigest()


def content_of(columns: Mapping[str, Any]) -> dict[str, Any]:
    """What counts in the hash of an entry, and what the journal keeps of it."""
    return {
        name: value for name, value in columns.items() if name != "hash" and (value is not None or name not in ADDED)
    }


def hash_of(columns: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(content_of(columns), option=orjson.OPT_SORT_KEYS)).hexdigest()


def chained(events: Iterable[Event], revision: int, prev_hash: str) -> Iterator[Entry]:
    """Give each event the revision after the last, and its hash."""
    for event in events:
        revision += 1
        content = asdict(event) | {"revision": revision, "prev_hash": prev_hash}
        prev_hash = hash_of(content)
        yield Entry(**content, hash=prev_hash)


def purpose_of(text: str) -> Purpose | Every:
    return EVERY if text == EVERY else Purpose(text)


def decision_id(entry_hash: str) -> str:
    """The public number of a decision: `d-` and twelve letters or digits from the hash of its entry."""
    return "d-" + base64.b32encode(bytes.fromhex(entry_hash))[:12].decode().lower()


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
