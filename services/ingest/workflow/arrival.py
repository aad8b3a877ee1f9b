"""Takes the bytes of a submission in: whole, durable and recorded, or not at all."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool

from services.ingest.domain import Kept, Sending
from services.ingest.problems import DigestMismatch, no_space_is_storage_full
from services.ingest.store.database import Store
from shared.kit.files import settle
from shared.kit.problems import TooLarge

PIECE = 1 << 20


async def take_in(store: Store, sending: Sending, body: AsyncIterator[bytes], most: int) -> Kept:
    """Stream `body` to disk and record it. When this returns, the bytes and the record survive a power cut.

    Bytes that are kept already are only compared, so that a repeat is answered also where the disk is full. Raises
    TooLarge, DigestMismatch, StorageFull; then nothing is left behind.
    """
    with no_space_is_storage_full():
        if await run_in_threadpool(store.knows_bytes, sending.sha256):
            size = await _streamed(body, None, most, sending.sha256)
            return await run_in_threadpool(store.receive, sending, size)
        with store.files.arriving(sending.sha256) as (part, out):
            size = await _streamed(body, out, most, sending.sha256)
            await run_in_threadpool(out.flush)
            return await run_in_threadpool(_keep, store, part, sending, size)


async def _streamed(body: AsyncIterator[bytes], out: BinaryIO | None, most: int, sha256: str) -> int:
    """Size of the body, written to `out`. A full disk, a wrong digest or too many bytes end it."""
    digest, size, piece = hashlib.sha256(), 0, bytearray()

    def write() -> None:
        digest.update(piece)
        if out is not None:
            out.write(piece)
        piece.clear()

    async for chunk in body:
        size += len(chunk)
        if size > most:
            raise too_large(most)
        piece += chunk
        if len(piece) >= PIECE:
            await run_in_threadpool(write)
    await run_in_threadpool(write)
    if digest.hexdigest() != sha256:
        raise DigestMismatch("The bytes that arrived have another SHA-256 than the address says. Send them again.")
    return size


def too_large(most: int) -> TooLarge:
    return TooLarge(f"At most {most:,} bytes are taken in one submission. Send the file in parts.")


def _keep(store: Store, part: Path, sending: Sending, size: int) -> Kept:
    target = store.files.upload(sending.sha256)
    with store.files.naming():
        try:
            settle(part, target)
            return store.receive(sending, size)
        except BaseException:
            if not store.knows_bytes(sending.sha256):
                target.unlink(missing_ok=True)
            raise
