"""A publisher small enough to be written by hand, for tests of the disclosure audit: public bytes, right ones, and such
as no build of ours can be made to send. Nothing here is used to judge anything."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

import httpx

INDICATOR: Final = "hip-mortality-30d"
PERIOD: Final = "2023-04_2026-03"
FIRST, SECOND = "2026-06-30", "2026-09-30"
Body = dict[str, Any]
Sizes = tuple[int, int, float]

# Who works where: cases, deaths, expected deaths. Assurance's example, and two hospitals beside it; expected deaths of
# all add up to the deaths, as they do where a model was fitted on the same cases.
TRUTH: Final[Mapping[tuple[str, str], Sizes]] = {
    ("A", "ZZ1"): (120, 6, 5.1), ("B", "ZZ1"): (40, 4, 3.2), ("C", "ZZ1"): (60, 5, 4.1), ("D", "ZZ1"): (90, 5, 4.4),
    ("E", "ZZ1"): (200, 9, 10.2), ("F", "ZZ2"): (150, 7, 7.4), ("G", "ZZ2"): (80, 4, 3.9), ("H", "ZZ2"): (70, 4, 4.0),
    ("I", "ZZ3"): (110, 6, 6.3), ("J", "ZZ3"): (95, 5, 5.2), ("K", "ZZ3"): (130, 8, 7.2), ("K", "ZZ2"): (30, 2, 4.0),
}  # fmt: skip
NUMBER: Final = {letter: f"99000{place:02d}" for place, letter in enumerate("ABCDEFGHIJK", 1)}
PERSON_OF: Final = {number: letter for letter, number in NUMBER.items()}
CSV: Final = (
    "result_id", "status", "reason", "partition", "level", "provider_id", "consultant_id", "indicator_id",
    "period_start", "period_end", "estimate", "interval_lower", "interval_upper", "interval_method", "observed",
    "expected", "denominator", "standardised_ratio", "crude", "benchmark_value", "comparison_status", "position",
    "not_rated_reason", "case_ascertainment",
)  # fmt: skip


def sums(cells: Iterable[Sizes]) -> Sizes:
    whole = list(cells)
    return sum(one[0] for one in whole), sum(one[1] for one in whole), round(sum(one[2] for one in whole), 2)


def of_person(letter: str) -> Sizes:
    return sums(sizes for (who, _), sizes in TRUTH.items() if who == letter)


def of_unit(unit: str) -> Sizes:
    return sums(sizes for (_, where), sizes in TRUTH.items() if where == unit)


def main_unit(letter: str) -> str:
    return max((sizes[0], unit) for (who, unit), sizes in TRUTH.items() if who == letter)[1]


def value_of(sizes: Sizes) -> Body:
    cases, observed, expected = sizes
    ratio = round(observed / expected, 2)
    return {"kind": "standardised_ratio", "estimate": ratio, "observed": observed, "expected": round(expected, 2),
            "denominator": cases, "standardised_ratio": ratio}  # fmt: skip


def row(release: str, level: str, subject: str, value: Body | None, provider: str = "") -> Body:
    """As the API has it; without a value it is an absent one."""
    base = f"/v1/releases/{release}"
    who: Body = {"level": level, "id": subject, "name": f"Synthetic {subject}"}
    if provider:
        who["provider"] = {"id": provider, "name": provider}
    body: Body = {
        "id": f"r-{level[0]}{subject.lower()}", "status": "published" if value else "not_published",
        "partition": "revocable", "indicator": {"id": INDICATOR}, "subject": who,
        "period": {"id": PERIOD, "start": "2023-04-01", "end": "2026-03-31"},
    }  # fmt: skip
    if value is None:
        body["absence"] = {"reason": "not_published"}
    else:
        body |= {"value": value, "comparison": {"status": "rated", "position": "within", "benchmark": {"value": 1.0}}}
    return body | {"links": {"self": f"{base}/results/{body['id']}"}}


def rows(release: str, hidden: str = "", withheld: str = "") -> list[Body]:
    """`hidden`: letters of people without a row; `withheld`: units without a figure, as `ZZ1 ZZ2`."""
    found = [
        row(release, "provider", unit, None if unit in withheld.split() else value_of(of_unit(unit)))
        for unit in sorted({unit for _, unit in TRUTH})
    ]
    people = sorted({who for who, _ in TRUTH} - set(hidden))
    return found + [row(release, "consultant", NUMBER[who], value_of(of_person(who)), main_unit(who)) for who in people]


@dataclass
class Publisher:
    """`lists` by release: what its list of results shows. The other fields are ways to leak."""

    lists: dict[str, list[Body]]
    csv_lists: dict[str, list[Body]] = field(default_factory=dict)
    points: list[Body] = field(default_factory=list)
    more_in_totals: int = 0
    absent_of_people: bool = False
    events: list[Body] = field(default_factory=list)
    card: Body | None = None
    known_numbers: set[str] = field(default_factory=set)
    searchable: set[str] = field(default_factory=set)
    linked: str = ""
    rules: Body = field(default_factory=dict)
    region: str = "Synthetic North"
    before: Callable[[httpx.Request], httpx.Response | None] = lambda _request: None  # an answer instead of ours
    views: int = 1

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        early = self.before(request)
        if early is not None:
            return early
        path, query = request.url.path, {name: one[0] for name, one in parse_qs(request.url.query.decode()).items()}
        parts = path.strip("/").split("/")
        if parts[:2] == ["v1", "releases"] and len(parts) > 2:
            found = self.of_release(parts[2], parts[3:], query)
        else:
            found = self.of_house(parts, query)
        return httpx.Response(404, json={"code": "not_found"}) if found is None else found

    def of_house(self, parts: list[str], query: Mapping[str, str]) -> httpx.Response | None:
        newest = max(self.lists, default="")
        if parts == ["v1"]:
            return as_json({"name": "Candour", "release": newest, "links": {"releases": "/v1/releases"}})
        if parts == ["v1", "releases"]:
            return as_json(page([{"release": one} for one in sorted(self.lists)]))
        if parts == ["v1", "changes"]:
            body = page([one for one in self.events if one["sequence"] > int(query.get("after", "0"))])
            return as_json(body | {"meta": {"latest": len(self.events)}})
        if parts[0] in ("providers", "indicators", "consultants"):
            return httpx.Response(200, html=f'<a href="{self.linked}">a page</a>')
        return None

    def of_release(self, release: str, parts: list[str], query: Mapping[str, str]) -> httpx.Response | None:
        found = self.lists.get(release)
        if found is None:
            return None
        if not parts:
            return as_json({"release": release, "view": self.views})
        if parts[0].startswith("results"):
            return self.of_results(release, parts, query)
        if len(parts) == 1:
            return self.of_definitions(release, parts[0], found, query)
        if parts[-1] in ("funnel", "model"):
            return as_json(self.funnel(found, query["level"]) if parts[-1] == "funnel" else self.card)
        return self.of_subject(found, parts)

    def of_results(self, release: str, parts: list[str], query: Mapping[str, str]) -> httpx.Response | None:
        found = self.lists[release]
        if parts == ["results"]:
            return self.listed(filtered(found, query), query)
        if parts[0] == "results":
            return next((as_json(one) for one in found if one["id"] == parts[1]), None)
        return as_file(parts[0], self.csv_lists.get(release, found) if parts[0].endswith("csv") else found)

    def of_definitions(self, release: str, name: str, found: list[Body], query: Mapping[str, str]) -> httpx.Response:
        base = f"/v1/releases/{release}/indicators/{INDICATOR}"
        links = {"funnel": f"{base}/funnel"} | ({"model": f"{base}/model"} if self.card else {})
        indicator = {"id": INDICATOR, "levels": ["provider", "consultant"], "periods": [PERIOD], "rules": self.rules,
                     "links": links}  # fmt: skip
        people = {one["subject"]["id"] for one in found if one["subject"]["level"] == "consultant"}
        if "q" in query:
            people = (people | self.searchable) & {query["q"]}
        return as_json(page({
            "files": [], "indicators": [indicator], "consultants": [{"id": one} for one in sorted(people)],
            "providers": [{"id": unit, "region": self.region} for unit in ("ZZ1", "ZZ2", "ZZ3")],
        }[name]))  # fmt: skip

    def of_subject(self, found: list[Body], parts: list[str]) -> httpx.Response | None:
        if len(parts) == 2:
            shown = {one["subject"]["id"] for one in found}
            return as_json({"id": parts[1]}) if parts[1] in shown | self.known_numbers else None
        name = {"indicators": "indicator", "providers": "provider", "consultants": "consultant"}[parts[0]]
        return self.listed(filtered(found, {name: parts[1]}), {})

    def listed(self, found: list[Body], query: Mapping[str, str]) -> httpx.Response:
        shown = found[: int(query.get("limit", "100"))]
        body = page(shown) | {"links": {"next": "/v1/more"} if len(shown) < len(found) else {}}
        body["meta"] = {"total": len(found) + self.more_in_totals}
        if self.absent_of_people and query.get("level") == "consultant":
            body["meta"]["absent"] = {"not_published": 3}
        return as_json(body)

    def funnel(self, found: list[Body], level: str) -> Body:
        points = [
            {"result": one["id"], level: one["subject"]["id"], "x": one["value"]["expected"],
             "y": one["value"]["standardised_ratio"], "comparison": "rated", "position": "within"}
            for one in found
            if one["subject"]["level"] == level and {"expected", "standardised_ratio"} <= one.get("value", {}).keys()
        ]  # fmt: skip
        points += self.points if level == "consultant" else []
        return {"indicator": INDICATOR, "period": PERIOD, "level": level, "points": points,
                "summary": {"within": len(points)}}  # fmt: skip


def filtered(found: list[Body], query: Mapping[str, str]) -> list[Body]:
    def fits(one: Body) -> bool:
        subject = one["subject"]
        place = subject["provider"]["id"] if "provider" in subject else subject["id"]
        has = {"level": subject["level"], "indicator": INDICATOR, "provider": place, "consultant": subject["id"],
               "position": one.get("comparison", {}).get("position")}  # fmt: skip
        return all(has[name] == wanted for name, wanted in query.items() if name in has)

    return [one for one in found if fits(one)]


def page(data: list[Body]) -> Body:
    return {"data": data, "meta": {"total": len(data)}, "links": {}}


def as_json(body: Any) -> httpx.Response:
    return httpx.Response(200, content=json.dumps(body), headers={"content-type": "application/json"})


def as_file(name: str, found: list[Body]) -> httpx.Response:
    if name.endswith("ndjson"):
        lines = [json.dumps(one) for one in [*found, {"status": "end", "rows": len(found)}]]
        return httpx.Response(200, content="\n".join(lines), headers={"content-type": "application/x-ndjson"})
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(as_line(one) for one in found)
    return httpx.Response(200, content=text.getvalue(), headers={"content-type": "text/csv"})


def as_line(one: Body) -> Body:
    subject, value, comparison = one["subject"], one.get("value", {}), one.get("comparison", {})
    person = subject["level"] == "consultant"
    ends = value.get("interval", {})
    return {
        "result_id": one["id"], "status": one["status"], "reason": one.get("absence", {}).get("reason", ""),
        "partition": one["partition"], "level": subject["level"], "indicator_id": INDICATOR,
        "provider_id": subject["provider"]["id"] if person else subject["id"],
        "consultant_id": subject["id"] if person else "", "period_start": "2023-04-01", "period_end": "2026-03-31",
        "interval_lower": ends.get("lower", ""), "interval_upper": ends.get("upper", ""),
        "interval_method": ends.get("method", ""), "comparison_status": comparison.get("status", ""),
        "position": comparison.get("position", ""), "not_rated_reason": comparison.get("reason", ""),
        "case_ascertainment": one.get("quality", {}).get("case_ascertainment", ""),
        "benchmark_value": comparison.get("benchmark", {}).get("value", ""), **value,
    }  # fmt: skip


def roster_text(*releases: str, secret: str | None = None) -> str:
    """What the steward has; `secret`: letters of those who may not be named, None for a roster that does not say."""
    header = ["release", "indicator", "period", "provider", "consultant", "cases", "observed", "expected"]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header + (["secret"] if secret is not None else []))
    for release in releases:
        for (who, unit), sizes in sorted(TRUTH.items()):
            told = [] if secret is None else ["yes" if who in secret else "no"]
            writer.writerow([release, INDICATOR, PERIOD, unit, NUMBER[who], *sizes, *told])
    return out.getvalue()
