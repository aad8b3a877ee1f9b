"""What is known of the fixed part of a view, and of its whole files on the disk."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fixed:
    """Digests of the fixed rows: of their `figures`, the same under every view of a release; and of all `content` that
    whole files are made of."""

    figures: str
    content: str


@dataclass(frozen=True)
class Stored:
    """Bytes in one content coding, under the name that carries their digest."""

    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True)
class WholeFile:
    """`name` is the plain name, `permanent` the one with the digest; `packed` is the same content under gzip."""

    name: str
    permanent: str
    media_type: str
    rows: int
    plain: Stored
    packed: Stored

    def names(self) -> tuple[str, ...]:
        """All names in the folder."""
        return tuple(f"{name}{ending}" for name in (self.name, self.permanent) for ending in ("", ".gz"))
