"""The journal: a second copy of the ledger, on another device, flushed before anything is acknowledged.

A header line names the store; each line after it is one entry of the ledger as JSON, with exactly its columns and its
hashes, so that the file proves itself. A last line without its end was never acknowledged: it is cut off. Anything else
that does not hold is damage, and is never passed over.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, BinaryIO, Final

import orjson

from services.consent.ledger import Entry, content_of, genesis, hash_of, purpose_of
from shared.contracts.consent import Act
from shared.kit.files import sync_folder, write_durably
from shared.kit.presence import Refused

NAME: Final = "ledger.jsonl"
LOCK: Final = "lock"
FORMAT: Final = "candour consent journal 1"
ENTRY_BYTES: Final = (
    2048  # more than any entry takes: texts have 80 bytes or 200, and where there is a body it has 1,000
)
HASH: Final = 32
GIVEN_BACK: Final = "This process has given the journal back: another service may write it now."


class JournalInUse(Refused):
    """Another process writes this journal, or may do so by now."""


class JournalBroken(RuntimeError):
    """The journal is gone, damaged, or not that of this ledger: its sentence says which, and what to do."""


@dataclass(frozen=True)
class Tip:
    """Where the journal ends."""

    revision: int
    hash: str


@contextmanager
def held(folder: Path) -> Iterator["Journal"]:
    """The journal in `folder`, for this process alone. Raises JournalInUse, OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalInUse(
                "Another consent service writes the journal in CANDOUR_CONSENT_JOURNAL_DIR. Stop it first; one process "
                "at a time keeps a journal."
            ) from None
        journal = Journal(folder)
        try:
            yield journal
        finally:
            journal.give_back()


class Journal:
    """One open journal. Not for several threads at once: its keeper takes turns. A thread that outlives the process's
    hold on it writes nothing any more: another service may have it then."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / NAME
        self.turn, self.given_back = RLock(), False
        self.handle: int | None = None
        self.store_id, self.hashes, self.size = "", bytearray(), 0

    @property
    def tip(self) -> Tip:
        return Tip(len(self.hashes) // HASH, self._last().hex() if self.hashes else genesis(self.store_id))

    def hash_at(self, revision: int) -> str:
        """The hash of the ledger up to a revision that the journal has, from 0."""
        return self.hashes[HASH * (revision - 1) : HASH * revision].hex() if revision else genesis(self.store_id)

    def is_open(self) -> bool:
        """Whether the file in its place is the one that was read, as it was left."""
        return self.handle is not None and self._in_place()

    def read_again(self) -> bool:
        """Whether there is a file, which is open then. Raises JournalBroken where it is damaged, JournalInUse."""
        with self._ours():
            self.close()
            if not self.file.exists():
                return False
            self._load()
            return True

    def begin(self, store_id: str, entries: Sequence[Entry]) -> None:
        """Make the file, with every entry there is, whole or not at all. Raises JournalInUse."""
        body, _ = _encoded(entries, Tip(0, genesis(store_id)))
        header = orjson.dumps({"journal": FORMAT, "store_id": store_id}) + b"\n"
        with self._ours():
            write_durably(self.file, header + body)
            self._load()

    def probe(self, entries: int) -> None:
        """Whether so many more would find room now. Raises OSError (ENOSPC), or JournalBroken as `append`, before
        anything is committed."""
        if not entries:
            return
        with self._ours():
            handle = self._own()
            try:
                os.posix_fallocate(handle, self.size, entries * ENTRY_BYTES)
            finally:
                os.ftruncate(handle, self.size)

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries that follow the last, flushed when this returns. After an OSError nothing counts as added, and
        the same may be tried again. Raises JournalBroken where they do not follow, or the file is not in its place;
        JournalInUse."""
        with self._ours():
            self._append(*_encoded(entries, self.tip))

    def _append(self, body: bytes, hashes: bytes) -> None:
        handle = self._own()
        try:
            written = 0
            while written < len(body):
                written += os.pwrite(handle, body[written:], self.size + written)
            os.fsync(handle)
        except OSError:
            with suppress(OSError):  # whatever stays is not whole: the next opening would cut it off
                os.ftruncate(handle, self.size)
            raise
        self.size += len(body)
        self.hashes += hashes

    def close(self) -> None:
        if self.handle is not None:
            os.close(self.handle)
        self.handle, self.store_id, self.hashes, self.size = None, "", bytearray(), 0

    def give_back(self) -> None:
        """Close it for good, once whoever writes has written."""
        with self.turn:
            self.given_back = True
            self.close()

    @contextmanager
    def _ours(self) -> Iterator[None]:
        """While nobody gives it back. Raises JournalInUse where that was done."""
        with self.turn:
            if self.given_back:
                raise JournalInUse(GIVEN_BACK)
            yield

    def _own(self) -> int:
        """The open file, as it was left. Raises JournalBroken."""
        if self.handle is None or not self._in_place():
            raise JournalBroken("The journal is not in its place any more, or somebody else has written to it.")
        return self.handle

    def _last(self) -> bytearray:
        return self.hashes[-HASH:]

    def _in_place(self) -> bool:
        """Whether the open file still has its name, and the length that we gave it."""
        assert self.handle is not None
        mine = os.fstat(self.handle)
        try:
            named = self.file.stat()
        except OSError:
            return False
        return (mine.st_dev, mine.st_ino, mine.st_size) == (named.st_dev, named.st_ino, self.size)

    def _load(self) -> None:
        handle = os.open(self.file, os.O_RDWR)
        try:
            with self.file.open("rb") as source:
                store_id, size = _header(source)
                hashes = bytearray()
                for content, length in _contents(source, store_id):
                    hashes += bytes.fromhex(content["hash"])
                    size += length
            if os.fstat(handle).st_size > size:  # torn by a crash
                os.ftruncate(handle, size)
            os.fsync(handle)  # a line that a killed process wrote may not be on the disk, and counts from here on
            sync_folder(self.file.parent)
        except BaseException:
            os.close(handle)
            raise
        self.handle, self.store_id, self.hashes, self.size = handle, store_id, hashes, size


def read(folder: Path) -> tuple[str, Iterator[Entry]]:
    """The store's id, and every whole entry in order, each verified as it comes; changes nothing, needs no lock.

    Raises JournalBroken, at once or on the way."""
    file = folder / NAME
    if not file.exists():
        raise JournalBroken("There is no journal in CANDOUR_CONSENT_JOURNAL_DIR. Is its volume mounted?")
    with file.open("rb") as source:
        store_id, _ = _header(source)
    return store_id, _entries(file)


def _entries(file: Path) -> Iterator[Entry]:
    with file.open("rb") as source:
        store_id, _ = _header(source)
        for content, _ in _contents(source, store_id):
            try:
                yield Entry(**content | {"purpose": purpose_of(content["purpose"]), "act": Act(content["act"])})
            except (TypeError, ValueError, KeyError):
                raise JournalBroken(
                    f"Entry {content.get('revision')} of the journal is of a form that this version does not know."
                ) from None


def _header(source: BinaryIO) -> tuple[str, int]:
    """The store's id, and the bytes of the line."""
    line = source.readline()
    try:
        header = orjson.loads(line)
        if line.endswith(b"\n") and header["journal"] == FORMAT:
            return str(header["store_id"]), len(line)
    except (ValueError, KeyError, TypeError):
        pass
    raise JournalBroken("The journal has no header that this version knows. Put an undamaged copy of it back.")


def _contents(source: BinaryIO, store_id: str) -> Iterator[tuple[dict[str, Any], int]]:
    """The columns of each whole line, and its bytes. Raises JournalBroken at the first that does not hold."""
    previous = genesis(store_id)
    for revision, line in enumerate(source, 1):
        if not line.endswith(b"\n"):
            return
        content = _content(line)
        told = content.pop("hash", None)
        follows = content.get("revision") == revision and content.get("prev_hash") == previous
        if not follows or hash_of(content) != told:
            raise JournalBroken(f"The journal is damaged at entry {revision}. Put an undamaged copy of it back.")
        previous = content["hash"] = told
        yield content, len(line)


def _content(line: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(line)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _encoded(entries: Sequence[Entry], tip: Tip) -> tuple[bytes, bytes]:
    """Lines and hashes. Raises JournalBroken where an entry does not follow, or is not what was hashed."""
    lines, hashes, revision, previous = [], bytearray(), tip.revision, tip.hash
    for entry in entries:
        revision += 1
        content, told = content_of(vars(entry)), entry.hash
        if (entry.revision, entry.prev_hash) != (revision, previous) or hash_of(content) != told:
            raise JournalBroken(f"Revision {revision} of the ledger does not continue the journal: it is another one.")
        lines.append(orjson.dumps(content | {"hash": told}, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
        hashes += bytes.fromhex(told)
        previous = told
    return b"".join(lines), bytes(hashes)
