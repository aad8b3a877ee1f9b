"""What a query for results means in one release: which rows, in which order, and whether consent could matter."""

import re
from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from services.gateway.api import codelists as codes
from services.gateway.api.asking import DEFAULT_SORT, ResultsQuery
from services.gateway.api.problems import RankNotDefined
from services.gateway.api.rows import PARTS
from services.gateway.view.opened import OpenView
from services.gateway.view.selection import Order, Selection
from shared.kit.problems import NotFound, ValueNotAllowed

CODED: Final = {"level": codes.LEVELS, "kind": codes.KINDS, "status": codes.STATUS, "band": codes.BANDS,
                "position": codes.POSITIONS, "partition": codes.PARTITIONS}  # fmt: skip
FILTERS: Final = ("indicator", "provider", "consultant", "level", "kind", "region", "period", "status", "band",
                  "position", "partition")  # fmt: skip
RANK: Final = "rank_interval"
PAGING: Final = frozenset({"limit", "cursor"})


@dataclass(frozen=True)
class Scope:
    """Where in the release a list of results is asked for: everywhere, or under one subject or indicator."""

    collection: str = ""
    id: str = ""

    @property
    def path(self) -> str:
        return f"/{self.collection}/{self.id}/results" if self.collection else "/results"

    @property
    def filter(self) -> str:
        return {"providers": "provider", "consultants": "consultant", "indicators": "indicator"}[self.collection]


EVERYWHERE: Final = Scope()


@dataclass(frozen=True)
class Plan:
    scope: Scope
    query: ResultsQuery
    wanted: Selection
    order: Order
    fields: frozenset[str]
    depends: bool
    ranked: bool


def plan(view: OpenView, query: ResultsQuery, scope: Scope = EVERYWHERE) -> Plan:
    """Raises ValueNotAllowed naming the list of an unknown code; NotFound for an unknown provider or indicator in the
    path. Looks at nothing that a consent decision could change."""
    check_scope(view, scope)
    check_codes(view, query)
    wanted = Selection(
        {name: tuple(dict.fromkeys(getattr(query, name))) for name in FILTERS}, query.estimate_gte, query.estimate_lte
    )
    if scope.collection:
        wanted = wanted.narrowed(scope.filter, scope.id)
    # a consultant's own list says whether they exist, so it depends on consent whatever the filters are
    depends = scope.collection == "consultants" or not is_fixed(view, wanted)
    ranked = _ranked(view, query, wanted)
    return Plan(scope, query, wanted, _order(query.sort), _fields(query.fields, ranked), depends, ranked)


def is_fixed(view: OpenView, wanted: Selection) -> bool:
    """True where no row that could match depends on anybody's decision: decided from the question and from what the
    view was baked with, never from what is hidden now."""
    if wanted.of("partition") == ("fixed",):
        return True
    providers = wanted.of("provider")
    if providers and view.rows.fixed_providers.issuperset(providers):
        return True
    indicators = wanted.of("indicator")
    known = view.definitions.indicators
    return bool(indicators) and all(name in known and not known[name].revocable for name in indicators)


def check_scope(view: OpenView, scope: Scope) -> None:
    """A consultant's number is not looked at here: unknown and hidden ones must take the same way."""
    if scope.collection == "providers" and scope.id not in view.definitions.providers:
        raise NotFound
    if scope.collection == "indicators" and scope.id not in view.definitions.indicators:
        raise NotFound


def check_codes(view: OpenView, query: ResultsQuery) -> None:
    base, known = f"/v1/releases/{view.release}", view.definitions
    for name, found in CODED.items():
        one_of(name, getattr(query, name), found.codes, f"/v1/codelists/{found.name}")
    one_of("indicator", query.indicator, known.indicators, f"{base}/indicators")
    one_of("provider", query.provider, known.providers, f"{base}/providers")
    one_of("region", query.region, known.regions, f"{base}/providers")
    one_of("period", query.period, known.periods, f"{base}/indicators")
    for number in query.consultant:
        if not re.fullmatch(r"[0-9]{7}", number):
            raise refused("consultant", "A GMC number has seven digits.")


def one_of(name: str, values: list[str], allowed: Container[str], listed: str) -> None:
    """Raises ValueNotAllowed, naming the list and never the value."""
    for value in values:
        if value not in allowed:
            raise ValueNotAllowed(
                f"A value of '{name}' is not in its list.", errors=[{"parameter": name, "list": listed}]
            )


def refused(name: str, hint: str) -> ValueNotAllowed:
    return ValueNotAllowed(f"The value of '{name}' is not allowed here.", errors=[{"parameter": name, "hint": hint}])


def _order(sort: str) -> Order:
    if sort == DEFAULT_SORT:
        return "subject"
    if sort == "name":
        return "name"
    raise refused("sort", f"One of: {DEFAULT_SORT}; name. Sorting by a value is not offered yet.")


def _ranked(view: OpenView, query: ResultsQuery, wanted: Selection) -> bool:
    """Whether intervals of places are asked for. Raises ValueNotAllowed for any other thing to include, RankNotDefined
    where there are none, or where the rows asked for are not all in one order."""
    if any(one != RANK for one in query.include):
        raise refused("include", f"There is only {RANK} to include.")
    if not query.include:
        return False
    entry = view.definitions.indicators.get(wanted.of("indicator")[0]) if len(wanted.of("indicator")) == 1 else None
    if entry is None:
        raise RankNotDefined("Places are among the figures of one indicator. Ask for one.")
    if not entry.ranked:
        raise RankNotDefined("This indicator has no places: figures that are not published would show in them.")
    for name, found in (("period", entry.periods), ("level", entry.levels)):
        if len(wanted.of(name) or found) != 1:
            raise RankNotDefined(f"Places are among the figures of one {name}. Ask for one.")
    return True


def _fields(text: str | None, ranked: bool) -> frozenset[str]:
    if text is None:
        return frozenset()
    asked = frozenset(text.split(","))
    if not asked <= PARTS:
        raise refused("fields", f"Keys of a result: {', '.join(sorted(PARTS))}.")
    if RANK in asked and not ranked:
        raise refused("fields", f"That key is there only with include={RANK}.")
    return asked | {"id", "status"}
