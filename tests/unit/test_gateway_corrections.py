"""A correction is data: the release that corrects, the one that is corrected, the list of changes, and their pages."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.contracts.views import Correction
from tests.unit.test_gateway_baked import Baked, first_view
from tests.unit.test_gateway_world import Gateway, World, world

OLD, NEW = "2026-09-30", "2026-10-14"
TEXT = "Deaths at one hospital were counted twice; its figures are lower now."
NOTE = Correction(supersedes=OLD, text=TEXT)
NOTICE = {"release": NEW, "published": "2026-10-14T08:30:00Z", "text": TEXT}


def old(status: str = "superseded") -> Baked:
    return first_view(release=OLD, status=status)


def new(correction: Correction | None = NOTE) -> Baked:
    published = datetime(2026, 10, 14, 8, 30, tzinfo=UTC)
    return first_view(release=NEW, supersedes=OLD, correction=correction, published=published)


def run(folder: Path, act: Callable[[World, Gateway], Awaitable[None]], *baked: Baked) -> None:
    async def go() -> None:
        with world(folder, *baked) as made:
            async with made.gateway(poll_seconds=60) as gateway:
                await act(made, gateway)

    asyncio.run(go())


async def told(gateway: Gateway) -> list[tuple[str, str, str]]:
    """Kind, release and by which other one, of every event."""
    events: Sequence[dict[str, Any]] = (await gateway.get("/v1/changes")).json()["data"]
    return [(one["kind"], one["release"], one.get("by", "")) for one in events]


def test_both_releases_say_what_was_corrected(tmp_path: Path) -> None:
    async def act(_: World, gateway: Gateway) -> None:
        corrected, correcting = [(await gateway.get(f"/v1/releases/{one}")).json() for one in (OLD, NEW)]
        assert ("correction" in corrected, corrected["corrections"]) == (False, [NOTICE])
        assert (correcting["correction"], correcting["corrections"]) == (NOTE.model_dump(), [])
        assert (correcting["previous"], corrected["status"], correcting["status"]) == (OLD, "superseded", "current")
        newest, oldest = (await gateway.get("/v1/releases")).json()["data"]
        assert (newest["correction"], "corrections" in newest) == (NOTE.model_dump(), False)
        assert ("correction" in oldest, oldest["corrections"]) == (False, [NOTICE])

    run(tmp_path, act, old(), new())


def test_what_is_not_corrected_says_nothing(tmp_path: Path) -> None:
    async def act(_: World, gateway: Gateway) -> None:
        found = [(await gateway.get(f"/v1/releases/{one}")).json() for one in (OLD, NEW)]
        assert [("correction" in one, one["corrections"]) for one in found] == [(False, []), (False, [])]
        assert "correct" not in (await gateway.get("/v1/releases")).text
        assert "release.corrected" not in [kind for kind, _, _ in await told(gateway)]

    run(tmp_path, act, old(), new(None))


def test_figures_are_the_same_bytes_whether_a_release_is_corrected_or_not(tmp_path: Path) -> None:
    async def act(made: World, gateway: Gateway) -> None:
        asked = [f"/v1/releases/{OLD}/results{end}" for end in ("", ".csv", ".ndjson")]
        before = [(await gateway.get(path)).content for path in asked]
        made.ratings.publish(old())
        made.ratings.publish(new())
        await gateway.tick()
        assert [(await gateway.get(path)).content for path in asked] == before

    run(tmp_path, act, old("published"))


def test_the_list_of_changes_tells_each_thing_once(tmp_path: Path) -> None:
    first = [("release.published", OLD, "")]
    then = [("release.published", NEW, ""), ("release.superseded", OLD, NEW), ("release.corrected", OLD, NEW)]
    after = [("release.reinstated", OLD, ""), ("release.taken_down", NEW, "")]

    async def act(made: World, gateway: Gateway) -> None:
        assert await told(gateway) == first
        made.ratings.publish(old())
        made.ratings.publish(new())
        for _ in range(2):
            await gateway.tick()
            assert await told(gateway) == first + then
        made.ratings.publish(old("published"))
        del made.ratings.views[NEW]
        for _ in range(2):
            await gateway.tick()
            assert await told(gateway) == first + then + after
        assert (await gateway.get(f"/v1/releases/{OLD}")).json()["corrections"] == []
        assert (await gateway.get(f"/v1/releases/{NEW}")).status_code == 410

    run(tmp_path, act, old("published"))


def test_a_restart_tells_nothing_again_and_what_it_missed(tmp_path: Path) -> None:
    async def go() -> None:
        with world(tmp_path, old(), new()) as made:
            async with made.gateway(poll_seconds=60) as gateway:
                before = await told(gateway)
                assert sorted(kind for kind, _, _ in before) == [
                    "release.corrected", "release.published", "release.published", "release.superseded",
                ]  # fmt: skip
            async with made.gateway(poll_seconds=60) as gateway:
                assert await told(gateway) == before
            made.ratings.publish(old("published"))
            del made.ratings.views[NEW]
            async with made.gateway(poll_seconds=60) as gateway:
                assert await told(gateway) == [
                    *before,
                    ("release.reinstated", OLD, ""),
                    ("release.taken_down", NEW, ""),
                ]
            made.ratings_at.stop()
            async with made.gateway(poll_seconds=60) as gateway:  # from its disk: what is not there is not gone
                assert len(await told(gateway)) == len(before) + 2

    asyncio.run(go())


def test_every_kind_of_change_is_in_the_code_list(tmp_path: Path) -> None:
    async def act(_: World, gateway: Gateway) -> None:
        codes = {one["code"] for one in (await gateway.get("/v1/codelists/change-kinds")).json()["codes"]}
        assert {kind for kind, _, _ in await told(gateway)} | {"release.reinstated", "release.taken_down"} <= codes

    run(tmp_path, act, old(), new())


def test_pages_show_the_notice_on_both_releases(tmp_path: Path) -> None:
    async def act(_: World, gateway: Gateway) -> None:
        async def page(path: str) -> str:
            answer = await gateway.client.get(path)
            assert answer.status_code == 200, path
            return answer.text

        corrects = f"Corrects the release {OLD}: {TEXT}"
        corrected = f"Corrected by the release {NEW} of 14 October 2026: {TEXT}"
        data, before, after = await page("/data"), await page(f"/releases/{OLD}"), await page(f"/releases/{NEW}")
        assert corrects in data
        assert corrected in data
        assert (corrected in before, corrects in before, "stay as they were published" in before) == (True, False, True)
        assert (corrected in after, corrects in after, "stay as they were published" in after) == (False, True, False)
        assert f'href="/v1/releases/{OLD}/results"' in before
        assert f'href="/releases/{OLD}"' in after
        assert (await gateway.client.get("/releases/2001-01-01")).status_code == 404

    run(tmp_path, act, old(), new())
