"""What differs between the pages of one service and those of another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from shared.kit.console.assets import SHARED, Assets, load_assets
from shared.kit.console.components import COMPONENTS
from shared.kit.pages import components

Link = tuple[str, str, frozenset[str]]


@dataclass(frozen=True)
class Desk:
    """`package` has the folders `templates` and `static`; `title` stands on every page, `foot` under it; `homes` has
    each area's first page and whose it is, the office's first; `navigation` the addresses, words and roles of the
    header's links; `words` what templates may use besides."""

    package: str
    title: str
    foot: str
    homes: Mapping[str, frozenset[str]]
    navigation: tuple[Link, ...]
    words: Mapping[str, Any] = field(default_factory=dict)
    synthetic: str = "Synthetic demonstration data: invented people and decisions"

    @property
    def areas(self) -> tuple[str, ...]:
        return tuple(self.homes)

    @property
    def everybody(self) -> frozenset[str]:
        """Every role that has pages here."""
        return frozenset().union(*self.homes.values())

    def links(self, roles: frozenset[str]) -> list[tuple[str, str]]:
        return [(path, words) for path, words, wanted in self.navigation if roles & wanted]

    def area_of(self, path: str) -> str | None:
        """The area that has this address; None where it is no page."""
        return next((area for area in self.areas if is_within(path, area)), None)

    @cached_property
    def assets(self) -> Assets:
        """Read once, when the first page is asked for."""
        spec = find_spec(self.package)
        assert spec is not None
        assert spec.origin is not None
        return load_assets(SHARED, Path(spec.origin).parent / "static")

    @cached_property
    def environment(self) -> Environment:
        loaders = [PackageLoader(self.package), PackageLoader("shared.kit.console")]
        strict = Environment(
            loader=ChoiceLoader(loaders), undefined=StrictUndefined, autoescape=True, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        strict.globals |= {"nhs": components(COMPONENTS), **self.words}
        return strict


def is_within(path: str, area: str) -> bool:
    return path == area or path.startswith(f"{area}/")
