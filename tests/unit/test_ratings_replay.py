"""A release computed again on either engine: five runs, one digest, nothing of it changed, no run lost."""

import json
import threading
import time
from collections.abc import Iterator

import pytest

from services.ratings.assembly.schema import FRAMES, ONLY_WHERE_THERE_ARE
from services.ratings.workflow.replaying import resume_replays, sweep_scratch
from tests.stores import Stores
from tests.unit.replay_rig import (
    CARDIAC,
    DAY,
    MODEL,
    draft,
    kept_files,
    load_data,
    replayed,
    row_of,
    tampered,
    verdict,
    verify,
)
from tests.unit.test_ratings_rig import Rig, rig_in


@pytest.fixture(scope="module")
def rig(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig_in(tmp_path_factory.mktemp("ratings"), stores) as running:
        load_data(running)
        running.publish(running.build(DAY)["release"])
        yield running


@pytest.fixture
def release(rig: Rig) -> str:
    return draft(rig)


def test_five_runs_give_one_digest_and_change_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    before, files = row_of(rig, DAY).model_dump(), kept_files(rig)
    done = verify(rig, monkeypatch, DAY, "--runs", "5", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["same"], len(told["runs"]), len(told["digests"])) == (True, 5, 1)
    for report in told["runs"]:
        assert report["verdict"] == "same"
        assert report["recorded_digest"] == report["digest"] == told["digests"][0]
        assert {one["name"] for one in report["parts"]} == FRAMES.keys() - set(ONLY_WHERE_THERE_ARE)
        assert all(one["equal"] and one["recorded"] == one["kept"] == one["recomputed"] for one in report["parts"])
        assert {one["feed"] for one in report["inputs"]} == {
            "candour-demo", "candour-demo-providers", "candour-demo-consultants",
        }  # fmt: skip
        assert sorted(one["digest"] for one in report["inputs"]) == sorted(one["digest"] for one in before["inputs"])
        assert {MODEL, f"{CARDIAC}.toml"} < {one["name"] for one in report["files"]}
        assert all(one["equal"] for one in report["files"])
        for name in ("code", "method_version"):
            assert report[name]["recorded"] == report[name]["running"]
    assert row_of(rig, DAY).model_dump() == before
    assert kept_files(rig) == files
    with rig.office.store.reading() as tx:
        said = [(one.actor, one.action, one.detail["run"]) for one in tx.audited(DAY) if "repl" in one.action]
    assert said == [
        pair for run in range(1, 6)
        for pair in (("auditor", "release.replay", run), ("ratings", "release.replayed", run))
    ]  # fmt: skip


def test_in_whatever_status_results_are_they_can_be_replayed(rig: Rig, release: str) -> None:
    """Draft, published, superseded and taken down: what was computed stays what it was."""
    assert verdict(replayed(rig, release)) == "same"
    rig.publish(release)
    assert verdict(replayed(rig, release, "publisher")) == "same"
    assert rig.ask("analyst", "GET", f"/v1/releases/{DAY}").json()["status"] == "superseded"
    assert verdict(replayed(rig, DAY, "reviewer")) == "same"
    rig.ask("publisher", "POST", f"/v1/releases/{release}/takedown", json={"reason": "a test"})
    assert verdict(replayed(rig, release)) == "same"
    assert rig.ask("auditor", "GET", f"/v1/releases/{release}").json()["status"] == "taken_down"


def test_what_was_built_before_its_makers_were_recorded(rig: Rig, release: str) -> None:
    """The parts speak for themselves where they are equal; where they are not, nobody can say whose fault it is."""
    with tampered(rig, release, made_with=None):
        run = replayed(rig, release)
        assert verdict(run) == "same"
        assert "recorded" not in run["report"]["method_version"]
        assert all("recorded" not in one for one in run["report"]["files"])
        without = {name: one for name, one in row_of(rig, release).parts.items() if name != "members"}
        with tampered(rig, release, parts=without):
            assert verdict(replayed(rig, release)) == "other_definition"


def test_results_that_are_not_done_cannot_be_replayed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = rig.build("2026-10-02", ["ny-tavr-mortality"])["release"]
    for build in ("failed", "running"):
        with tampered(rig, failed, build=build):
            refused = rig.ask("auditor", "POST", f"/v1/releases/{failed}/replay")
            assert (refused.status_code, refused.json()["code"]) == (409, "not_replayable")
            assert build in refused.json()["detail"]
    assert verify(rig, monkeypatch, failed).exit_code == 2


def test_the_run_under_way_is_the_answer(rig: Rig, release: str) -> None:
    held = threading.Event()
    rig.office.jobs.pool.submit(held.wait)  # type: ignore[attr-defined]  # the one thread of ThreadedJobs
    try:
        first, second = (rig.ask("auditor", "POST", f"/v1/releases/{release}/replay").json() for _ in range(2))
        assert (first["run"], second["run"], second["state"]) == (1, 1, "running")
    finally:
        held.set()
    assert replayed(rig, release)["run"] in (1, 2)


def test_a_run_that_was_lost_is_taken_up_again(rig: Rig, release: str) -> None:
    replayed(rig, release)
    with rig.office.store.transaction() as tx:
        row = tx.replay(release, 1)
        row.state, row.report, row.ended = "running", None, None
        tx.add(row)
    rig.office.scratch.frames(f"{release}.replay-1")
    rig.office.scratch.frames(f"{release}.replay-99")
    sweep_scratch(rig.office)
    assert rig.office.scratch.names() == [f"{release}.replay-1"]
    resume_replays(rig.office)
    until = time.monotonic() + 60
    while rig.ask("auditor", "GET", f"/v1/releases/{release}/replay").json()["state"] == "running":
        assert time.monotonic() < until
        time.sleep(0.02)
    assert verdict(rig.ask("auditor", "GET", f"/v1/releases/{release}/replay").json()) == "same"
    assert rig.office.scratch.names() == []
