"""What changed, by sequence number, for `/v1/changes`: opaque row ids in random order, never a person or a cause."""

import os
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from services.gateway.view.room import Room
from shared.kit.logs import log

PUBLISHED: Final = "release.published"
SUPERSEDED: Final = "release.superseded"
REINSTATED: Final = "release.reinstated"
CORRECTED: Final = "release.corrected"
TAKEN_DOWN: Final = "release.taken_down"
STANDING: Final = frozenset({PUBLISHED, SUPERSEDED, REINSTATED, TAKEN_DOWN})
_SHUFFLE: Final = random.SystemRandom()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class ChangeLog:
    """Events in memory and, one JSON object a line, in a file. A row is announced once for each time it goes
    and for each time it returns. What finds no room on the disk is told all the same, and written later; it would be
    forgotten only by a restart before that."""

    def __init__(self, target: Path, room: Room, clock: Callable[[], str] = _now) -> None:
        self.target, self.room, self.clock = target, room, clock
        self.length = 0  # bytes of whole lines in the file
        self.unwritten: list[bytes] = []
        self.events: list[dict[str, Any]] = []
        self.announced: dict[str, set[str]] = {}
        self.stands: dict[str, str] = {}  # by release, the last event that says how it stands
        self.corrections: set[tuple[str, str]] = set()  # what was corrected, and by which release
        if target.exists():
            self._read()

    def published(self, release: str) -> None:
        if self.stands.get(release) in (None, TAKEN_DOWN):
            self._append({"kind": PUBLISHED, "release": release})

    def superseded(self, release: str, by: str | None) -> None:
        if self.stands.get(release) in (PUBLISHED, REINSTATED):
            self._append({"kind": SUPERSEDED, "release": release} | ({"by": by} if by else {}))

    def reinstated(self, release: str) -> None:
        """Current again: what superseded it was taken down."""
        if self.stands.get(release) == SUPERSEDED:
            self._append({"kind": REINSTATED, "release": release})

    def corrected(self, release: str, by: str) -> None:
        if (release, by) not in self.corrections:
            self._append({"kind": CORRECTED, "release": release, "by": by})

    def taken_down(self, release: str) -> None:
        if self.stands.get(release) not in (None, TAKEN_DOWN):
            self._append({"kind": TAKEN_DOWN, "release": release})

    def not_published(self, release: str, view: int, ids: Iterable[str]) -> None:
        rows = [one for one in ids if one not in self.announced.get(release, set())]
        if rows:
            _SHUFFLE.shuffle(rows)  # order would tell which belong together
            self._append({"kind": "rows.not_published", "release": release, "view": view, "rows": rows})

    def shown_again(self, release: str, view: int, ids: Iterable[str]) -> None:
        """Rows of a newer view that an earlier event named as gone: should they go once more, that is told again."""
        rows = list(self.announced.get(release, set()).intersection(ids))
        if rows:
            _SHUFFLE.shuffle(rows)
            self._append({"kind": "rows.published", "release": release, "view": view, "rows": rows})

    def after(self, sequence: int, limit: int) -> list[dict[str, Any]]:
        return self.events[sequence : sequence + limit]

    @property
    def releases(self) -> frozenset[str]:
        """Every release that could ever be read here."""
        return frozenset(self.stands)

    @property
    def latest(self) -> int:
        return len(self.events)

    def _append(self, members: dict[str, Any]) -> None:
        event = {"sequence": self.latest + 1, "at": self.clock(), **members}
        self._note(event)
        self.unwritten.append(orjson.dumps(event) + b"\n")
        try:
            self.room.write("changes", self._write)
        except OSError as error:  # hiding must go on whatever the disk says; the next event tries again
            log.error("change_not_written", cause=type(error).__name__)

    def _write(self) -> None:
        """Every line that is not in the file yet, after the last whole one: what an earlier try left is cut off."""
        lines = b"".join(self.unwritten)
        if not lines:
            return
        with self.target.open("r+b" if self.target.exists() else "xb") as out:
            out.truncate(self.length)
            out.seek(self.length)
            out.write(lines)
            out.flush()
            os.fsync(out.fileno())
        self.length += len(lines)
        self.unwritten.clear()

    def _note(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if event["kind"] in STANDING:
            self.stands[event["release"]] = event["kind"]
            return
        if event["kind"] == CORRECTED:
            self.corrections.add((event["release"], event["by"]))
            return
        gone = self.announced.setdefault(event["release"], set())
        if event["kind"] == "rows.published":
            gone.difference_update(event["rows"])
        else:
            gone.update(event["rows"])

    def _read(self) -> None:
        data = self.target.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]  # a line that a kill cut short was never told to anybody
        if whole != data:
            os.truncate(self.target, len(whole))
        self.length = len(whole)
        for line in whole.splitlines():
            self._note(orjson.loads(line))
