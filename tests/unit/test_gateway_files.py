"""Whole files of what depends on nobody: one content in every form, name and coding; ranges; a proxy's folder."""

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import structlog
from fastapi import Request

from services.gateway.api.encodings import takes_gzip
from services.gateway.api.problems import RangeNotSatisfiable
from services.gateway.api.ranges import part_wanted
from tests.unit.test_gateway_baked import FIXED, Baked, first_view, row_of
from tests.unit.test_gateway_world import Gateway, World, asked, within, world

CSV, NDJSON = "/files/results-fixed.csv", "/files/results-fixed.ndjson"
PLAIN = {"Accept-Encoding": "identity"}
QUIET = 3600.0


def many_rows(count: int) -> Baked:
    """More fixed rows than one piece."""
    view = first_view()
    view.rows += [row_of(number, provider_id="ZZ001", indicator_id=FIXED, period_id=f"p{number}")
                  for number in range(1000, 1000 + count)]  # fmt: skip
    return view


def test_a_file_is_what_its_query_answers_and_its_line_in_the_list_is_true(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            listed = (await gateway.get("/files")).json()
            assert [one["name"] for one in listed["data"]] == ["results-fixed.csv", "results-fixed.ndjson"]
            release = (await gateway.get("/v1/releases/2026-09-30")).json()
            assert release["links"]["files"] == listed["links"]["self"]
            assert release["manifest"]["files"] == [
                {key: value for key, value in one.items() if key != "links"} for one in listed["data"]
            ]
            for one in listed["data"]:
                suffix = one["name"].rpartition(".")[2]
                query = await gateway.get(f"/results.{suffix}?partition=fixed")
                for address in one["links"].values():
                    answer = await gateway.get(address, headers=PLAIN)
                    assert answer.status_code == 200
                    assert answer.content == query.content
                    assert answer.headers["content-type"] == query.headers["content-type"]
                assert (one["bytes"], one["sha256"]) == (len(answer.content), sha256(answer.content))
                assert one["sha256"][:16] in one["links"]["permanent"]
                assert one["rows"] == 1104

    with world(tmp_path, many_rows(1100)) as made:
        asyncio.run(scenario(made))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_coding_has_its_own_validator_and_the_same_content(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> list[httpx.Response]:
        return [await gateway.get(CSV, headers={"Accept-Encoding": text}) for text in ("identity", "br, gzip")]

    plain, packed = within(tmp_path, scenario)
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content  # the client has unpacked it
    assert int(packed.headers["content-length"]) < len(plain.content) == int(plain.headers["content-length"])
    assert plain.headers["etag"] != packed.headers["etag"]
    for answer in (plain, packed):
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["last-modified"] == "Wed, 30 Sep 2026 08:30:00 GMT"
        disposition = 'attachment; filename="candour-2026-09-30-results-fixed.csv"'
        assert answer.headers["content-disposition"] == disposition
        assert answer.headers["accept-ranges"] == "bytes"
        assert not answer.headers["etag"].startswith("W/")


def test_latest_moves_and_names_the_dated_address(tmp_path: Path) -> None:
    answer, listed = asked(tmp_path, "/v1/releases/latest/files/results-fixed.csv", "/v1/releases/latest/files")
    assert answer.headers["cache-control"] == listed.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["content-location"] == f"/v1/releases/2026-09-30{CSV}"
    assert listed.headers["content-location"] == "/v1/releases/2026-09-30/files"
    assert "latest" not in listed.text


def test_files_do_not_wait_for_consent(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            made.consent_at.stop()
            assert (await gateway.get("/results")).status_code == 503
            assert [(await gateway.get(path)).status_code for path in ("/files", CSV, NDJSON)] == [200] * 3
            made.consent_at.start()

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_conditions_ranges_and_head(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> None:
        whole = await gateway.get(CSV, headers=PLAIN)
        tag, size = whole.headers["etag"], len(whole.content)

        async def get(**headers: str) -> httpx.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await gateway.get(CSV, headers={**PLAIN, **named})

        assert (await get(If_None_Match=tag)).status_code == 304
        assert (await get(If_None_Match=f"W/{tag}")).status_code == 304  # a proxy that has packed it says so
        assert (await get(If_None_Match='"other"')).status_code == 200
        parts = (("0-9", 0, 9), ("10-", 10, size - 1), ("-5", size - 5, size - 1), (f"0-{size * 9}", 0, size - 1),
                 (f"-{size * 9}", 0, size - 1))  # fmt: skip
        for text, first, last in parts:
            for held in ({}, {"If_Range": tag}, {"If_Range": whole.headers["last-modified"]}):
                part = await get(Range=f"bytes={text}", **held)
                assert (part.status_code, part.content) == (206, whole.content[first : last + 1]), text
                assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
                assert (part.headers["etag"], int(part.headers["content-length"])) == (tag, last - first + 1)
        for headers in ({"Range": "bytes=0-1,4-5"}, {"Range": "lines=0-1"}, {"Range": "bytes=5-2"},
                        {"Range": "bytes=-"}, {"Range": "bytes=0-9", "If_Range": '"other"'},
                        {"Range": "bytes=0-9", "If_Range": f"W/{tag}"},
                        {"Range": "bytes=0-9", "If_Range": "Wed, 30 Sep 2026 08:30:01 GMT"}):  # fmt: skip
            answer = await get(**headers)
            assert (answer.status_code, answer.content) == (200, whole.content), headers
        for text in (f"bytes={size}-", "bytes=-0", "bytes=999999999999999999-"):
            answer = await get(Range=text)
            assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
            assert answer.headers["content-range"] == f"bytes */{size}"
            assert answer.headers["cache-control"] == "no-store"
        headed = await gateway.client.head(f"/v1/releases/2026-09-30{CSV}", headers={**PLAIN, "Range": "bytes=0-9"})
        assert (headed.status_code, headed.content) == (200, b"")
        assert {name: headed.headers[name] for name in whole.headers if name != "x-request-id"} == {
            name: whole.headers[name] for name in whole.headers if name != "x-request-id"
        }

    within(tmp_path, scenario)


def test_a_range_of_the_packed_bytes_is_one_of_those(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> None:
        async def raw(**headers: str) -> tuple[httpx.Response, bytes]:
            request = gateway.client.build_request(
                "GET", f"/v1/releases/2026-09-30{NDJSON}", headers={"Accept-Encoding": "gzip", **headers}
            )
            answer = await gateway.client.send(request, stream=True)
            return answer, b"".join([piece async for piece in answer.aiter_raw()])

        whole, packed = await raw()
        _, start = await raw(Range="bytes=0-19")
        rest, end = await raw(Range="bytes=20-", **{"If-Range": whole.headers["etag"]})
        assert (rest.status_code, start + end) == (206, packed)
        plain = await gateway.get(NDJSON, headers=PLAIN)
        assert gzip.decompress(packed) == plain.content
        crossed, content = await raw(Range="bytes=20-", **{"If-Range": plain.headers["etag"]})
        assert (crossed.status_code, content) == (200, packed)  # the copy begun is of another coding

    within(tmp_path, scenario)


@pytest.mark.parametrize(
    ("asks", "packed"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("*", True), ("deflate, *;q=0.1", True), ("", False), ("br", False),
     ("gzip;q=0", False), ("gzip;q=no", False), ("*;q=0", False), ("gzip;q=0.2, identity;q=0.9", False),
     ("identity", False), ("x-gzip", True)],
)  # fmt: skip
def test_gzip_is_sent_to_whom_asks_for_it(asks: str, packed: bool) -> None:
    assert takes_gzip(asks) is packed


def test_of_an_empty_file_there_is_no_part() -> None:
    request = Request({"type": "http", "headers": [(b"range", b"bytes=0-")]})
    with pytest.raises(RangeNotSatisfiable):
        part_wanted(request, '"tag"', datetime(2026, 9, 30, tzinfo=UTC), 0)


def test_another_name_is_not_found_and_a_parameter_is_refused(tmp_path: Path) -> None:
    names = ("/files/results-revocable.csv", "/files/results-fixed.csv.gz", "/files/..%2f..%2fconsent.json",
             "/files/results-fixed-0123456789abcdef.csv", f"{CSV}?bom=1")  # fmt: skip
    assert [answer.status_code for answer in asked(tmp_path, *names)] == [404, 404, 404, 404, 422]
    assert asked(tmp_path, CSV, headers={"Accept": "image/png"})[0].status_code == 200  # the name says the form


def test_a_proxy_can_serve_the_folder_by_itself(tmp_path: Path) -> None:
    """Same address, same bytes, packed beside, dated like the answer, and nothing else in it."""

    async def scenario(gateway: Gateway) -> None:
        public = tmp_path / "gateway" / "public"
        listed = (await gateway.get("/files")).json()["data"]
        addresses = {one["links"][kind] for one in listed for kind in ("self", "permanent")}
        found = {f"/{path.relative_to(public)}" for path in public.rglob("*") if path.is_file()}
        assert found == addresses | {f"{address}.gz" for address in addresses}
        for address in addresses:
            answer = await gateway.get(address, headers=PLAIN)
            on_disk = public / address.removeprefix("/")
            assert on_disk.read_bytes() == answer.content
            assert gzip.decompress(on_disk.with_name(on_disk.name + ".gz").read_bytes()) == answer.content
            assert datetime.fromtimestamp(on_disk.stat().st_mtime, UTC) == datetime(2026, 9, 30, 8, 30, tzinfo=UTC)
        modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in (public, *public.rglob("*"))}
        assert modes == {(True, 0o755), (False, 0o644)}

    within(tmp_path, scenario)


def test_a_new_view_leaves_files_alone_and_a_restart_writes_none(tmp_path: Path) -> None:
    def written() -> dict[str, int]:
        return {one.name: one.stat().st_ino for one in (tmp_path / "gateway/public").rglob("results*")}

    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            before, told = written(), (await gateway.get("/files")).json()
            view = first_view(view=2)
            view.rows = [row for row in view.rows if row["partition"] == "fixed"]  # all of them have withdrawn
            view.quarantine = {}
            made.ratings.publish(view)
            await gateway.tick()
            assert (await gateway.get("/v1/releases/latest")).json()["view"] == 2
            assert (written(), (await gateway.get("/files")).json()) == (before, told)
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert (written(), (await gateway.get("/files")).json()) == (before, told)

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def changed(change: Callable[[dict[str, object]], None]) -> Baked:
    view = first_view(view=2)
    change(view.rows[3])  # fixed
    return view


def test_fixed_figures_that_change_are_refused_also_after_a_restart(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            before = (await gateway.get(CSV)).content
        made.ratings.publish(changed(lambda row: row.update(estimate=2.2)))
        with structlog.testing.capture_logs() as logs:
            async with made.gateway(poll_seconds=QUIET) as gateway:
                await gateway.tick()
                answer = await gateway.get("/v1/releases/2026-09-30")
                assert answer.status_code == 503  # of this view there is nothing right to show
        assert any("publish a revision" in one.get("cause", "") for one in logs)
        made.ratings.publish(first_view(view=3))
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert (await gateway.get(CSV)).content == before
            made.ratings.publish(replace(changed(lambda row: row.update(estimate=2.2)), view=4))
            await gateway.tick()
            assert (await gateway.get("/v1/releases/2026-09-30")).json()["view"] == 3

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_words_put_otherwise_are_another_file_and_its_permanent_name_tells(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            before = (await gateway.get("/files")).json()["data"][0]
            made.ratings.publish(changed(lambda row: row.update(summary="As expected.")))
            await gateway.tick()
            after = (await gateway.get("/files")).json()["data"][0]
            assert after["links"]["permanent"] != before["links"]["permanent"]
            assert (await gateway.get(before["links"]["permanent"])).status_code == 404  # never other bytes under it
            content = (await gateway.get(after["links"]["self"], headers=PLAIN)).content
            assert sha256(content) == after["sha256"] != before["sha256"]
            folder = tmp_path / "gateway/public/v1/releases/2026-09-30/files"
            assert (folder / "results-fixed.csv").read_bytes() == content
            assert len(list(folder.iterdir())) == 8

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_files_of_a_release_taken_down_are_gone_from_the_disk(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert (await gateway.get("/v1/releases/2026-03-31/files/results-fixed.csv")).status_code == 200
            del made.ratings.views["2026-03-31"]
            await gateway.tick()
            answer = await gateway.get("/v1/releases/2026-03-31/files/results-fixed.csv")
            assert (answer.status_code, answer.json()["code"]) == (410, "release_taken_down")
            kept = [one.name for one in (tmp_path / "gateway/public/v1/releases").iterdir()]
            assert kept == ["2026-09-30"]

    with world(tmp_path, first_view(release="2026-03-31", status="superseded"), first_view()) as made:
        asyncio.run(scenario(made))
