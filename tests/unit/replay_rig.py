"""What the tests of replays share: a world that ingest has, whole runs over HTTP, and tampered records."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from typer.testing import CliRunner, Result

from cli.calls import Service
from cli.main import app
from services.ratings.models import ReleaseRow
from tests.unit.test_ratings_rig import AsRatings, Rig, small_world

DAY: Final = "2026-09-30"
CARDIAC: Final = "adult-cardiac-surgery-mortality-30d"
VASCULAR: Final = "vascular-surgery-mortality-30d"
MODEL: Final = "models/thirty-day-mortality.toml"
NOTHING: Final = f"sha256:{'0' * 64}"
Run = dict[str, Any]


def load_data(rig: Rig) -> None:
    """The invented audit without anybody's decisions: results know nothing of them."""
    world = small_world()
    rig.send("candour-demo-providers", world.providers.write_csv().encode())
    rig.send("candour-demo-consultants", world.consultants.write_csv().encode())
    rig.send("candour-demo", world.episodes.write_csv().encode())


def draft(rig: Rig) -> str:
    """A release of two indicators, for one test alone."""
    return str(rig.build("2026-10-01", [CARDIAC, VASCULAR])["release"])


def replayed(rig: Rig, release: str, who: str = "auditor") -> Run:
    """One whole run over HTTP."""
    begun = rig.ask(who, "POST", f"/v1/releases/{release}/replay")
    assert begun.status_code == 202, begun.text
    assert begun.headers["cache-control"] == "no-store"
    until = time.monotonic() + 60
    while True:
        found: Run = rig.ask(who, "GET", f"/v1/releases/{release}/replay").json()
        if found["run"] >= begun.json()["run"] and found["state"] != "running":
            return found
        assert time.monotonic() < until
        time.sleep(0.02)


def verdict(run: Run) -> str:
    return str(run["report"]["verdict"])


def unequal(run: Run) -> list[str]:
    return [one["name"] for one in run["report"]["parts"] if not one["equal"]]


def row_of(rig: Rig, release: str) -> ReleaseRow:
    with rig.office.store.reading() as tx:
        return tx.release(release)


def kept_files(rig: Rig) -> dict[str, tuple[int, int]]:
    """Every file of ratings beside its database, with size and time of its last change."""
    folder = rig.office.frames.folder.parent
    found = [path for path in folder.rglob("*") if path.is_file() and "sqlite" not in path.name]
    return {str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


@contextmanager
def tampered(rig: Rig, release: str, **values: Any) -> Iterator[None]:
    """The record of a release, changed in the database by nobody's verb, and put right again."""
    former = {name: getattr(row_of(rig, release), name) for name in values}
    for planted in (values, former):
        with rig.office.store.transaction() as tx:
            row = tx.release(release)
            for name, value in planted.items():
                setattr(row, name, value)
            tx.add(row)
        if planted is values:
            yield


def verify(rig: Rig, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """`candour verify`, asking the service in this process."""

    def service(name: str, account: str) -> Service:
        made = Service(name, account, rig.passwords[account], "http://testserver")
        client = AsRatings(rig.ratings.app)
        client.portal, client.auth = rig.ratings.portal, rig.person(account)
        made.http = client
        return made

    monkeypatch.setattr("cli.verify.Service", service)
    return CliRunner().invoke(app, ["verify", *arguments])
