"""Gateways and ratings of different versions: an earlier view still answers, a later one is left alone."""

import asyncio
import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from services.gateway.view.compile import ViewRefused, compile_view
from services.gateway.view.queries import COLUMNS, ViewRows
from services.gateway.view.selection import Selection
from services.gateway.view.wholefiles import WORDS
from shared.contracts.views import ADDED, ROW_COLUMNS, SINCE_SCHEMA_2, SINCE_SCHEMA_3, SINCE_SCHEMA_4, VIEW_SCHEMA
from tests.unit.test_gateway_baked import ADAMS, FIXED, MIXED, Baked, first_view
from tests.unit.test_gateway_world import World, world

QUIET = 3600.0


class Earlier(Baked):
    """A view as it was baked before model cards, robustness and places."""

    def files(self) -> dict[str, bytes]:
        files = super().files()
        del files["models.json"], files["commentaries.json"]
        rows = pl.read_parquet(BytesIO(files["rows.parquet"])).drop(SINCE_SCHEMA_2 | SINCE_SCHEMA_3 | SINCE_SCHEMA_4)
        files["rows.parquet"] = parquet(rows)
        entries = json.loads(files["indicators.json"])
        for entry in entries:
            del entry["ranked"]
            if "risk_model" in entry:
                entry["risk_model"] = {name: entry["risk_model"][name] for name in ("id", "variables")}
        files["indicators.json"] = json.dumps(entries).encode()
        return files


def parquet(frame: pl.DataFrame) -> bytes:
    out = BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def earlier(**given: Any) -> Earlier:
    first = first_view()
    return Earlier(first.rows, first.quarantine, schema=1, **given)


def test_an_earlier_view_answers_hides_and_gives_way_to_one_with_the_same_figures(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert (await gateway.get("/v1/releases/2026-09-30")).json()["view"] == 1
            card = await gateway.get(f"/indicators/{MIXED}/model")
            assert (card.status_code, card.json()["code"]) == (404, "no_model_card")
            assert "rank_interval" not in (await gateway.get("/results/r-000000000004")).json()
            before = (await gateway.get("/results.csv?partition=fixed")).content
            made.consent.withdraw(ADAMS)
            assert (await gateway.get(f"/consultants/{ADAMS}")).status_code == 404
            made.ratings.publish(first_view(view=2))
            await gateway.tick()
            assert (await gateway.get("/v1/releases/2026-09-30")).json()["view"] == 2
            assert (await gateway.get(f"/indicators/{MIXED}/model")).status_code == 200
            assert (await gateway.get(f"/consultants/{ADAMS}")).status_code == 404
            assert (await gateway.get("/results.csv?partition=fixed")).content == before

    with world(tmp_path, earlier()) as made:
        asyncio.run(scenario(made))


def test_an_earlier_view_is_taken_from_the_disk_after_a_restart(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert (await gateway.get(f"/results?indicator={FIXED}")).status_code == 200
        made.ratings_at.stop()
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert (await gateway.get(f"/results?indicator={FIXED}")).status_code == 200
        made.ratings_at.start()

    with world(tmp_path, earlier()) as made:
        asyncio.run(scenario(made))


def test_a_view_of_a_later_schema_is_refused_and_the_one_before_goes_on(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            made.ratings.publish(first_view(view=2, schema=VIEW_SCHEMA + 1))
            await gateway.tick()
            assert (await gateway.get("/v1/releases/2026-09-30")).json()["view"] == 1
            made.consent.withdraw(ADAMS)
            assert (await gateway.get(f"/consultants/{ADAMS}")).status_code == 404

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_an_earlier_view_with_later_parts_is_refused(tmp_path: Path) -> None:
    async def scenario(made: World) -> int:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            return (await gateway.get("/results")).status_code

    with world(tmp_path, first_view(schema=1)) as made:
        assert asyncio.run(scenario(made)) == 503


def test_the_digest_of_published_figures_is_the_one_that_was_taken_before(tmp_path: Path) -> None:
    """What an earlier version wrote down of a release must be found again by this one."""

    async def scenario(made: World) -> str:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            return str(gateway.app.state.answers.find("latest").fixed.figures)

    with world(tmp_path, earlier()) as made:
        found = asyncio.run(scenario(made))
    compile_view(earlier().files(), tmp_path / "again.sqlite")
    rows = ViewRows(tmp_path / "again.sqlite")
    digest = hashlib.sha256()
    said = [name for name in COLUMNS if name not in {*SINCE_SCHEMA_2, *SINCE_SCHEMA_3, *SINCE_SCHEMA_4, *WORDS, "row"}]
    for row in rows.page(Selection({"partition": ("fixed",)}), "subject", None, -1):
        digest.update(repr([row[name] for name in said]).encode())
    rows.close()
    assert found == digest.hexdigest()


def spoilt(**changes: Any) -> dict[str, bytes]:
    """The first view with these in the first row that they are said of."""
    baked = first_view()
    where = changes.pop("where")
    next(row for row in baked.rows if row["id"] == f"r-{where:012x}").update(changes)
    return baked.files()


def test_what_the_new_columns_may_not_hold(tmp_path: Path) -> None:
    place = {"rank_lower": 1, "rank_upper": 2, "ranked_of": 2}
    compile_view(spoilt(where=4, **place), tmp_path / "right.sqlite")
    for number, files in enumerate(
        [
            spoilt(where=1, **place),  # a revocable total
            spoilt(where=6, **place),  # a person
            spoilt(where=3, **place),  # suppressed
            spoilt(where=3, robustness_paths=4, robustness_agreeing=4),
            first_view().files() | {"models.json": b"[]"},  # an indicator says that it has a card
        ]
    ):
        with pytest.raises(ViewRefused):
            compile_view(files, tmp_path / f"wrong-{number}.sqlite")


def test_what_a_schema_added_stands_behind_what_was_there_before() -> None:
    last = list(ROW_COLUMNS)
    for schema in sorted(ADDED, reverse=True):
        assert set(last[-len(ADDED[schema]) :]) == ADDED[schema]
        last = last[: -len(ADDED[schema])]
