"""The files that pages link to. There is nothing from another host."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.kit.pages import Asset, base_style, load_asset

SHARED: Final = Path(__file__).parent / "static"


@dataclass(frozen=True)
class Assets:
    """What pages link to: style sheets and scripts in order, and the icon. No page needs a script."""

    styles: tuple[Asset, ...]
    scripts: tuple[Asset, ...]
    icon: Asset
    pictures: tuple[Asset, ...] = ()

    def by_name(self) -> dict[str, Asset]:
        return {asset.name: asset for asset in (*self.styles, *self.scripts, self.icon, *self.pictures)}


def load_assets(shared: Path, own: Path) -> Assets:
    """What all services' pages have, and after it the style sheets and scripts of one."""
    scripts = tuple(load_asset(path) for path in sorted(own.glob("*.js")))
    sheets = [base_style(shared), load_asset(shared / "console.css"), *map(load_asset, sorted(own.glob("*.css")))]
    return Assets(tuple(sheets), scripts, load_asset(shared / "icon.svg"))
