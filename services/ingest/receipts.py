"""Receipts: that bytes came, how many, in how many lines and when, with a signature that anybody can check without us.

A receipt is signed once, in the transaction that records the bytes, and kept as it was signed: whoever sends the same
again gets the same, also under another key, and from a house that was restored.
"""

from pathlib import Path
from typing import Final

import numpy as np
import orjson
from joserfc import jws

from shared.contracts.ingest import NoLines, Receipt, Received
from shared.kit.secretfiles import read_secret
from shared.kit.signing import Signer

KEY: Final = "ingest-receipts"
FILE: Final = f"{KEY}.key"
"""What `candour up`, `candour secrets` and docker-compose.yml call it."""
MADE_FOR: Final = b"candour upload receipts "
PACKED: Final = {
    b"\x1f\x8b": NoLines.GZIP, b"PK\x03\x04": NoLines.ZIP, b"PK\x05\x06": NoLines.ZIP, b"PAR1": NoLines.PARQUET,
    b"\xd0\xcf\x11\xe0": NoLines.OFFICE_BINARY, b"\xff\xfe": NoLines.UTF_16, b"\xfe\xff": NoLines.UTF_16,
}  # fmt: skip
"""How files begin whose bytes 0x0A end no lines."""
LONGEST: Final = max(len(beginning) for beginning in PACKED)
LINE_FEED: Final = b"\n"


def signer_in(folder: Path) -> Signer:
    """Raises FileNotFoundError without the secret, ValueError where it is too short."""
    return Signer(read_secret(folder, KEY), MADE_FOR)


def signed(said: Received, signer: Signer) -> str:
    return signer.sign(said.model_dump(mode="json"))


def receipt_of(kept: str) -> Receipt:
    """From the signed form, which was made here."""
    found = jws.extract_compact(kept.encode())
    return Receipt(**orjson.loads(found.payload), key=found.headers()["kid"], jws=kept)


class LineCount:
    """Counts the lines of bytes that come in pieces, for a tenth of what their digest costs."""

    def __init__(self) -> None:
        self.feeds, self.head, self.last = 0, b"", b""

    def more(self, piece: bytes | bytearray) -> None:
        if piece:
            self.head += bytes(piece[: LONGEST - len(self.head)])
            self.feeds += int(np.count_nonzero(np.frombuffer(piece, np.uint8) == LINE_FEED[0]))
            self.last = bytes(piece[-1:])

    def told(self) -> tuple[int | None, NoLines | None]:
        """How many lines; or why they are not counted."""
        for beginning, why in PACKED.items():
            if self.head.startswith(beginning):
                return None, why
        return self.feeds + (self.last not in (b"", LINE_FEED)), None
