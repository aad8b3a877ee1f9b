"""Asking: filters, pages, search; what is not understood is refused."""

from pathlib import Path

import httpx
import pytest
from itsdangerous import URLSafeSerializer

from tests.unit.test_gateway_baked import ADAMS, FIXED, MIXED, PERIOD
from tests.unit.test_gateway_world import Gateway, asked, within


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


@pytest.mark.parametrize("given", ["1_0", "%205", "+5", "5%20", "1.0", "1e1", "%D9%A1", "0x5", "", "-0"])
def test_a_number_is_written_in_digits(tmp_path: Path, given: str) -> None:
    """What Python would take for ten, and the one who asks may have meant otherwise, is refused."""
    whole = [f"/results?limit={given}", f"/results.csv?bom={given}", f"/v1/changes?after={given}"]
    for answer in asked(tmp_path, *whole):
        assert (answer.status_code, answer.json()["code"]) == (422, "value_not_allowed"), answer.url
        (error,) = answer.json()["errors"]
        assert error["hint"].startswith("Input should be a")


def test_an_estimate_is_asked_for_as_a_number(tmp_path: Path) -> None:
    refused = [f"/results?estimate[gte]={given}" for given in ("1_0", "%201", "inf", "NaN", "0x1", ".", "1e999", "")]
    assert {one.status_code for one in asked(tmp_path, *refused)} == {422}
    taken = [f"/results?estimate[lte]={given}" for given in ("-1", "0.5", "1e-3", "1E%2B2", "007")]
    assert {one.status_code for one in asked(tmp_path, *taken)} == {200}


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
