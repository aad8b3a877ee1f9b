"""Access: every row that was worked out about a person, published or not, and nothing of anybody else."""

import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from tests.stores import Stores
from tests.unit.test_ratings_rig import Rig, load_world, rig_in, small_world

RELEASE, DRAFT = "2026-09-30", "2026-10-31"
Piece = dict[str, Any]


@pytest.fixture(scope="module")
def rig(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One release is published, another only built."""
    with rig_in(tmp_path_factory.mktemp("ratings"), stores) as running:
        load_world(running, small_world())
        running.publish(running.build(RELEASE)["release"])
        running.build(DRAFT)
        yield running


@pytest.fixture(scope="module")
def people(rig: Rig) -> list[str]:
    return list(small_world().consultants["gmc"].unique().sort())


def access(rig: Rig, gmc: str) -> tuple[list[Piece], dict[str, int]]:
    answer = rig.ask("auditor", "GET", f"/v1/subject-access/{gmc}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), answer.text
    *pieces, last = [json.loads(line) for line in answer.text.splitlines()]
    counted = {place: sum(one["place"] == place for one in pieces) for place in last["searched"]}
    assert (last["service"], last["searched"]) == ("ratings", counted)
    return pieces, counted


def rows_of(rig: Rig, part: str) -> pl.DataFrame:
    with rig.office.store.reading() as tx:
        return rig.office.frames.load(tx.release(RELEASE).parts[part])


def test_every_result_of_a_person_is_found_published_or_not(rig: Rig, people: list[str]) -> None:
    results, members = rows_of(rig, "results"), rows_of(rig, "members")
    for gmc in people:
        pieces, counted = access(rig, gmc)
        of_part = {
            part: [one["found"]["row"] for one in pieces if one["place"] == "results" and _is(one, part)]
            for part in ("results", "members", "consultants")
        }
        assert len(of_part["results"]) == results.filter(pl.col("consultant_id") == gmc).height
        assert {row["consultant_id"] for row in of_part["results"]} <= {gmc}
        assert sum(row["cases"] for row in of_part["members"]) == members.filter(consultant=gmc)["cases"].sum()
        assert len(of_part["consultants"]) == 1
        whole = json.dumps(pieces)
        assert [other for other in people if other != gmc and other in whole] == []
        assert counted["snapshots"] >= 1


def _is(piece: Piece, part: str) -> bool:
    return part in {of["part"] for of in piece["found"]["releases"]}


def test_one_frame_of_two_releases_is_told_once_with_both(rig: Rig, people: list[str]) -> None:
    pieces, _ = access(rig, people[0])
    told = {
        (of["release"], of["status"]) for one in pieces if one["place"] == "results" for of in one["found"]["releases"]
    }
    assert told == {(RELEASE, "published"), (DRAFT, "draft")}


def test_what_a_live_view_shows_of_somebody_is_in_it(rig: Rig, people: list[str]) -> None:
    rows = rig.table(RELEASE, "rows")
    shown = set(rows["consultant_id"].drop_nulls()) & set(people)
    assert 0 < len(shown) < len(people)
    for gmc in people:
        _, counted = access(rig, gmc)
        in_view = rows.filter(pl.col("consultant_id") == gmc).height
        assert counted["views"] == (in_view + 1 if in_view else 0)  # and one in the list of people
        assert (counted["shown"] > 0) is (gmc in shown)
        assert (counted["hidden"] > 0) is (gmc not in shown)
        assert counted["quarantine"] >= (gmc in shown), "a partner has a set of rows that go, though none of its own"
        assert (counted["secret"] > 0) <= (counted["hidden"] > 0)


def test_only_an_auditor_may_ask(rig: Rig) -> None:
    for who in ("analyst", "reviewer", "publisher", "officer", "steward", "consultant"):
        assert rig.ask(who, "GET", "/v1/subject-access/9900001").status_code == 403
    assert access(rig, "9999999")[0] == []
