"""Every public address and form that can show a person, and how often it is read."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.histories.town import RELEASES, Town
from tests.histories.wire import Request
from tests.unit.test_gateway_baked import MIXED

EVERYBODY: Final = "*"
SUFFIXES: Final = ("", ".json", ".csv", ".ndjson")
Address = Callable[[Town, str, str, random.Random], str]


@dataclass(frozen=True)
class Route:
    """`asks`: about that person, who must be in the answer while they may be shown; else about everybody."""

    name: str
    weight: float
    address: Address
    asks: bool = True
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)

    def request(self, town: Town, gmc: str, chance: random.Random) -> Request:
        release = chance.choices((*RELEASES, "latest"), (4, 4, 3))[0]
        return Request(self.address(town, gmc, release, chance), self.method, self.headers)


def _dated(release: str) -> str:
    return RELEASES[0] if release == "latest" else release


def _api(rest: str) -> Address:
    """Of a release: `{gmc}`, `{name}`, `{unit}`, `{row}` and `{suffix}` stand for what they say."""

    def address(town: Town, gmc: str, release: str, chance: random.Random) -> str:
        named = release if "{row}" not in rest else _dated(release)
        return f"/v1/releases/{named}" + rest.format(
            gmc=gmc, name=town.name(gmc)[3:], unit=town.unit(gmc), row=town.row(gmc, named if "{row}" in rest else
            RELEASES[0]), suffix=chance.choice(SUFFIXES),
        )  # fmt: skip

    return address


def _page(rest: str) -> Address:
    return lambda town, gmc, _release, _chance: rest.format(
        gmc=gmc, name=town.name(gmc)[3:], unit=town.unit(gmc), row=town.row(gmc, RELEASES[0])
    )


ROUTES: Final = (
    Route("one", 14, _api("/consultants/{gmc}")),
    Route("one, head", 5, _api("/consultants/{gmc}"), method="HEAD"),
    Route("own results", 10, _api("/consultants/{gmc}/results{suffix}")),
    Route("results of one", 10, _api("/results{suffix}?consultant={gmc}")),
    Route("results of one, by Accept", 3, _api("/results?consultant={gmc}"), headers={"Accept": "text/csv"}),
    Route("results of one, fields", 2, _api("/results?consultant={gmc}&fields=id,subject")),
    Route("result", 7, _api("/results/{row}")),
    Route("search by number", 4, _api("/consultants?q={gmc}")),
    Route("search by name", 4, _api("/consultants?q={name}")),
    Route("consultants of a unit", 3, _api("/consultants?provider={unit}")),
    Route("results of a unit", 4, _api("/providers/{unit}/results{suffix}")),
    Route("results of a unit, as filter", 2, _api("/results{suffix}?provider={unit}&level=consultant")),
    Route("page of one", 0.6, _page("/consultants/{gmc}")),
    Route("page of a result", 0.6, _page("/results/{row}")),
    Route("page of a unit", 0.2, _page("/providers/{unit}"), asks=False),
    Route("page of a search", 0.2, _page("/providers?q={name}"), asks=False),
    Route("page of an indicator", 0.02, _page(f"/indicators/{MIXED}"), asks=False),
    Route("funnel", 0.1, _api(f"/indicators/{MIXED}/funnel?level=consultant"), asks=False),
    Route("results of an indicator", 0.04, _api(f"/indicators/{MIXED}/results{{suffix}}"), asks=False),
    Route("everything, a page", 0.15, _api("/results?level=consultant&limit=100"), asks=False),
    Route("everything, as a file", 0.03, _api("/results{suffix}"), asks=False),
    Route("all consultants", 0.04, _api("/consultants?limit=1000"), asks=False),
)
WEIGHTS: Final = [route.weight for route in ROUTES]


def any_route(chance: random.Random) -> Route:
    return chance.choices(ROUTES, WEIGHTS)[0]
