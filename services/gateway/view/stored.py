"""What is known of a whole file on the disk."""

from dataclasses import dataclass
from pathlib import Path


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
