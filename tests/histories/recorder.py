"""Writes a history down as it happens, on the one clock that every process of this machine shares."""

import time
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson


class Recorder:
    """`file` is what `candour check` reads. Counts what it wrote, by `f`, and answered reads under `answered`."""

    def __init__(self, file: Path, header: dict[str, Any]) -> None:
        self.file, self.out = file, file.open("wb")
        self.counts: dict[str, int] = {"read": 0, "answered": 0, "withdraw": 0, "grant": 0, "fault": 0, "effective": 0}
        self.line({"f": "header", "format": 1} | header)

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.out.close()

    def line(self, found: dict[str, Any]) -> None:
        self.out.write(orjson.dumps(found) + b"\n")
        kind = found["f"]
        if kind == "read" or found.get("outcome", "ok") == "ok":
            self.counts[kind] = self.counts.get(kind, 0) + 1
        self.counts["answered"] += kind == "read" and found["outcome"] == "ok"

    def append(self, file: Path) -> None:
        """Another process's lines; what it was writing when it was killed is left out."""
        if file.exists():
            for line in file.read_bytes().splitlines(keepends=True):
                if line.endswith(b"}\n"):
                    self.out.write(line)


now = time.monotonic
