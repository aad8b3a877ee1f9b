"""Answering: CSV and NDJSON, cache classes, validators, `latest`, HEAD, other sites' pages."""

import asyncio
import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import Request

from services.gateway.api.csvrows import HEADER
from services.gateway.api.http import unchanged
from tests.unit.test_gateway_baked import ADAMS, FIXED, MIXED, first_view, row_of
from tests.unit.test_gateway_world import Gateway, asked, within, world


def test_csv_has_the_one_header_and_harmless_text(tmp_path: Path) -> None:
    view = first_view()
    view.rows[1] |= {"summary": "=1+1"}
    view.rows.append(row_of(9, provider_id="ZZ003", indicator_id=FIXED, estimate=-0.5, summary='Say "so", twice'))

    async def run() -> httpx.Response:
        async with made.gateway() as gateway:
            return await gateway.get("/results.csv")

    with world(tmp_path, view) as made:
        answer = asyncio.run(run())
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.count(b"\r\n") == 10
    found = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert tuple(found[0]) == HEADER
    by_id = {one["result_id"][-1]: one for one in found}
    assert by_id["2"]["summary"] == "'=1+1"
    assert (by_id["9"]["estimate"], by_id["9"]["summary"]) == ("-0.5", 'Say "so", twice')
    assert (by_id["3"]["status"], by_id["3"]["estimate"], by_id["3"]["shorthand"]) == ("suppressed", "", "[c]")
    assert (by_id["6"]["crude"], by_id["6"]["consultant_id"]) == ("", ADAMS)
    assert {one["rank_lower"] + one["rank_upper"] + one["ranked_of"] for one in found} == {""}
    numeric = ("estimate", "interval_lower", "expected", "observed", "warning_lower", "crude", "decimals")
    assert all(one[name] == "" or float(one[name]) == float(one[name]) for one in found for name in numeric)


def test_the_three_forms_hold_the_same_rows(tmp_path: Path) -> None:
    page, table, lines = asked(tmp_path, "/results", "/results.csv", "/results.ndjson")
    objects = [json.loads(line) for line in lines.text.splitlines()]
    assert objects.pop() == {"status": "end", "rows": 8}
    assert objects == page.json()["data"]
    assert [one["result_id"] for one in csv.DictReader(io.StringIO(table.text, newline=""))] == [
        one["id"] for one in objects
    ]


@pytest.mark.parametrize(
    ("path", "accept", "form"),
    [
        ("/results", "text/csv", "text/csv; charset=utf-8"),
        ("/results", "application/x-ndjson", "application/x-ndjson"),
        ("/results", "application/vnd.candour.v1+json", "application/json"),
        ("/results", "text/html, */*;q=0.1", "application/json"),
        ("/results", "text/csv;q=0.2, application/json;q=0.9", "application/json"),
        ("/results.csv", "application/json", "text/csv; charset=utf-8"),
        ("/results", "image/png", ""),
        ("/results", "application/json;q=0", ""),
        ("/providers", "text/csv", ""),
    ],
)
def test_the_form_follows_suffix_then_accept(tmp_path: Path, path: str, accept: str, form: str) -> None:
    answer = asked(tmp_path, path, headers={"Accept": accept})[0]
    if form:
        assert (answer.status_code, answer.headers["content-type"]) == (200, form)
    else:
        assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


def test_a_limit_makes_a_page_of_csv_with_a_link_to_the_next(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> None:
        seen: list[str] = []
        following: str | None = "/results.csv?limit=3"
        while following:
            answer = await gateway.get(following)
            seen += [one["result_id"][-1] for one in csv.DictReader(io.StringIO(answer.text, newline=""))]
            following = answer.links.get("next", {}).get("url")
            following = following.replace("/results?", "/results.csv?") if following else None
        assert seen == list("67841523")

    within(tmp_path, scenario)


@pytest.mark.parametrize(
    ("path", "cache"),
    [
        ("/v1", "public, max-age=300"),
        ("/v1/releases/latest/indicators", "public, max-age=300"),
        ("/v1/releases/latest/results?partition=fixed", "public, max-age=300"),
        ("/indicators", "public, max-age=31536000, immutable"),
        ("/providers/ZZ001", "public, max-age=31536000, immutable"),
        (f"/results?indicator={FIXED}", "public, max-age=31536000, immutable"),
        ("/results.csv?partition=fixed", "public, max-age=31536000, immutable"),
        ("/results/r-000000000004", "public, max-age=31536000, immutable"),
        ("/results", "public, no-cache"),
        ("/results/r-000000000001", "public, no-cache"),
        ("/results.ndjson", "public, no-cache"),
        (f"/consultants/{ADAMS}/results?partition=fixed", "public, no-cache"),
        (f"/indicators/{MIXED}/funnel", "public, no-cache"),
        ("/consultants", "public, no-cache"),
        ("/v1/changes", "no-cache"),
        ("/v1/nothing", "no-store"),
        ("/results?x=1", "no-store"),
    ],
)
def test_cache_classes(tmp_path: Path, path: str, cache: str) -> None:
    answer = asked(tmp_path, path)[0]
    assert answer.headers["cache-control"] == cache
    if answer.status_code == 200:
        assert answer.headers["etag"].startswith('"')
        dated = "no-cache" not in cache and "releases" in str(answer.url)
        assert ("last-modified" in answer.headers) >= dated
        if "no-cache" in cache:
            assert "last-modified" not in answer.headers
            assert answer.headers["content-type"] != "application/json" or _view(answer) in (1, None)
        else:
            assert _view(answer) is None


def _view(answer: httpx.Response) -> int | None:
    meta: dict[str, int] = answer.json().get("meta", {}) if "json" in answer.headers["content-type"][:17] else {}
    return meta.get("view")


def test_validators_of_forms_differ_and_fixed_answers_are_dated(tmp_path: Path) -> None:
    page, table = asked(tmp_path, "/results?partition=fixed", "/results.csv?partition=fixed")
    assert page.headers["etag"] != table.headers["etag"]
    for header in ({"If-None-Match": page.headers["etag"]}, {"If-Modified-Since": page.headers["last-modified"]},
                   {"If-None-Match": f'"other", {page.headers["etag"]}'}):  # fmt: skip
        assert asked(tmp_path, "/results?partition=fixed", headers=header)[0].status_code == 304
    other = {"If-None-Match": '"other"', "If-Modified-Since": page.headers["last-modified"]}
    assert asked(tmp_path, "/results?partition=fixed", headers=other)[0].status_code == 200


@pytest.mark.parametrize(
    "since",
    [
        "Sun, 06 Nov 2094 08:49:37 +99999999999999999999", "Sun, 06 Nov 2094 08:49:37 -9999",
        "Sun, 06 Nov 99999999999999999999 08:49:37 GMT", "Sat, 31 Dec 9999 23:59:59 -2359",
        "Mon, 01 Jan 0001 00:00:00 +2359", "Sun, 06 Nov 2094 08:49:37", "yesterday", "",
    ],
)  # fmt: skip
def test_a_date_that_is_no_date_is_as_if_it_were_not_there(since: str) -> None:
    """RFC 9110: a recipient must ignore If-Modified-Since where its value is not a valid date. The one at the end of
    time is valid, and after every publication."""
    request = Request({"type": "http", "headers": [(b"if-modified-since", since.encode())]})
    assert unchanged(request, '"tag"', datetime(2026, 9, 30, tzinfo=UTC)) is ("9999 23" in since)


def test_latest_is_answered_in_place(tmp_path: Path) -> None:
    listed, entry, funnel = asked(
        tmp_path, "/v1/releases/latest/results?level=provider", "/v1/releases/latest",
        f"/v1/releases/latest/indicators/{FIXED}/funnel",
    )  # fmt: skip
    assert listed.headers["content-location"] == "/v1/releases/2026-09-30/results?level=provider"
    assert listed.json()["links"]["self"] == listed.headers["content-location"]
    assert entry.headers["content-location"] == "/v1/releases/2026-09-30"
    assert funnel.headers["content-location"] == f"/v1/releases/2026-09-30/indicators/{FIXED}/funnel"
    assert "latest" not in listed.text + entry.text + funnel.text


def test_a_csv_of_latest_says_its_dated_address_with_the_suffix(tmp_path: Path) -> None:
    base = "/v1/releases/2026-09-30"
    table, page, lines, named = asked(
        tmp_path, "/v1/releases/latest/results.csv?level=provider", "/v1/releases/latest/results.csv?limit=2",
        "/v1/releases/latest/providers/ZZ001/results.ndjson", "/v1/releases/latest/results",
        headers={"Accept": "text/csv, application/x-ndjson;q=0.5"},
    )  # fmt: skip
    assert table.headers["content-location"] == f"{base}/results.csv?level=provider"
    assert page.headers["content-location"] == f"{base}/results.csv?limit=2"
    assert f"<{base}/results.csv?limit=2&cursor=" in page.headers["link"]
    assert lines.headers["content-location"] == f"{base}/providers/ZZ001/results.ndjson"
    assert named.headers["content-location"] == f"{base}/results"


def test_a_byte_order_mark_comes_where_it_is_asked_for(tmp_path: Path) -> None:
    """RFC 4180, "no BOM unless `bom=1`"."""
    plain, marked, paged, unmarked, as_json, as_lines = asked(
        tmp_path, "/results.csv", "/results.csv?bom=1", "/results.csv?bom=1&limit=2", "/results.csv?bom=0",
        "/results.json?bom=1", "/results.ndjson?bom=1",
    )  # fmt: skip
    assert marked.content == b"\xef\xbb\xbf" + plain.content
    assert marked.headers["etag"] != plain.headers["etag"]
    assert paged.content.startswith(b"\xef\xbb\xbfresult_id,")
    assert unmarked.content == plain.content
    assert (as_json.status_code, as_lines.status_code) == (422, 422)


def test_nothing_is_exposed_or_promised_that_is_not_there(tmp_path: Path) -> None:
    """No rate limit, no register that says who is active; the command that replays a release is there."""
    entry, provider, changes = asked(tmp_path, "/v1/releases/2026-09-30", "/providers/ZZ001", "/v1/changes")
    assert "ratelimit" not in changes.headers["access-control-expose-headers"].lower()
    assert set(entry.json()["manifest"]["replay"]) == {"code", "inputs", "command"}
    assert entry.json()["manifest"]["replay"]["command"] == "candour verify 2026-09-30"
    assert "active" not in provider.json()


def test_head_is_get_without_a_body(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> None:
        for path in ("/v1", "/v1/releases/latest/results", "/v1/releases/latest/results.csv", "/v1/nothing",
                     "/v1/releases/latest/results?x=1", f"/v1/releases/latest/consultants/{ADAMS}"):  # fmt: skip
            got, headed = await gateway.get(path), await gateway.client.head(path)
            assert (headed.status_code, headed.content) == (got.status_code, b"")
            same = set(got.headers) - {"x-request-id"}
            assert {name: headed.headers[name] for name in same} == {name: got.headers[name] for name in same}

    within(tmp_path, scenario)


def test_pages_of_other_sites_may_read(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> None:
        for path in ("/v1", "/v1/nothing", "/v1/releases/latest/results?x=1"):
            answer = await gateway.get(path)
            assert answer.headers["access-control-allow-origin"] == "*"
            assert "ETag" in answer.headers["access-control-expose-headers"]
            assert "access-control-allow-credentials" not in answer.headers
            assert answer.headers["x-content-type-options"] == "nosniff"
        asks = {"Origin": "https://x.example", "Access-Control-Request-Method": "GET"}
        preflight = await gateway.client.options("/v1/releases/latest/results", headers=asks)
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-methods"] == "GET, HEAD"
        assert preflight.headers["access-control-max-age"] == "86400"
        posted = await gateway.client.post("/v1/releases/latest/results")
        assert (posted.status_code, posted.json()["code"]) == (405, "method_not_allowed")
        assert posted.headers["allow"] == "GET, HEAD, OPTIONS"

    within(tmp_path, scenario)
