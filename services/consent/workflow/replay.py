"""Bring an older ledger up to its journal: the missing entries as they were, and what they add up to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from services.consent import journal
from services.consent.domain.standing import Standing, Subject
from services.consent.journal import JournalBroken
from services.consent.ledger import NOBODY, Entry, genesis
from services.consent.store import Store, Writing
from services.consent.store.sweeping import sweep
from services.consent.workflow.keeping import OTHER
from shared.contracts.consent import Act

AT_ONCE: Final = 5_000


@dataclass(frozen=True)
class Replayed:
    """The ledger's last revision before, and now; and what the files still have of those who were erased again."""

    before: int
    now: int
    remains: list[str]


def replay(store: Store, folder: Path) -> Replayed:
    """All in one transaction, so a second run finds it done.

    Raises JournalBroken, with a sentence, where the journal is missing, damaged or of another history: then nothing has
    been changed.
    """
    store_id, entries = journal.read(folder)
    with store.writing() as tx:
        before = tx.end_of_ledger
        if store_id != before.store_id:
            raise JournalBroken(f"The journal is that of store {store_id}, the ledger is {before.store_id}: {OTHER}")
        fresh, erased = _beyond(tx, entries), False
        while batch := list(islice(fresh, AT_ONCE)):
            erased |= _add(tx, batch)
        now = tx.end_of_ledger.revision
    return Replayed(before.revision, now, sweep(store.database) if erased else [])


def _beyond(tx: Writing, entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries after the ledger's last. Raises JournalBroken unless one of the two histories begins with the
    other."""
    end = tx.end_of_ledger
    last, last_hash = 0, genesis(end.store_id)
    for entry in entries:
        last, last_hash = entry.revision, entry.hash
        if last == end.revision and last_hash != end.ledger_head:
            raise JournalBroken(f"The ledger and its journal differ at revision {last} or before: {OTHER}")
        if last > end.revision:
            yield entry
    if 0 < last < end.revision and tx.hash_at(last) != last_hash:
        raise JournalBroken(f"The ledger and its journal differ at revision {last} or before: {OTHER}")


def _add(tx: Writing, entries: list[Entry]) -> bool:
    """Whether somebody was erased: they are erased again. The law of the projection is that of the book, except that
    each effect is the one that was announced."""
    known = tx.standings(sorted({entry.subject for entry in entries} - {NOBODY}))
    moved: dict[Subject, Standing] = {}
    for entry in entries:
        subject = entry.about
        if subject is None:
            continue
        before = moved.get(subject) or known.get(subject) or Standing()
        after = before.after(entry.happened)
        moved[subject] = replace(after, told=entry.effect or after.told)
    tx.replay(entries)
    tx.keep_standings(moved, set(known))
    gone = {entry.subject: entry for entry in entries if entry.act is Act.ERASED}
    for alias, entry in gone.items():
        tx.erase(alias, entry.revision, entry.recorded_at)
    return bool(gone)
