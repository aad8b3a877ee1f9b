"""`kill -9` of each service in the middle of the main job: afterwards the job is done, what was acknowledged is there,
and nobody ever saw half a release. CI takes a few kills of each; CANDOUR_KILLS=10 is the full size."""

import os
import random
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from cli import consent, load, release
from cli.calls import Service
from tests.system.house import House

KILLS = int(os.environ.get("CANDOUR_KILLS", "2"))
SERVICES = ("ingest", "ratings", "consent", "gateway")
INDICATOR = "ny-tavr-mortality"
HEADER = (
    "Facility ID,Hospital Name,Detailed Region,Region,Procedure,Year of Hospital Discharge,Number of Cases,"
    "Number of Deaths,Observed Mortality Rate,Expected Mortality Rate,Risk-Adjusted Mortality Rate,"
    "Lower Limit of Confidence Interval,Upper Limit of Confidence Interval,Comparison Results\n"
)
STATE = "0,NYS - All Hospitals,New York State,New York State,TAVR,2013-2015,2000,80,4.00,4.00,4.00,,,Statewide Rate\n"
ROW = (
    "{id},Hospital {id},Region,Region,TAVR,2013-2015,100,4,4.00,4.00,4.00,1.00,10.00,"
    "Rate not different than Statewide Rate\n"
)
PROGRAMME = "vascular-surgery-consultant-outcomes"


@dataclass
class Acknowledged:
    """Everything a service has said yes to."""

    submissions: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    releases: dict[str, int] = field(default_factory=dict)  # name → rows


class Observer:
    """Looks at the public API all the time; every release that it sees must be whole from the first moment."""

    def __init__(self, gateway: str) -> None:
        self.gateway = gateway
        self.seen: dict[str, set[int]] = {}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Observer":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.thread.join(30)

    def _look(self) -> None:
        with httpx.Client(base_url=self.gateway, timeout=5, trust_env=False) as client:
            while not self.stopping.is_set():
                try:
                    for one in client.get("/v1/releases").json()["data"]:
                        page = client.get(f"/v1/releases/{one['release']}/results?partition=fixed&limit=1")
                        if page.status_code == 200:
                            self.seen.setdefault(one["release"], set()).add(page.json()["meta"]["total"])
                except (httpx.TransportError, ValueError, KeyError):
                    pass  # the gateway is being killed: no answer is not a half answer
                time.sleep(0.02)


@pytest.fixture(scope="module")
def own_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("kills"))
    house.up()
    yield house
    assert house.down() == 0


class Job:
    """The main job at its smallest: a file, a decision, a release; each step as the command line takes it."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self.folder, self.done = house, folder, Acknowledged()
        self.round = 0
        first = folder / "first.csv"
        first.write_text(HEADER + STATE + ROW.format(id=1000))
        self.done.submissions.add(load.send(self.service("ingest", "steward"), "ny-cardiac", first)["sha256"])

    def service(self, name: str, account: str) -> Service:
        return Service(name, account, self.house.accounts[account], self.house.url(name))

    def run(self) -> None:
        self.round += 1
        self._load()
        self._decide()
        self._release()

    def _load(self) -> None:
        file = self.folder / f"round-{self.round}.csv"
        file.write_text(HEADER + ROW.format(id=1000 + self.round))
        ingest = self.service("ingest", "steward")
        submission = load.send(ingest, "ny-cardiac", file)
        assert submission["state"] == "checked", submission
        self.done.submissions.add(submission["sha256"])
        load.freeze(ingest, "ny-cardiac")

    def _decide(self) -> None:
        gmc = str(9800000 + self.round)
        file = self.folder / f"register-{self.round}.csv"
        file.write_text(f"gmc,name,programme\n{gmc},Dr {gmc} (synthetic),{PROGRAMME}\n")
        officer = self.service("consent", "officer")
        consent.import_file(officer, "register", file)
        consent.withdrawal(officer, gmc, PROGRAMME)
        self.done.withdrawn.add(gmc)

    def _release(self) -> None:
        analyst = self.service("ratings", "analyst")
        draft = release.new_draft(analyst, uuid.uuid4().hex, "2026-09-30", [INDICATOR])
        assert draft["build"] == "done", draft
        name = draft["release"]
        release.step(analyst, name, "submission", ("submitted",))
        release.step(self.service("ratings", "reviewer"), name, "approval", ("approved",))
        release.step(self.service("ratings", "publisher"), name, "publication", ("published",))
        self.done.releases[name] = 1 + self.round


@pytest.fixture(scope="module")
def job(own_house: House, tmp_path_factory: pytest.TempPathFactory) -> Job:
    return Job(own_house, tmp_path_factory.mktemp("files"))


@pytest.mark.parametrize("attempt", range(KILLS))
@pytest.mark.parametrize("victim", SERVICES)
def test_a_killed_service_costs_time_and_nothing_else(own_house: House, job: Job, victim: str, attempt: int) -> None:
    chance = random.Random(f"{victim}{attempt}")
    failures: list[BaseException] = []

    def work() -> None:
        try:
            job.run()
        except BaseException as failed:  # handed to the test's own thread
            failures.append(failed)

    with Observer(own_house.url()) as observer:
        worker = threading.Thread(target=work)
        worker.start()
        time.sleep(chance.uniform(0.0, 1.5))
        own_house.kill(victim)
        worker.join(120)
        assert not worker.is_alive()
        assert failures == []
        newest = max(job.done.releases, key=lambda name: job.done.releases[name])
        own_house.wait_published(newest)
        time.sleep(0.1)
    assert_whole(observer, job)
    assert_nothing_lost(job)


def assert_whole(observer: Observer, job: Job) -> None:
    for name, totals in observer.seen.items():
        assert totals == {job.done.releases[name]}, f"{name} was seen with {totals} rows"


def assert_nothing_lost(job: Job) -> None:
    ingest, officer = job.service("ingest", "steward"), job.service("consent", "officer")
    for sha256 in job.done.submissions:
        assert ingest.json("GET", f"/v1/submissions/{sha256}")["state"] == "checked"
    for gmc in job.done.withdrawn:
        acts = [event["act"] for event in officer.json("GET", f"/v1/consultants/{gmc}")["history"]]
        assert acts == ["withdrawn"]
    known = {
        one["release"]: one["status"]
        for one in job.service("ratings", "analyst").json("GET", "/v1/releases")["releases"]
    }
    assert known.keys() == job.done.releases.keys()
    assert sorted(known.values()).count("published") == 1
