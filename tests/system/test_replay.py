"""A published demonstration computed again in each shape, also where the process that does it is killed in the middle;
`candour verify` says by its exit code what was found."""

import json
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from cli.calls import Service
from cli.verify import replayed
from tests.system.composed import Composed
from tests.system.conftest import AnyHouse

RUNS: Final = {"embedded": 5, "production": 2}
HITS: Final = {"embedded": 2, "production": 1}
MOST: Final = 12  # kills for each hit: a run may be over before it is hit
NOTHING: Final = f"sha256:{'0' * 64}"


@pytest.fixture
def shape(shown_house: AnyHouse) -> str:
    return "production" if isinstance(shown_house, Composed) else "embedded"


@pytest.fixture
def auditor(shown_house: AnyHouse) -> Service:
    return Service("ratings", "auditor", shown_house.accounts["auditor"], shown_house.urls["ratings"])


def asked(house: AnyHouse, statement: str) -> list[tuple[Any, ...]]:
    """Of ratings' own database, from outside."""
    if isinstance(house, Composed):
        return house.postgres.execute(statement, "ratings")
    with closing(sqlite3.connect(house.data / "ratings" / "ratings.sqlite", timeout=30)) as connection, connection:
        return connection.execute(statement).fetchall()


@contextmanager
def tampered(house: AnyHouse) -> Iterator[None]:
    of_it = f"WHERE id = '{house.demo_release}'"
    former = asked(house, f"SELECT results_digest FROM release {of_it}")[0][0]
    asked(house, f"UPDATE release SET results_digest = '{NOTHING}' {of_it}")
    yield
    asked(house, f"UPDATE release SET results_digest = '{former}' {of_it}")


def test_some_runs_one_digest_and_the_public_command(shown_house: AnyHouse, shape: str) -> None:
    release, runs = shown_house.demo_release, RUNS[shape]
    with shown_house.reader() as reader:
        manifest = reader.get(f"/v1/releases/{release}").json()["manifest"]
    command = manifest["replay"]["command"].split()
    assert command == ["candour", "verify", release]
    told = json.loads(shown_house.candour(*command[1:], "--runs", str(runs), "--json").stdout)
    assert (told["same"], len(told["runs"]), len(told["digests"])) == (True, runs, 1)
    for report in told["runs"]:
        assert sorted(one["digest"] for one in report["inputs"]) == manifest["replay"]["inputs"]
        assert report["code"]["recorded"] == manifest["replay"]["code"]
        (results,) = (one for one in report["parts"] if one["name"] == "results")
        assert results["recomputed"] == results["recorded"] == manifest["results_digest"]


def test_a_record_that_was_tampered_with_is_exit_code_1(shown_house: AnyHouse) -> None:
    release = shown_house.demo_release
    with tampered(shown_house):
        told = shown_house.candour("verify", release, code=1).stdout
    assert told.splitlines()[-1] == f"{release}: DIFFERENT, 1 run"
    assert shown_house.candour("verify", release).stdout.splitlines()[-1] == f"{release}: the same, 1 run, 1 digest"


def test_a_run_whose_process_is_killed_is_finished_by_the_next_one(
    shown_house: AnyHouse, shape: str, auditor: Service
) -> None:
    release, chance, hits = shown_house.demo_release, random.Random(20260930), 0
    path = f"/v1/releases/{release}/replay"
    began = time.monotonic()
    whole = replayed(auditor, release, lambda _now: None)
    span = time.monotonic() - began
    for _ in range(HITS[shape] * MOST):
        run = auditor.json("POST", path)["run"]
        until = time.monotonic() + 30
        while auditor.json("GET", path).get("stage") in (None, "look") and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, span / 2))
        killed = datetime.now(UTC)
        shown_house.kill("ratings")
        done = auditor.wait(path, lambda now: now["state"] != "running")
        assert (done["run"], done["state"]) == (run, "done"), done
        assert (done["report"]["verdict"], done["report"]["digest"]) == ("same", whole["report"]["digest"])
        hits += datetime.fromisoformat(done["ended"]) > killed
        if hits == HITS[shape]:
            break
    assert hits == HITS[shape]
    ended = asked(shown_house, "SELECT count(*) FROM audit WHERE action = 'release.replayed'")[0][0]
    assert ended == asked(shown_house, "SELECT count(*) FROM replay WHERE state = 'done'")[0][0]
