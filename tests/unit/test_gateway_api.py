"""What the public API promises: bodies, strictness, paging, forms, caching, headers."""

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from itsdangerous import URLSafeSerializer
from pydantic import TypeAdapter

from services.gateway.api.csvrows import HEADER
from shared.contracts.public.codes import CodeListEntry, CodeListList, ProblemPage
from shared.contracts.public.funnel import Funnel
from shared.contracts.public.indicators import Indicator, IndicatorList
from shared.contracts.public.releases import ChangePage, ReleaseEntry, ReleaseList, Service
from shared.contracts.public.results import Result, ResultPage
from shared.contracts.public.subjects import Consultant, ConsultantPage, Provider, ProviderPage
from tests.unit.test_gateway_world import ADAMS, FIXED, MIXED, PERIOD, Gateway, first_view, row_of, world

Scenario = Callable[[Gateway], Awaitable[Any]]
BODIES: list[tuple[str, Any]] = [
    ("/v1", Service),
    ("/v1/releases", ReleaseList),
    ("/v1/releases/latest", ReleaseEntry),
    ("/v1/releases/2026-09-30", ReleaseEntry),
    ("/indicators", IndicatorList),
    (f"/indicators/{MIXED}", Indicator),
    (f"/indicators/{MIXED}/funnel?period={PERIOD}&level=provider", Funnel),
    (f"/indicators/{FIXED}/funnel", Funnel),
    ("/results", ResultPage),
    ("/results?fields=value,comparison", ResultPage),
    ("/results/r-000000000003", Result),
    ("/results/r-000000000006", Result),
    ("/providers", ProviderPage),
    ("/providers/ZZ001", Provider),
    ("/providers/ZZ001/results", ResultPage),
    ("/consultants", ConsultantPage),
    (f"/consultants/{ADAMS}", Consultant),
    (f"/consultants/{ADAMS}/results", ResultPage),
    ("/v1/codelists", CodeListList),
    ("/v1/codelists/absence-reasons", CodeListEntry),
    ("/v1/problems/unknown-parameter", ProblemPage),
    ("/v1/changes", ChangePage),
]


def asked(folder: Path, *paths: str, **options: Any) -> list[httpx.Response]:
    """The answers to `paths`, in one world."""

    async def scenario(gateway: Gateway) -> list[httpx.Response]:
        return [await gateway.get(path, **options) for path in paths]

    found: list[httpx.Response] = within(folder, scenario)
    return found


def within(folder: Path, scenario: Scenario) -> Any:
    async def run() -> Any:
        async with made.gateway() as gateway:
            return await scenario(gateway)

    with world(folder, first_view()) as made:
        return asyncio.run(run())


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in leaves(one)]
    return [value]


def no_constant(text: str) -> Any:
    raise AssertionError(f"{text} is not a number of JSON")


def test_every_body_is_of_its_contract_without_null_or_nan(tmp_path: Path) -> None:
    for (path, body), answer in zip(BODIES, asked(tmp_path, *(path for path, _ in BODIES)), strict=True):
        assert answer.status_code == 200, (path, answer.text)
        assert answer.headers["content-type"] == "application/json"
        found = json.loads(answer.content, parse_constant=no_constant)
        assert None not in leaves(found), path
        TypeAdapter(body).validate_python(found)


def test_a_published_row(tmp_path: Path) -> None:
    found = asked(tmp_path, "/results/r-000000000004")[0].json()
    base = "/v1/releases/2026-09-30"
    assert found == {
        "id": "r-000000000004",
        "status": "published",
        "partition": "fixed",
        "indicator": {"id": FIXED, "label": f"Deaths, {FIXED}", "version": "2026.1", "unit": "percent",
                      "polarity": "lower_is_better", "decimals": 2},
        "subject": {"level": "provider", "id": "ZZ001", "name": "Éxample Hospital ZZ001", "kind": "hospital"},
        "period": {"id": PERIOD, "start": "2023-04-01", "end": "2026-03-31"},
        "value": {"kind": "risk_adjusted_rate", "estimate": 2.1, "observed": 56, "expected": 61.25,
                  "interval": {"level": 0.95, "lower": 1.58, "upper": 2.72, "method": "byar"},
                  "denominator": 2310, "standardised_ratio": 0.92, "crude": 2.42},
        "comparison": {"status": "rated", "benchmark": {"scope": "England", "value": 2.29}, "position": "within",
                       "band": "as_expected",
                       "limits": {"method": "exact_poisson", "warning": {"lower": 1.44, "upper": 3.65},
                                  "control": {"lower": 1.1, "upper": 4.77}}},
        "certainty": {"reliability": 0.71, "power_to_detect_doubling": 0.99, "min_detectable_ratio": 1.39},
        "quality": {"flags": []},
        "words": {"summary": "Within the range expected.", "certainty": "Enough operations."},
        "reply": {"status": "none"},
        "basis": {"legal_basis": "public_task"},
        "method": {"release": "2026-09-30", "disclosure_rule": "2026.1"},
        "links": {"self": f"{base}/results/r-000000000004", "indicator": f"{base}/indicators/{FIXED}",
                  "subject": f"{base}/providers/ZZ001"},
    }  # fmt: skip


def test_a_persons_row_is_not_rated_and_never_crude(tmp_path: Path) -> None:
    found = asked(tmp_path, "/results/r-000000000006")[0].json()
    assert found["subject"] == {"level": "consultant", "id": ADAMS, "name": "Dr Ann Adams",
                                "provider": {"id": "ZZ001", "name": "Éxample Hospital ZZ001"}}  # fmt: skip
    assert "crude" not in found["value"]
    assert {"position", "band"}.isdisjoint(found["comparison"])
    assert found["comparison"]["reason"] == "too_few_cases"
    assert found["comparison"]["explanation"]


def test_an_absent_row_has_a_reason_and_no_value(tmp_path: Path) -> None:
    found = asked(tmp_path, "/results/r-000000000003")[0].json()
    assert found["absence"] == {
        "reason": "small_numbers", "shorthand": "[c]", "data_absent_reason": "masked", "may_change": True,
        "explanation": "Too few cases to publish without pointing at patients.",
    }  # fmt: skip
    assert {"value", "comparison", "words"}.isdisjoint(found)


@pytest.mark.parametrize(
    ("path", "code", "errors"),
    [
        ("/results?limmit=1", "unknown_parameter", [{"parameter": "limmit", "hint": "limit"}]),
        ("/providers/ZZ001?x=1", "unknown_parameter", [{"parameter": "x"}]),
        ("/v1?x=1", "unknown_parameter", [{"parameter": "x"}]),
        ("/results.csv?indicators=a", "unknown_parameter", [{"parameter": "indicators", "hint": "indicator"}]),
        ("/results?limit=1&limit=2", "repeated_parameter", [{"parameter": "limit"}]),
        (
            "/results?indicator=nope",
            "value_not_allowed",
            [{"parameter": "indicator", "list": "/v1/releases/2026-09-30/indicators"}],
        ),
        (
            "/results?provider=nope",
            "value_not_allowed",
            [{"parameter": "provider", "list": "/v1/releases/2026-09-30/providers"}],
        ),
        ("/results?status=fine", "value_not_allowed", [{"parameter": "status", "list": "/v1/codelists/status"}]),
        ("/results?band=x", "value_not_allowed", [{"parameter": "band", "list": "/v1/codelists/bands"}]),
        (
            "/consultants?specialty=x",
            "value_not_allowed",
            [{"parameter": "specialty", "list": "/v1/releases/2026-09-30/indicators"}],
        ),
        (
            f"/indicators/{FIXED}/funnel?level=consultant",
            "value_not_allowed",
            [{"parameter": "level", "list": f"/v1/releases/2026-09-30/indicators/{FIXED}"}],
        ),
    ],
)
def test_what_is_not_understood_is_refused_and_explained(
    tmp_path: Path, path: str, code: str, errors: list[dict[str, str]]
) -> None:
    answer = asked(tmp_path, path)[0]
    assert (answer.status_code, answer.json()["code"], answer.json()["errors"]) == (422, code, errors)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"


def test_values_are_never_repeated_back(tmp_path: Path) -> None:
    secret = "planted-7731"
    paths = [f"/results?{name}={secret}" for name in ("limit", "sort", "fields", "level", "period", "region", "kind",
             "consultant", "estimate[gte]", "partition", "cursor")]  # fmt: skip
    for answer in asked(tmp_path, *paths):
        assert answer.status_code in (400, 422)
        assert secret not in answer.text


@pytest.mark.parametrize(
    "query",
    ["sort=-estimate", "sort=estimate", "limit=0", "limit=1001", "limit=x", "fields=nothing", "estimate[gte]=nan",
     "estimate[lte]=inf", "consultant=12", "fields="],
)  # fmt: skip
def test_values_out_of_bounds_are_refused(tmp_path: Path, query: str) -> None:
    answer = asked(tmp_path, f"/results?{query}")[0]
    assert (answer.status_code, answer.json()["code"]) == (422, "value_not_allowed")


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["id"][-1] for one in answer.json()["data"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "67841523"),
        ("indicator=" + FIXED, "45"),
        ("provider=ZZ001&level=provider", "41"),
        ("provider=ZZ001&provider=ZZ003", "67413"),
        ("level=consultant", "678"),
        ("region=Wessex", "8523"),
        ("status=suppressed", "3"),
        ("position=above_control", "5"),
        ("partition=revocable&level=provider", "1"),
        ("estimate[gte]=2.1", "6784152"),
        ("estimate[gte]=2.2", ""),
        (f"period={PERIOD}&kind=hospital", "41523"),
        ("sort=name", "6784152" + "3"),
        ("consultant=9900002&consultant=9999999", "7"),
    ],
)
def test_filters(tmp_path: Path, query: str, found: str) -> None:
    answer = asked(tmp_path, f"/results?{query}")[0]
    assert ids(answer) == list(found)
    meta = answer.json()["meta"]
    assert (meta["total"], meta["returned"], meta["limit"]) == (len(found), len(found), 100)
    assert ("why_empty" in meta) == (not found)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (f"indicator={FIXED}&level=consultant", "not_at_this_level"),
        (f"indicator={FIXED}&level=provider&provider=ZZ003", "nothing_matches"),
        ("consultant=9999999", "nothing_matches"),
    ],
)
def test_an_empty_list_says_why(tmp_path: Path, query: str, reason: str) -> None:
    answer = asked(tmp_path, f"/results?{query}")[0]
    assert (answer.status_code, answer.json()["meta"]["why_empty"]) == (200, reason)


def test_absences_are_counted_but_never_of_consultants(tmp_path: Path) -> None:
    everything, people, one = asked(tmp_path, "/results", "/results?level=consultant", f"/results?consultant={ADAMS}")
    assert everything.json()["meta"]["absent"] == {"small_numbers": 1}
    assert "absent" not in people.json()["meta"]
    assert "absent" not in one.json()["meta"]


def test_pages_follow_one_another_and_are_pinned_to_their_release(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> None:
        for path in ("/v1/releases/latest/results?limit=3", "/v1/releases/latest/results?limit=3&sort=name"):
            whole = ids(await gateway.get(path.replace("limit=3", "limit=1000")))
            seen: list[str] = []
            following: str | None = path
            while following:
                answer = await gateway.get(following)
                seen += ids(answer)
                following = answer.json()["links"].get("next")
                assert following is None or following.startswith("/v1/releases/2026-09-30/results?")
            assert seen == whole
        names: list[str] = []
        following = "/consultants?limit=1"
        while following:
            answer = await gateway.get(following)
            names += [one["name"] for one in answer.json()["data"]]
            assert answer.json()["meta"]["total"] == 3
            following = answer.json()["links"].get("next")
        assert names == ["Dr Ann Adams", "Dr Ben Baker", "Dr Cy Clark"]

    within(tmp_path, scenario)


def test_a_cursor_of_another_question_or_an_altered_one_is_refused(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> None:
        following = (await gateway.get("/results?limit=2")).json()["links"]["next"]
        cursor = following.partition("cursor=")[2]
        assert (await gateway.get(f"/results?limit=5&cursor={cursor}")).status_code == 200
        for wrong in (
            f"/results?level=provider&cursor={cursor}",
            f"/results?sort=name&cursor={cursor}",
            f"/providers/ZZ001/results?cursor={cursor}",
            f"/providers?cursor={cursor}",
            f"/results?cursor=A{cursor[1:]}x",
            f"/results?cursor={cursor[:-1]}",
            "/results?cursor=",
            f"/results.csv?status=published&cursor={cursor}",
        ):
            answer = await gateway.get(wrong)
            assert (answer.status_code, answer.json()["code"]) == (400, "cursor_not_valid"), wrong

    within(tmp_path, scenario)


def test_a_cursor_does_not_speak_of_what_is_hidden(tmp_path: Path) -> None:
    cursor = asked(tmp_path, "/results?limit=2")[0].json()["links"]["next"].partition("cursor=")[2]
    _, payload = URLSafeSerializer("a reader has no key").loads_unsafe(cursor)
    assert payload[0] == "2026-09-30"
    assert payload[2] == ["consultant", "9900002", MIXED, PERIOD, "r-000000000007"]
    assert len(payload) == 3


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


def test_search_ignores_case_and_accents(tmp_path: Path) -> None:
    async def found(gateway: Gateway, path: str) -> list[str]:
        return [one["id"] for one in (await gateway.get(path)).json()["data"]]

    async def scenario(gateway: Gateway) -> None:
        assert await found(gateway, "/providers?q=hospital EXAMPLE") == ["ZZ001", "ZZ002", "ZZ003"]
        assert await found(gateway, "/providers?q=ZZ002") == ["ZZ002"]
        assert await found(gateway, "/providers?region=Wessex") == ["ZZ002", "ZZ003"]
        assert await found(gateway, "/providers?q=%25") == []
        assert await found(gateway, "/consultants?q=ADAMS ann") == [ADAMS]
        assert await found(gateway, f"/consultants?q={ADAMS}") == [ADAMS]
        assert await found(gateway, "/consultants?provider=ZZ002") == ["9900003"]

    within(tmp_path, scenario)


def test_a_consultant_comes_with_the_units_results(tmp_path: Path) -> None:
    found = asked(tmp_path, f"/consultants/{ADAMS}")[0].json()
    assert found == {
        "id": ADAMS, "name": "Dr Ann Adams", "specialties": ["orthopaedic-surgery"],
        "providers": [{"id": "ZZ001", "name": "Éxample Hospital ZZ001"}], "unit_results": ["r-000000000001"],
        "commentary": {"status": "none"},
        "links": {"self": f"/v1/releases/2026-09-30/consultants/{ADAMS}",
                  "results": f"/v1/releases/2026-09-30/consultants/{ADAMS}/results"},
    }  # fmt: skip


def test_a_funnel(tmp_path: Path) -> None:
    found = asked(tmp_path, f"/indicators/{FIXED}/funnel")[0].json()
    assert [(one["provider"], one["x"], one["y"], one["position"]) for one in found["points"]] == [
        ("ZZ001", 61.25, 0.92, "within"), ("ZZ002", 61.25, 0.92, "above_control"),
    ]  # fmt: skip
    assert found["limits"]["curve"] == [
        {"x": 10.0, "warning": {"lower": 0.5, "upper": 1.8}, "control": {"lower": 0.3, "upper": 2.5}}
    ]
    assert found["summary"] == {"within": 1, "above_warning": 0, "above_control": 1, "below_warning": 0,
                                "below_control": 0, "not_rated": 0}  # fmt: skip
    assert found["words"] == "1 of 2 providers are inside the control limits; one is above."


def test_the_document_declares_what_routes_answer(tmp_path: Path) -> None:
    found = asked(tmp_path, "/v1/openapi.json")[0].json()
    assert found["openapi"] == "3.1.0"
    assert found["security"] == []
    assert all(path.startswith("/v1") for path in found["paths"])
    operations = [one for item in found["paths"].values() for one in item.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names)) == len(operations)
    assert all({"200", "404", "422"} <= set(one["responses"]) for one in operations)
    results = found["paths"]["/v1/releases/{release}/results"]["get"]
    assert "503" in results["responses"]
    assert {one["name"] for one in results["parameters"]} >= {"indicator", "estimate[gte]", "cursor", "release"}
