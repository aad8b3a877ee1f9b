"""Views: verified, compiled aside, caught up with consent, swapped, taken down; and refused when they are wrong."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from services.gateway.api.answers import Answers
from services.gateway.api.asking import ResultsQuery
from services.gateway.api.bulk import ViewGone, Writer, pieces
from services.gateway.api.forms import CSV
from services.gateway.api.reader import Reader
from services.gateway.view.compile import ViewRefused, compile_view
from services.gateway.view.queries import ViewRows
from services.gateway.view.selection import Selection
from tests.unit.test_gateway_baked import ADAMS, BAKER, CLARK, FIXED, MIXED, Baked, first_view, key_of, row_of
from tests.unit.test_gateway_world import A_LONG_TIME, QUIET, Gateway, World, world


async def status(gateway: Gateway, path: str) -> int:
    return (await gateway.get(path)).status_code


def test_a_view_is_caught_up_with_consent_before_it_answers(tmp_path: Path) -> None:
    """She withdrew after the view was baked and before any gateway had it."""

    async def scenario(made: World) -> None:
        made.consent.withdraw(ADAMS)
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert await status(gateway, f"/consultants/{ADAMS}") == 404
            assert await status(gateway, f"/consultants/{CLARK}") == 200

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_later_view_baked_earlier_gets_what_it_missed(tmp_path: Path) -> None:
    """The first view knows a newer revision than the second one, which must still learn of the withdrawal between."""

    async def scenario(made: World) -> None:
        withdrawn = made.consent.withdraw(ADAMS)
        now = first_view(consent_revision=withdrawn)
        now.rows = [row for row in now.rows if row["id"] not in now.quarantine[ADAMS]]
        del now.quarantine[ADAMS]
        made.ratings.publish(now)
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert await status(gateway, "/results") == 200
            made.ratings.publish(first_view(release="2026-03-31", status="superseded"))
            await gateway.tick()
            assert await status(gateway, f"/v1/releases/2026-03-31/consultants/{CLARK}") == 200
            assert await status(gateway, f"/v1/releases/2026-03-31/consultants/{ADAMS}") == 404

    with world(tmp_path) as made:
        asyncio.run(scenario(made))


def test_an_old_withdrawal_hides_nothing_in_a_view_that_knows_a_later_grant(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            made.consent.withdraw(ADAMS)
            granted = made.consent.withdraw(ADAMS, now="named")
            made.ratings.publish(first_view(view=2, consent_revision=granted))
            await gateway.tick()
            assert await status(gateway, f"/consultants/{ADAMS}") == 200

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_new_view_waits_for_consent_while_the_old_one_goes_on(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            made.consent_at.stop()
            made.ratings.publish(first_view(view=2))
            await gateway.tick()
            assert (await gateway.get("/v1/releases/2026-09-30")).json()["view"] == 1
            assert await status(gateway, f"/results?indicator={FIXED}") == 200
            made.consent_at.start()
            await gateway.reaches_consent()
            await gateway.tick()
            assert (await gateway.get("/v1/releases/2026-09-30")).json()["view"] == 2
            assert [one.name for one in (tmp_path / "gateway/views/2026-09-30").iterdir()] == [digest(made)]

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_first_start_without_consent_has_nothing_to_show_and_says_so(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        made.consent_at.stop()
        async with made.gateway(poll_seconds=QUIET) as gateway:
            answer = await gateway.get("/v1/releases/latest/results?partition=fixed")
            assert (answer.status_code, answer.json()["code"]) == (503, "starting")
            assert (await gateway.client.get("/health/ready")).status_code == 503
            made.consent_at.start()
            await gateway.reaches_consent()
            await gateway.tick()
            assert await status(gateway, "/results") == 200
            assert (await gateway.client.get("/health/ready")).status_code == 200

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_restart_without_ratings_uses_what_is_on_disk_and_asks_consent_first(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert await status(gateway, f"/consultants/{ADAMS}") == 200
        made.ratings_at.stop()
        made.consent.withdraw(ADAMS)
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert await status(gateway, f"/consultants/{ADAMS}") == 404
            assert await status(gateway, f"/consultants/{CLARK}") == 200
        made.consent_at.stop()
        async with made.gateway(poll_seconds=QUIET) as gateway:  # neither of the two
            assert await status(gateway, f"/consultants/{CLARK}") == 503
            assert await status(gateway, f"/results?indicator={FIXED}") == 200
            made.consent_at.start()
            await gateway.reaches_consent()
            assert await status(gateway, f"/consultants/{CLARK}") == 200
            assert await status(gateway, f"/consultants/{ADAMS}") == 404
        made.ratings_at.start()

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


@pytest.mark.parametrize("part", ["manifest.json", "rows.parquet", "quarantine.parquet", "providers.json"])
def test_a_file_that_is_not_what_was_named_is_refused(tmp_path: Path, part: str) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            made.ratings.publish(first_view(view=2), spoil=None if part == "manifest.json" else part)
            if part == "manifest.json":
                entry, files = made.ratings.views["2026-09-30"]
                made.ratings.views["2026-09-30"] = (entry, {**files, part: files[part] + b" "})
            await gateway.tick()
            assert (await gateway.get("/v1/releases/2026-09-30")).json()["view"] == 1

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_view_of_another_consent_store_is_refused(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            made.ratings.publish(first_view(view=2, store="store-b"))
            await gateway.tick()
            assert (await gateway.get("/v1/releases/2026-09-30")).json()["view"] == 1

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_release_taken_down_is_gone_and_names_its_successor(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert await status(gateway, "/v1/releases/2026-03-31/results") == 200
            assert (tmp_path / "gateway/views/2026-03-31").is_dir()
            del made.ratings.views["2026-03-31"]
            await gateway.tick()
            answer = await gateway.get("/v1/releases/2026-03-31/results")
            assert (answer.status_code, answer.json()["code"]) == (410, "release_taken_down")
            assert answer.json()["successor"] == "/v1/releases/2026-09-30"
            assert list((tmp_path / "gateway/views/2026-03-31").iterdir()) == []
            assert not (tmp_path / "gateway/public/v1/releases/2026-03-31").exists()

    older = first_view(release="2026-03-31", status="superseded")
    with world(tmp_path, older, first_view()) as made:
        asyncio.run(scenario(made))


def test_latest_is_the_newest_published_release(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            listed = (await gateway.get("/v1/releases")).json()["data"]
            assert [(one["release"], one["status"]) for one in listed] == [
                ("2026-09-30.10", "current"),
                ("2026-09-30.2", "superseded"),
                ("2026-09-30", "superseded"),
            ]
            assert (await gateway.get("/v1/releases/latest")).json()["release"] == "2026-09-30.10"

    views = [first_view(release=name, status="superseded") for name in ("2026-09-30", "2026-09-30.2")]
    with world(tmp_path, *views, first_view(release="2026-09-30.10", supersedes="2026-09-30.2")) as made:
        asyncio.run(scenario(made))


def digest(made: World) -> str:
    """Of the manifest of the view that ratings shows."""
    return made.ratings.views["2026-09-30"][0].manifest_sha256


def large_view(people: int) -> Baked:
    """More rows than one piece, all in the quarantine set of one key where they are revocable."""
    base = first_view()
    for number in range(100, 100 + people):
        gmc = f"99{number:05d}"
        row = {**base.rows[5], "id": f"r-{number:012x}", "consultant_id": gmc, "consultant_name": f"Dr {number}"}
        base.rows.append(row)
        base.quarantine[gmc] = [row["id"]]
    return base


def test_a_long_stream_leaves_in_pieces_each_looked_at_again(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            answers = gateway.app.state.answers
            whole = await gateway.get("/results.csv")
            assert whole.text.count("\r\n") == 1 + 8 + 2500
            assert "content-length" not in whole.headers
            reader = await answers.reader("latest")
            stream = bulk_pieces(reader, answers)
            first = await anext(stream)
            assert first.count(b"\r\n") == 1001
            late = f"99{2599:05d}"
            made.consent.withdraw(late)  # somebody in the last piece, after the first one has left
            rest = b"".join([piece async for piece in stream])
            assert late.encode() not in first + rest
            assert (first + rest).count(b"\r\n") == 1 + 8 + 2499
            again = await gateway.get("/results.csv", headers={"If-None-Match": whole.headers["etag"]})
            assert again.status_code == 200

    with world(tmp_path, large_view(2500)) as made:
        asyncio.run(scenario(made))


def test_a_stream_whose_view_is_replaced_is_cut_not_mixed(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            answers = gateway.app.state.answers
            stream = bulk_pieces(await answers.reader("latest"), answers)
            await anext(stream)
            made.ratings.publish(first_view(view=2))
            await gateway.tick()
            with pytest.raises(ViewGone):
                await anext(stream)

    with world(tmp_path, large_view(1500)) as made:
        asyncio.run(scenario(made))


def bulk_pieces(reader: Reader, answers: Answers) -> AsyncIterator[bytes]:
    asked = reader.planned(ResultsQuery())
    return pieces(reader, asked, Writer(reader, asked, CSV), answers.barrier)


Change = Callable[[dict[str, bytes]], None]


def rows_with(**columns: Any) -> Change:
    def change(files: dict[str, bytes]) -> None:
        frame = pl.read_parquet(BytesIO(files["rows.parquet"]))
        out = BytesIO()
        frame.with_columns(**columns).write_parquet(out)
        files["rows.parquet"] = out.getvalue()

    return change


def part_with(name: str, expression: Callable[[pl.DataFrame], pl.DataFrame]) -> Change:
    def change(files: dict[str, bytes]) -> None:
        out = BytesIO()
        expression(pl.read_parquet(BytesIO(files[name]))).write_parquet(out)
        files[name] = out.getvalue()

    return change


PERSON = pl.col("level") == "consultant"
WRONG: dict[str, Change] = {
    "an unknown column": part_with("rows.parquet", lambda rows: rows.with_columns(extra=pl.lit(1))),
    "a missing column": part_with("rows.parquet", lambda rows: rows.drop("crude")),
    "text for a number": rows_with(estimate=pl.lit("2.1")),
    "not a number": rows_with(expected=pl.lit(float("nan"))),
    "infinity": rows_with(interval_upper=pl.lit(float("inf"))),
    "two rows of one id": rows_with(id=pl.lit("r-000000000001")),
    "rows not numbered": rows_with(row=pl.col("row") + 1),
    "an unknown status": rows_with(status=pl.lit("withheld")),
    "an unknown indicator": rows_with(indicator_id=pl.lit("another")),
    "a published row without a figure": rows_with(estimate=pl.lit(None, pl.Float64)),
    "an absent row with a figure": rows_with(observed=pl.lit(1)),
    "an absence without a reason": rows_with(reason=pl.lit(None, pl.String)),
    "a crude figure of a person": rows_with(crude=pl.lit(1.0)),
    "a position of what is not compared": rows_with(position=pl.lit("within")),
    "a person without a number": rows_with(consultant_id=pl.lit(None, pl.String)),
    "a fixed row in a quarantine set": rows_with(partition=pl.lit("fixed")),
    "a revocable row of a fixed indicator": rows_with(partition=pl.lit("revocable")),
    "a person in no quarantine set": part_with("quarantine.parquet", lambda keys: keys.filter(key=key_of(CLARK))),
    "a quarantined row that is not there": part_with(
        "quarantine.parquet", lambda keys: keys.with_columns(row=pl.lit(99, pl.Int64))
    ),
    "a name twice": part_with("consultants.parquet", lambda people: pl.concat([people, people])),
    "a name without a row": part_with(
        "consultants.parquet",
        lambda people: pl.concat([people, pl.DataFrame({"gmc": ["9999999"], "name": ["Dr X"], "specialty": ["s"]})]),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_view_that_breaks_its_contract_is_refused_whole(tmp_path: Path, name: str) -> None:
    files = first_view().files()
    compile_view(files, tmp_path / "right.sqlite")
    WRONG[name](files)
    with pytest.raises(ViewRefused):
        compile_view(files, tmp_path / "wrong.sqlite")


def test_queries_never_reach_a_hidden_row(tmp_path: Path) -> None:
    compile_view(first_view().files(), tmp_path / "view.sqlite")
    rows = ViewRows(tmp_path / "view.sqlite")
    everything = Selection()
    assert (rows.total(everything), len(rows.visible_ids())) == (8, 8)
    assert sorted(rows.hide([key_of(ADAMS), key_of("9999999")])) == ["r-000000000001", "r-000000000006"]
    assert rows.hide([key_of(ADAMS)]) == []
    left = rows.page(everything, "subject", None, -1)
    assert {row["id"][-1] for row in left} == set("234578")
    assert rows.total(everything) == len(rows.visible_ids()) == 6
    assert rows.one("r-000000000006") is None
    assert rows.consultant(ADAMS) == []
    assert [gmc for gmc, _ in rows.consultants("", [], [])] == [BAKER, CLARK]
    assert rows.hidden_ids(Selection({"indicator": (MIXED,)})) == ["r-000000000001", "r-000000000006"]
    assert rows.hidden_ids(Selection({"indicator": (FIXED,)})) == []
    rows.close()


def test_the_view_file_is_read_only(tmp_path: Path) -> None:
    compile_view(first_view().files(), tmp_path / "view.sqlite")
    rows = ViewRows(tmp_path / "view.sqlite")
    with pytest.raises(sqlite3.OperationalError):
        rows.connection.execute("delete from quarantine")
    rows.close()


def test_dates_are_days(tmp_path: Path) -> None:
    view = first_view()
    view.rows = [row_of(1, provider_id="ZZ001", partition="fixed", indicator_id=FIXED, period_end=date(2026, 3, 1))]
    view.quarantine = {}
    compile_view(view.files(), tmp_path / "view.sqlite")
    rows = ViewRows(tmp_path / "view.sqlite")
    found = rows.one("r-000000000001")
    assert found is not None
    assert (found["period_start"], found["period_end"]) == ("2023-04-01", "2026-03-01")
    assert rows.has_revocable() is False
    rows.close()


def test_following_goes_on_after_what_it_does_not_understand(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=0.02) as gateway:
            entry, files = made.ratings.views.pop("2026-09-30")
            made.ratings.views["2026-09-30"] = (entry.model_copy(update={"status": "draft"}), files)
            await asyncio.sleep(0.2)
            assert await status(gateway, "/results") == 200  # an index that is not understood changes nothing
            made.ratings.publish(first_view(view=2))
            place = tmp_path / "gateway/views/2026-09-30" / digest(made)
            place.mkdir(parents=True)
            (place / "manifest.json").mkdir()  # not a file: the disk is not as we left it
            await asyncio.sleep(0.3)
            assert (await gateway.get("/v1/releases/latest")).json()["view"] == 1
            (place / "manifest.json").rmdir()
            async with asyncio.timeout(A_LONG_TIME):
                while (await gateway.get("/v1/releases/latest")).json()["view"] != 2:
                    await asyncio.sleep(0.05)

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


async def ready_is(gateway: Gateway, status: int) -> None:
    """Returns once it is."""
    async with asyncio.timeout(A_LONG_TIME):
        while (await gateway.client.get("/health/ready")).status_code != status:
            await asyncio.sleep(0.02)


def test_an_unforeseen_failure_shows_as_not_ready_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise RuntimeError("planted")

    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=0.02) as gateway:
            assert (await gateway.client.get("/health/ready")).status_code == 200
            with monkeypatch.context() as planted:
                planted.setattr(gateway.app.state.follower, "follow", broken)
                await ready_is(gateway, 503)
                assert await status(gateway, "/results") == 200
            await ready_is(gateway, 200)

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))
