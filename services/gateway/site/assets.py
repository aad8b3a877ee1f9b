"""The site's own files: every name in a page carries the digest of its content, so that a copy may be kept for ever."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"
BUILT: Final = "nhsuk-frontend-*.css"
TYPES: Final = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """`name` as it stands in the address."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True)
class Assets:
    """What the pages link to: style sheets in order, and the icon. `built` is false where the build has not run."""

    styles: tuple[Asset, ...]
    icon: Asset
    built: bool

    def by_name(self) -> dict[str, Asset]:
        return {asset.name: asset for asset in (*self.styles, self.icon)}


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    name = path.name if path.stem.endswith(digest) else f"{path.stem}-{digest}{path.suffix}"
    return Asset(name, content, TYPES[path.suffix])


def load_assets(static: Path) -> Assets:
    """Read from `static`. Without the built style sheet, a plain one stands in for it."""
    built = sorted((static / "build").glob(BUILT))
    base = built[-1] if built else static / "plain.css"
    return Assets((_asset(base), _asset(static / "site.css")), _asset(static / "icon.svg"), bool(built))


@cache
def assets() -> Assets:
    """Read once, when the first page is asked for."""
    return load_assets(STATIC)
