"""Sends a file to ingest: what the service keeps of it already, from a command that was ended or over a connection that
broke, is not sent again."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from cli.calls import BUSY, PATIENCE_SECONDS, Refused, Service

PIECE: Final = 1 << 20
NOTICING_SECONDS: Final = 5.0
"""So long a service may take to notice that its sender is gone, and to keep what came."""
PAUSE_SECONDS: Final = 0.3
SENDER_IDLE: Final = 408
OFFSET: Final = "Upload-Offset"
Watch = Callable[[dict[str, Any] | None], None]


def pieces_of(file: Path, first: int = 0) -> Iterator[bytes]:
    """The bytes of the file without its `first` ones."""
    with file.open("rb") as handle:
        handle.seek(first)
        while piece := handle.read(PIECE):
            yield piece


@dataclass
class Upload:
    """One file on its way to `address`, until the service has acknowledged it. `watch` is told how far that is."""

    ingest: Service
    address: str
    file: Path
    parameters: Mapping[str, str]
    watch: Watch
    done: int = 0
    farthest: int = -1
    until: float = field(default_factory=lambda: time.monotonic() + PATIENCE_SECONDS)

    @property
    def size(self) -> int:
        return self.file.stat().st_size

    def send(self) -> httpx.Response:
        """Raises Refused. Ends the command where a minute was waited, and nothing more of the file is kept."""
        kept = self._kept()
        while True:
            response = self._from(kept)
            if response is not None and response.status_code < httpx.codes.BAD_REQUEST:
                return response
            self._may_try_again(response, kept)
            kept = self._kept_by_now(kept, broken=response is None)
            if time.monotonic() > self.until:
                self.ingest.give_up(response)

    def _kept(self) -> int:
        """How many bytes the service has of it. Asked with GET, since a refusal says why in its body."""
        kept = int(self.ingest.ask("GET", self.address).headers[OFFSET])
        if kept > self.size:
            return 0  # of another file that was announced as this one
        if kept > self.farthest:
            self.farthest, self.until = kept, time.monotonic() + PATIENCE_SECONDS
        return kept

    def _kept_by_now(self, before: int, broken: bool) -> int:
        """That a connection is broken is noticed by and by."""
        until = time.monotonic() + (NOTICING_SECONDS if broken and self.done > before else 0.0)
        time.sleep(PAUSE_SECONDS)
        while (kept := self._kept()) <= before and time.monotonic() < until:
            time.sleep(PAUSE_SECONDS)
        return kept

    def _from(self, kept: int) -> httpx.Response | None:
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(self.size - kept)}
        headers |= {OFFSET: str(kept)} if kept else {}
        self.done, began = kept, time.monotonic()
        response = self.ingest.once(
            "PUT", self.address, params=dict(self.parameters), content=lambda: self._rest(kept), headers=headers
        )
        if self.done > kept:
            self.until += time.monotonic() - began  # what was spent on sending was not waited
        return response

    def _rest(self, kept: int) -> Iterator[bytes]:
        for piece in pieces_of(self.file, kept):
            self.watch({"step": "sending", "done": self.done, "total": self.size})
            yield piece
            self.done += len(piece)

    def _may_try_again(self, response: httpx.Response | None, kept: int) -> None:
        """Raises Refused where it would be in vain: what is refused for good is not what broke off."""
        if response is not None and response.status_code not in {*BUSY, SENDER_IDLE}:
            refused = Refused(response)
            if refused.code != "offset_differs" and (refused.code != "digest_mismatch" or not kept):
                raise refused
