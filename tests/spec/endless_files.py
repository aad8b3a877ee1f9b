"""Hostile files of 1 GB in one line, byte by byte: no hole in them, and nothing to unfold. Too large for CI."""

from pathlib import Path
from typing import Any, Final

from tests.spec.hostile_files import CSV, Hostile

LARGE: Final[list[Hostile]] = []
ROW: Final = CSV + b"A2,2024-01-31,5,"


def endless(
    name: str, before: bytes, after: bytes = b"", eight: bytes = b"endless ", form: str = "csv", **expected: Any
) -> None:
    """`eight` bytes again and again, with `before` and `after` around them."""

    def make(path: Path) -> None:
        with path.open("wb") as out:
            out.write(before)
            for _ in range(1 << 10):
                out.write(eight * (1 << 17))
            out.write(after)

    LARGE.append(Hostile(name, form, make, **expected))


TOO_LONG: Final = {3: "line-too-long"}
endless("a line of 1 GB and nothing else", b"", refused=("wrong-header",))
endless("a line of 1 GB between others", ROW, b"\nA3,2024-01-31,5,x\n", aside=TOO_LONG, rows=2)
endless("a line of 1 GB in quotes that do not end", ROW + b'"', form="lines", aside=TOO_LONG)
endless("a line of 1 GB with one byte of another encoding", CSV, b"\xe9\n", aside=TOO_LONG)
endless("a line of 1 GB in another encoding", CSV, b"\n", b"d\xe9j\xe0 vu ", aside=TOO_LONG)
