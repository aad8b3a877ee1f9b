"""What sets of pages have in common: files under names that carry their digest, and nhsuk-frontend's macros."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Final

from jinja2 import ChainableUndefined, Environment, PackageLoader

BUILT: Final = "nhsuk-frontend-*.css"
TYPES: Final = {
    ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".js": "text/javascript; charset=utf-8",
}  # fmt: skip
FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """`name` as it stands in the address: with the digest of its content, so that a copy may be kept for ever."""

    name: str
    content: bytes
    media_type: str


def load_asset(path: Path) -> Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    name = path.name if path.stem.endswith(digest) else f"{path.stem}-{digest}{path.suffix}"
    return Asset(name, content, TYPES[path.suffix])


def base_style(static: Path) -> Asset:
    """The built style sheet of nhsuk-frontend; where the build has not run, the plain one that stands in for it."""
    built = sorted((static / "build").glob(BUILT))
    return load_asset(built[-1] if built else static / "plain.css")


def components(wanted: Mapping[str, str]) -> SimpleNamespace:
    """nhsuk-frontend's macros as functions, by `wanted`: macro → folder. They rest on lenient undefined values, which
    our own templates do not."""
    lenient = Environment(
        loader=PackageLoader("nhsuk_frontend_jinja"), undefined=ChainableUndefined, autoescape=True,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    found = {name: f"nhsuk/components/{folder}/macro.jinja" for name, folder in wanted.items()}
    return SimpleNamespace(**{name: getattr(lenient.get_template(path).module, name) for name, path in found.items()})
