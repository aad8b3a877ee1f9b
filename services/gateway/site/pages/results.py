"""Pages of an indicator and of a single result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.gateway.api.codelists import CODELISTS
from services.gateway.site.lines import by_subject, line
from services.gateway.site.pages.figures import Chart
from services.gateway.site.pages.general import HOME
from services.gateway.site.pages.subjects import NOBODY_ASKED, case_mix, is_disputed
from services.gateway.site.paths import path_words
from services.gateway.site.rendering import Page
from services.gateway.site.wording import POLARITIES, Body, between_places, day, figure, licence, period, said

INDICATORS: Final = ("Indicators", "/indicators")


def facts(pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Rows of a summary list; what is not known is left out."""
    return [{"key": {"text": key}, "value": {"text": value}} for key, value in pairs if value]


def indicators(entries: Sequence[Body], base: str) -> Page:
    listed = sorted(entries, key=lambda found: str(found["label"]).casefold())
    return Page(
        "indicators.jinja", "Indicators: what is measured", {"indicators": listed}, (HOME,), f"{base}/indicators",
        path="/indicators",
    )  # fmt: skip


def definition(entry: Body) -> list[dict[str, Any]]:
    """What a reader needs before the figures: what is counted, and who stands behind it."""
    return facts([
        ("What is counted", entry["numerator"]), ("Among whom", entry["denominator"]),
        ("Which way", POLARITIES[entry["polarity"]]), ("Allows for", case_mix(entry)),
        ("Standing", STANDINGS[entry["status"]]), ("Checked by", entry["checked_by"]),
        ("Next review", day(entry["next_review"])), ("Licence", licence(entry["licence"])),
    ])  # fmt: skip


def method_of(entry: Body) -> list[dict[str, Any]]:
    interval, limits = entry["interval"], entry["limits"]
    return facts([
        ("Range", f"{interval['level']:.0%}: {meaning('interval-methods', interval['method'])}"),
        ("Limits", meaning("limit-methods", limits["method"])), ("Written by", entry["authored_by"]),
        ("Version", entry["version"]), ("Source", entry["source"]),
    ])  # fmt: skip


def meaning(codelist: str, code: str) -> str:
    """The API's plain meaning of a code of an open list; a code that it does not list yet reads as it is."""
    entry = CODELISTS[codelist].entry(code)
    return entry.meaning.removesuffix(".") if entry else code.replace("_", " ")


STANDINGS: Final = {
    "official": "Official",
    "reproduced": "Reproduced: somebody else's published figures, worked out again",
    "illustrative": "Illustrative: shows the method, not for decisions",
    "synthetic": "Synthetic: made for demonstration, about nobody",
}


@dataclass(frozen=True)
class Periods:
    """Id and words of every period of an indicator, and the words of the one on the page."""

    all: Sequence[tuple[str, str]]
    shown: str


def ground(code: str) -> str:
    """The legal basis by its name; empty where none is needed."""
    entry = CODELISTS["legal-bases"].entry(code)
    return entry.label if entry else ""


def indicator(
    entry: Body,
    rows: Sequence[Body],
    people: Sequence[Body],
    chart: Chart | None,
    *,
    periods: Periods,
    base: str,
    complete: bool,
) -> Page:
    """How many people are missing is neither known here nor said."""
    context = {
        "indicator": entry, "definition": definition(entry), "more": method_of(entry), "chart": chart,
        "lines": by_subject(rows), "people": by_subject(people),
        "complete": complete, "periods": periods.all, "shown": periods.shown, "next": "",
        "table": chart.table if chart else f"{entry['label']}, by name of hospital",
    }  # fmt: skip
    address = f"{base}/indicators/{entry['id']}/results"
    return Page(
        "indicator.jinja", f"{entry['label']}: what it measures, and results by hospital", context,
        (HOME, INDICATORS), address, f"{address}.csv", f"/indicators/{entry['id']}",
        synthetic=bool(entry["synthetic"]),
    )  # fmt: skip


def result(row: Body, base: str, *, synthetic: bool, place: Body | None = None) -> Page:
    """`place`: between which places it lies, where that is defined."""
    shown = line(row)
    found = facts([("Place", between_places(place))]) if place else []
    context = {
        "line": shown, "facts": result_facts(row) + found, "method": method_facts(row), "disputed": is_disputed(row),
        "reply": said(row.get("reply", NOBODY_ASKED)),
    }  # fmt: skip
    address = f"{base}/results/{row['id']}"
    title = f"{shown.subject}, {shown.indicator}: {shown.tag.text}"
    crumbs = (HOME, (shown.subject, shown.subject_href))
    path = f"/results/{row['id']}"
    return Page("result.jinja", title, context, crumbs, address, path=path, synthetic=synthetic)


def result_facts(row: Body) -> list[dict[str, Any]]:
    shown = line(row)
    return facts([
        ("Period", period(row["period"])), ("Result", shown.result), ("Compared with", shown.benchmark),
        ("Observed", shown.observed), ("Expected for these patients", shown.expected),
        ("Observed divided by expected", shown.ratio), ("Cases", shown.cases), ("How sure", shown.certainty),
    ])  # fmt: skip


def method_facts(row: Body) -> list[dict[str, Any]]:
    """Methods and limits of a published row; an absent one has none."""
    if row["status"] != "published":
        return []
    unit, decimals = row["indicator"]["unit"], row["indicator"]["decimals"]
    limits = row.get("comparison", {}).get("limits", {})
    sides = [(name, limits[name]) for name in ("warning", "control") if len(limits.get(name, {})) == 2]
    spans = {n: f"{figure(s['lower'], unit, decimals)} to {figure(s['upper'], unit, decimals)}" for n, s in sides}
    method, interval = row.get("method", {}), row["value"].get("interval")
    return facts([
        ("Range", f"{interval['level']:.0%}: {meaning('interval-methods', interval['method'])}" if interval else ""),
        ("Warning limits (95%)", spans.get("warning", "")), ("Control limits (99.8%)", spans.get("control", "")),
        ("Limits", meaning("limit-methods", limits["method"]) if "method" in limits else ""),
        ("Risk model", method.get("risk_model", "")), *robustness_facts(row),
        ("Disclosure rule", method.get("disclosure_rule", "")), ("Definition", row["indicator"].get("version", "")),
        ("Worth knowing", ". ".join(meaning("quality-flags", one) for one in row.get("quality", {}).get("flags", ()))),
        ("Published on the ground of", ground(row.get("basis", {}).get("legal_basis", ""))),
    ])  # fmt: skip


def robustness_facts(row: Body) -> list[tuple[str, str]]:
    """Under how many other methods a result beyond the limits would be beyond them, too, and which say otherwise."""
    found = row.get("comparison", {}).get("robustness")
    if found is None:
        return []
    differing = "; ".join(path_words(name) for name in found["differing"])
    return [
        ("Methods that agree", f"{found['agreeing']} of {found['paths']} that are as defensible"),
        ("Methods that do not", differing),
    ]
