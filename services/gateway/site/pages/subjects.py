"""Pages of a hospital, of a consultant, and of the search for either."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from services.gateway.site.lines import Line, by_indicator, by_subject, line, newest_and_earlier
from services.gateway.site.pages.figures import Chart
from services.gateway.site.pages.general import HOME
from services.gateway.site.rendering import Page
from services.gateway.site.wording import Body, day, figure, licence, noun, period, said, since

ABBREVIATIONS: Final = {"gi": "GI", "ent": "ENT", "gp": "GP"}
NOBODY_ASKED: Final = {"status": "none"}
SEARCHED: Final = (
    "Searched by the name, town, region, code and postcode of an organisation, and by the name of a consultant. Not by "
    "distance."
)
FIND: Final = ("Hospitals and consultants", "/providers")


def specialty(slug: str) -> str:
    """`adult-cardiac-surgery` as words, abbreviations as they are written."""
    words = " ".join(ABBREVIATIONS.get(word, word) for word in slug.split("-"))
    return words[:1].upper() + words[1:]


def person(consultant: Body) -> dict[str, str]:
    """How a consultant stands in a list: name, specialty, hospital; never a figure."""
    where = ", ".join(found["name"] for found in consultant["providers"])
    what = ", ".join(specialty(found) for found in consultant["specialties"])
    return {"id": consultant["id"], "name": consultant["name"], "what": f"{what}, {where}" if where else what}


def people(consultants: Iterable[Body] | None) -> list[dict[str, str]] | None:
    """None where it cannot be established just now who may be named."""
    if consultants is None:
        return None
    return sorted((person(found) for found in consultants), key=lambda one: (one["name"].casefold(), one["id"]))


def search(q: str, providers: Body, consultants: Iterable[Body] | None, base: str) -> Page:
    """`providers` is a page of the API's list; the words are the same whatever the cause of finding nothing."""
    cursor = next_cursor(providers)
    only_hospitals = {one["kind"] for one in providers["data"]} <= {"hospital"}
    context = {
        "searched": SEARCHED, "organisations": "Hospitals" if only_hospitals else "Organisations",
        "q": q, "heading": f"Results for “{q}”" if q else "Hospitals and consultants", "providers": providers["data"],
        "people": people(consultants), "next": f"/providers?{urlencode({'q': q, 'cursor': cursor})}" if cursor else "",
    }  # fmt: skip
    title = f"Hospitals and consultants found for {q}" if q else "All hospitals"
    query = f"?{urlencode({'q': q})}" if q else ""
    return Page("search.jinja", title, context, (HOME,), f"{base}/providers{query}", path=f"/providers{query}")


def next_cursor(listed: Body) -> str:
    """The opaque cursor in the address of the list's next page; empty on the last one."""
    found = parse_qs(urlsplit(listed["links"].get("next", "")).query)
    return found["cursor"][0] if "cursor" in found else ""


@dataclass(frozen=True)
class Comparison:
    """The chosen indicator, its chart, and the rows of every hospital that the chart shows."""

    indicator: str
    chart: Chart | None
    rows: Sequence[Body]


@dataclass(frozen=True)
class Shown:
    """Whether the page is all there; where not, what its missing figures are about."""

    complete: bool
    waiting: Sequence[str] = ()


def first_to_compare(rows: Sequence[Body], indicators: Iterable[Body]) -> str | None:
    """The indicator to begin with: first by label of those whose newest row is beyond the control limits, else of those
    with a figure, else of all."""
    newest = {row["indicator"]["id"]: row for row in newest_and_earlier(rows)[0]}

    def order(indicator: Body) -> tuple[bool, bool, str]:
        row = newest[indicator["id"]]
        beyond = row.get("comparison", {}).get("position") in ("above_control", "below_control")
        return not beyond, row["status"] != "published", str(indicator["label"])

    return min(indicators, key=order, default={"id": None})["id"]


def provider(
    entry: Body,
    rows: Sequence[Body],
    consultants: Iterable[Body] | None,
    comparison: Comparison,
    *,
    indicators: Mapping[str, Body],
    base: str,
    shown: Shown,
) -> Page:
    """`indicators`: the definition of each indicator of the rows. Ours stand first; what others have published stands
    under its publisher."""
    plain = {slug for slug, one in indicators.items() if is_plain(one)}
    succession = entry.get("succession", ())
    newest, earlier = newest_and_earlier([row for row in rows if row["indicator"]["id"] not in plain])
    choices = [
        {"value": slug, "text": one["label"], "selected": slug == comparison.indicator}
        for slug, one in sorted(indicators.items(), key=lambda item: str(item[1]["label"]))
        if slug not in plain and ended(entry) is None
    ]
    groups = published_groups([row for row in rows if row["indicator"]["id"] in plain], indicators, succession)
    context = {
        "provider": entry, "lines": by_indicator(newest, succession), "earlier": by_indicator(earlier, succession),
        "about": about(entry), "ended": ended(entry), "groups": groups, "noun": noun(entry["kind"]),
        "people": people(consultants), "complete": shown.complete, "waiting": shown.waiting, "choices": choices,
        "chart": comparison.chart, "others": by_subject(comparison.rows),
        "commentary": said(entry.get("commentary", NOBODY_ASKED)),
        "sources": reproduced([*newest, *earlier], indicators),
    }  # fmt: skip
    address = f"{base}/providers/{entry['id']}/results"
    return Page(
        "provider.jinja", f"{entry['name']}: {'results compared with expected' if newest else 'published results'}",
        context, (HOME, FIND),
        address, f"{address}.csv", f"/providers/{entry['id']}", synthetic=bool(entry["synthetic"]),
    )  # fmt: skip


def reproduced(rows: Iterable[Body], indicators: Mapping[str, Body]) -> list[dict[str, str]]:
    """Whose publications are computed again in these rows, in the order of their names."""
    own = (indicators[row["indicator"]["id"]] for row in rows)
    known = {(one["source"], one["licence"]) for one in own if one["status"] == "reproduced"}
    return [{"publisher": publisher, "licence": licence(code)} for publisher, code in sorted(known)]


def is_plain(indicator: Body) -> bool:
    """Whether others have published its figures, and nothing is compared here."""
    return bool(indicator["recipe"] == "published")


def published_groups(
    rows: Sequence[Body], indicators: Mapping[str, Body], succession: Sequence[Body]
) -> list[dict[str, Any]]:
    """By publisher and licence, in the order of their names: the newest of each indicator, and the earlier ones."""
    found: dict[tuple[str, str], list[Body]] = {}
    for row in rows:
        definition = indicators[row["indicator"]["id"]]
        found.setdefault((definition["source"], definition["licence"]), []).append(row)
    groups = []
    for publisher, code in sorted(found):
        newest, earlier = newest_and_earlier(found[publisher, code])
        groups.append({
            "publisher": publisher, "licence": licence(code), "lines": by_indicator(newest, succession),
            "earlier": by_indicator(earlier, succession),
        })  # fmt: skip
    return groups


def ended(entry: Body) -> dict[str, Any] | None:
    """Of an organisation that is no more: when it closed, and what took its place."""
    if entry.get("active", True):
        return None
    links = [one for one in entry.get("succession", ()) if one["relation"] == "successor"]
    return {"links": links, "closed": day(entry["closed"]) if "closed" in entry else ""}


def about(entry: Body) -> list[dict[str, Any]]:
    """What registers say of it, and from whom it came; nothing where they give no more than its name."""
    where = ", ".join(entry[name] for name in ("town", "postcode") if name in entry)
    above = entry.get("parent")
    before = [one for one in entry.get("succession", ()) if one["relation"] == "predecessor"]
    told = [
        ("Where", [_part(where)] if where else []),
        ("Opened", [_part(day(entry["opened"]))] if "opened" in entry else []),
        ("Part of", [_part(above["name"], above["id"])] if above else []),
        ("Took the place of", [_part(one["name"], one["id"], since(one)) for one in before]),
    ]
    found = [{"key": key, "parts": parts} for key, parts in told if parts]
    return [{"key": "Code", "parts": [_part(entry["id"])]}, *found] if found else []


def _part(text: str, provider: str = "", after: str = "") -> dict[str, str]:
    return {"text": text, "href": f"/providers/{provider}" if provider else "", "after": after}


def consultant(
    entry: Body, rows: Sequence[Body], unit: Sequence[Body], indicators: Mapping[str, Body], base: str
) -> Page:
    """The unit's results for the same indicators come first, then each own result with what it can detect."""
    newest, _ = newest_and_earlier(rows)
    own = [
        {"line": line(row), "facts": own_facts(row, indicators[row["indicator"]["id"]]), "disputed": is_disputed(row),
         "reply": said(row.get("reply", NOBODY_ASKED))}
        for row in newest
    ]  # fmt: skip
    names = ", ".join(found["name"] for found in entry["providers"])
    context = {
        "consultant": entry, "what": person(entry)["what"], "results": own,
        "unit": by_indicator(newest_and_earlier(unit)[0]),
        "unit_caption": f"Results of {names}" if names else "Results of the hospital",
        "commentary": said(entry["commentary"]),
    }  # fmt: skip
    address = f"{base}/consultants/{entry['id']}/results"
    return Page(
        "consultant.jinja", f"{entry['name']}: results of the hospital, and own results", context, (HOME, FIND),
        address, f"{address}.csv", f"/consultants/{entry['id']}",
        synthetic=any(found["synthetic"] for found in indicators.values()),
    )  # fmt: skip


def is_disputed(row: Body) -> bool:
    """Whether the subject asked for that flag."""
    return "disputed" in row.get("quality", {}).get("flags", ())


def own_facts(row: Body, indicator: Body) -> list[dict[str, Any]]:
    """Summary-list rows of one own result: volume, result, case mix, and how much the number can show."""
    shown: Line = line(row)
    facts = [
        ("Period", period(row["period"])), ("Number of operations", shown.cases), ("Result", shown.result),
        ("Compared with", shown.benchmark), ("Allows for", case_mix(indicator)), ("How sure", shown.certainty),
        ("Smallest difference it can detect", detectable(row)),
    ]  # fmt: skip
    return [{"key": {"text": key}, "value": {"text": value}} for key, value in facts if value]


def case_mix(indicator: Body) -> str:
    """What the risk model allows for, in words; an indicator without one says so."""
    model = indicator.get("risk_model")
    if model is None:
        return "Nothing: this figure does not allow for differences between patients"
    return ", ".join(str(name).replace("_", " ") for name in model["variables"])


def detectable(row: Body) -> str:
    ratio = row.get("certainty", {}).get("min_detectable_ratio")
    return "" if ratio is None else f"A rate {figure(ratio, 'ratio', 2)} times the one expected"
