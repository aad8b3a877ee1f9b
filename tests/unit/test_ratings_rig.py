"""The ratings service as its tests see it: over HTTP, the real ingest and consent beside it."""

import hashlib
import io
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import polars as pl
from starlette.testclient import TestClient

from cli.demonstration.sizes import Sizes
from cli.demonstration.world import World, make_world
from services.consent.__main__ import MIGRATIONS as CONSENT_MIGRATIONS
from services.consent.app import create_app as create_consent
from services.consent.settings import Settings as ConsentSettings
from services.ingest.__main__ import MIGRATIONS as INGEST_MIGRATIONS
from services.ingest.app import create_app as create_ingest
from services.ingest.settings import Settings as IngestSettings
from services.ratings.__main__ import MIGRATIONS
from services.ratings.app import create_app
from services.ratings.following import Follower
from services.ratings.peers import Peers
from services.ratings.settings import Settings
from services.ratings.workflow.office import Clock, Office, wall_clock
from shared.kit.jobs import ThreadedJobs
from shared.kit.migrating import migrate
from shared.kit.secretfiles import make_secret, read_secret
from shared.kit.tokens import ServiceToken
from tests.people import QUICK, make_quick_people
from tests.stores import Stores

DATA = Path(__file__).parents[3] / "shared" / "data"
NEW_YORK = DATA / "ny-cardiac" / "hospital_2008_2015.csv"
PAIRS = (
    "ratings-ingest", "ratings-consent", "gateway-ratings", "gateway-consent", "supervisor-consent", "consent-subjects",
    "consent-ratings", "ingest-receipts",
)  # fmt: skip
BOTH = "both"  # an account with every role, to be author and reviewer at once


@dataclass(frozen=True)
class Rig:
    """Three running services and short ways to ask them."""

    ratings: TestClient
    ingest: TestClient
    consent: TestClient
    passwords: dict[str, str]
    secrets: Path

    @property
    def office(self) -> Office:
        office: Office = self.ratings.app.state.office  # type: ignore[attr-defined]  # a FastAPI application
        return office

    def follower(self) -> Follower:
        """One turn of following at a time, in the hands of the test."""
        return Follower(self.office, 3600, 0)

    def person(self, name: str) -> httpx.BasicAuth:
        return httpx.BasicAuth(name, self.passwords[name])

    def ask(self, who: str, method: str, path: str, **options: Any) -> httpx.Response:
        found: httpx.Response = self.ratings.request(method, path, auth=self.person(who), **options)
        return found

    def gateway(self, path: str) -> httpx.Response:
        token = ServiceToken("gateway", "ratings", read_secret(self.secrets, "gateway-ratings"))
        found: httpx.Response = self.ratings.get(path, auth=token)
        return found

    def send(self, feed: str, data: bytes, **asked: str) -> None:
        """Send a file to ingest and wait for its fates."""
        digest = hashlib.sha256(data).hexdigest()
        steward = self.person("steward")
        sent = self.ingest.put(f"/v1/feeds/{feed}/submissions/{digest}", params=asked, content=data, auth=steward)
        assert sent.status_code == 201, sent.text
        until = time.monotonic() + 60
        while (state := self.ingest.get(f"/v1/submissions/{digest}", auth=steward).json())["state"] == "received":
            assert time.monotonic() < until
            time.sleep(0.02)
        assert state["state"] == "checked", state

    def import_csv(self, kind: str, frame: pl.DataFrame) -> None:
        found = self.consent.post(
            "/v1/imports", params={"kind": kind}, content=frame.write_csv().encode(), auth=self.person("officer"),
            headers={"Content-Type": "text/csv"},
        )  # fmt: skip
        assert found.status_code == 200, found.text
        assert found.json()["quarantined"] == 0, found.text

    def withdraw(self, gmc: str, programme: str) -> None:
        body = {"programme": programme, "purpose": "own_figures", "channel": "letter"}
        found = self.consent.post(f"/v1/consultants/{gmc}/withdrawal", json=body, auth=self.person("officer"))
        assert found.status_code < 300, found.text

    def give(self, gmc: str, programme: str) -> None:
        officer = self.person("officer")
        standing = self.consent.get(f"/v1/consultants/{gmc}", auth=officer).json()["standings"][0]
        body = {"programme": programme, "purpose": "own_figures", "act": "given", "channel": "letter",
                "notice": {"version": 1}}  # fmt: skip
        headers = {"If-Match": f'"{standing["revision"]}"'}
        found = self.consent.post(f"/v1/consultants/{gmc}/decisions", json=body, auth=officer, headers=headers)
        assert found.status_code < 300, found.text

    def build(
        self, day: str = "2026-09-30", indicators: list[str] | None = None, who: str = "analyst"
    ) -> dict[str, Any]:
        body = {"date": day} | ({"indicators": indicators} if indicators else {})
        started = self.ask(who, "POST", "/v1/releases", json=body)
        assert started.status_code == 202, started.text
        return self.built(started.json()["release"])

    def built(self, release: str) -> dict[str, Any]:
        until = time.monotonic() + 120
        while True:
            found: dict[str, Any] = self.ask("analyst", "GET", f"/v1/releases/{release}").json()
            if found["build"] != "running":
                return found
            assert time.monotonic() < until
            time.sleep(0.02)

    def publish(self, release: str) -> dict[str, Any]:
        """Through its whole life: announced, submitted, every check answered, signed, approved, signed, published."""
        self.approve(release)
        self.sign(release, "publisher")
        return self.step("publisher", release, "publication")

    def approve(self, release: str) -> dict[str, Any]:
        """A finished draft, approved under the reviewer's signature."""
        self.announce(release[:10])
        self.step("analyst", release, "submission")
        return self.approve_submitted(release)

    def approve_submitted(self, release: str) -> dict[str, Any]:
        self.answer_all(release)
        self.sign(release, "reviewer")
        return self.step("reviewer", release, "approval")

    def step(self, who: str, release: str, step: str) -> dict[str, Any]:
        return self.done(who, "POST", f"/v1/releases/{release}/{step}")

    def done(self, who: str, method: str, path: str, **options: Any) -> dict[str, Any]:
        found = self.ask(who, method, path, **options)
        assert found.status_code == 200, found.text
        answer: dict[str, Any] = found.json()
        return answer

    def announce(self, day: str, who: str = "publisher", **more: str) -> None:
        if day not in {one["day"] for one in self.done(who, "GET", "/v1/calendar")["days"]}:
            self.done(who, "PUT", "/v1/calendar", json={"day": day, "title": "A release", **more})

    def gate(self, release: str, who: str = "reviewer") -> dict[str, Any]:
        return self.done(who, "GET", f"/v1/releases/{release}/checks")

    def answer_all(self, release: str, who: str = "reviewer") -> None:
        """Yes to every check that waits for a person."""
        for one in self.gate(release, who)["checks"]:
            if one["answerable"] and one["state"] != "passed":
                path = f"/v1/releases/{release}/checks/{one['check']}/answer"
                self.done(who, "POST", path, json={"passed": True, "note": "Looked at by the tests."})

    def sign(self, release: str, role: str, who: str | None = None) -> dict[str, Any]:
        """Under what the gate says now."""
        body = {"role": role, "gate": self.gate(release, who or role)["digest"]}
        return self.done(who or role, "POST", f"/v1/releases/{release}/signature", json=body)

    def live(self, release: str) -> dict[str, Any]:
        """The line of a release in the index of views."""
        (one,) = (view for view in self.gateway("/v1/views").json()["views"] if view["release"] == release)
        found: dict[str, Any] = one
        return found

    def file(self, release: str, name: str, view: int | None = None) -> bytes:
        number = self.live(release)["view"] if view is None else view
        found = self.gateway(f"/v1/releases/{release}/views/{number}/files/{name}")
        assert found.status_code == 200, found.text
        return found.content

    def table(self, release: str, name: str) -> pl.DataFrame:
        return pl.read_parquet(io.BytesIO(self.file(release, f"{name}.parquet")))

    def entries(self, release: str, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.file(release, f"{name}.json"))
        return found


def small_world() -> World:
    return make_world(2013, Sizes.small())


def load_world(rig: Rig, world: World) -> None:
    """Send the invented audit to ingest and its decisions to consent."""
    rig.send("candour-demo-providers", world.providers.write_csv().encode())
    rig.send("candour-demo-consultants", world.consultants.write_csv().encode())
    rig.send("candour-demo", world.episodes.write_csv().encode())
    rig.import_csv("register", world.register)
    rig.import_csv("returns", world.returns)


@contextmanager
def rig_in(
    folder: Path,
    stores: Stores | None = None,
    clock: Clock = wall_clock,
    policy: str = "demonstration",
    outliers: str = "outlier_policy",
    **more: Any,
) -> Iterator[Rig]:
    """The three services in one process, each with its own store. The follower sleeps: tests take its turns. `clock` is
    that of ratings, `policy` the one by which its releases come out, `outliers` the one by which outliers are handled:
    with the reviewed one, which nobody has verified, there is no case. `more`: other settings of ratings."""
    stores = stores or Stores(None)
    for name in PAIRS:
        make_secret(folder, name)
    passwords = make_quick_people(folder / "people.json") | {BOTH: "of-every-trade"}
    people = json.loads((folder / "people.json").read_bytes())
    roles = [role for one in people["people"] for role in one["roles"]]
    people["people"].append({"name": BOTH, "roles": roles, "hash": QUICK.hash(passwords[BOTH])})
    (folder / "people.json").write_text(json.dumps(people))
    common: dict[str, Any] = {"people_file": folder / "people.json", "secrets_dir": folder}
    kept: dict[str, Any] = {
        name: common | {"data_dir": folder / name} | stores.settings(name, folder / name)
        for name in ("ingest", "ratings", "consent")
    }
    ingest_settings = IngestSettings(**kept["ingest"])
    # no ballast: no test here fills a disk, and 128 MB would be written at each start
    consent_settings = ConsentSettings(demonstration=True, ballast_bytes=0, **kept["consent"])
    settings = Settings(
        ingest_url="http://ingest", consent_url="http://consent", follow_seconds=3600, peer_patience_seconds=5,
        demonstration=True, release_policy=policy, outlier_policy=outliers,
        **kept["ratings"], **more,
    )  # fmt: skip
    migrate(ingest_settings.database("ingest"), INGEST_MIGRATIONS)
    migrate(consent_settings.database("consent"), CONSENT_MIGRATIONS)
    migrate(settings.database("ratings"), MIGRATIONS)
    with ExitStack() as stack:
        ingest = stack.enter_context(TestClient(create_ingest(ingest_settings, ThreadedJobs())))
        consent = stack.enter_context(TestClient(create_consent(consent_settings)))
        peers = Peers(as_ratings(ingest, "ingest", folder), as_ratings(consent, "consent", folder), 5)
        ratings = stack.enter_context(TestClient(create_app(settings, peers, ThreadedJobs(), clock)))
        yield Rig(ratings, ingest, consent, passwords, folder)


class AsRatings(TestClient):
    """A second client of an application that is running already: signs as ratings, and closes nothing."""

    def close(self) -> None:
        return None


def as_ratings(running: TestClient, name: str, secrets: Path) -> TestClient:
    client = AsRatings(running.app)
    client.portal = running.portal
    client.auth = ServiceToken("ratings", name, read_secret(secrets, f"ratings-{name}"))
    return client
