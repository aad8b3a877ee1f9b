"""Checks the ledger, its journal and what they add up to, by code of its own: it shares neither queries nor encoding
with the service that wrote them.

The law checked: revisions 1, 2, 3 … without a gap; each `prev_hash` is the hash before it, the first one SHA-256 over
`consent ledger` and the store's id; each `hash` is SHA-256 over the other columns as JSON, keys sorted, no spaces; the
head is the last entry; what stands for each person is what their events add up to, in every column; and the journal has
the same entries, none more and none less.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from shared.kit.database import Database

LATER = {"scope_from", "scope_to", "reason", "notice_sha256", "assurance", "body"}  # hashed where they hold something
DECISIONS = {"given", "refused", "withdrawn", "erased"}
OBJECTIONS = {"objection_raised": "open", "objection_upheld": "upheld", "objection_rejected": "rejected"}
NOTHING: dict[str, Any] = {
    "word": "not_sought", "notice_version": None, "decided_on": None, "revision": 0, "informed_version": None,
    "informed_on": None, "told": "withheld", "scope_from": None, "scope_to": None, "reason": None, "objection": None,
    "restricted": 0, "signed_off": 0,
}  # fmt: skip
Row = dict[str, Any]
Person = tuple[str, str, str]


@dataclass(frozen=True)
class Finding:
    """`broken` is the first revision that does not hold, None where all do; `why` says what is wrong with it. `behind`:
    the journal ends too early, as it does for a moment behind each commit of a service that runs."""

    entries: int
    broken: int | None
    why: str
    behind: bool = False

    @property
    def sound(self) -> bool:
        return not self.why


def verify(url: str, journal: Path | None = None) -> Finding:
    """Read everything in one transaction, and then the journal in that folder, where one is given. Raises what the
    database raises where there is no ledger."""
    database = Database(url)
    try:
        with database.engine.connect() as connection:
            return _verify(connection, journal)
    finally:
        database.close()


def _verify(connection: Connection, journal: Path | None) -> Finding:
    file = None if journal is None else journal / "ledger.jsonl"
    size = file.stat().st_size if file is not None and file.exists() else 0  # what is added later may be newer
    head = connection.execute(text("SELECT store_id, revision, ledger_head FROM head")).one()
    count, previous = 0, hashlib.sha256(f"candour consent ledger {head.store_id}".encode()).hexdigest()
    hashes: list[str] = [previous]
    stands: dict[Person, Row] = {}
    for row in _entries(connection):
        fault = _fault(row, count + 1, previous)
        if fault:
            return Finding(count, count + 1, fault)
        count, previous = row["revision"], row["hash"]
        hashes.append(previous)
        if row["purpose"] != "*":  # about nobody
            person = (row["subject"], row["programme"], row["purpose"])
            stands[person] = _after(stands.get(person, NOTHING), row)
    if (head.revision, head.ledger_head) != (count, previous):
        return Finding(count, count + 1, f"the head says {head.revision} entries, the ledger has {count}")
    begun = connection.execute(text("SELECT count(*) FROM journal")).scalar_one() > 0
    finding = _compare(connection, stands, count)
    if not finding.sound or file is None:
        return finding
    if not file.exists():
        return Finding(count, 1, "the journal is gone") if begun else finding
    return _beside(file, size, head.store_id, hashes)


def _entries(connection: Connection) -> Iterator[Row]:
    for row in connection.execute(text("SELECT * FROM ledger ORDER BY revision")).mappings():
        yield dict(row)


def _fault(row: Row, revision: int, previous: str) -> str:
    if row["revision"] != revision:
        return f"revision {revision} is missing"
    if row["prev_hash"] != previous:
        return "it does not follow the entry before it"
    return "" if _hashed(row) == row["hash"] else "its content is not what was hashed"


def _hashed(row: Row) -> str:
    content = {
        name: value for name, value in row.items() if name != "hash" and (name not in LATER or value is not None)
    }
    encoded = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return hashlib.sha256(encoded).hexdigest()


def _after(before: Row, row: Row) -> Row:
    """Where somebody stands after an entry. To be asked again undoes no answer, and to refuse no withdrawal."""
    now, act, version = dict(before), row["act"], row["notice_version"]
    if version is not None and (now["informed_version"] is None or version > now["informed_version"]):
        now |= {"informed_version": version, "informed_on": row["valid_from"]}
    if act == "refused" and now["word"] == "withdrawn":  # who refuses after having withdrawn has still withdrawn
        now |= {"decided_on": max(row["valid_from"], now["decided_on"] or row["valid_from"]), "signed_off": 0}
    elif act in DECISIONS or (act == "asked" and now["word"] not in DECISIONS):
        kept = ("notice_version", "revision", "scope_from", "scope_to", "reason")
        now |= {name: row[name] for name in kept} | {"word": act, "decided_on": row["valid_from"], "signed_off": 0}
    elif act in OBJECTIONS:
        now["objection"] = OBJECTIONS[act]
    elif act in {"restricted", "released"}:
        now["restricted"] = int(act == "restricted")
    elif act == "signed_off":
        now["signed_off"] = 1
    return now | {"told": row["effect"] or now["told"]}


def _compare(connection: Connection, stands: dict[Person, Row], count: int) -> Finding:
    rows = connection.execute(text("SELECT * FROM standing")).mappings()
    kept = {
        (row["subject"], row["programme"], row["purpose"]): {name: row[name] for name in NOTHING} for row in rows
    }  # fmt: skip
    differing = [person for person in stands.keys() | kept.keys() if stands.get(person) != kept.get(person)]
    if not differing:
        return Finding(count, None, "")
    told = [found["revision"] for person in differing for found in (stands.get(person), kept.get(person)) if found]
    broken = min((one for one in told if isinstance(one, int) and one > 0), default=count)
    return Finding(count, broken, f"the present decisions of {len(differing)} subjects are not what the ledger says")


def _beside(file: Path, size: int, store_id: str, hashes: list[str]) -> Finding:
    """The journal's lines against the hashes of the ledger, of which the first is that before any entry. `size` is what
    the journal had before the ledger was read."""
    count, found, at = len(hashes) - 1, 0, 0
    with file.open("rb") as lines:
        first = lines.readline()
        at += len(first)
        if _header(first) != store_id:
            return Finding(count, 1, "the journal is not that of this ledger")
        for number, line in enumerate(lines, 1):
            torn, newer = not line.endswith(b"\n"), number > count and at >= size
            if torn or newer:  # what a crash has torn was never acknowledged
                break
            if number > count:
                return Finding(count, number, "the journal has entries that the ledger lacks")
            if _journalled(line, hashes[number - 1]) != hashes[number]:
                return Finding(count, number, "the journal has another entry here")
            found, at = number, at + len(line)
    if found < count:
        return Finding(count, found + 1, f"the journal ends at revision {found}", behind=True)
    return Finding(count, None, "")


def _header(line: bytes) -> str | None:
    try:
        header = json.loads(line)
        return str(header["store_id"]) if header["journal"] == "candour consent journal 1" else None
    except (ValueError, KeyError, TypeError):
        return None


def _journalled(line: bytes, previous: str) -> str | None:
    """The hash of a line that holds, in the one spelling that a line has; None for any other."""
    try:
        content = json.loads(line)
        spelled = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        told = str(content.pop("hash"))
    except (ValueError, KeyError, AttributeError):
        return None
    return told if spelled == line and content.get("prev_hash") == previous and _hashed(content) == told else None
