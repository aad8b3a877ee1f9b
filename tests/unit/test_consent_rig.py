"""The consent service as its tests see it: over HTTP, on a migrated store, with real people and real secrets."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from starlette.testclient import TestClient

from services.consent.__main__ import MIGRATIONS
from services.consent.app import create_app
from services.consent.settings import POLICY_DIR, Settings
from services.consent.workflow.keeping import STARTING, Keeper
from shared.kit.migrating import migrate
from shared.kit.problems import DatabaseUnreachable
from shared.kit.secretfiles import make_secret, read_secret
from shared.kit.tokens import ServiceToken
from tests.people import make_quick_people
from tests.stores import Stores

CARDIAC = "adult-cardiac-surgery-consultant-outcomes"
THYROID = "thyroid-surgery-consultant-outcomes"
OWN = "own_figures"
T = TypeVar("T")


@dataclass(frozen=True)
class House:
    """What every service finds on disk: accounts with their passwords, and secrets. `stores` makes a database for each
    data directory."""

    folder: Path
    passwords: dict[str, str]
    stores: Stores = field(default_factory=lambda: Stores(None))

    def settings(self, data_dir: Path, **changes: Any) -> Settings:
        values: dict[str, Any] = {
            "data_dir": data_dir, "people_file": self.folder / "people.json", "secrets_dir": self.folder,
            "demonstration": True, "ballast_bytes": 0, "journal_dir": None,
        }  # fmt: skip
        return Settings(**values | self.stores.settings("consent", data_dir) | changes)

    def person(self, name: str) -> httpx.BasicAuth:
        return httpx.BasicAuth(name, self.passwords[name])

    def service(self, name: str) -> ServiceToken:
        return ServiceToken(name, "consent", read_secret(self.folder, f"{name}-consent"))


def build_house(folder: Path, stores: Stores | None = None) -> House:
    for name in ("ratings-consent", "gateway-consent", "supervisor-consent", "consent-subjects", "consent-receipts"):
        make_secret(folder, name)
    return House(folder, make_quick_people(folder / "people.json"), stores or Stores(None))


@dataclass(frozen=True)
class Rig:
    """One running consent service, and short ways to ask it."""

    client: TestClient
    house: House
    settings: Settings

    def officer(self, method: str, path: str, **options: Any) -> httpx.Response:
        found: httpx.Response = self.client.request(method, path, auth=self.house.person("officer"), **options)
        return found

    def service(self, path: str, name: str = "ratings", **params: Any) -> httpx.Response:
        found: httpx.Response = self.client.get(path, auth=self.house.service(name), params=params)
        return found

    def load(self, kind: str, lines: list[str], **params: Any) -> dict[str, Any]:
        body = "\n".join(lines) + "\n"
        headers = {"Content-Type": "text/csv"}
        params = {"kind": kind} | params
        found = self.officer("POST", "/v1/imports", params=params, content=body.encode(), headers=headers)
        assert found.status_code == 200, found.text
        report: dict[str, Any] = found.json()
        fates = ("header", "applied", "duplicate", "quarantined", "waiting", "blank")
        assert report["lines"] == sum(report[fate] for fate in fates)
        return report

    def register(self, *numbers: str, programme: str = CARDIAC) -> None:
        self.load("register", ["gmc,name,programme", *(f"{gmc},Dr {gmc},{programme}" for gmc in numbers)])

    def decide(self, gmc: str, act: str, if_match: int | None = None, **changes: Any) -> httpx.Response:
        body = {"programme": CARDIAC, "purpose": OWN, "act": act, "channel": "letter"} | changes
        if act == "given":
            body = {"notice": {"version": 1}} | body
        headers = {} if if_match is None else {"If-Match": f'"{if_match}"'}
        return self.officer("POST", f"/v1/consultants/{gmc}/decisions", json=body, headers=headers)

    def withdraw(self, gmc: str, key: str | None = None, **changes: Any) -> httpx.Response:
        body = {"programme": CARDIAC, "purpose": OWN, "channel": "letter"} | changes
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.officer("POST", f"/v1/consultants/{gmc}/withdrawal", json=body, headers=headers)

    def revision(self) -> int:
        return int(self.service("/v1/head").json()["revision"])

    def changes(self, after: int = 0) -> list[dict[str, Any]]:
        found = self.service("/v1/changes", after=after, upto=self.revision())
        assert found.status_code == 200
        listed: list[dict[str, Any]] = found.json()["changes"]
        return listed

    def named(self, programme: str = CARDIAC) -> set[str]:
        listed = self.service("/v1/permissions", programme=programme).json()["programmes"]
        return {one["subject"] for part in listed for one in part["named"]}

    def state(self, gmc: str) -> dict[str, Any]:
        (standing,) = self.officer("GET", f"/v1/consultants/{gmc}").json()["standings"]
        return dict(standing)


def eventually(ask: Callable[[], T], enough: Callable[[T], bool], seconds: float = 60.0) -> T:
    """The first answer that is enough: the service looks again every second or two."""
    until = time.monotonic() + seconds
    while not enough(answer := ask()):
        assert time.monotonic() < until, f"still {answer} after {seconds} seconds"
        time.sleep(0.05)
    return answer


@dataclass
class Clock:
    """The service's calendar, in the hands of the test."""

    now: datetime = datetime(2026, 10, 14, 9, 12, 40, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def has_compared(app: Any) -> None:
    """Returns once the service has compared its ledger with its journal, whatever it found: it answers before that,
    so that a database which hangs does not hold its start. `ready` names a look that failed before it says `STARTING`;
    that is no comparison, and is looked at again."""
    eventually(lambda: app.state.office.keeper.closed, lambda why: why != STARTING)


@contextmanager
def running(house: House, settings: Settings, clock: Clock | None = None) -> Iterator[Rig]:
    migrate(settings.database("consent"), MIGRATIONS)
    with TestClient(create_app(settings, clock or Clock()), raise_server_exceptions=False) as client:
        has_compared(client.app)
        yield Rig(client, house, settings)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, stores: Stores) -> House:
    """Of either engine: so is every test that starts a service in it."""
    return build_house(tmp_path_factory.mktemp("house"), stores)


@pytest.fixture
def rig(house: House, tmp_path: Path) -> Iterator[Rig]:
    with house.stores.swept(), running(house, house.settings(tmp_path)) as started:
        yield started


def test_a_service_on_a_readable_ledger_is_ready(rig: Rig) -> None:
    assert rig.client.get("/health/live").status_code == 200
    assert rig.client.get("/health/ready").json() == {"status": "ready"}


def test_a_first_look_that_failed_is_no_comparison(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a database is slow to answer: whoever starts a service here waits for the next look."""
    agree, failing = Keeper.agree, [DatabaseUnreachable()]

    def fails_once(keeper: Keeper) -> None:
        if failing:
            raise failing.pop()
        agree(keeper)

    monkeypatch.setattr(Keeper, "agree", fails_once)
    with house.stores.swept(), running(house, house.settings(tmp_path / "data")) as rig:
        assert not failing
        assert rig.service("/v1/head").status_code == 200


def test_a_service_whose_ledger_is_gone_is_not_ready(rig: Rig) -> None:
    rig.client.app.state.office.store.heads.database.close()  # type: ignore[attr-defined]  # a Starlette application
    assert rig.client.get("/health/ready").status_code == 200
    rig.house.stores.lose("consent", rig.settings.data_dir)
    found = eventually(lambda: rig.client.get("/health/ready"), lambda answer: answer.status_code == 503)
    assert found.json()["reason"] in {"the ledger cannot be read", "The database does not answer"}


def test_a_store_keeps_its_identity_and_another_store_has_another(house: House, tmp_path: Path) -> None:
    """On databases without tables: copies of one migrated before would be one store."""
    a, b = (house.settings(tmp_path / name, database_url=house.stores.empty(tmp_path / name)) for name in ("a", "b"))
    with running(house, a) as first:
        store = first.service("/v1/head").json()["store_id"]
    with running(house, a) as again, running(house, b) as other:
        found = again.service("/v1/head").json()
        empty = hashlib.sha256(b"candour consent ledger " + store.encode()).hexdigest()
        assert found == {"store_id": store, "revision": 0, "ledger_head": f"sha256:{empty}"}
        assert other.service("/v1/head").json()["store_id"] != store


def test_the_programmes_come_from_the_policy(rig: Rig) -> None:
    found = rig.service("/v1/programmes").json()
    assert len(found) == 10
    cardiac = next(one for one in found if one["id"] == CARDIAC)
    assert "synthetic" in cardiac["label"]
    assert [(basis["regime"], basis["valid_from"]) for basis in cardiac["bases"]] == [("consent", "2013-06-28")]
    assert json.loads(rig.officer("GET", "/v1/programmes").content) == found


def test_the_shipped_policy_is_where_the_settings_look() -> None:
    assert (POLICY_DIR / "demonstration.toml").is_file()
