"""What those who are measured say stands beside their results: in JSON, CSV and NDJSON, and in words on the pages."""

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

from shared.contracts.views import Commentary
from tests.unit.test_gateway_baked import ADAMS, BAKER, CLARK, Baked, first_view
from tests.unit.test_gateway_world import Gateway, World, world

GIVEN = 'Our theatre was closed in June.\n=HYPERLINK("x") & <b>more</b>'
ABOUT_ALL = "We have appointed a second surgeon."
REPLIES: dict[int, dict[str, Any]] = {
    6: {"reply_status": "given", "reply_author": "consultant", "reply_received": date(2026, 10, 9),
        "reply_text": GIVEN, "quality_flags": "disputed"},
    8: {"reply_status": "not_received", "reply_invited_until": date(2026, 10, 12)},
    5: {"reply_status": "given", "reply_author": "lead clinician", "reply_received": date(2026, 10, 2),
        "reply_text": "We have looked at every case."},
}  # fmt: skip
SAID = (
    Commentary(level="consultant", subject=ADAMS, status="given", author="consultant", received=date(2026, 10, 9),
               text=ABOUT_ALL),
    Commentary(level="provider", subject="ZZ002", status="not_received", invited_until=date(2026, 10, 12)),
)  # fmt: skip


def view() -> Baked:
    made = first_view(commentaries=SAID)
    for number, reply in REPLIES.items():
        (row,) = (one for one in made.rows if one["id"] == f"r-{number:012x}")
        row.update(reply)
    return made


def run(folder: Path, act: Callable[[World, Gateway], Awaitable[None]]) -> None:
    async def go() -> None:
        with world(folder, view()) as made:
            async with made.gateway(poll_seconds=60) as gateway:
                await act(made, gateway)

    asyncio.run(go())


def result(number: int) -> str:
    return f"/results/r-{number:012x}"


def test_every_format_has_the_reply(tmp_path: Path) -> None:
    expected = {
        6: {"status": "given", "author": "consultant", "received": "2026-10-09", "text": GIVEN},
        8: {"status": "not_received", "invited_until": "2026-10-12"},
        7: {"status": "none"},
    }

    async def act(_: World, gateway: Gateway) -> None:
        lines = (await gateway.get("/results.ndjson")).text.splitlines()
        streamed = {one["id"]: one for one in map(json.loads, lines) if "id" in one}
        table = csv.DictReader(io.StringIO((await gateway.get("/results.csv")).text, newline=""))
        cells = {one["result_id"]: one for one in table}
        for number, reply in expected.items():
            name = f"r-{number:012x}"
            assert (await gateway.get(result(number))).json()["reply"] == reply
            assert streamed[name]["reply"] == reply
            row = cells[name]
            assert row["reply_status"] == (reply["status"] if reply["status"] != "none" else "")
            assert (row["reply_text"], row["reply_invited_until"]) == (
                reply.get("text", ""), reply.get("invited_until", ""),
            )  # fmt: skip
        assert (cells[f"r-{6:012x}"]["quality_flags"], streamed[f"r-{6:012x}"]["quality"]["flags"]) == (
            "disputed", ["disputed"],
        )  # fmt: skip
        flags = {one["code"] for one in (await gateway.get("/v1/codelists/quality-flags")).json()["codes"]}
        assert "disputed" in flags

    run(tmp_path, act)


def test_the_own_entry_has_the_commentary(tmp_path: Path) -> None:
    async def act(_: World, gateway: Gateway) -> None:
        given = {"status": "given", "author": "consultant", "received": "2026-10-09", "text": ABOUT_ALL}
        assert (await gateway.get(f"/consultants/{ADAMS}")).json()["commentary"] == given
        assert (await gateway.get(f"/consultants/{BAKER}")).json()["commentary"] == {"status": "none"}
        silent = {"status": "not_received", "invited_until": "2026-10-12"}
        assert (await gateway.get("/providers/ZZ002")).json()["commentary"] == silent
        assert "commentary" not in (await gateway.get("/providers/ZZ001")).json()

    run(tmp_path, act)


def test_pages_say_it_in_words(tmp_path: Path) -> None:
    async def act(_: World, gateway: Gateway) -> None:
        async def page(path: str) -> str:
            answer = await gateway.client.get(path)
            assert answer.status_code == 200, path
            return answer.text

        given = await page(result(6))
        assert "By the consultant, 9 October 2026" in given
        assert "Our theatre was closed in June." in given
        assert "&lt;b&gt;more&lt;/b&gt;" in given
        assert "Disputed: whoever this result is about disputes the data behind it" in given
        silent = await page(result(8))
        assert "No reply by 12 October 2026." in silent
        nothing = await page(result(7))
        assert ("Reply to this result" in nothing, "Disputed" in nothing) == (False, False)
        adams, clark = await page(f"/consultants/{ADAMS}"), await page(f"/consultants/{CLARK}")
        assert all(words in adams for words in ("Our theatre was closed", ABOUT_ALL, "Disputed: "))
        assert "No reply by 12 October 2026." in clark
        assert "About all of these results" not in clark
        hospital = await page("/providers/ZZ002")
        assert "About all of these results" in hospital
        assert "No reply by 12 October 2026." in hospital
        assert "By the lead clinician, 2 October 2026" in await page(result(5))

    run(tmp_path, act)


def test_what_a_person_said_goes_with_their_result(tmp_path: Path) -> None:
    async def act(made: World, gateway: Gateway) -> None:
        made.consent.withdraw(ADAMS)
        await gateway.tick()
        for path in ("/results", "/results.csv", "/results.ndjson", "/consultants", "/providers/ZZ001"):
            text = (await gateway.get(path)).text
            assert "Our theatre" not in text, path
            assert ABOUT_ALL not in text, path
        assert (await gateway.get(result(6))).status_code == 404
        assert (await gateway.get(f"/consultants/{ADAMS}")).status_code == 404

    run(tmp_path, act)
