"""What was sent to a consent service and what it said yes to, held against its ledger and its journal.

Every event that is sent has a name of its own, so that each entry of the ledger can be asked where it comes from.
"""

import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import create_engine, text

from services.consent.journal import NAME
from services.consent.keys import SubjectKeys
from services.consent.ledger import decision_id

Row = Mapping[str, Any]


class Event(NamedTuple):
    """Who, what, and by which channel: no two requests share one. Returns have one channel for all, and a day each."""

    alias: str
    act: str
    channel: str
    day: str = ""


@dataclass
class Record:
    """`told`: each event that was acknowledged, with its receipt, or with None where a whole file was. `keys`: by
    address and key, the receipt that every repeat must give. `reports`: what was said of whole files, by its number.
    Threads add to it."""

    keys_of: SubjectKeys
    sent: set[Event] = field(default_factory=set)
    told: dict[Event, Row | None] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[Row, Row]] = field(default_factory=dict)
    reports: dict[str, Row] = field(default_factory=dict)
    interrupted: int = 0
    acknowledged: Counter[str] = field(default_factory=Counter)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def sending(self, gmc: str, act: str, channel: str, day: str = "") -> Event:
        event = Event(self.keys_of.alias(gmc), act, channel, day)
        with self.turn:
            self.sent.add(event)
        return event

    def yes(self, event: Event, receipt: Row | None) -> None:
        with self.turn:
            self.told[event] = receipt
            self.acknowledged[f"{event.act} by return" if event.day else event.act] += 1

    def cut_off(self) -> None:
        with self.turn:
            self.interrupted += 1


def receipt_of(answer: Row) -> Row:
    """What a repeat must say again; how far it is effective grows."""
    return {name: answer[name] for name in ("decision", "revision", "recorded", "act", "programme", "purpose")}


def counts_of(report: Row) -> Row:
    return {name: report[name] for name in ("id", "kind", "lines", "applied", "duplicate", "quarantined", "revision")}


def rows_of(url: str) -> list[Row]:
    """The ledger, asked from outside of the service."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(text("SELECT * FROM ledger ORDER BY revision")).mappings()]
    finally:
        engine.dispose()


def lines_of(journal: Path) -> list[Row]:
    """The journal's entries. Raises ValueError where a line is not whole."""
    return [json.loads(line) for line in (journal / NAME).read_bytes().splitlines()[1:]]


def event_of(row: Row) -> Event:
    return Event(row["subject"], row["act"], row["channel"], row["valid_from"] if row["channel"] == "return" else "")


def faults(record: Record, ledger: Sequence[Row], journal: Sequence[Row]) -> list[str]:
    """Everything that is not as it must be, in words without any number of a person."""
    found = []
    if [row["revision"] for row in ledger] != list(range(1, len(ledger) + 1)):
        found.append("revisions are missing, or given twice")
    if [_known(row) for row in ledger] != [_known(row) for row in journal]:
        found.append(f"the ledger has {len(ledger)} entries, the journal {len(journal)}, and they are not the same")
    kept = {event_of(row): row for row in ledger}
    for event, number in Counter(map(event_of, ledger)).items():
        if event not in record.sent:
            found.append(f"revision {kept[event]['revision']}, {event.act}, was never sent")
        if number > 1:
            found.append(f"one {event.act} was recorded {number} times")
    for event, receipt in record.told.items():
        row = kept.get(event)
        if row is None:
            found.append(f"{event.act} was acknowledged, and is not in the ledger")
        elif receipt is not None and (row["revision"], decision_id(row["hash"])) != _numbers(receipt):
            found.append(f"{event.act} was acknowledged as {_numbers(receipt)}, and is revision {row['revision']}")
    return found


def _numbers(receipt: Row) -> tuple[int, str]:
    return receipt["revision"], receipt["decision"]


def _known(row: Row) -> Row:
    """Without what it has nothing to say about."""
    return {name: value for name, value in row.items() if value is not None}
