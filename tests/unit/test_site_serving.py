"""The pages over a real gateway, whose ratings and consent listen on sockets: states, silence, consent, headers."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.concurrency import run_in_threadpool

from services.gateway.site.rendering import CSP
from services.gateway.site.wording import with_range
from tests.browser.audit_view import CHOSEN, LONGEST, OUTLIER, SMALL, UNTOLD, audit
from tests.unit.test_gateway_baked import FIXED, MIXED
from tests.unit.test_gateway_world import Gateway, World, world

ADA, NEIGHBOUR, NOBODY = "9900100", "9900101", "9999999"
PAGES = ["/", "/providers", "/providers?q=ashby", f"/providers/{CHOSEN}", f"/providers/{CHOSEN}?indicator={MIXED}",
         "/indicators", f"/indicators/{FIXED}", f"/indicators/{MIXED}", f"/consultants/{NEIGHBOUR}",
         f"/indicators/{MIXED}/model",
         "/results/r-000000000001", "/not-shown/small_numbers", "/data", "/about"]  # fmt: skip
UNREACHABLE = "Some figures cannot be shown just now"


class Document(HTMLParser):
    """What the tests ask of a page: its title, headings, links, alternates, scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.title, self.open = "", ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open = tag

    def handle_endtag(self, tag: str) -> None:
        self.open = ""

    def handle_data(self, data: str) -> None:
        if self.open == "title":
            self.title += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def addresses(self) -> set[str]:
        return {str(found[name]) for _, found in self.tags for name in ("href", "src", "action") if found.get(name)}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, audit()) as found:
        yield found


def visit(made: World, scenario: Callable[[httpx.AsyncClient, Gateway], Awaitable[None]]) -> None:
    async def run() -> None:
        async with made.gateway() as gateway:
            await scenario(gateway.client, gateway)

    asyncio.run(run())


def test_every_page_keeps_the_rules_of_every_page(made: World) -> None:
    async def scenario(client: httpx.AsyncClient, _: Gateway) -> None:
        for address in PAGES:
            answer = await client.get(address)
            assert answer.status_code == 200, address
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert answer.headers["content-security-policy"] == CSP
            assert "set-cookie" not in answer.headers
            page = Document(answer.text)
            assert len(page.all("h1")) == 1
            assert page.title.endswith(" - Candour")
            assert page.all("html")[0]["lang"] == "en-GB"
            assert not page.all("script") + page.all("style") + page.all("iframe")
            assert not [name for _, found in page.tags for name in found if name == "style" or name.startswith("on")]
            assert {one[0] for one in page.addresses()} <= {"/", "#"}, address
            assert "Synthetic demonstration data: invented hospitals and people" in answer.text

    visit(made, scenario)


def test_titles_are_unique(made: World) -> None:
    async def scenario(client: httpx.AsyncClient, _: Gateway) -> None:
        titles = [Document((await client.get(address)).text).title for address in PAGES if "?indicator" not in address]
        assert len(set(titles)) == len(titles)

    visit(made, scenario)


def test_alternates_and_links_lead_somewhere(made: World) -> None:
    async def scenario(client: httpx.AsyncClient, _: Gateway) -> None:
        found: set[str] = set()
        for address in PAGES:
            page = Document((await client.get(address)).text)
            alternates = [one for one in page.all("link") if one.get("rel") == "alternate"]
            assert alternates or address == "/about", address
            for one in alternates:
                data = await client.get(str(one["href"]))
                assert data.status_code == 200, one
                assert data.headers["content-type"].startswith(str(one["type"]))
            found |= {link for link in page.addresses() if link.startswith("/")}
        for link in sorted(found):
            assert (await client.get(link)).status_code == 200, link

    visit(made, scenario)


def test_figures_equal_the_apis_cell_by_cell(made: World) -> None:
    async def scenario(client: httpx.AsyncClient, gateway: Gateway) -> None:
        page = (await client.get(f"/indicators/{MIXED}")).text
        listed = (await gateway.get(f"/indicators/{MIXED}/results?limit=1000&level=provider")).json()["data"]
        cells = dict(re.findall(r'<a href="/results/(r-[0-9a-z]{12})">([^<]+)</a>', page))
        published = [row for row in listed if row["status"] == "published"]
        assert len(published) == 38
        for row in published:
            assert cells[row["id"]] == with_range(row)
            assert f'<td class="nhsuk-table__cell">{row["value"]["expected"]:.2f}</td>' in page

    visit(made, scenario)


def test_absent_rows_say_why_and_link_to_the_explanation(made: World) -> None:
    async def scenario(client: httpx.AsyncClient, _: Gateway) -> None:
        small, untold = (await client.get(f"/providers/{SMALL}")).text, (await client.get(f"/providers/{UNTOLD}")).text
        assert "Not shown: small numbers" in small
        assert 'href="/not-shown/small_numbers"' in small
        assert "Not published. This says nothing about the quality of care" in untold
        assert 'href="/not-shown/not_published"' in untold

    visit(made, scenario)


def test_a_signal_is_worded_and_never_proof(made: World) -> None:
    async def scenario(client: httpx.AsyncClient, _: Gateway) -> None:
        page = (await client.get(f"/providers/{OUTLIER}")).text
        assert "Worse than expected" in page
        assert "A signal to look closer, not proof of poor care." in page

    visit(made, scenario)


def test_nothing_found_is_said_in_the_same_words_whatever_the_cause(made: World) -> None:
    async def scenario(client: httpx.AsyncClient, gateway: Gateway) -> None:
        assert f"/consultants/{ADA}" in (await client.get(f"/providers?q={ADA}")).text
        made.consent.withdraw(ADA)
        gone = (await client.get(f"/providers?q={ADA}")).text
        never = (await client.get(f"/providers?q={NOBODY}")).text
        assert gone.replace(ADA, NOBODY) == never
        assert "Nothing is shown under these words." in never

    visit(made, scenario)


def test_withdrawn_and_never_existing_are_the_same_bytes(made: World) -> None:
    async def scenario(client: httpx.AsyncClient, _: Gateway) -> None:
        assert (await client.get(f"/consultants/{ADA}")).status_code == 200
        unknown = await client.get(f"/consultants/{NOBODY}")
        made.consent.withdraw(ADA)
        gone = await client.get(f"/consultants/{ADA}")
        strange = await client.get("/consultants/not-a-number")
        kept = ("cache-control", "content-security-policy", "content-type", "content-length")
        for one in (gone, strange):
            assert (one.status_code, one.content) == (404, unknown.content)
            assert {name: one.headers.get(name) for name in kept} == {name: unknown.headers.get(name) for name in kept}
        assert unknown.headers["cache-control"] == "no-store"
        assert "etag" not in gone.headers

    visit(made, scenario)


def test_a_withdrawal_takes_a_person_off_every_page(made: World) -> None:
    async def scenario(client: httpx.AsyncClient, gateway: Gateway) -> None:
        addresses = [f"/providers/{CHOSEN}", f"/indicators/{MIXED}", "/providers?q=example"]
        for address in addresses:
            assert f"/consultants/{ADA}" in (await client.get(address)).text
        made.consent.withdraw(ADA)
        for address in addresses:
            text = (await client.get(address)).text
            assert ADA not in text
            assert "Dr A Example" not in text
            assert f"/consultants/{NEIGHBOUR}" in text

    visit(made, scenario)


def test_a_page_drawn_while_somebody_withdraws_is_made_again(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(client: httpx.AsyncClient, gateway: Gateway) -> None:
        drawn = 0

        async def slowly(*given: Any) -> Any:
            nonlocal drawn
            drawn += 1
            if drawn == 1:
                made.consent.withdraw(ADA)
                await gateway.app.state.answers.barrier()  # another reader's check, while this page is being drawn
            return await run_in_threadpool(*given)

        monkeypatch.setattr("services.gateway.site.serving.run_in_threadpool", slowly)
        text = (await client.get(f"/providers/{CHOSEN}")).text
        assert drawn == 2
        assert ADA not in text

    visit(made, scenario)


def test_decisions_that_come_without_end_delay_a_page_but_never_show_a_hidden_person(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(client: httpx.AsyncClient, gateway: Gateway) -> None:
        people = iter([ADA, NEIGHBOUR, "9900102", "9900103"])

        async def overtaken(*given: Any) -> Any:
            html = await run_in_threadpool(*given)
            made.consent.withdraw(next(people))
            await gateway.app.state.answers.barrier()
            return html

        monkeypatch.setattr("services.gateway.site.serving.run_in_threadpool", overtaken)
        text = (await client.get(f"/providers/{CHOSEN}")).text
        assert ADA not in text
        assert NEIGHBOUR not in text
        assert "9900102" in text

    visit(made, scenario)


def test_without_consent_fixed_parts_are_shown_and_personal_pages_are_not(made: World) -> None:
    async def scenario(client: httpx.AsyncClient, gateway: Gateway) -> None:
        made.consent_at.stop()
        hospital = await client.get(f"/providers/{CHOSEN}")
        assert hospital.status_code == 200
        assert hospital.headers["cache-control"] == "no-store"
        assert UNREACHABLE in hospital.text
        assert LONGEST in hospital.text
        assert f"/indicators/{FIXED}" in hospital.text
        assert f"/indicators/{MIXED}" not in hospital.text
        assert "/consultants/" not in hospital.text
        person = await client.get(f"/consultants/{ADA}")
        assert (person.status_code, person.headers["cache-control"]) == (503, "no-store")
        assert 1 <= int(person.headers["retry-after"]) <= 5
        assert (await client.get(f"/consultants/{NOBODY}")).status_code == 503
        mixed = await client.get(f"/indicators/{MIXED}")
        assert (mixed.status_code, UNREACHABLE in mixed.text, "<svg" in mixed.text) == (200, True, False)
        found = await client.get("/providers?q=ashby")
        assert (found.status_code, UNREACHABLE in found.text, "Ashby Royal Infirmary" in found.text) == (
            200,
            True,
            True,
        )
        for address in ("/", f"/indicators/{FIXED}", f"/indicators/{MIXED}/model", "/results/r-000000000003", "/data"):
            whole = await client.get(address)
            assert (whole.status_code, UNREACHABLE in whole.text) == (200, False), address
            assert whole.headers["cache-control"] == "public, max-age=300", address
        made.consent_at.start()

    visit(made, scenario)


def test_a_hospital_without_fixed_results_of_the_indicator_is_still_shown(made: World) -> None:
    async def scenario(client: httpx.AsyncClient, _: Gateway) -> None:
        made.consent_at.stop()
        answer = await client.get(f"/providers/{CHOSEN}?indicator={MIXED}")
        assert (answer.status_code, UNREACHABLE in answer.text) == (200, True)
        made.consent_at.start()

    visit(made, scenario)


@pytest.mark.parametrize(
    ("address", "cache"),
    [(f"/providers/{CHOSEN}", "public, no-cache"), (f"/consultants/{ADA}", "public, no-cache"),
     (f"/indicators/{MIXED}", "public, no-cache"), (f"/indicators/{FIXED}", "public, max-age=300"),
     (f"/indicators/{MIXED}/model", "public, max-age=300"),
     ("/results/r-000000000003", "public, max-age=300"), ("/results/r-000000000002", "public, no-cache"),
     ("/about", "public, max-age=300"), ("/data", "public, max-age=300")],
)  # fmt: skip
def test_a_page_has_the_cache_class_of_its_data(made: World, address: str, cache: str) -> None:
    async def scenario(client: httpx.AsyncClient, _: Gateway) -> None:
        first = await client.get(address)
        assert first.headers["cache-control"] == cache
        again = await client.get(address, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    visit(made, scenario)


def test_a_validator_of_before_a_withdrawal_does_not_hold_after_it(made: World) -> None:
    async def scenario(client: httpx.AsyncClient, _: Gateway) -> None:
        first = await client.get(f"/providers/{CHOSEN}")
        made.consent.withdraw(ADA)
        again = await client.get(f"/providers/{CHOSEN}", headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 200
        assert again.headers["etag"] != first.headers["etag"]

    visit(made, scenario)


@pytest.mark.parametrize(
    ("address", "status"),
    [("/providers/ZZ999", 404), ("/indicators/none", 404), (f"/indicators/{FIXED}/model", 404),
     ("/results/r-zzzzzzzzzzzz", 404), ("/not-shown/none", 404),
     ("/static/site.css", 404), ("/static/..%2froutes.py", 404), ("/about?colour=blue", 422),
     ("/providers?q=a&q=b", 422), (f"/providers/{CHOSEN}?indicator=none", 422),
     (f"/indicators/{FIXED}?period=1999", 422), ("/providers?cursor=zzz", 400)],
)  # fmt: skip
def test_errors_are_pages_that_repeat_no_value(made: World, address: str, status: int) -> None:
    async def scenario(client: httpx.AsyncClient, _: Gateway) -> None:
        answer = await client.get(address)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-security-policy"] == CSP
        assert answer.headers["cache-control"] == "no-store"
        for value in ("ZZ999", "r-zzzz", "1999", "blue", "zzz"):
            assert value not in answer.text

    visit(made, scenario)


def test_static_files_are_immutable_under_the_name_of_their_digest(made: World) -> None:
    async def scenario(client: httpx.AsyncClient, _: Gateway) -> None:
        page = Document((await client.get("/about")).text)
        linked = [str(one["href"]) for one in page.all("link") if one["rel"] in ("stylesheet", "icon")]
        assert len(linked) == 3
        for address in linked:
            answer = await client.get(address)
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert re.search(r"-[0-9a-f]{16}\.(css|svg)$", address)

    visit(made, scenario)


def test_markup_in_a_search_is_text(made: World) -> None:
    async def scenario(client: httpx.AsyncClient, _: Gateway) -> None:
        answer = await client.get("/providers", params={"q": '"><script>alert(1)</script>'})
        assert "<script" not in answer.text

    visit(made, scenario)


def test_before_anything_is_published_the_start_page_says_so(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient, _: Gateway) -> None:
        for address in ("/", "/indicators", "/data", "/about"):
            assert (await client.get(address)).status_code == 200
        assert "Nothing has been released yet" in (await client.get("/")).text
        assert (await client.get("/providers/ZZ100")).status_code == 404

    with world(tmp_path) as empty:
        visit(empty, scenario)


def test_a_long_list_goes_on_where_it_stopped(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.gateway.site.gathering.SEARCH_PAGE", 15)

    async def scenario(client: httpx.AsyncClient, _: Gateway) -> None:
        found: list[str] = []
        address = "/providers"
        for _turn in range(3):
            text = (await client.get(address)).text
            found += re.findall(r'found__name" href="/providers/(ZZ\d+)"', text)
            more = re.search(r'href="(/providers\?[^"]*cursor=[^"]+)"', text)
            address = more[1].replace("&amp;", "&") if more else ""
        assert address == ""
        assert len(found) == len(set(found)) == 40

    visit(made, scenario)
