"""Checks the ledger by code of its own: it shares neither queries nor encoding with the service that wrote it.

The law checked: revisions 1, 2, 3 … without a gap; each `prev_hash` is the hash before it, the first one SHA-256 over
`consent ledger` and the store's id; each `hash` is SHA-256 over the other columns as JSON, keys sorted, no spaces; the
head is the last entry; and what stands for each person is what their events add up to.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from shared.kit.database import Database

ANSWERS = {"given", "refused", "withdrawn", "erased"}
LATER = {"scope_from", "scope_to", "reason", "notice_sha256", "assurance", "body"}  # hashed where they hold something


@dataclass(frozen=True)
class Finding:
    """`broken` is the first revision that does not hold, None where all do; `why` says what is wrong with it."""

    entries: int
    broken: int | None
    why: str

    @property
    def sound(self) -> bool:
        return not self.why


def verify(url: str) -> Finding:
    """Read everything in one transaction. Raises what the database raises where there is no ledger."""
    database = Database(url)
    try:
        with database.engine.connect() as connection:
            return _verify(connection)
    finally:
        database.close()


def _verify(connection: Connection) -> Finding:
    head = connection.execute(text("SELECT store_id, revision, ledger_head FROM head")).one()
    count, previous = 0, hashlib.sha256(f"candour consent ledger {head.store_id}".encode()).hexdigest()
    stands: dict[tuple[str, str, str], tuple[str, int]] = {}
    for row in _entries(connection):
        fault = _fault(row, count + 1, previous)
        if fault:
            return Finding(count, count + 1, fault)
        count, previous = row["revision"], row["hash"]
        person = (row["subject"], row["programme"], row["purpose"])
        if row["act"] in ANSWERS or (row["act"] == "asked" and stands.get(person, ("asked", 0))[0] == "asked"):
            stands[person] = (row["act"], row["revision"])
    if (head.revision, head.ledger_head) != (count, previous):
        return Finding(count, count + 1, f"the head says {head.revision} entries, the ledger has {count}")
    return _compare(connection, stands, count)


def _entries(connection: Connection) -> Iterator[dict[str, Any]]:
    for row in connection.execute(text("SELECT * FROM ledger ORDER BY revision")).mappings():
        yield dict(row)


def _fault(row: dict[str, Any], revision: int, previous: str) -> str:
    if row["revision"] != revision:
        return f"revision {revision} is missing"
    if row["prev_hash"] != previous:
        return "it does not follow the entry before it"
    content = {
        name: value for name, value in row.items() if name != "hash" and (name not in LATER or value is not None)
    }
    encoded = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return "" if hashlib.sha256(encoded).hexdigest() == row["hash"] else "its content is not what was hashed"


def _compare(connection: Connection, stands: dict[tuple[str, str, str], tuple[str, int]], count: int) -> Finding:
    rows = connection.execute(
        text("SELECT subject, programme, purpose, word, revision FROM standing WHERE revision > 0")
    )
    kept = {(row.subject, row.programme, row.purpose): (row.word, row.revision) for row in rows}
    differing = [person for person in stands.keys() | kept.keys() if stands.get(person) != kept.get(person)]
    if not differing:
        return Finding(count, None, "")
    broken = min(max(found[1] for found in (stands.get(p), kept.get(p)) if found) for p in differing)
    return Finding(count, broken, f"the present decisions of {len(differing)} subjects are not what the ledger says")
