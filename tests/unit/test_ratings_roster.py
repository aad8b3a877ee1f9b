"""The roster of a release: the truth as a file, for the data steward and the auditor and for nobody else."""

import csv
from collections import defaultdict
from collections.abc import Iterator

import polars as pl
import pytest

from tests.stores import Stores
from tests.unit.test_ratings_rig import Rig, load_world, rig_in, small_world

CARDIAC = ["adult-cardiac-surgery-mortality-30d"]
PROGRAMME = "adult-cardiac-surgery-consultant-outcomes"
DAY = "2026-09-28"


@pytest.fixture(scope="module")
def rig(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig_in(tmp_path_factory.mktemp("ratings"), stores) as running:
        load_world(running, small_world())
        running.publish(running.build(DAY, CARDIAC)["release"])
        yield running


def roster(rig: Rig, who: str = "auditor") -> list[dict[str, str]]:
    found = rig.ask(who, "GET", f"/v1/releases/{DAY}/roster")
    assert found.status_code == 200, found.text
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(found.text.splitlines()))


def test_it_adds_up_to_what_is_published(rig: Rig) -> None:
    rows = rig.table(DAY, "rows").filter(pl.col("status") == "published")
    lines = roster(rig)
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for line in lines:
        for subject in (("provider", line["provider"]), ("consultant", line["consultant"])):
            for place, name in enumerate(("cases", "observed", "expected")):
                sums[subject][place] += float(line[name])
    shown = rows.select("level", pl.coalesce("consultant_id", "provider_id"), "denominator", "observed", "expected")
    assert shown.height > 10
    for level, subject, cases, observed, expected in shown.iter_rows():
        assert sums[level, subject][:2] == [cases, observed]
        assert sums[level, subject][2] == pytest.approx(expected, abs=0.005 + 1e-9)
    assert {line["release"] for line in lines} == {DAY}
    assert {line["indicator"] for line in lines} == set(CARDIAC)


def test_whoever_may_not_be_named_now_is_a_secret(rig: Rig) -> None:
    shown = set(rig.table(DAY, "rows").drop_nulls("consultant_id")["consultant_id"])
    lines = roster(rig, "steward")
    before = {line["consultant"] for line in lines if line["secret"] == "yes"}
    assert before
    assert not before & shown
    assert {line["secret"] for line in lines} == {"yes", "no"}
    gone = min(shown)
    rig.withdraw(gone, PROGRAMME)
    assert {line["consultant"] for line in roster(rig) if line["secret"] == "yes"} == before | {gone}


@pytest.mark.parametrize("who", ["analyst", "reviewer", "publisher", "officer"])
def test_nobody_else_has_it(rig: Rig, who: str) -> None:
    assert rig.ask(who, "GET", f"/v1/releases/{DAY}/roster").status_code == 403


def test_a_release_without_one_says_so(rig: Rig) -> None:
    assert rig.ask("auditor", "GET", "/v1/releases/2020-01-01/roster").status_code == 404
    with rig.office.store.transaction() as tx:
        row = tx.release(DAY)
        kept = row.parts
        row.parts = {name: digest for name, digest in kept.items() if name != "cells"}
    refused = rig.ask("auditor", "GET", f"/v1/releases/{DAY}/roster")
    with rig.office.store.transaction() as tx:
        tx.release(DAY).parts = kept
    assert (refused.status_code, refused.json()["code"]) == (409, "no_cells")
    assert DAY in refused.json()["detail"]
