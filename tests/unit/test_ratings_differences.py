"""A release beside the one before it: what came, went and moved, because of what; and nothing of who withdrew."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from services.ratings.assembly.differences import compared
from services.ratings.assembly.schema import RESULTS
from services.ratings.workflow import made_with
from tests.stores import Stores
from tests.unit.test_ratings_rig import Rig, load_world, rig_in, small_world

CARDIAC, VASCULAR = "adult-cardiac-surgery-mortality-30d", "vascular-surgery-mortality-30d"
FIRST, SECOND, THIRD = "2026-09-01", "2026-09-15", "2026-09-30"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig_in(tmp_path_factory.mktemp("differences"), Stores(None)) as running:
        world = small_world()
        late = world.episodes["provider"].unique().sort()[0]  # its data come after the first release
        load_world(running, replace(world, episodes=world.episodes.filter(pl.col("provider") != late)))
        running.publish(running.build(FIRST, [CARDIAC, VASCULAR])["release"])
        yield running


def told(rig: Rig, release: str, query: str = "", who: str = "reviewer") -> dict[str, Any]:
    return rig.done(who, "GET", f"/v1/releases/{release}/differences{query}")


def by_indicator(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["indicator"]: one for one in found["indicators"]}


def test_the_same_data_give_no_difference_whoever_withdrew(rig: Rig) -> None:
    given = small_world().returns.filter(pl.col("act") == "given")
    rig.withdraw(given["gmc"][0], given["programme"][0])
    draft = rig.build(SECOND, [CARDIAC])["release"]
    found = told(rig, draft)
    assert (found["release"], found["compared_with"], found["bands_changed"]) == (draft, FIRST, 0)
    assert (found["changed"], found["new"]) == ([], [])
    lines = by_indicator(found)
    assert (lines[CARDIAC]["same"], lines[CARDIAC]["rows"], lines[CARDIAC]["causes"]) == (
        lines[CARDIAC]["rows"], lines[CARDIAC]["rows"], [],
    )  # fmt: skip
    assert (lines[VASCULAR]["gone"], lines[VASCULAR]["causes"]) == (len(found["gone"]), ["selection"])
    assert given["gmc"][0] not in rig.ask("reviewer", "GET", f"/v1/releases/{draft}/differences").text


def test_other_data_and_another_version_are_causes(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.send("candour-demo", small_world().episodes.write_csv().encode())
    monkeypatch.setattr(made_with, "CODE", "candour 99.0")
    draft = rig.build(THIRD, [CARDIAC, VASCULAR])["release"]
    found = told(rig, draft)
    assert all(one["causes"] == ["data", "method_version"] for one in found["indicators"])
    moved = [one["was"] != one["now"] for one in found["changed"]]
    assert moved == sorted(moved, reverse=True), "moved positions first"
    assert sum(moved) == found["bands_changed"]
    assert all(one["changed"] or one["was"] != one["now"] for one in found["changed"])
    for name, line in by_indicator(found).items():
        counted = {kind: sum(one["indicator"] == name for one in found[kind]) for kind in ("changed", "new", "gone")}
        assert counted == {kind: line[kind] for kind in counted}
        assert line["rows"] == line["same"] + line["changed"] + line["new"]
    assert found["changed"]
    assert found["new"]


def test_another_release_may_be_named_and_a_wrong_one_is_refused(rig: Rig) -> None:
    itself = told(rig, FIRST, f"?from={FIRST}")
    assert (itself["compared_with"], itself["changed"], itself["new"], itself["gone"]) == (FIRST, [], [], [])
    for query, status, code in (
        ("?from=2001-01-01", 404, "not_found"), ("?from=yesterday", 422, "value_not_allowed"),
        ("?before=2026-09-01", 422, "unknown_parameter"), ("", 404, "not_found"),
        (f"?from={FIRST}&from={FIRST}", 422, "repeated_parameter"),
    ):  # fmt: skip
        refused = rig.ask("reviewer", "GET", f"/v1/releases/{FIRST}/differences{query}")
        assert (refused.status_code, refused.json()["code"]) == (status, code), query


def test_differences_are_for_those_who_make_releases(rig: Rig) -> None:
    for who in ("auditor", "steward", "officer", "consultant", "lead"):
        assert rig.ask(who, "GET", f"/v1/releases/{FIRST}/differences").status_code == 403


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    whole = dict.fromkeys(RESULTS) | {"indicator": "a", "period_id": "p", "level": "provider", "status": "published"}
    return pl.DataFrame([whole | row for row in rows], schema=RESULTS, orient="row")


def test_rows_are_compared_one_by_one() -> None:
    before = frame(
        {"subject": "stays", "cases": 5, "position": "within"}, {"subject": "moves", "cases": 5, "position": "within"},
        {"subject": "goes", "cases": 1}, {"subject": "shrinks", "cases": 9, "position": "within"},
    )  # fmt: skip
    after = frame(
        {"subject": "stays", "cases": 5, "position": "within"},
        {"subject": "moves", "cases": 6, "position": "above_control"},
        {"subject": "shrinks", "cases": 8, "position": "within"},
        {"subject": "comes", "status": "not_available", "indicator": "b"},
    )  # fmt: skip
    found = compared(before, after)
    assert found.changed.select("subject", "was", "now", "figures").rows() == [
        ("moves", "within", "above_control", ["cases", "position"]), ("shrinks", "within", "within", ["cases"]),
    ]  # fmt: skip
    assert (found.moved, found.new["told"].to_list(), found.gone["told"].to_list()) == (
        1, ["not_available"], ["not_rated"],
    )  # fmt: skip
    assert found.counts.select("indicator", "rows", "same", "changed", "new", "gone").rows() == [
        ("a", 3, 1, 2, 0, 1), ("b", 1, 0, 0, 1, 0),
    ]  # fmt: skip


def test_nothing_beside_nothing_is_nothing() -> None:
    found = compared(frame(), frame())
    assert (found.changed.height, found.new.height, found.gone.height, found.counts.height) == (0, 0, 0, 0)
