"""Three ingest and two ratings processes on one PostgreSQL and one folder each, under `kill -9` and a crash of the
database: every submission decided once, every release built once, every view gone live once. Counted from the outside.
"""

import hashlib
import json
import random
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import polars as pl
import psycopg
import pytest

from cli import releasing
from cli.calls import Service
from cli.demo import NOTE, TITLE
from cli.demonstration.sizes import Sizes
from cli.demonstration.world import make_world
from cli.up.layout import PAIRS
from services.consent.__main__ import MIGRATIONS as CONSENT_MIGRATIONS
from services.ingest.__main__ import MIGRATIONS as INGEST_MIGRATIONS
from services.ratings.__main__ import MIGRATIONS as RATINGS_MIGRATIONS
from shared.kit.migrating import migrate
from shared.kit.secretfiles import make_secret
from tests.people import make_quick_people
from tests.postgres import Postgres
from tests.workers import Worker

CARDIAC: Final = "adult-cardiac-surgery"
KILLS: Final = 6
PARTS: Final = 8
RELEASES: Final = 3
PATIENCE: Final = 120.0
BUSY: Final = "SELECT executor_id FROM dbos.workflow_status WHERE status = 'PENDING'"


class Site:
    """The processes, and a client that sends again until it is answered."""

    def __init__(self, folder: Path, server: Postgres) -> None:
        self.folder, self.server = folder, server
        self.passwords = make_quick_people(folder / "people.json")
        for pair in (*PAIRS, "consent-subjects", "ingest-receipts"):
            make_secret(folder, pair)
        common = {"PEOPLE_FILE": folder / "people.json", "SECRETS_DIR": folder}
        stores = {name: server.url(server.new_database()) for name in ("ingest", "ratings")}
        self.stores = stores
        self.killed: list[str] = []
        consent = {**common, "DATA_DIR": folder / "consent", "DEMONSTRATION": True}
        (folder / "consent").mkdir()
        self.consent = Worker("consent", consent, folder / "consent.log")
        self.ingest = [
            Worker("ingest", {**common, "DATA_DIR": folder / "ingest", "DATABASE_URL": stores["ingest"]}, log, name)
            for log, name in ((folder / f"ingest-{n}.log", "" if n else "same") for n in range(3))
        ]
        ratings = {
            **common, "DATA_DIR": folder / "ratings", "DATABASE_URL": stores["ratings"],
            "INGEST_URL": self.ingest[0].url, "CONSENT_URL": self.consent.url,
            "FOLLOW_SECONDS": 0.2, "BAKE_GAP_SECONDS": 0, "DEMONSTRATION": True, "RELEASE_POLICY": "demonstration",
        }  # fmt: skip
        self.ratings = [Worker("ratings", ratings, folder / f"ratings-{n}.log", "same") for n in range(2)]
        migrate(f"sqlite:///{folder / 'consent' / 'consent.sqlite'}", CONSENT_MIGRATIONS)
        migrate(stores["ingest"], INGEST_MIGRATIONS)
        migrate(stores["ratings"], RATINGS_MIGRATIONS)

    @property
    def workers(self) -> list[Worker]:
        return [*self.ingest, *self.ratings]

    def up(self) -> None:
        for worker in (self.consent, *self.workers):
            worker.start()
        for worker in (self.consent, *self.workers):
            worker.wait_ready()

    def down(self) -> None:
        for worker in (self.consent, *self.workers):
            if worker.process is not None:
                worker.end()

    def kill(self, worker: Worker) -> None:
        """`kill -9`, and at once another process in its place."""
        worker.end()
        self.killed.append(self.life(worker))
        worker.start()

    def life(self, worker: Worker) -> str:
        """What the queue knows the process by that runs now, or ran last."""
        lives: list[str] = re.findall(r'"worker": "([^"]+)"[^\n]*worker_started', worker.log.read_text())
        return lives[-1]

    def victim(self, chosen: random.Random) -> Worker:
        """A process that is ready; where there is one with a job under way, that."""
        until(lambda: any(worker.ready() for worker in self.workers), "no process is ready")
        ready = [worker for worker in self.workers if worker.ready()]
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            busy = {row[0] for name in self.stores for row in self.rows(name, BUSY)}
            found = [worker for worker in ready if self.life(worker) in busy]
            if found:
                return chosen.choice(found)
        return chosen.choice(ready)

    def ask(self, who: str, method: str, path: str, to: list[Worker], **options: Any) -> Any:
        """The answer, from whichever process gives one. A refusal is an answer; a fault, or no answer, is not."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                answer = httpx.request(
                    method, random.choice(to).url + path, auth=(who, self.passwords[who]), timeout=20, trust_env=False,
                    **options,
                )  # fmt: skip
                if answer.status_code < 500:
                    return answer.json()
            except httpx.TransportError:
                pass
            assert time.monotonic() < until, f"nobody answers {method} {path}"
            time.sleep(0.2)

    def send(self, feed: str, frame: pl.DataFrame) -> str:
        content = frame.write_csv().encode()
        digest = hashlib.sha256(content).hexdigest()
        receipt = self.ask("steward", "PUT", f"/v1/feeds/{feed}/submissions/{digest}", self.ingest, content=content)
        assert receipt.get("sha256") == digest, receipt
        return digest

    def rows(self, service: str, statement: str) -> list[tuple[Any, ...]]:
        """What the database says; one that another thread is crashing is asked again."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self.server.execute(statement, self.stores[service].rpartition("/")[2])
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    raise
            time.sleep(0.1)

    def logged(self, event: str) -> list[dict[str, Any]]:
        lines = [line for worker in self.workers for line in worker.log.read_text().splitlines()]
        return [entry for line in lines if event in line and (entry := json.loads(line))["event"] == event]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Postgres({"fsync": "off"}) as server:  # processes die here, the machine does not
        made = Site(tmp_path, server)
        try:
            made.up()
            yield made
        finally:
            made.down()


def until(what: Callable[[], bool], why: str) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, why
        time.sleep(0.1)


def killing(site: Site, chosen: random.Random, stop: threading.Event) -> None:
    for number in range(KILLS):
        if stop.wait(chosen.uniform(0.1, 0.5)):
            return
        if number == KILLS // 2:
            site.server.stop("immediate")
            site.server.start()
        site.kill(site.victim(chosen))


def test_nothing_is_done_twice_and_nothing_is_lost(site: Site) -> None:
    world = make_world(2013, Sizes.small())
    for kind, frame in (("register", world.register), ("returns", world.returns)):
        content = {"content": frame.write_csv().encode(), "headers": {"Content-Type": "text/csv"}}
        assert site.ask("officer", "POST", "/v1/imports", [site.consent], params={"kind": kind}, **content)
    stop = threading.Event()
    killer = threading.Thread(target=killing, args=(site, random.Random(2026), stop))
    killer.start()
    try:
        sent = [site.send("candour-demo-providers", world.providers)]
        sent += [site.send("candour-demo-consultants", world.consultants)]
        size = -(-world.episodes.height // PARTS)
        sent += [site.send("candour-demo", part) for part in world.episodes.iter_slices(size)]
        releases = reserved(site)
        until(lambda: not site.rows("ingest", "SELECT 1 FROM submission WHERE state = 'received'"), "not all decided")
        until(lambda: not site.rows("ratings", "SELECT 1 FROM release WHERE build = 'running'"), "not all built")
        for release in releases:
            published(site, release)
        withdrawn(site)
        killer.join()
        until(lambda: followed(site), "consent is not followed")
    finally:
        stop.set()
        killer.join()
    decided_once(site, sent, world.episodes)
    built_and_baked_once(site, releases)
    only_the_dead_were_taken_over(site)


class AnyProcess(Service):
    """Ratings, whichever of its processes answers."""

    def __init__(self, site: Site, account: str) -> None:
        super().__init__("ratings", account, site.passwords[account], site.ratings[0].url)
        self.processes = site.ratings

    def once(self, method: str, path: str, **options: Any) -> httpx.Response | None:
        return super().once(method, random.choice(self.processes).url + path, **options)


def reserved(site: Site) -> list[str]:
    found = []
    for number in range(RELEASES):
        body = {"date": str(date(2026, 9, 28) + timedelta(number)), "indicators": [f"{CARDIAC}-mortality-30d"]}
        key = {"Idempotency-Key": f"release-{number}"}
        found.append(site.ask("analyst", "POST", "/v1/releases", site.ratings, json=body, headers=key)["release"])
    return found


def published(site: Site, release: str) -> None:
    releasing.take_through(lambda who: AnyProcess(site, who), release, TITLE, NOTE)
    assert site.ask("analyst", "GET", f"/v1/releases/{release}", site.ratings)["status"] == "published"


def withdrawn(site: Site) -> None:
    """A few withdrawals, each a new view of every release."""
    people = [one for (shown,) in site.rows("ratings", "SELECT shown FROM pointer LIMIT 1") for _, _, one in shown]
    for gmc in people[:2]:
        body = {"programme": f"{CARDIAC}-consultant-outcomes", "purpose": "own_figures", "channel": "letter"}
        site.ask("officer", "POST", f"/v1/consultants/{gmc}/withdrawal", [site.consent], json=body)
        time.sleep(1.0)


def followed(site: Site) -> bool:
    """Nobody who withdrew is shown any more, and no view has been baked for a while."""
    count = "SELECT count(*) FROM audit WHERE action = 'release.baked'"
    [(before,)] = site.rows("ratings", count)
    time.sleep(2.0)
    return before >= RELEASES and site.rows("ratings", count) == [(before,)]


def decided_once(site: Site, sent: list[str], episodes: pl.DataFrame) -> None:
    rows = site.rows("ingest", "SELECT sha256, state, attempt, accepted FROM submission")
    assert sorted(row[0] for row in rows) == sorted(sent)
    assert {row[1] for row in rows} == {"checked"}
    assert {row[2] for row in rows} == {1}, "a second job was started for work that had one"
    decisions = Counter(row[0] for row in site.rows("ingest", "SELECT sha256 FROM decision"))
    assert decisions == Counter(sent)
    told = Counter(entry["sha256"] for entry in site.logged("submission_decided"))
    assert not told or max(told.values()) == 1
    versions = sorted(row[0] for row in site.rows("ingest", "SELECT feed_version FROM decision"))
    assert versions == sorted([1, 1, *range(1, PARTS + 1)])
    frozen = site.ask("steward", "POST", "/v1/snapshots", site.ingest, json={"feed": "candour-demo"})
    assert frozen["rows"] == episodes.height == sum(row[3] for row in rows) - world_registers(site)
    assert {row[0] for row in site.rows("ingest", "SELECT status FROM dbos.workflow_status")} == {"SUCCESS"}


def world_registers(site: Site) -> int:
    """Accepted rows of the two registers."""
    [(rows,)] = site.rows("ingest", "SELECT sum(accepted) FROM submission WHERE feed <> 'candour-demo'")
    return int(rows)


def built_and_baked_once(site: Site, releases: list[str]) -> None:
    audit = site.rows("ratings", "SELECT release, action, detail FROM audit ORDER BY number")
    assert Counter(row[0] for row in audit if row[1] == "release.built") == Counter(releases)
    assert site.rows("ratings", "SELECT DISTINCT attempt FROM release") == [(1,)]
    flips = Counter((row[0], row[2]["view"]) for row in audit if row[1] in {"release.publication", "release.baked"})
    assert set(flips.values()) == {1}
    for release, view, manifest in site.rows("ratings", "SELECT release, view, manifest_sha256 FROM pointer"):
        assert sorted(one for name, one in flips if name == release) == list(range(1, view + 1))
        folder = site.folder / "ratings" / "views" / release / manifest
        assert hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest() == manifest
    for row in site.rows("ratings", "SELECT status FROM dbos.workflow_status"):
        assert row == ("SUCCESS",)


def only_the_dead_were_taken_over(site: Site) -> None:
    started = [entry["worker"] for entry in site.logged("worker_started")]
    assert len(set(started)) == len(started) == len(site.workers) + KILLS
    assert len(set(site.killed)) == KILLS
    taken = {entry["worker"] for entry in site.logged("jobs_taken_over")}
    assert taken
    assert taken <= set(site.killed)
    for worker in site.workers:
        assert worker.wait_ready().end(signal.SIGTERM) == 0
