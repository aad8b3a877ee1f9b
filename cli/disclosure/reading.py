"""Reads one release in every format and form that the public has."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlencode

from cli.disclosure.facts import Card
from cli.disclosure.fetching import chosen
from cli.disclosure.findings import Equation
from cli.disclosure.numbers import to_step
from cli.disclosure.reader import PAGE, Reader, Release
from cli.disclosure.rows import Row, differences, from_body, key_of, parsed

FEW: Final = 3  # counts that may all be multiples of 5 by chance
POSITIONS: Final = ("within", "above_warning", "above_control", "below_warning", "below_control")


def read_release(reader: Reader, name: str) -> Release:
    """Raises CouldNotJudge where the release or its list of results cannot be read."""
    release = Release(name, str(reader.json(f"/v1/releases/{name}").get("view", "")))
    for read in (pages, definitions, whole_forms, parts, single, funnels, filters, people, html):
        read(reader, release)
    return release


def pages(reader: Reader, release: Release) -> None:
    """The list, page by page: what all other forms are compared with."""
    path, total = f"{release.base}/results?limit={PAGE}", "0"
    while path:
        body = reader.json(path)
        for one in body["data"]:
            row = from_body(one)
            if key_of(row) in release.rows:
                reader.differ(release, row, path, "the list of results shows it twice")
            release.rows[key_of(row)] = row
            reader.keep(release, row, f"{release.base}/results/{row['result_id']}")
            reader.note_unknown(one)
        total = body["meta"]["total"]
        path = body["links"].get("next", "")
    reader.total(release, f"{release.base}/results", total, len(release.rows))


def definitions(reader: Reader, release: Release) -> None:
    """Nothing of a person, but what figures are made of: rules, models, regions."""
    release.indicators = list(reader.json(f"{release.base}/indicators")["data"])
    for one in release.indicators:
        rule = one.get("rules", {}).get("patient_rule") or one.get("patient_rule")
        if rule or _to_five(release, one["id"]):
            reader.facts.rules[release.name, one["id"]] = str(rule or "counts-1-7")
        if "min_case_ascertainment" in one.get("rules", {}):
            reader.facts.gated.add((release.name, one["id"]))
        if "model" in one["links"]:
            _card(reader, release, one["links"]["model"])
    for provider in reader.all(f"{release.base}/providers"):
        reader.facts.regions[provider["id"]] = provider.get("region", "")


def _to_five(release: Release, indicator: str) -> bool:
    """Whether counts of an indicator are evidently told to the nearest 5: where they are, no row has limits."""
    rows = [row for row in release.rows.values() if row["indicator"] == indicator and "observed" in row]
    limits = any(name in row for row in rows for name in ("interval_lower", "interval_upper"))
    counts = [float(row[name]) for row in rows for name in ("observed", "denominator") if name in row]
    return not limits and len(counts) > FEW and all(count % 5 == 0 for count in counts)


def _card(reader: Reader, release: Release, path: str) -> None:
    body = reader.json(path)
    size, rule = body["size"], body.get("disclosure", {})
    cases = to_step(float(size["cases"]), float(rule.get("cases_to", 1)))
    events = to_step(float(size["events"]), float(rule.get("events_to", 1)))
    reader.facts.cards[release.name, body["indicator"], body["period"]["id"]] = Card(cases, events, path)


def whole_forms(reader: Reader, release: Release) -> None:
    """CSV and NDJSON have exactly the rows of the list; files exactly those that no decision can hide."""
    wanted = {f"{release.base}/results.csv": release.rows, f"{release.base}/results.ndjson": release.rows}
    fixed = {key: row for key, row in release.rows.items() if row.get("partition") == "fixed"}
    for listed in reader.readable([reader.site.get(f"{release.base}/files")]):
        wanted |= {one["links"]["self"]: fixed for one in reader.body_of(listed)["data"]}
    for answer in reader.readable(reader.site.many(wanted)):
        reader.compare(release, answer.path, reader.rows_of(answer), wanted[answer.path], complete=True)


def parts(reader: Reader, release: Release) -> None:
    """Of each indicator, provider and consultant."""
    by_place: dict[str, dict[tuple[str, str, str, str], Row]] = {}
    for key, row in release.rows.items():
        for path in _lists_with(release, row):
            by_place.setdefault(path, {})[key] = row
    for answer in reader.readable(reader.site.many(f"{path}?limit={PAGE}" for path in sorted(by_place))):
        expected, body = by_place[answer.path.partition("?")[0]], reader.body_of(answer)
        whole = "next" not in body["links"]
        reader.compare(release, answer.path, reader.rows_of(answer), expected, complete=whole)
        reader.total(release, answer.path, body["meta"]["total"], len(expected))


def _lists_with(release: Release, row: Row) -> Iterator[str]:
    yield f"{release.base}/indicators/{row['indicator']}/results"
    if row["level"] == "consultant":
        yield f"{release.base}/consultants/{row['subject']}/results"
    if row.get("provider_id"):
        yield f"{release.base}/providers/{row['provider_id']}/results"


def single(reader: Reader, release: Release) -> None:
    ids = [row["result_id"] for row in release.rows.values()]
    wanted = [f"{release.base}/results/{one}" for one in chosen(ids, reader.depth.single)]
    for answer in reader.readable(reader.site.many(wanted)):
        reader.compare(release, answer.path, [from_body(parsed(answer.body))], release.rows, complete=False)


def funnels(reader: Reader, release: Release) -> None:
    wanted = [
        f"{one['links']['funnel']}?{urlencode({'level': level, 'period': period})}"
        for one in release.indicators
        for level in one["levels"]
        for period in one["periods"]
        if "funnel" in one["links"]
    ]
    for answer in reader.readable(reader.site.many(wanted)):
        _funnel(reader, release, answer.path, reader.body_of(answer))


def _funnel(reader: Reader, release: Release, path: str, body: dict[str, Any]) -> None:
    expected = release.of(body["level"], body["indicator"], body["period"])
    for point in body["points"]:
        row = _of_point(body, point)
        reader.facts.add(release.name, row, path)
        known = expected.get(key_of(row))
        if known is None:
            reader.differ(release, row, path, "the funnel has a point whose row is not in the list of results")
        elif names := list(differences(row, known, ("expected", "standardised_ratio"))):
            reader.differ(release, row, path, f"the point in the funnel has another {', '.join(names)}")
    drawn = Counter(point.get("position", "not_rated") for point in body["points"])
    told = {name: int(number) for name, number in body.get("summary", {}).items()}
    if any(number != drawn[name] for name, number in told.items()):
        reader.count(release, path, f"the summary counts {sum(told.values())} points, {sum(drawn.values())} are drawn")
    reader.absent(release, path, body.get("absent"), body["level"], expected.values())


def _of_point(body: dict[str, Any], point: dict[str, Any]) -> Row:
    """A point as a row: where it is drawn are its expected number and its ratio."""
    person = body["level"] == "consultant"
    subject = point.get("consultant", "") if person else point.get("reported_as", point.get("provider", ""))
    row = {
        "result_id": point["result"], "status": "published", "level": body["level"], "subject": subject,
        "indicator": body["indicator"], "period": body["period"], "expected": point["x"],
        "standardised_ratio": point["y"],
    }  # fmt: skip
    return row | ({"provider_id": point["provider"]} if "provider" in point else {})


def filters(reader: Reader, release: Release) -> None:
    """Facet by facet, the number of rows that a filter finds."""
    wanted = list(_questions(reader, release))
    asked = (f"{release.base}/results?{urlencode(query)}&limit=1" for query, _ in wanted)
    for answer, (query, rows) in zip(reader.site.many(asked), wanted, strict=True):
        for readable in reader.readable([answer]):
            meta = reader.body_of(readable)["meta"]
            reader.total(release, answer.path, meta["total"], len(rows))
            reader.absent(release, answer.path, meta.get("absent"), query["level"], rows)


def _questions(reader: Reader, release: Release) -> Iterator[tuple[dict[str, str], list[Row]]]:
    """Each filter, and the rows that the list shows of it."""
    declared = {(level, one["id"]) for one in release.indicators for level in one["levels"]}
    for level, indicator in sorted({(key[0], key[2]) for key in release.rows} | declared):
        rows = list(release.of(level, indicator).values())
        asked = {"level": level, "indicator": indicator}
        yield asked, rows
        rated = [row for row in rows if row.get("comparison_status") == "rated"]
        for position in POSITIONS:
            yield asked | {"position": position}, [row for row in rated if row.get("position") == position]
        for place in chosen(release.subjects("provider"), reader.depth.filters):
            yield (
                asked | {"provider": place},
                [row for row in rows if place in (row.get("provider_id"), row["subject"])],
            )


def people(reader: Reader, release: Release) -> None:
    """The list of consultants knows nobody else than those with a row."""
    path, shown = f"{release.base}/consultants", set(release.subjects("consultant"))
    for answer in reader.readable([reader.site.get(path)]):
        listed = {one["id"] for one in reader.all(path)}
        for one in sorted(listed - shown):
            reader.found.add(
                "forms_differ", "the list of consultants has somebody without a row",
                {"release": release.name, "consultant": one}, Equation("listed", path),
            )  # fmt: skip
        reader.total(release, path, reader.body_of(answer)["meta"]["total"], len(listed))


def html(reader: Reader, release: Release) -> None:
    """A sample of the pages, which show the newest release: they link to nobody and nothing without a row."""
    if release.name != reader.json("/v1").get("release"):
        return
    subjects = {f"{level}s": release.subjects(level) for level in ("consultant", "provider")}
    wanted = ["/providers", "/indicators", *(f"/indicators/{one['id']}" for one in release.indicators)]
    wanted += [f"/{kind}/{one}" for kind, found in subjects.items() for one in chosen(found, reader.depth.pages // 2)]
    known = {"consultants": subjects["consultants"], "results": [row["result_id"] for row in release.rows.values()]}
    for answer in reader.readable(reader.site.many(wanted)):
        text = answer.body.decode(errors="replace")
        for kind, shown in known.items():
            for one in sorted(_linked(text, kind) - set(shown)):
                reader.found.add(
                    "forms_differ", "a page links to somebody or something without a row",
                    {"release": release.name, kind: one}, Equation("linked", answer.path),
                )  # fmt: skip


def _linked(text: str, kind: str) -> set[str]:
    return set(re.findall(rf'"/{kind}/([\w-]+)"', text))


def announced(reader: Reader, releases: Iterable[Release]) -> None:
    """Rows that `/v1/changes` has announced as gone, and not as back, are served nowhere."""
    gone: dict[str, set[str]] = {}
    after = "0"
    while True:
        body = reader.json(f"/v1/changes?after={after}&limit={PAGE}")
        for event in body["data"]:
            rows = gone.setdefault(event["release"], set())
            if event["kind"] == "rows.not_published":
                rows |= set(event.get("rows", []))
            elif event["kind"] == "rows.published":
                rows -= set(event.get("rows", []))
            after = event["sequence"]
        if len(body["data"]) < PAGE:
            break
    for release in releases:
        for key, row in release.rows.items():
            if row.get("status") == "published" and row["result_id"] in gone.get(release.name, set()):
                reader.found.add("announced", "announced as not published, and served",
                                 {"release": release.name, "indicator": key[2], "period": key[3], key[0]: key[1]},
                                 Equation("served", f"{release.base}/results/{row['result_id']}"),
                                 Equation("announced as gone", "/v1/changes"))  # fmt: skip
