"""A house in which every service keeps its data on a small disk of its own, so that each can be full by itself; and
what its users do meanwhile."""

import contextlib
import hashlib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import httpx

from cli import demo
from cli.demonstration.sizes import Sizes
from cli.up.layout import Layout
from tests.disks import SmallDisk, small_disk
from tests.system.composed import Composed
from tests.system.history import Person, people_of
from tests.system.house import ROOT, House
from tests.system.quick_release import through
from tests.system.small_file import FEED, INDICATOR, small_file

MIB: Final = 1 << 20
SIZES: Final = {"ingest": 32, "ratings": 48, "consent": 160, "gateway": 24, "gateway-2": 24, "logs": 4}
GATEWAYS: Final = ("gateway", "gateway-2")
BALLAST_SECONDS: Final = 40.0
AGAIN_SECONDS: Final = 40.0
NOTICE: Final = 1


class FullHouse:
    """A published demonstration, and a published release that depends on nobody. `doors` is where the public reads,
    `uploads` where ingest keeps what it was sent."""

    def __init__(
        self, house: House | Composed, disks: dict[str, SmallDisk], doors: tuple[str, ...], uploads: Path
    ) -> None:
        self.house, self.disks, self.doors, self.uploads = house, disks, doors, uploads
        self.sent = 1000
        self.person_release = demo.load_into(
            house.urls, house.accounts, lambda _text: None,
            sizes=Sizes(hospitals=20, consultants=400, episodes=40_000),
        )  # fmt: skip
        answer = self.upload(small_file([self.sent], state=True))
        assert answer.status_code == 201, answer.text
        self.wait_checked(answer.json()["sha256"])
        self.fixed_release = self.publish()
        with house.reader() as reader:
            everybody = people_of(reader, self.person_release)
        self.people = iter(everybody)
        self.withdrawn: list[Person] = []

    # People at work

    def client(self, service: str, account: str) -> httpx.Client:
        auth = (account, self.house.accounts[account])
        return httpx.Client(base_url=self.house.url(service), auth=auth, timeout=60, trust_env=False)

    def upload(self, body: bytes) -> httpx.Response:
        digest = hashlib.sha256(body).hexdigest()
        with self.client("ingest", "steward") as steward:
            return steward.put(f"/v1/feeds/{FEED}/submissions/{digest}", content=body)

    def another_file(self) -> bytes:
        self.sent += 1
        return small_file([self.sent])

    def wait_checked(self, sha256: str) -> None:
        with self.client("ingest", "steward") as steward:
            self.until(lambda: steward.get(f"/v1/submissions/{sha256}").json()["state"] == "checked", "no fates")

    def publish(self) -> str:
        """A release of the newest rows of New York, shown by both gateways."""
        with self.client("ingest", "steward") as steward:
            frozen = steward.post("/v1/snapshots", json={"feed": FEED})
            assert frozen.status_code in (200, 201), frozen.text
        name: str = self.reserve().json()["release"]
        built = self.built(name)
        assert built["build"] == "done", built
        through(self.house.urls, self.house.accounts, name)
        self.house.wait_published(name)
        return name

    def reserve(self) -> httpx.Response:
        with self.client("ratings", "analyst") as analyst:
            return analyst.post("/v1/releases", json={"date": "2026-09-30", "indicators": [INDICATOR]})

    def built(self, name: str, seconds: float = AGAIN_SECONDS) -> dict[str, Any]:
        found: dict[str, Any] = {}
        with self.client("ratings", "analyst") as analyst:

            def finished() -> bool:
                found.update(analyst.get(f"/v1/releases/{name}").json())
                return bool(found["build"] != "running")

            self.until(finished, f"{name} is neither built nor failed", seconds)
        return found

    def until(self, true: Any, otherwise: str, seconds: float = AGAIN_SECONDS) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"{otherwise} after {seconds:.0f} s\n{self.said()}"
            time.sleep(0.1)

    def said(self) -> str:
        """The ends of all logs, for whoever has to find out why."""
        names = ("ingest", "ratings", "consent", *self.doors)
        return "\n".join(f"{name}:\n{self.log(name)[-1500:]}" for name in names)

    def log(self, name: str) -> str:
        if isinstance(self.house, Composed):
            return self.house.log(name)
        return (self.house.data / "logs" / f"{name}.log").read_text()

    # What must hold, whatever is full

    def reads_go_on(self) -> None:
        base, fixed = f"/v1/releases/{self.person_release}", f"/v1/releases/{self.fixed_release}"
        for gateway in self.doors:
            with self.house.reader(gateway) as reader:
                for path in (
                    "/v1", "/v1/releases", "/", f"{base}/indicators", f"{fixed}/results", f"{fixed}/results.csv",
                    f"{base}/results?level=consultant&limit=5", f"{base}/consultants", "/v1/changes",
                ):  # fmt: skip
                    assert reader.get(path).status_code == 200, (gateway, path, reader.get(path).text)
        for service, account, paths in (
            ("ingest", "steward", ("/v1/submissions", "/v1/sources", "/v1/snapshots")),
            ("ratings", "analyst", ("/v1/releases", f"/v1/releases/{self.person_release}", "/v1/indicators")),
            ("consent", "officer", ("/v1/consultants", "/v1/programmes")),
        ):
            with self.client(service, account) as person:
                for path in paths:
                    assert person.get(path).status_code == 200, (service, path, person.get(path).text)
                assert person.get("/health/live").status_code == 200

    def withdraw(self) -> Person:
        """Acknowledged, and obeyed by the very next request at every gateway."""
        person = self.next_shown()
        with self.house.officer() as officer:
            key = {"Idempotency-Key": f"full-{person.gmc}"}
            body = {"programme": person.programme, "purpose": "own_figures", "channel": "disk-full"}
            answer = officer.post(f"/v1/consultants/{person.gmc}/withdrawal", json=body, headers=key)
            assert answer.status_code == 202, answer.text
        self.withdrawn.append(person)
        for gateway in self.doors:
            with self.house.reader(gateway) as reader:
                gone = reader.get(f"/v1/releases/{self.person_release}/consultants/{person.gmc}")
                assert gone.status_code == 404, (gateway, gone.status_code, gone.text)
        return person

    def next_shown(self) -> Person:
        with self.house.reader() as reader:
            for person in self.people:
                if reader.get(f"/v1/releases/{self.person_release}/consultants/{person.gmc}").status_code == 200:
                    return person
        raise AssertionError("UNKNOWN: nobody is left who could withdraw; the demonstration is too small")

    def grant(self, person: Person) -> int:
        """The status of the answer: recorded, or no room and then nothing of it."""
        with self.house.officer() as officer:
            record = officer.get(f"/v1/consultants/{person.gmc}")
            body = {"programme": person.programme, "purpose": "own_figures", "act": "given", "channel": "disk-full",
                    "notice": {"version": NOTICE}}  # fmt: skip
            answer = officer.post(
                f"/v1/consultants/{person.gmc}/decisions", json=body, headers={"If-Match": record.headers["ETag"]}
            )
            assert answer.status_code in (202, 507), answer.text
            if answer.status_code == 507:
                assert answer.json()["code"] == "storage_full"
                assert officer.get(f"/v1/consultants/{person.gmc}").json() == record.json()
            return answer.status_code

    def nothing_forgotten(self) -> None:
        """Every acknowledged withdrawal is in the record, and nobody who withdrew is shown."""
        with self.house.officer() as officer:
            for person in self.withdrawn:
                history = officer.get(f"/v1/consultants/{person.gmc}").json()["history"]
                assert "withdrawn" in [event["act"] for event in history], person

    def upload_is_refused(self) -> bytes:
        """507, and nothing of it stays."""
        body = self.another_file()
        before = self.kept()
        for _ in range(3):
            answer = self.upload(body)
            assert (answer.status_code, answer.json()["code"]) == (507, "storage_full"), answer.text
        with self.client("ingest", "steward") as steward:
            assert steward.get(f"/v1/submissions/{hashlib.sha256(body).hexdigest()}").status_code == 404
        assert self.kept() == before
        return body

    def kept(self) -> set[str]:
        return {one.name for one in self.uploads.rglob("*")}

    # Filling, and emptying

    @contextlib.contextmanager
    def full(self, *names: str) -> Iterator[None]:
        """These disks full to the last byte."""
        for name in names:
            self.disks[name].fill()
        try:
            yield
        finally:
            for name in names:
                self.disks[name].make_room()

    def whole_again(self, *pids: tuple[str, int]) -> None:
        """Everything works, in the same processes; what was given away is held back again."""
        body = self.another_file()
        self.until(lambda: self.upload(body).status_code in (200, 201), "uploads are still refused")
        self.wait_checked(hashlib.sha256(body).hexdigest())
        person = self.withdraw()
        assert self.grant(person) == 202
        for name, pid in pids:
            assert self.house.pid(name) == pid, f"{name} had to be started again"
        for ballast in self.ballasts():
            self.until(lambda held=ballast: _held(held), f"{ballast} is not held again", BALLAST_SECONDS)

    def ballasts(self) -> list[Path]:
        """The files that hold room back."""
        return []


class Embedded(FullHouse):
    """Every service with its data, and all their logs, on a small disk each."""

    def __init__(self, house: House, disks: dict[str, SmallDisk]) -> None:
        self.data = house.data
        super().__init__(house, disks, GATEWAYS, house.data / "ingest" / "ingest" / "uploads")

    @contextlib.contextmanager
    def full(self, *names: str) -> Iterator[None]:
        """The logs too."""
        with super().full(*names, "logs"):
            yield

    def ballasts(self) -> list[Path]:
        return [self.data / name / "ballast" for name in ("consent", *GATEWAYS)]

    def sound(self) -> None:
        """The ledger, and every SQLite file of the house, by programs that are not the services' own processes."""
        assert isinstance(self.house, House)
        environment = Layout(self.data, self.house.base, self.house.gateways).environment("consent")
        command = [sys.executable, "-m", "services.consent", "verify-ledger"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        stores = [one for one in self.data.rglob("*.sqlite") if "views" not in one.parts]
        assert {one.name for one in stores} >= {"consent.sqlite", "ingest.sqlite", "ratings.sqlite"}
        for store in stores:
            with closing(sqlite3.connect(store)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)], store


def _held(ballast: Path) -> bool:
    return ballast.exists() and ballast.stat().st_size >= MIB


@contextlib.contextmanager
def full_house(folder: Path) -> Iterator[Embedded]:
    """Skips the test where no disks can be mounted."""
    house = House(folder, gateways=2)
    with contextlib.ExitStack() as mounted:
        disks = {name: mounted.enter_context(small_disk(house.data / name, size * MIB)) for name, size in SIZES.items()}
        house.up()
        try:
            yield Embedded(house, disks)
        finally:
            code = house.down()
        assert code == 0
