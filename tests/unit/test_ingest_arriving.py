"""The digest of an upload is taken while it is written and while more of it comes: it is that of the bytes that came,
however they came and however slowly it is taken."""

import asyncio
import hashlib
import io
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.ingest.domain import Came
from services.ingest.workflow import arrival
from services.ingest.workflow.arrival import Arriving

BYTES = random.Random(5).randbytes(20_000).replace(b"\0", b"\n")
PIECE = 700


class Slow:
    """Looks at what it is given only after a while."""

    def __init__(self) -> None:
        self.taken = hashlib.sha256()

    def update(self, data: bytearray) -> None:
        time.sleep(0.002)
        self.taken.update(data)

    def hexdigest(self) -> str:
        return self.taken.hexdigest()


@pytest.fixture(autouse=True)
def _many_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "PIECE", PIECE)


async def in_chunks(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, len(BYTES)])
@pytest.mark.parametrize("digest", [hashlib.sha256, Slow])
def test_bytes_and_their_digest_are_those_that_came(size: int, digest: Any) -> None:
    content, out = BYTES if size > 1 else BYTES[:1500], io.BytesIO()
    arriving = Arriving(out, len(content), 60, digest=digest())
    asyncio.run(arriving.take(in_chunks(content, size)))
    assert arriving.sha256() == hashlib.sha256(content).hexdigest()
    assert out.getvalue() == content
    assert arriving.came() == Came(len(content), content.count(b"\n") + (content[-1:] != b"\n"), None)


@pytest.mark.parametrize("offset", [1, PIECE, 5 * PIECE + 3])
def test_what_goes_on_is_digested_with_what_was_there(tmp_path: Path, offset: int) -> None:
    kept, out = tmp_path / "kept", io.BytesIO()
    kept.write_bytes(BYTES)
    arriving = Arriving(out, len(BYTES), 60, digest=Slow())
    arriving.go_on_from(kept, offset)
    asyncio.run(arriving.take(in_chunks(BYTES[offset:], PIECE // 2)))
    assert arriving.sha256() == hashlib.sha256(BYTES).hexdigest()
    assert out.getvalue() == BYTES


def test_no_bytes_have_a_digest_too() -> None:
    arriving = Arriving(io.BytesIO(), 0, 60)
    asyncio.run(arriving.take(in_chunks(b"", 1)))
    assert arriving.sha256() == hashlib.sha256(b"").hexdigest()


def test_what_fails_while_a_piece_is_digested_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never taken for bytes that came."""
    arriving = Arriving(io.BytesIO(), len(BYTES), 60)
    monkeypatch.setattr(arriving, "digest", None)
    with pytest.raises(AttributeError):
        asyncio.run(arriving.take(in_chunks(BYTES, PIECE)))
