"""Histories read every public address that a decision can change, and no address is on neither of the two lists."""

import asyncio
import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

from services.gateway.app import create_app
from services.gateway.peers import over_http
from tests.histories.routes import ROUTES
from tests.histories.town import Town
from tests.unit.test_gateway_baked import ADAMS, FIXED, MIXED, first_view
from tests.unit.test_gateway_world import World, world

RELEASE: Final = "/v1/releases/2026-09-30"
SHOW_NOBODY: Final = {
    "/v1": "/v1", "/v1/openapi.json": "/v1/openapi.json", "/v1/releases": "/v1/releases",
    "/v1/releases/{release}": RELEASE, "/v1/releases/{release}/files": f"{RELEASE}/files",
    "/v1/releases/{release}/files/{name}": f"{RELEASE}/files/results-fixed.csv",
    "/v1/releases/{release}/indicators": f"{RELEASE}/indicators",
    "/v1/releases/{release}/indicators/{indicator}": f"{RELEASE}/indicators/{MIXED}",
    "/v1/releases/{release}/indicators/{indicator}/model": f"{RELEASE}/indicators/{MIXED}/model",
    "/v1/releases/{release}/providers": f"{RELEASE}/providers",
    "/v1/releases/{release}/providers/{provider}": f"{RELEASE}/providers/ZZ001",
    "/v1/codelists": "/v1/codelists", "/v1/codelists/{name}": "/v1/codelists/absence-reasons",
    "/v1/problems/{slug}": "/v1/problems/not-found", "/": "/", "/indicators": "/indicators",
    "/indicators/{indicator}/model": f"/indicators/{MIXED}/model", "/not-shown/{reason}": "/not-shown/not_published",
    "/data": "/data", "/releases/{release}": "/releases/2026-09-30", "/about": "/about",
}  # fmt: skip
"""Templates, with an address of each: whatever anybody decides, their answers stay as they are."""
OF_ANOTHER_KIND: Final = {
    "/v1/changes": "ids of rows that went, and of nobody: tests/unit/test_gateway_withdrawal.py",
    "/v1/proof": "of this process, not of a release", "/proof": "of this process, not of a release",
    "/v1/releases/{release}/participation": "counts of choices, of the day of publication",
    "/participation": "counts of choices, of the day of publication",
    "/v1/releases/{release}/refusals": "choices, asked of consent at every request",
    "/refusals": "choices, asked of consent at every request",
    "/static/{name}": "a file of ours", "/health/live": "of this process", "/health/ready": "of this process",
}  # fmt: skip


def templates(app: FastAPI) -> set[str]:
    return {str(route.path) for route in iter_route_contexts(app.routes)}


def read_by_histories() -> set[str]:
    """Addresses, without what is asked of them."""
    town, chance = Town(12), random.Random(2013)
    requests = [route.request(town, town.people[3], chance) for route in ROUTES for _ in range(60)]
    return {one.path.partition("?")[0] for one in requests}


def matching(template: str, addresses: Iterable[str]) -> bool:
    pattern, _, _ = compile_path(template)
    return any(pattern.match(one) for one in addresses)


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    with world(tmp_path, first_view()) as made:
        settings = made.settings()
        return create_app(settings, over_http(settings))


def test_every_address_is_read_or_known_to_show_nobody(app: FastAPI) -> None:
    addresses = read_by_histories()
    known = SHOW_NOBODY.keys() | OF_ANOTHER_KIND.keys()
    assert known <= templates(app)
    assert {one for one in templates(app) if not matching(one, addresses)} == known


def test_every_form_of_a_list_is_read(app: FastAPI) -> None:
    forms = {one for one in templates(app) if re.search(r"results\.(json|csv|ndjson)$", one)}
    assert len(forms) == 12
    assert [one for one in forms if not matching(one, read_by_histories())] == []


def test_what_shows_nobody_is_the_same_bytes_after_a_withdrawal(tmp_path: Path) -> None:
    """And it is one address of each template that is asked."""

    async def scenario(made: World) -> None:
        async with made.gateway() as gateway:
            before = [_told(await gateway.client.get(path)) for path in SHOW_NOBODY.values()]
            made.consent.withdraw(ADAMS)
            gone = await gateway.client.get(f"{RELEASE}/consultants/{ADAMS}")
            assert gone.status_code == 404
            after = [_told(await gateway.client.get(path)) for path in SHOW_NOBODY.values()]
        for path, one, other in zip(SHOW_NOBODY.values(), before, after, strict=True):
            assert one == other, path
            assert one[0] == 200 or path.endswith("/model"), (path, one[0])
            assert b"Dr A" not in one[2], path
            assert ADAMS.encode() not in one[2], path

    for template, path in SHOW_NOBODY.items():
        assert matching(template, [path]), template
    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def _told(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """Without the moment and the name of the request."""
    kept = {name: value for name, value in answer.headers.items() if name not in {"date", "x-request-id"}}
    named = answer.headers.get("x-request-id", "no-request-id").encode()
    return answer.status_code, kept, answer.content.replace(named, b"")


def test_the_comparison_can_tell(tmp_path: Path) -> None:
    """The answers that histories do read change with the same withdrawal."""

    async def scenario(made: World) -> None:
        async with made.gateway() as gateway:
            paths = [
                f"{RELEASE}/consultants/{ADAMS}",
                f"{RELEASE}/results.csv",
                f"{RELEASE}/indicators/{FIXED}/results",
            ]
            before = [_told(await gateway.client.get(path)) for path in paths]
            made.consent.withdraw(ADAMS)
            after = [_told(await gateway.client.get(path)) for path in paths]
        assert [one != other for one, other in zip(before, after, strict=True)] == [True, True, False]

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))
