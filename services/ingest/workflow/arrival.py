"""Takes the bytes of a submission in: whole, durable and recorded, or not at all. Where a sender breaks off, what came
is kept under the digest that was announced, for whoever goes on from there."""

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from services.ingest.domain import Came, Kept, Sending
from services.ingest.problems import (
    DigestMismatch,
    OffsetDiffers,
    SenderIdle,
    TooManyUploads,
    no_space_is_storage_full,
)  # fmt: skip
from services.ingest.receipts import LineCount
from services.ingest.store.database import Store
from services.ingest.store.receipts import receipt_kept, sign_later
from shared.contracts.ingest import Submission
from shared.kit.ahead import WORKERS
from shared.kit.copying import PIECE
from shared.kit.files import settle
from shared.kit.problems import TooLarge
from shared.kit.signing import Signer

DIGESTING: Final = ThreadPoolExecutor(WORKERS, thread_name_prefix="digesting")
"""For all uploads: digests let go of the interpreter, and wait for nothing."""


class Gate:
    """Lets in so many at once."""

    def __init__(self, most: int) -> None:
        self.most, self.inside, self.lock = most, 0, threading.Lock()

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Raises TooManyUploads."""
        with self.lock:
            if self.inside >= self.most:
                raise TooManyUploads
            self.inside += 1
        try:
            yield
        finally:
            with self.lock:
                self.inside -= 1


@dataclass
class Arriving:
    """The bytes of one upload so far, written to `out` where they are not kept already; `piece`: those not yet written.
    At most `most` bytes; a sender who is silent for `idle` seconds is cut off."""

    out: BinaryIO | None
    most: int
    idle: float
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)
    lines: LineCount = field(default_factory=LineCount)
    piece: bytearray = field(default_factory=bytearray)
    written: bytearray = field(default_factory=bytearray)
    digesting: Future[None] | None = None

    def go_on_from(self, partial: Path, offset: int) -> None:
        """Take over the first `offset` bytes of what another upload left."""
        with partial.open("rb") as kept:
            while self.size < offset and (piece := kept.read(min(PIECE, offset - self.size))):
                self.size += len(piece)
                self.piece += piece
                self.write()
        if self.size != offset:
            raise OffsetDiffers(self.size)

    async def take(self, body: AsyncIterator[bytes]) -> None:
        """Raises TooLarge, SenderIdle; OSError where the disk is full."""
        pieces = aiter(body)
        while (chunk := await self._next(pieces)) is not None:
            self.size += len(chunk)
            if self.size > self.most:
                raise too_large(self.most)
            self.piece += chunk
            if len(self.piece) >= PIECE:
                await run_in_threadpool(self.write)
        await run_in_threadpool(self.write)

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        try:
            return await asyncio.wait_for(anext(pieces), self.idle)
        except StopAsyncIteration:
            return None
        except (TimeoutError, ClientDisconnect):
            raise SenderIdle from None

    def write(self) -> None:
        """Its digest is taken while a piece is written and the next one comes. Two pieces take turns: memory that is
        asked for anew costs more than they do."""
        self._digested()
        self.digesting = DIGESTING.submit(self.digest.update, self.piece)
        self.lines.more(self.piece)
        if self.out is not None:
            self.out.write(self.piece)
        self.piece, self.written = self.written, self.piece

    def _digested(self) -> None:
        """Waits until all that was written is in the digest."""
        if self.digesting is not None:
            self.digesting.result()
        self.written.clear()

    def sha256(self) -> str:
        self._digested()
        return str(self.digest.hexdigest())

    def came(self) -> Came:
        return Came(self.size, *self.lines.told())


@dataclass(frozen=True)
class Terms:
    """On which a body is taken, and who signs for it: of at most `most` bytes with those before it, from a sender who
    is never silent for `idle` seconds. With an `offset` it is what follows so many bytes that are kept."""

    most: int
    idle: float
    signer: Signer
    offset: int | None = None


async def take_in(store: Store, sending: Sending, body: AsyncIterator[bytes], terms: Terms) -> Kept:
    """Stream `body` to disk and record it. When this returns, the bytes and the record survive a power cut.

    Bytes that are kept already are only compared, so that a repeat is answered also where the disk is full. Raises
    TooLarge, DigestMismatch, StorageFull, OffsetDiffers; then nothing more is kept than before. Raises SenderIdle; then
    what came is kept.
    """
    with no_space_is_storage_full():
        if await run_in_threadpool(store.knows_bytes, sending.sha256):
            return await _compared(store, sending, body, terms)
        partial, offset = store.files.partial(sending.sha256), terms.offset
        if offset is not None and offset != (kept := size_of(partial)):
            raise OffsetDiffers(kept)
        with store.files.arriving(sending.sha256) as (part, out):
            arriving = Arriving(out, terms.most, terms.idle)
            if offset:
                await run_in_threadpool(arriving.go_on_from, partial, offset)
            try:
                await arriving.take(body)
            except SenderIdle:
                await run_in_threadpool(_keep_partial, arriving, part, partial)
                raise
            return await run_in_threadpool(_keep, store, part, arriving, sending, terms.signer)


async def _compared(store: Store, sending: Sending, body: AsyncIterator[bytes], terms: Terms) -> Kept:
    arriving, offset = Arriving(None, terms.most, terms.idle), terms.offset
    whole = store.files.upload(sending.sha256)
    if offset and offset != (size := size_of(whole)):
        raise OffsetDiffers(size)
    await arriving.take(body)
    if offset and arriving.size == 0:
        await run_in_threadpool(arriving.go_on_from, whole, offset)
    _check(arriving, sending.sha256)
    return await run_in_threadpool(_record, store, arriving, sending, terms.signer)


def receipt_again(store: Store, submission: Submission, signer: Signer) -> str:
    """The receipt of what came before, as signed. What came before receipts were signed is counted now. Raises
    DigestMismatch where its bytes are not what they were."""
    kept = receipt_kept(store.database, submission.feed, submission.sha256)
    if kept is not None:
        return kept
    arriving = Arriving(None, submission.bytes, 0.0)
    whole = store.files.upload(submission.sha256)
    arriving.go_on_from(whole, size_of(whole))
    _check(arriving, submission.sha256)
    return sign_later(store.database, submission.feed, submission.sha256, arriving.came(), signer)


def _record(store: Store, arriving: Arriving, sending: Sending, signer: Signer) -> Kept:
    """Once the bytes are durable, which may be long after they were announced: that is the time signed for."""
    return store.receive(replace(sending, now=datetime.now(UTC)), arriving.came(), signer)


def _check(arriving: Arriving, sha256: str) -> None:
    if arriving.sha256() != sha256:
        raise DigestMismatch("The bytes that arrived have another SHA-256 than the address says. Send them again.")


def too_large(most: int) -> TooLarge:
    return TooLarge(f"At most {most:,} bytes are taken in one submission. Send the file in parts.")


def size_of(path: Path) -> int:
    """0 where there is no such file."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _keep_partial(arriving: Arriving, part: Path, partial: Path) -> None:
    """Unless more of it is kept already, or there is no room: then its sender begins again."""
    with suppress(OSError):
        arriving.write()
        if arriving.out is not None:
            arriving.out.flush()
        if arriving.size > size_of(partial):
            settle(part, partial)


def _keep(store: Store, part: Path, arriving: Arriving, sending: Sending, signer: Signer) -> Kept:
    target, partial = store.files.upload(sending.sha256), store.files.partial(sending.sha256)
    try:
        _check(arriving, sending.sha256)
    except DigestMismatch:
        partial.unlink(missing_ok=True)  # it may be what was wrong
        raise
    assert arriving.out is not None
    arriving.out.flush()
    with store.files.naming():
        try:
            settle(part, target)
            kept = _record(store, arriving, sending, signer)
        except BaseException:
            if not store.knows_bytes(sending.sha256):
                target.unlink(missing_ok=True)
            raise
    partial.unlink(missing_ok=True)
    return kept
