"""A withdrawal hides at once: in every route, form and release, over real sockets, on connections already open."""

import asyncio
import hashlib
from pathlib import Path

import httpx
import pytest

from services.gateway.app import create_app
from services.gateway.peers import over_http
from services.gateway.view.changelog import ChangeLog
from services.gateway.view.room import Room
from shared.contracts.public.releases import ChangePage
from shared.kit.ballast import Ballast
from tests.unit.test_gateway_baked import ADAMS, BAKER, CLARK, MIXED, Baked, first_view, person, row_of
from tests.unit.test_gateway_world import A_LONG_TIME, PATIENT, Listening, World, world

RELEASES = ("2026-03-31", "2026-09-30", "latest")
OLD_ROW, NEW_ROW, TOTAL = "r-0000000000a6", "r-000000000006", "r-000000000001"
LISTS = ("/results", "/results.json", "/results.csv", "/results.ndjson", "/results?sort=name", "/results?limit=1",
         "/results?level=consultant", f"/results?consultant={ADAMS}&consultant={CLARK}",
         "/providers/ZZ001/results", "/providers/ZZ001/results.csv", f"/indicators/{MIXED}/results",
         f"/indicators/{MIXED}/results.ndjson", f"/indicators/{MIXED}/funnel", "/consultants", "/consultants?q=adams",
         f"/consultants?q={ADAMS}", "/consultants?provider=ZZ001",
         "/consultants?specialty=orthopaedic-surgery")  # fmt: skip
OWN = (f"/consultants/{ADAMS}", f"/consultants/{ADAMS}/results", f"/consultants/{ADAMS}/results.csv",
       f"/consultants/{ADAMS}/results.ndjson")  # fmt: skip
PAGES = ("/", "/providers", "/providers?q=adams", "/providers/ZZ001", f"/indicators/{MIXED}")


def older_view() -> Baked:
    rows = [row_of(0xA1, provider_id="ZZ001", partition="revocable"), person(0xA6, ADAMS, "ZZ001", "Dr Ann Adams"),
            person(0xA8, CLARK, "ZZ002", "Dr Cy Clark")]  # fmt: skip
    hidden = {ADAMS: [OLD_ROW, "r-0000000000a1"], CLARK: ["r-0000000000a8"]}
    return Baked(rows, hidden, release="2026-03-31", status="superseded", consent_revision=4)


def addresses() -> list[str]:
    listed = [f"/v1/releases/{release}{path}" for release in RELEASES for path in (*LISTS, *OWN)]
    rows = [f"/v1/releases/{RELEASES[0]}/results/{OLD_ROW}", f"/v1/releases/{RELEASES[1]}/results/{NEW_ROW}",
            f"/v1/releases/{RELEASES[1]}/results/{TOTAL}"]  # fmt: skip
    return [*listed, *rows, "/v1/changes", *PAGES, f"/consultants/{ADAMS}", f"/results/{NEW_ROW}"]


def walk(client: httpx.Client) -> dict[str, httpx.Response]:
    """Every address, and every further page that it links to."""
    found: dict[str, httpx.Response] = {}
    waiting = addresses()
    while waiting:
        path = waiting.pop()
        found[path] = client.get(path)
        if found[path].headers["content-type"] == "application/json":
            following = found[path].json().get("links", {}).get("next")
            if following and following not in found and not path.startswith("/v1/changes"):
                waiting.append(following)
    return found


def test_a_withdrawal_hides_everywhere_at_once(tmp_path: Path) -> None:
    with world(tmp_path, older_view(), first_view(supersedes="2026-03-31")) as made:
        settings = made.settings()
        gateway = Listening(create_app(settings, over_http(settings, deadlines=PATIENT)))
        try:
            with httpx.Client(base_url=gateway.url, trust_env=False, timeout=A_LONG_TIME) as client:
                before = walk(client)
                assert {one.status_code for one in before.values()} == {200}
                naming = {path for path, one in before.items() if "Adams" in one.text or ADAMS in one.text}
                assert {f"/v1/releases/{release}{path}" for release in RELEASES for path in OWN} <= naming
                made.consent.withdraw(ADAMS)
                after = walk(client)
        finally:
            gateway.stop()
    for path, one in after.items():
        told = path == "/v1/changes"
        for secret in ("Adams", ADAMS) if told else ("Adams", OLD_ROW, NEW_ROW, TOTAL):
            shown = one.text if one.headers["content-type"].startswith("text/html") else _body(one)
            assert secret not in shown, (path, secret)
    gone = {path for path, one in after.items() if one.status_code == 404}
    assert gone >= {f"/v1/releases/{release}{path}" for release in RELEASES for path in OWN}
    assert gone >= {f"/consultants/{ADAMS}", f"/results/{NEW_ROW}", f"/v1/releases/2026-09-30/results/{TOTAL}"}
    assert all(one.status_code in (200, 404) for one in after.values())
    assert _total(before["/v1/releases/latest/results"]) - _total(after["/v1/releases/latest/results"]) == 2
    clark = after["/v1/releases/latest/consultants"].json()["data"]
    assert [one["id"] for one in clark] == [BAKER, CLARK]


def _body(answer: httpx.Response) -> str:
    """Without the address of the question, which repeats what was asked for."""
    return answer.text.replace(str(answer.request.url.query.decode()), "")


def _total(answer: httpx.Response) -> int:
    return int(answer.json()["meta"]["total"])


def test_changes_list_opaque_rows_and_no_person(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway() as gateway:
            made.consent.withdraw(ADAMS)
            assert (await gateway.get("/results")).status_code == 200
            answer = await gateway.get("/v1/changes?after=1")
            event = answer.json()["data"][0]
            assert {"sequence", "at", "kind", "release", "view", "rows"} == set(event)
            assert (event["kind"], sorted(event["rows"])) == ("rows.not_published", [TOTAL, NEW_ROW])
            assert ADAMS not in answer.text
            assert answer.headers["cache-control"] == "no-cache"
        async with made.gateway() as gateway:  # a restart tells nothing twice
            assert (await gateway.get("/v1/changes")).json()["meta"]["latest"] == 2

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_rows_that_return_are_announced_again(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway() as gateway:
            made.consent.withdraw(ADAMS)
            assert (await gateway.get(f"/consultants/{ADAMS}")).status_code == 404
            made.consent.withdraw(ADAMS, now="named")
            made.ratings.publish(first_view(view=2, consent_revision=made.consent.revision))
            await gateway.tick()
            answer = await gateway.get("/v1/changes?after=2")
            ChangePage.model_validate(answer.json())
            event = answer.json()["data"][0]
            assert {"sequence", "at", "kind", "release", "view", "rows"} == set(event)
            assert (event["kind"], event["view"], sorted(event["rows"])) == ("rows.published", 2, [TOTAL, NEW_ROW])
            assert ADAMS not in answer.text
        async with made.gateway() as gateway:  # a restart tells nothing twice, and remembers what has returned
            assert (await gateway.get("/v1/changes")).json()["meta"]["latest"] == 3
            made.consent.withdraw(ADAMS)
            assert (await gateway.get(f"/consultants/{ADAMS}")).status_code == 404
            again = (await gateway.get("/v1/changes?after=3")).json()["data"]
            assert [(one["kind"], sorted(one["rows"])) for one in again] == [("rows.not_published", [TOTAL, NEW_ROW])]
            codes = (await gateway.get("/v1/codelists/change-kinds")).json()["codes"]
            assert "rows.published" in {one["code"] for one in codes}

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_rows_that_return_come_in_random_order(tmp_path: Path) -> None:
    """ "With their opaque ids in random order": the order would tell which belong together."""
    ids = [f"r-{number:012x}" for number in range(40)]
    changes = ChangeLog(tmp_path / "changes.ndjson", Room(Ballast(tmp_path, 0)))
    changes.not_published("2026-09-30", 1, ids)
    changes.shown_again("2026-09-30", 2, [*ids, "r-never-announced"])
    gone, back = (event["rows"] for event in changes.events)
    assert sorted(back) == ids
    assert back not in (ids, gone)


def test_withdrawn_is_the_same_as_never_there(tmp_path: Path) -> None:
    """Two worlds: she withdrew, or there is no such person. Whatever is asked for, the bytes are the same."""
    asked = (f"/consultants/{ADAMS}", f"/consultants/{ADAMS}/results", f"/results?consultant={ADAMS}", "/consultants",
             f"/results/{NEW_ROW}", "/results", "/results.csv", "/results.ndjson", "/consultants?q=adams",
             f"/indicators/{MIXED}/funnel")  # fmt: skip

    async def answers(made: World, withdraw: bool) -> list[tuple[int, bytes, dict[str, str]]]:
        async with made.gateway() as gateway:
            if withdraw:
                made.consent.withdraw(ADAMS)
            found = [await gateway.get(path) for path in asked]
            return [(one.status_code, one.content, _steady(one)) for one in found]

    with world(tmp_path / "a", first_view()) as made:
        withdrawn = asyncio.run(answers(made, withdraw=True))
    without = first_view()
    without.rows = [row for row in without.rows if row["id"] not in (TOTAL, NEW_ROW)]
    del without.quarantine[ADAMS]
    with world(tmp_path / "b", without) as made:
        never = asyncio.run(answers(made, withdraw=False))
    assert withdrawn == never


def _steady(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "x-request-id"}


@pytest.mark.parametrize("path", [f"/consultants/{BAKER}", f"/consultants/{BAKER}/results", "/results/r-000000000007"])
def test_the_one_404_is_the_same_whatever_the_cause(tmp_path: Path, path: str) -> None:
    others = ("/consultants/9999999", "/consultants/not-a-number", "/providers/ZZ999", "/indicators/no-such",
              "/results/r-ffffffffffff", "/results/nonsense", "/v1/releases/1999-01-01/results",
              "/v1/no/such/address", "/consultants/9999999/results", "/providers/ZZ999/results")  # fmt: skip

    async def scenario(made: World) -> None:
        async with made.gateway() as gateway:
            made.consent.withdraw(BAKER)
            answer = await gateway.get(path)
            assert answer.status_code == 404
            digest = hashlib.sha256(answer.content).hexdigest()
            for other in others:
                found = await gateway.get(other)
                assert (found.status_code, hashlib.sha256(found.content).hexdigest()) == (404, digest), other
                assert _steady(found) == _steady(answer)

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_naming_again_shows_nothing_until_a_newer_view(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway() as gateway:
            made.consent.withdraw(ADAMS)
            assert (await gateway.get(f"/consultants/{ADAMS}")).status_code == 404
            made.consent.withdraw(ADAMS, now="named")
            assert (await gateway.get(f"/consultants/{ADAMS}")).status_code == 404
            made.ratings.publish(first_view(view=2, consent_revision=made.consent.revision))
            await gateway.tick()
            answer = await gateway.get("/results?level=consultant")
            assert answer.json()["meta"]["view"] == 2
            assert (await gateway.get(f"/consultants/{ADAMS}")).status_code == 200

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_an_unchanged_validator_is_told_only_after_the_check(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=60) as gateway:
            first = await gateway.get("/results")
            same = await gateway.get("/results", headers={"If-None-Match": first.headers["etag"]})
            assert (same.status_code, same.content) == (304, b"")
            assert same.headers["etag"] == first.headers["etag"]
            made.consent.withdraw(ADAMS)
            changed = await gateway.get("/results", headers={"If-None-Match": first.headers["etag"]})
            assert changed.status_code == 200
            assert changed.headers["etag"] != first.headers["etag"]
            made.consent_at.stop()
            headers = {"If-None-Match": changed.headers["etag"]}
            assert (await gateway.get("/results", headers=headers)).status_code == 503
            made.consent_at.start()

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))
