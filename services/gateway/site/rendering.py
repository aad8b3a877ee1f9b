"""Pages from templates. Components are nhsuk-frontend's macros; base, header and footer are ours, without its marks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any, Final

from jinja2 import ChainableUndefined, Environment, PackageLoader, StrictUndefined

from services.gateway.site import wording
from services.gateway.site.assets import assets

COMPONENTS: Final = {
    "breadcrumb": "breadcrumb", "card": "card", "details": "details", "insetText": "inset-text",
    "pagination": "pagination", "searchInput": "search-input", "select": "select", "skipLink": "skip-link",
    "summaryList": "summary-list", "tag": "tag", "warningCallout": "warning-callout", "button": "button",
}  # fmt: skip

CSP: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Page:
    """What a template needs. `title` says the page's message; `json` and `csv` are where the same content is data.

    `path` is printed at the foot; an error page has none, so that its bytes do not depend on what was asked for.
    `synthetic`: whether what the page is about was made up; None where only the release can say.
    """

    template: str
    title: str
    context: Mapping[str, Any] = field(default_factory=dict)
    crumbs: tuple[tuple[str, str], ...] = ()
    json: str = ""
    csv: str = ""
    path: str = ""
    synthetic: bool | None = None

    def crumb_items(self) -> list[dict[str, str]]:
        return [{"text": text, "href": href} for text, href in self.crumbs]


@dataclass(frozen=True)
class Edition:
    """The release that a page shows, in so far as every page says it. `mixed`: part of it is about the real world."""

    release: str
    published: str
    synthetic: bool
    licence: str
    mixed: bool = False


@cache
def components() -> SimpleNamespace:
    """The macros as functions. They rest on lenient undefined values; our own templates do not."""
    lenient = Environment(
        loader=PackageLoader("nhsuk_frontend_jinja"), undefined=ChainableUndefined, autoescape=True,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    found = {name: f"nhsuk/components/{folder}/macro.jinja" for name, folder in COMPONENTS.items()}
    return SimpleNamespace(**{name: getattr(lenient.get_template(path).module, name) for name, path in found.items()})


@cache
def environment() -> Environment:
    strict = Environment(
        loader=PackageLoader("services.gateway.site"), undefined=StrictUndefined, autoescape=True,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    strict.globals |= {"nhs": components(), "wording": wording}
    strict.filters |= {"day": wording.day, "period": wording.period}
    return strict


def render(page: Page, edition: Edition | None) -> str:
    """The page's HTML. No edition: nothing is published yet, or the page must not depend on what is."""
    template = environment().get_template(page.template)
    synthetic = page.synthetic if page.synthetic is not None else edition is not None and edition.synthetic
    mixed = page.synthetic is None and edition is not None and edition.mixed
    return template.render(
        page=page, edition=edition, synthetic=synthetic, mixed=mixed, assets=assets(), **page.context
    )
