"""The console's own files. There is nothing from another host."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from shared.kit.pages import Asset, base_style, load_asset

STATIC: Final = Path(__file__).parent / "static"


@dataclass(frozen=True)
class Assets:
    """What pages link to: style sheets and scripts in order, and the icon. No page needs a script."""

    styles: tuple[Asset, ...]
    scripts: tuple[Asset, ...]
    icon: Asset

    def by_name(self) -> dict[str, Asset]:
        return {asset.name: asset for asset in (*self.styles, *self.scripts, self.icon)}


def load_assets(static: Path) -> Assets:
    scripts = tuple(load_asset(path) for path in sorted(static.glob("*.js")))
    styles = (base_style(static), load_asset(static / "console.css"))
    return Assets(styles, scripts, load_asset(static / "icon.svg"))


@cache
def assets() -> Assets:
    """Read once, when the first page is asked for."""
    return load_assets(STATIC)
