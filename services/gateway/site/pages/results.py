"""Pages of an indicator and of a single result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.gateway.api.codelists import CODELISTS
from services.gateway.site.lines import by_subject, line
from services.gateway.site.pages.figures import Chart
from services.gateway.site.pages.general import HOME
from services.gateway.site.pages.subjects import NOBODY_ASKED, case_mix, is_disputed, is_plain
from services.gateway.site.paths import path_words
from services.gateway.site.rendering import Page
from services.gateway.site.wording import POLARITIES, Body, between_places, day, figure, licence, noun, period, said

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
    plain = is_plain(entry)
    return facts([
        ("What is counted", entry["numerator"]), ("Among whom", entry["denominator"]),
        ("Possible words", ", ".join(entry.get("words", ()))), ("Published by", entry["source"] if plain else ""),
        ("Which way", POLARITIES[entry["polarity"]]), ("Allows for", "" if plain else case_mix(entry)),
        ("Standing", STANDINGS[entry["status"]]), ("Checked by", entry["checked_by"]),
        ("Next review", day(entry["next_review"])), ("Licence", licence(entry["licence"])),
    ])  # fmt: skip


def method_of(entry: Body) -> list[dict[str, Any]]:
    interval, limits = entry["interval"], entry["limits"]
    if is_plain(entry):
        return facts([("Written by", entry["authored_by"]), ("Version", entry["version"])])
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
    "reproduced": "Reproduced: somebody else's published figures, worked out again or shown as they are",
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
    who = noun_of(rows)
    context = {
        "plain": is_plain(entry), "noun": who, "licence": licence(entry["licence"]),
        "indicator": entry, "definition": definition(entry), "more": method_of(entry), "chart": chart,
        "lines": by_subject(rows), "people": by_subject(people),
        "complete": complete, "periods": periods.all, "shown": periods.shown, "next": "",
        "table": chart.table if chart else f"{entry['label']}, by name of {who}",
    }  # fmt: skip
    address = f"{base}/indicators/{entry['id']}/results"
    return Page(
        "indicator.jinja", f"{entry['label']}: what it measures, and results by {who}", context,
        (HOME, INDICATORS), address, f"{address}.csv", f"/indicators/{entry['id']}",
        synthetic=bool(entry["synthetic"]),
    )  # fmt: skip


def noun_of(rows: Sequence[Body]) -> str:
    """What the subjects of these rows are, in the middle of a sentence: hospitals, where there are none."""
    kinds = {row["subject"].get("kind", "other") for row in rows}
    return noun(kinds.pop()) if len(kinds) == 1 else "organisation" if kinds else "hospital"


def result(row: Body, base: str, entry: Body, *, place: Body | None = None, succession: Sequence[Body] = ()) -> Page:
    """`entry`: the definition of its indicator. `place`: between which places it lies, where that is defined.
    `succession`: of its provider."""
    shown, plain = line(row, succession), is_plain(entry)
    found = facts([("Place", between_places(place))]) if place else []
    by = facts([("Published by", entry["source"]), ("Licence", licence(entry["licence"]))]) if plain else []
    context = {
        "line": shown, "facts": result_facts(row) + found + by, "method": [] if plain else method_facts(row),
        "disputed": is_disputed(row), "reply": said(row.get("reply", NOBODY_ASKED)), "plain": plain,
        "message": (shown.result if plain else "") or shown.tag.text,
    }  # fmt: skip
    address = f"{base}/results/{row['id']}"
    title = f"{shown.subject}, {shown.indicator}: {context['message']}"
    crumbs = (HOME, (shown.subject, shown.subject_href))
    path = f"/results/{row['id']}"
    return Page("result.jinja", title, context, crumbs, address, path=path, synthetic=bool(entry["synthetic"]))


def result_facts(row: Body) -> list[dict[str, Any]]:
    shown = line(row)
    return facts([
        ("Period", period(row["period"])), ("Result", shown.result), ("Compared with", shown.benchmark),
        ("Observed", shown.observed), ("Expected for these patients", shown.expected),
        ("Observed divided by expected", shown.ratio), ("Cases", shown.cases), ("Cases sent", shown.ascertained),
        ("How sure", shown.certainty),
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
