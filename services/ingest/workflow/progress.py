"""How far the job of a submission is, in one small file for each: told while it runs, and not kept."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from services.ingest.store.files import Files
from shared.contracts.ingest import Progress
from shared.kit.files import aside

Told = Callable[[int, int], None]
Step = Literal["waiting", "reading", "resolving", "recording"]
EVERY_SECONDS: Final = 0.2


class Telling:
    """Of one submission. What cannot be written is not told: no job fails for it."""

    def __init__(self, files: Files, feed: str, sha256: str) -> None:
        self.file = file_of(files, feed, sha256)

    def step(self, step: Step, total: int) -> Told:
        """Begins a step; what it gives is called with how much is done, and may be called often."""
        self._say(step, 0, total)
        told = [time.monotonic()]

        def say(done: int, of: int) -> None:
            if time.monotonic() - told[0] >= EVERY_SECONDS:
                told[0] = time.monotonic()
                self._say(step, done, of)

        return say

    def failed(self, kind: str) -> None:
        """The attempt ended at an error of this kind: it waits for the next one."""
        self._write({"step": "waiting", "done": 0, "total": 0, "failed": kind})

    def over(self) -> None:
        self.file.unlink(missing_ok=True)

    def _say(self, step: Step, done: int, total: int) -> None:
        self._write({"step": step, "done": min(done, total), "total": total})

    def _write(self, told: dict[str, str | int]) -> None:
        part = aside(self.file)
        with suppress(OSError):
            try:
                part.write_text(json.dumps(told))
                part.replace(self.file)
            finally:
                part.unlink(missing_ok=True)


def file_of(files: Files, feed: str, sha256: str) -> Path:
    return files.progress / f"{feed}.{sha256}"


def progress_of(files: Files, feed: str, sha256: str) -> Progress:
    """Of a submission without fates: it waits, as long as nothing else is told."""
    try:
        return Progress.model_validate_json(file_of(files, feed, sha256).read_bytes())
    except (FileNotFoundError, ValueError):
        return Progress(step="waiting", done=0, total=0)
