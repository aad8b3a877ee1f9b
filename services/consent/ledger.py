"""The form of the ledger: events, their one encoding, and the chain of hashes that makes an edit visible.

The hash of an entry is SHA-256 over its columns as JSON with sorted keys and no spaces, the previous hash among them.
`verification` checks the same law by code of its own; a change here must be made there too.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import orjson

from services.consent.domain.standing import Outcome
from shared.contracts.consent import Act, Purpose

GENESIS = b"candour consent ledger "


@dataclass(frozen=True)
class Event:
    """What happened. Times are text, so that what is hashed is what is kept; `recorded_at` is UTC, in microseconds."""

    subject: str
    programme: str
    purpose: Purpose
    act: Act
    basis_id: str | None
    notice_version: int | None
    actor: str
    channel: str
    evidence: str | None
    valid_from: str
    recorded_at: str
    effect: Outcome | None


@dataclass(frozen=True)
class Entry(Event):
    """An event in its place in the chain."""

    revision: int
    prev_hash: str
    hash: str


def genesis(store_id: str) -> str:
    """The hash before the first entry: bound to one store, so that two ledgers never share a chain."""
    return hashlib.sha256(GENESIS + store_id.encode()).hexdigest()


def chained(events: Iterable[Event], revision: int, prev_hash: str) -> Iterator[Entry]:
    """Give each event the revision after the last, and its hash."""
    for event in events:
        revision += 1
        content = asdict(event) | {"revision": revision, "prev_hash": prev_hash}
        prev_hash = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
        yield Entry(**content, hash=prev_hash)


def decision_id(entry_hash: str) -> str:
    """The public number of a decision: `d-` and twelve letters or digits from the hash of its entry."""
    return "d-" + base64.b32encode(bytes.fromhex(entry_hash))[:12].decode().lower()
