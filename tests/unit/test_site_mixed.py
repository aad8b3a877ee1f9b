"""A release that holds real and invented figures; addresses that do not exist; specialties in words."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from services.gateway.site.pages.subjects import specialty
from services.gateway.site.rendering import CSP
from tests.browser.audit_view import CHOSEN, OUTLIER, Audit, audit
from tests.unit.test_gateway_baked import FIXED, MIXED
from tests.unit.test_gateway_world import world

INVENTED = "Synthetic demonstration data: invented hospitals and people"
ALSO = "This release also contains synthetic demonstration data"


class HalfReal(Audit):
    """FIXED and OUTLIER are real, the rest invented."""

    def files(self) -> dict[str, bytes]:
        found = super().files()
        for name, real in (("indicators.json", FIXED), ("providers.json", OUTLIER)):
            entries = json.loads(found[name])
            for entry in entries:
                entry["synthetic"] = entry["id"] != real
            found[name] = json.dumps(entries).encode()
        return found


def visit(folder: Path, scenario: Callable[[httpx.AsyncClient], Awaitable[None]], *, mixed: bool = False) -> None:
    async def run() -> None:
        async with made.gateway() as gateway:
            await scenario(gateway.client)

    whole = audit()
    baked = HalfReal(whole.rows, whole.quarantine, definitions=whole.definitions) if mixed else whole
    with world(folder, baked) as made:
        asyncio.run(run())


def test_pages_about_the_real_never_say_invented(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        rows = (await client.get(f"/v1/releases/latest/indicators/{FIXED}/results?limit=1")).json()["data"]
        for address in (f"/indicators/{FIXED}", f"/providers/{OUTLIER}", f"/results/{rows[0]['id']}"):
            text = (await client.get(address)).text
            assert INVENTED not in text, address
            assert ALSO not in text, address
        for address in (f"/indicators/{MIXED}", f"/providers/{CHOSEN}"):
            assert INVENTED in (await client.get(address)).text, address

    visit(tmp_path, scenario, mixed=True)


def test_pages_about_all_of_a_mixed_release_say_that_it_also_contains_the_invented(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        for address in ("/", "/data", "/indicators", "/providers", "/about"):
            text = (await client.get(address)).text
            assert (ALSO in text, INVENTED in text) == (True, False), address

    visit(tmp_path, scenario, mixed=True)


def test_unknown_addresses_are_pages_outside_the_api(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        for headers in (browser, {"Accept": "*/*"}):
            for address in ("/nothing", "/favicon.ico", "/providers/ZZ100/more", "/v1x", "/static/a/b"):
                answer = await client.get(address, headers=headers)
                assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
                assert answer.headers["content-security-policy"] == CSP
                assert answer.headers["cache-control"] == "no-store"
                assert "Page not found" in answer.text
                assert "nothing" not in answer.text
        for address, headers in (("/v1/nothing", browser), ("/health/nothing", browser),
                                 ("/nothing", {"Accept": "application/json"})):  # fmt: skip
            answer = await client.get(address, headers=headers)
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), address
        posted = await client.post("/nothing", headers=browser)
        assert posted.headers["content-type"] == "application/problem+json"
        assert (await client.head("/nothing", headers=browser)).headers["content-security-policy"] == CSP

    visit(tmp_path, scenario)


@pytest.mark.parametrize(
    ("slug", "words"),
    [("upper-gi-surgery", "Upper GI surgery"), ("adult-cardiac-surgery", "Adult cardiac surgery")],
)
def test_specialties_are_written_as_people_write_them(slug: str, words: str) -> None:
    assert specialty(slug) == words
