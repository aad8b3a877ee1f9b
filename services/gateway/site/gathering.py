"""Which bodies of the API a page is made of. All are taken from one reader without a pause, so that they agree.

A page says by `Draft.revocable` whether any of its bodies could depend on a person's decision: it then has their cache
class. A reader that has been through no check gives a page's fixed parts, and `complete` says whether that is all of
it; a page that is about a person has none, and the reader raises NotChecked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from services.gateway.api.answer import Answer
from services.gateway.api.asking import ConsultantsQuery, FunnelQuery, ProvidersQuery, ResultsQuery
from services.gateway.api.plan import Scope
from services.gateway.api.reader import Reader
from services.gateway.site.pages import models, results, subjects
from services.gateway.site.pages.figures import chart
from services.gateway.site.pages.subjects import next_cursor
from services.gateway.site.rendering import Page
from services.gateway.site.wording import Body, span
from shared.kit.problems import NotFound, ValueNotAllowed

MOST: Final = 1000
SEARCH_PAGE: Final = 50


@dataclass(frozen=True)
class Draft:
    """A page that is still to be drawn, away from the event loop, from bodies that are all here."""

    draw: Callable[[], Page]
    revocable: bool
    complete: bool


class Source:
    """One reader, the dated address of its release, and whether anything taken from it depends on consent."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.checked, self.revocable = reader, reader.checked, False
        self.base = f"/v1/releases/{reader.release}"

    def take(self, answer: Answer) -> Body:
        self.revocable = self.revocable or answer.about.freshness == "revocable"
        return answer.body

    def every(self, answer: Callable[[str | None], Answer]) -> list[Body]:
        """The entries of all pages of a list."""
        found: list[Body] = []
        cursor: str | None = None
        while True:
            listed = self.take(answer(cursor))
            found += listed["data"]
            cursor = next_cursor(listed) or None
            if cursor is None:
                return found

    def results(self, scope: Scope | None = None, *, fixed: bool = False, **filters: Any) -> list[Body]:
        """Results under these filters; only the fixed ones where consent was not asked. `fixed`: they all are."""
        if not self.checked and not fixed:
            filters["partition"] = ["fixed"]
        where = scope or Scope()
        return self.every(lambda cursor: self.reader.results(ResultsQuery(**filters, limit=MOST, cursor=cursor), where))

    def consultants(self, **filters: Any) -> list[Body] | None:
        """Those who may be named; None where that cannot be said just now."""
        if not self.checked:
            return None
        return self.every(
            lambda cursor: self.reader.consultants(ConsultantsQuery(**filters, limit=MOST, cursor=cursor))
        )

    def funnel(self, indicator: Body, period: str | None) -> Body | None:
        """None where no funnel is drawn, or where it cannot be shown just now."""
        if "provider" not in indicator["levels"] or (indicator["revocable"] and not self.checked):
            return None
        try:
            return self.take(self.reader.funnel(indicator["id"], FunnelQuery(period=period, level="provider")))
        except NotFound:
            return None

    def place(self, row: Body) -> Body | None:
        """Between which places this result of a hospital lies; None where it has none."""
        found = self.results(
            Scope("providers", row["subject"]["id"]), fixed=True, indicator=[row["indicator"]["id"]],
            period=[row["period"]["id"]], level=[row["subject"]["level"]], include=["rank_interval"],
        )  # fmt: skip
        return next((one.get("rank_interval") for one in found if one["id"] == row["id"]), None)

    def draft(self, draw: Callable[[], Page], *, complete: bool) -> Draft:
        return Draft(draw, self.revocable, complete)


def search(reader: Reader, q: str, cursor: str | None) -> Draft:
    """Hospitals by name, and under words that were typed the consultants who match them."""
    source = Source(reader)
    providers = source.take(reader.providers(ProvidersQuery(q=q, limit=SEARCH_PAGE, cursor=cursor)))
    people = source.consultants(q=q) if q and cursor is None else []
    return source.draft(lambda: subjects.search(q, providers, people, source.base), complete=people is not None)


def provider(reader: Reader, provider_id: str, indicator: str | None) -> Draft:
    """Raises NotFound; ValueNotAllowed where this hospital has no result of `indicator`."""
    source = Source(reader)
    entry = source.take(reader.provider(provider_id))
    fixed = reader.is_fixed_provider(provider_id)
    rows = source.results(Scope("providers", provider_id), fixed=fixed, level=["provider"])
    people = [] if fixed else source.consultants(provider=[provider_id])
    definitions = {
        slug: source.take(reader.indicator(slug)) for slug in sorted({row["indicator"]["id"] for row in rows})
    }
    if indicator is not None and indicator not in definitions:
        if source.checked or fixed:
            raise ValueNotAllowed("There is no result of this indicator here.", errors=[{"parameter": "indicator"}])
        indicator = None
    gone = subjects.ended(entry) is not None  # nothing of it is in a newest period, beside the others
    compared = [] if gone else [one for one in definitions.values() if not subjects.is_plain(one)]
    drawable = [one for one in compared if source.checked or not one["revocable"]]
    asked = indicator if indicator in {one["id"] for one in compared} else None
    chosen = asked or subjects.first_to_compare(rows, drawable or compared)
    definition = definitions[chosen] if chosen else None
    funnel = source.funnel(definition, None) if definition else None
    others = _others(source, funnel)
    waiting = [] if source.checked else reader.revocable_labels(provider_id)
    if definition and definition["revocable"] and not source.checked and definition["label"] not in waiting:
        waiting.append(f"{definition['label']}: the other hospitals' figures")
    complete = source.checked or (fixed and not waiting)

    def draw() -> Page:
        who = results.noun_of(others)
        drawn = chart(funnel, definition, _when(others), entry, who) if funnel and definition and others else None
        comparison = subjects.Comparison(chosen or "", drawn, others)
        shown = subjects.Shown(complete, waiting)
        return subjects.provider(entry, rows, people, comparison, indicators=definitions, base=source.base, shown=shown)

    return source.draft(draw, complete=complete)


def _others(source: Source, funnel: Body | None) -> list[Body]:
    """The rows behind a funnel's points, and those that have no point."""
    if funnel is None:
        return []
    return source.results(indicator=[funnel["indicator"]], period=[funnel["period"]], level=[funnel["level"]])


def _when(rows: list[Body]) -> Body:
    period: Body = rows[0]["period"]
    return period


def indicator(reader: Reader, indicator_id: str, period: str | None) -> Draft:
    """Raises NotFound; ValueNotAllowed for a period that the indicator does not have."""
    source = Source(reader)
    entry = source.take(reader.indicator(indicator_id))
    if period is not None and period not in entry["periods"]:
        raise ValueNotAllowed("The indicator has no such period.", errors=[{"parameter": "period"}])
    funnel = source.funnel(entry, period)
    shown = funnel["period"] if funnel else period or (entry["periods"][-1] if entry["periods"] else "")
    rows = source.results(indicator=[indicator_id], period=[shown], level=["provider"]) if shown else []
    named = shown and source.checked and "consultant" in entry["levels"]
    people = source.results(indicator=[indicator_id], period=[shown], level=["consultant"]) if named else []
    periods = results.Periods([(one, span(one)) for one in reversed(entry["periods"])], span(shown))

    complete = source.checked or not entry["revocable"]

    def draw() -> Page:
        drawn = chart(funnel, entry, _when(rows), who=results.noun_of(rows)) if funnel and rows else None
        return results.indicator(entry, rows, people, drawn, periods=periods, base=source.base, complete=complete)

    return source.draft(draw, complete=complete)


def model(reader: Reader, indicator_id: str) -> Draft:
    """Depends on nobody's decision. Raises NotFound; NoModelCard where the indicator has none."""
    source = Source(reader)
    card, entry = source.take(reader.model(indicator_id)), source.take(reader.indicator(indicator_id))
    return source.draft(lambda: models.model(card, entry, source.base), complete=True)


def consultant(reader: Reader, gmc: str) -> Draft:
    """Raises NotFound, the same for a number that nobody holds."""
    source = Source(reader)
    entry = source.take(reader.consultant(gmc))
    rows = source.results(Scope("consultants", gmc))
    unit = [source.take(reader.result(one)) for one in entry["unit_results"]]
    known = {row["indicator"]["id"] for row in rows}
    definitions = {one: source.take(reader.indicator(one)) for one in sorted(known)}
    return source.draft(lambda: subjects.consultant(entry, rows, unit, definitions, source.base), complete=True)


def result(reader: Reader, result_id: str) -> Draft:
    """Raises NotFound, whatever the cause."""
    source = Source(reader)
    row = source.take(reader.result(result_id))
    entry = source.take(reader.indicator(row["indicator"]["id"]))
    place = source.place(row) if entry["ranked"] else None
    merged = "reported_as" in row["subject"]
    where = source.take(reader.provider(row["subject"]["id"])) if merged else {}
    succession = where.get("succession", ())
    return source.draft(
        lambda: results.result(row, source.base, entry, place=place, succession=succession), complete=True
    )
