"""`kill -9` of ratings at random points of build, publication and the bake that follows a decision, with several
releases that can be read: the public sees what was or what will be, whole, and the build goes on.

CI takes a few kills; CANDOUR_PUBLISH_KILLS is how many there are at full size, on SQLite, and
CANDOUR_PUBLISH_KILLS_PRODUCTION on PostgreSQL with two processes of ratings.
"""

import contextlib
import io
import itertools
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx
import polars as pl
import pytest

from cli import demo, releasing
from cli.calls import Refused, Service
from cli.consent import withdrawal
from cli.demonstration.sizes import Sizes
from shared.contracts.releases import ReadableView
from shared.kit.peers import PeerUnreachable
from tests.disks import open_folder
from tests.system.actors import Acknowledged, Actor, Auditor, Observer
from tests.system.grounds import Ground, composed, embedded
from tests.system.history import people_of

GROUNDS = {"embedded": embedded, "composed": composed}
KILLS = {
    "embedded": int(os.environ.get("CANDOUR_PUBLISH_KILLS", "5")),
    "composed": int(os.environ.get("CANDOUR_PUBLISH_KILLS_PRODUCTION", "0")),
}
SEED = int(os.environ.get("CANDOUR_SEED", "2013"))
PATIENCE_SECONDS: Final = 240.0
INDICATORS: Final = ("vascular-surgery-mortality-30d", "colorectal-surgery-mortality-30d")
MOST_READABLE: Final = 3
FIRST_GUESS: Final = {"build": 3.0, "publication": 0.5, "follow": 4.0}


class Together(Auditor):
    """Also holds the views of one index against one another: they were decided together, so nobody is shown in one and
    hidden in another, where all were built on the same data."""

    def __init__(self, ground: Ground, done: Acknowledged) -> None:
        super().__init__(ground, done)
        self.compared = 0

    def round(self) -> None:
        super().round()
        for client in self.clients:
            index = self._index(client)
            taken = {entry.release: self._rows(client, entry) for entry in index}
            if index == self._index(client) and all(taken.values()):
                shown = [_shown(data) for data in taken.values() if data]
                assert all(one == shown[0] for one in shown), "a view is live beside one of another decision"
                self.compared += len(shown) > 1

    def _rows(self, client: httpx.Client, entry: ReadableView) -> bytes | None:
        """None where they are gone by now."""
        manifest = self._file(client, entry, "manifest.json", entry.manifest_sha256.removeprefix("sha256:"))
        if manifest is None:
            return None
        (rows,) = (one for one in json.loads(manifest)["files"] if one["name"] == "rows.parquet")
        return self._file(client, entry, "rows.parquet", rows["sha256"])


def _shown(data: bytes) -> frozenset[tuple[str, str, str]]:
    rows = pl.read_parquet(io.BytesIO(data)).filter(pl.col("level") == "consultant")
    return frozenset(rows.select("indicator_id", "period_id", "consultant_id").iter_rows())


class Killed:
    """A house in which ratings dies in the middle of everything that it does."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.chance = ground, random.Random(SEED)
        self.kills, self.lasts, self.cut_off = Counter[str](), dict(FIRST_GUESS), 0
        self.victims = itertools.cycle(ground.ratings)
        sizes = Sizes(
            hospitals=12, consultants=100, episodes=12_000, specialties=("vascular-surgery", "colorectal-surgery")
        )
        self.first = demo.load_into(ground.urls(), ground.house.accounts, lambda _: None, sizes=sizes)
        ground.house.wait_published(self.first)
        self.day, self.readable = self.first[:10], [self.first]
        with ground.house.reader() as reader:
            self.people = iter(people_of(reader, self.first))
        done = Acknowledged()
        self.observer, self.together = Observer(ground, done), Together(ground, done)

    def service(self, name: str, account: str) -> Service:
        return Service(name, account, self.ground.house.accounts[account], self.ground.house.url(name))

    def ratings(self, account: str) -> Service:
        return self.service("ratings", account)

    def run(self, kills: int) -> None:
        actors: list[Actor] = [self.observer, self.together]
        for actor in actors:
            actor.thread.start()
        try:
            for stage in itertools.islice(itertools.cycle(FIRST_GUESS), kills):
                getattr(self, stage)()
                assert not [one.failed for one in actors if one.failed is not None]
        finally:
            for actor in actors:
                actor.stopping.set()
            for actor in actors:
                actor.stop()

    def build(self) -> None:
        """The next draft; it is done in the end, by one build."""
        body = {"date": self.day, "indicators": list(INDICATORS)}
        key = {"Idempotency-Key": f"kill-{self.kills.total()}"}
        began = time.monotonic()
        self.killed_during(
            "build", lambda: self.ratings("analyst").json("POST", "/v1/releases", json=body, headers=key)
        )
        draft = self.until(lambda: self.ratings("analyst").json("POST", "/v1/releases", json=body, headers=key))
        self.draft = str(draft["release"])
        built = self.until(
            lambda: self.ratings("analyst").json("GET", f"/v1/releases/{self.draft}"),
            lambda one: one["build"] != "running",
        )
        assert built["build"] == "done", built
        self.lasts["build"] = 0.5 * self.lasts["build"] + 0.25 * min(8.0, time.monotonic() - began)

    def publication(self) -> None:
        """Before it, the release is not to be read; after it, it is, and the one before is superseded."""
        self.until(lambda: releasing.take_through(self.ratings, self.draft, demo.TITLE, demo.NOTE, "approval"))
        self.until(lambda: releasing.sign(self.ratings("publisher"), self.draft, "publisher"))
        self.killed_during("publication", self.publish)
        state = self.until(lambda: self.ratings("analyst").json("GET", f"/v1/releases/{self.draft}"))["status"]
        index = {one.release: one.status for one in self.until(self.index)}
        assert (state == "published") == (index.get(self.draft) == "published"), (state, index)
        assert list(index.values()).count("published") == 1
        self.until(self.publish)
        self.readable.append(self.draft)
        self.ground.house.wait_published(self.draft)
        while len(self.readable) > MOST_READABLE:
            gone = self.readable.pop(0)
            reason = {"reason": "Taken down by the test, to keep the number of releases."}
            releasing.step(self.ratings("publisher"), gone, "takedown", ("taken_down",), reason)

    def publish(self) -> dict[str, Any]:
        """As soon as the gate says again what was signed: a check moves where the house does."""
        return releasing.step(self.ratings("publisher"), self.draft, "publication", releasing.PUBLISHED)

    def follow(self) -> None:
        """A withdrawal, and the bake that follows it."""
        person = next(self.people)
        programme = person.indicator.removesuffix("-mortality-30d") + "-consultant-outcomes"
        officer = self.service("consent", "officer")
        self.killed_during("follow", lambda: withdrawal(officer, person.gmc, programme))
        revision = self.until(lambda: officer.json("GET", f"/v1/consultants/{person.gmc}"))["standings"][0]["revision"]
        self.until(self.index, lambda index: bool(index) and all(one.consent_revision >= revision for one in index))
        assert {one.release for one in self.index()} == set(self.readable)

    def killed_during(self, stage: str, work: Callable[[], Any]) -> None:
        """Begin, and kill ratings at some moment of it; whoever asked may get no answer."""
        took: list[float] = []

        def ask() -> None:
            began = time.monotonic()
            with contextlib.suppress(Refused, PeerUnreachable, OSError, SystemExit):
                work()
                took.append(time.monotonic() - began)

        victim = next(self.victims)
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        time.sleep(self.chance.uniform(0.0, self.lasts[stage]))
        answered = took[:]  # whoever asks sends again what got no answer
        self.ground.house.kill(victim)
        self.kills[stage] += 1
        if stage == "publication":  # as long as one takes, or kills would come when all is over
            self.lasts[stage] = 1.1 * answered[0] if answered else min(8.0, 1.25 * self.lasts[stage])
            self.cut_off += not answered
        until = time.monotonic() + PATIENCE_SECONDS
        while not self.ground.ready(victim):
            assert time.monotonic() < until, "ratings does not come back"
            time.sleep(0.05)
        asking.join(PATIENCE_SECONDS)

    def index(self) -> list[ReadableView]:
        return self.together._index(self.together.clients[0])

    def until(self, ask: Callable[[], Any], enough: Callable[[Any], bool] = bool) -> Any:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = ask()
            if enough(found):
                return found
            assert time.monotonic() < until, f"not there yet: {found}"
            time.sleep(0.05)


@pytest.fixture(params=GROUNDS)
def killed(request: pytest.FixtureRequest) -> Iterator[tuple[Killed, int]]:
    kills = KILLS[request.param]
    if not kills:
        pytest.skip("at full size only: CANDOUR_PUBLISH_KILLS_PRODUCTION")
    with open_folder() as folder, GROUNDS[request.param](folder) as ground:
        yield Killed(ground), kills


def test_the_public_sees_the_old_release_or_the_new_one_and_builds_go_on(killed: tuple[Killed, int]) -> None:
    house, kills = killed
    began = time.monotonic()
    house.run(kills)
    told = ", ".join(f"{stage} {count}" for stage, count in sorted(house.kills.items()))
    sys.stdout.write(
        f"\n{house.ground.name}: {house.kills.total()} kills in {time.monotonic() - began:.0f} s: {told}; "
        f"{house.cut_off} publications cut off before they were answered; "
        f"{len(house.together.manifests)} views taken whole, "
        f"{house.together.compared} indices of several views compared, {house.observer.looks} looks at releases\n"
    )
    assert all(len(totals) == 1 for totals in house.observer.totals.values()), "fixed rows came or went"
    assert house.kills.total() == kills
    assert house.together.manifests
    if kills >= 3:
        assert house.together.compared > 0, "UNKNOWN: never were two releases there to compare"
