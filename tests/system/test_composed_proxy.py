"""The proxy before real gateways: fixed answers come from what it keeps, whole files from what they baked, revocable
ones from a gateway each time; and one gateway is enough."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.system.composed import Composed
from tests.system.test_withdrawal import unchanging


@pytest.fixture
def reader(composed_demo: Composed) -> Iterator[httpx.Client]:
    with composed_demo.reader() as client:
        yield client


@pytest.fixture(scope="module")
def base(composed_demo: Composed) -> str:
    return f"/v1/releases/{composed_demo.demo_release}"


def logged(house: Composed, answer: httpx.Response) -> dict[str, Any]:
    """The proxy's own line about an answer."""
    until = time.monotonic() + 5
    while True:
        for line in reversed(house.log("proxy").splitlines()):
            if answer.headers["x-request-id"] in line:
                found: dict[str, Any] = json.loads(line)
                return found
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_fixed_answer_is_kept_and_its_bytes_are_the_gateways(
    composed_demo: Composed, reader: httpx.Client, base: str
) -> None:
    indicator = reader.get(f"{base}/indicators").json()["data"][0]["id"]
    for path in (f"{base}/indicators/{indicator}", f"{base}/results?partition=fixed&limit=50"):
        first, second = reader.get(path), reader.get(path)
        assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert logged(composed_demo, second)["cache"] == "HIT"
        with composed_demo.reader("gateway-2") as gateway:
            direct = gateway.get(path)
        assert second.content == first.content == direct.content
        assert second.headers["etag"].removeprefix("W/") == direct.headers["etag"]
        assert reader.get(path, headers={"If-None-Match": second.headers["etag"]}).status_code == 304


def test_a_revocable_answer_goes_to_a_gateway_each_time(
    composed_demo: Composed, reader: httpx.Client, base: str
) -> None:
    someone = reader.get(f"{base}/results?level=consultant&limit=1").json()["data"][0]["subject"]["id"]
    for path in (
        f"{base}/consultants/{someone}",
        f"{base}/results?level=consultant&limit=20",
        f"/consultants/{someone}",
    ):
        answers = [reader.get(path) for _ in range(4)]
        assert all("no-cache" in one.headers["cache-control"] for one in answers)
        lines = [logged(composed_demo, one) for one in answers]
        assert all(line["cache"] in {"", "MISS"} and line["gateway"] for line in lines), lines
        unchanged = reader.get(path, headers={"If-None-Match": unchanging(reader, path)})
        assert unchanged.status_code == 304
        assert logged(composed_demo, unchanged)["gateway"], "and it was a gateway that said so"


def test_whole_files_come_from_what_was_baked(composed_demo: Composed, reader: httpx.Client, base: str) -> None:
    listed = reader.get(f"{base}/files").json()["data"]
    assert listed
    for one in listed:
        path = one["links"]["permanent"]
        plain = reader.get(path, headers={"Accept-Encoding": "identity"})
        packed = reader.get(path, headers={"Accept-Encoding": "gzip"})
        assert logged(composed_demo, plain)["gateway"] == logged(composed_demo, packed)["gateway"] == ""
        assert plain.content == packed.content
        assert packed.headers["content-encoding"] == "gzip"
        with composed_demo.reader("gateway-1") as gateway:
            direct = gateway.get(path, headers={"Accept-Encoding": "identity"})
        assert direct.content == plain.content
        for name in ("content-type", "cache-control", "content-disposition", "last-modified", "x-content-type-options"):
            assert plain.headers[name] == direct.headers[name], name


def test_one_gateway_is_enough_and_without_any_what_is_kept_goes_on(
    composed_demo: Composed, reader: httpx.Client, base: str
) -> None:
    fixed, revocable = f"{base}/results?partition=fixed&limit=3", f"{base}/results?level=consultant&limit=3"
    baked = reader.get(f"{base}/files").json()["data"][0]["links"]["permanent"]
    assert reader.get(fixed).status_code == reader.get(revocable).status_code == 200
    try:
        assert composed_demo.stop("gateway-1") == 0, "a clean end on SIGTERM"
        for path in (revocable, f"{base}/providers?limit=7", "/", "/v1/changes") * 5:
            assert reader.get(path).status_code == 200, path
        assert not composed_demo.healthy("gateway-1"), "what was stopped stays down"
        composed_demo.stop("gateway-2")
        assert reader.get(fixed).status_code == reader.get(baked).status_code == 200
        refused = reader.get(revocable)
        assert (refused.status_code, refused.json()["code"]) == (503, "peer_unreachable")
        assert int(refused.headers["retry-after"]) >= 1
        assert composed_demo.healthy("proxy")
    finally:
        for name in composed_demo.gateway_names:
            composed_demo.start(name)
        composed_demo.wait_healthy(*composed_demo.gateway_names)
    assert reader.get(revocable).status_code == 200
