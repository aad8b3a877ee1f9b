"""Gateways that share nothing answer alike; what a proxy or a reader says of itself changes no answer."""

import asyncio
from pathlib import Path

import httpx

from tests.unit.test_gateway_baked import ADAMS, FIXED, MIXED, first_view
from tests.unit.test_gateway_views import digest
from tests.unit.test_gateway_world import Gateway, World, within, world

QUIET = 3600.0
OWN = frozenset({"x-request-id", "date"})
ALIKE = ("/v1", "/v1/openapi.json", "/v1/releases", "/v1/releases/latest", "/indicators", "/results", "/results.csv",
         "/results.ndjson", "/results?limit=3", "/results?partition=fixed", "/consultants", f"/consultants/{ADAMS}",
         "/providers", f"/indicators/{MIXED}/funnel", f"/indicators/{FIXED}/results.csv", "/results/r-000000000006",
         "/files", "/files/results-fixed.csv", "/files/results-fixed.ndjson", "/v1/codelists", "/v1/proof")  # fmt: skip
PAGES = ("/", "/providers", "/providers/ZZ001", f"/indicators/{MIXED}")


def seen(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    headers = {name: value for name, value in answer.headers.items() if name not in OWN}
    return answer.status_code, answer.content, headers


async def everything(gateway: Gateway, **headers: str) -> dict[str, tuple[int, bytes, dict[str, str]]]:
    found = {path: seen(await gateway.get(path, headers=headers)) for path in ALIKE}
    return found | {path: seen(await gateway.client.get(path, headers=headers)) for path in PAGES}


def test_two_gateways_that_share_nothing_are_alike_to_the_byte(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as one, made.gateway(poll_seconds=QUIET, name="gateway-2") as other:
            assert {one_of.name for one_of in tmp_path.glob("gateway*/views/2026-09-30/*")} == {digest(made)}
            for coding in ("identity", "gzip"):
                found = await everything(one, **{"Accept-Encoding": coding})
                assert found == await everything(other, **{"Accept-Encoding": coding})
                assert {status for status, _, _ in found.values()} == {200}
            assert all("etag" in headers for _, _, headers in found.values())
            made.consent.withdraw(ADAMS)
            hidden = await everything(one)
            assert hidden == await everything(other)
            assert hidden["/results"] != found["/results"]

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_two_views_of_one_number_are_two_views(tmp_path: Path) -> None:
    """The number is for people; the digest in the index says which."""

    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            first = digest(made)
            view = first_view(consent_revision=9)
            made.ratings.publish(view)
            await gateway.tick()
            assert gateway.app.state.follower.live.views["2026-09-30"].manifest_sha256 == digest(made) != first
            assert [one.name for one in (tmp_path / "gateway/views/2026-09-30").iterdir()] == [digest(made)]

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_what_a_request_says_of_host_and_proxies_changes_nothing(tmp_path: Path) -> None:
    """No answer holds an address of its own host: what one reader sends cannot end up in another one's copy."""
    odd = ("evil.example", "evil.example/v1/problems?x=", "[::1", "a@b#c")
    forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1",
                 "X-Forwarded-Prefix": "/evil", "Forwarded": "host=evil.example;proto=https", "X-Original-URL": "/evil",
                 "X-Rewrite-URL": "/evil", "X-HTTP-Method-Override": "POST", "Origin": "https://evil.example",
                 "Referer": "https://evil.example/"}  # fmt: skip

    async def scenario(gateway: Gateway) -> None:
        right = await everything(gateway)
        assert all(b"://gateway" not in body and "://gateway" not in str(held) for _, body, held in right.values())
        missing = seen(await gateway.get("/v1/nothing"))
        refused = seen(await gateway.get("/results?x=1"))
        for host in odd:
            found = await everything(gateway, Host=host, **forwarded)
            assert found == right, host
            assert b"evil" not in b"".join(body for _, body, _ in found.values())
            assert seen(await gateway.get("/v1/nothing", headers={"Host": host})) == missing
            assert seen(await gateway.get("/results?x=1", headers={"Host": host})) == refused

    within(tmp_path, scenario)
