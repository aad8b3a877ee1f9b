"""The roll of gateway processes: a second copy, beside the journal, of who began and who ended.

A database that is put back from yesterday's backup does not know who registered since, and would call a withdrawal
effective while one of them may still be sending. One line of JSON for each beginning and each end; a last line without
its end was never acknowledged. Said twice is said once.
"""

import os
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

import orjson

from services.consent.store import Process
from shared.kit.files import sync_folder
from shared.kit.logs import log

NAME: Final = "gateways.jsonl"
Key = tuple[str, int]


class Roll:
    """Of one store: lines of another one in the same folder say nothing here. `damaged` after a reading that met a line
    nobody can read: some process may be missing."""

    def __init__(self, folder: Path, store_id: str) -> None:
        self.file, self.store_id, self.damaged = folder / NAME, store_id, False

    def add(self, told: Iterable[Process]) -> None:
        """What is known of these processes now, flushed when this returns. Raises OSError."""
        lines = b"".join(orjson.dumps(asdict(one) | {"store_id": self.store_id}) + b"\n" for one in told)
        if not lines:
            return
        fresh = not self.file.exists()
        handle = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(handle).st_size
            if os.write(handle, lines) < len(lines):
                os.ftruncate(handle, size)
                raise OSError("the disk took part of a line")
            os.fsync(handle)
        finally:
            os.close(handle)
        if fresh:
            sync_folder(self.file.parent)

    def read(self) -> dict[Key, Process]:
        """Every process, by name and number, ended where any line says so. Cuts off a torn line. Raises OSError."""
        found: dict[Key, Process] = {}
        for one in self._lines():
            before = found.get((one.name, one.number))
            if before is not None and before.proof is not None:
                one = replace(one, ended_at=before.ended_at, proof=before.proof)  # noqa: PLW2901  # an end is for good
            found[one.name, one.number] = one
        return found

    def _lines(self) -> Iterable[Process]:
        if not self.file.exists():
            return
        content = self.file.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self.file, whole)
        for line in content[:whole].splitlines():
            try:
                row = orjson.loads(line)
                if row.pop("store_id") == self.store_id:
                    yield Process(**row)
            except (ValueError, TypeError, KeyError, AttributeError):
                self.damaged = True
                log.error("roll_line_not_readable")
