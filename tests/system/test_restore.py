"""Yesterday's stores put back: what was withdrawn since stays hidden, nothing that depends on a person is shown before
the journal has been replayed, and what was published is what it was. Times are printed (`-s`), never asserted."""

import hashlib
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from cli import demo
from cli.calls import Service
from cli.consent import decide, withdrawal
from cli.demonstration.sizes import Sizes
from cli.imports import import_file
from tests.system.composed import Composed
from tests.system.history import Person, people_of
from tests.system.house import House
from tests.system.quick_release import publish_quickly
from tests.system.small_file import FEED, small_file

GATEWAYS: Final = ("gateway-1", "gateway-2")
PATIENCE: Final = 60.0
NEWCOMER: Final = "9999997"
SMALL: Final = Sizes(hospitals=20, consultants=400, episodes=40_000)


def until(true: Callable[[], object], otherwise: str, seconds: float = PATIENCE) -> float:
    """Seconds until it was true."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"{otherwise} after {seconds:.0f} s"
        time.sleep(0.1)
    return time.monotonic() - began


@dataclass
class Site:
    """The production shape with a published demonstration, and what happened to whom."""

    house: Composed
    release: str
    people: list[Person]
    times: dict[str, float] = field(default_factory=dict)

    @property
    def officer(self) -> Service:
        return Service("consent", "officer", self.house.accounts["officer"], self.house.url("consent"))

    def ask(self, gateway: str, path: str) -> httpx.Response:
        return httpx.get(f"{self.house.url(gateway)}/v1/releases/{self.release}{path}", timeout=10, trust_env=False)

    def codes(self, person: Person) -> list[int]:
        return [self.ask(gateway, f"/consultants/{person.gmc}").status_code for gateway in GATEWAYS]

    def fixed(self) -> list[int]:
        return [self.ask(gateway, "/results?partition=fixed&limit=1").status_code for gateway in GATEWAYS]

    def withdraw(self, person: Person) -> None:
        withdrawal(self.officer, person.gmc, person.programme)

    def give(self, person: Person) -> None:
        decide(self.officer, person.gmc, person.programme, "given", 1)

    def ledger(self) -> str:
        said: str = self.house.run("consent", "python", "-m", "services.consent", "verify-ledger").stdout
        return said

    def verb(self, service: str, *verbs: str) -> str:
        began = time.monotonic()
        done = self.house.run(service, "python", "-m", f"services.{service}", *verbs)
        self.times[f"{verbs[0]} {service}"] = time.monotonic() - began
        return str(done.stdout)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("composed")
    with Composed(folder, variables={"CANDOUR_DEMONSTRATION": "true"}) as house:
        release = demo.load_into(house.urls, house.accounts, lambda _text: None, sizes=SMALL)
        house.wait_published(release)
        with house.reader("gateway-1") as reader:
            yield (site := Site(house, release, people_of(reader, release)))
    sys.stdout.write("".join(f"{what}: {seconds:.1f} s\n" for what, seconds in site.times.items()))


def test_an_older_consent_store_is_closed_until_its_journal_is_replayed(site: Site, tmp_path: Path) -> None:
    house, backup = site.house, str(site.house.shared / "consent-yesterday")
    early, late, back, kept = _four(site.people)
    site.withdraw(early)
    until(lambda: site.codes(early) == [404, 404], "an early withdrawal was not obeyed")
    site.verb("consent", "backup", backup)
    site.withdraw(late)
    site.withdraw(back)
    site.give(back)
    site.give(early)
    _newcomer(site, tmp_path)
    until(lambda: site.codes(early) == site.codes(back) == [200, 200], "who gave again did not come back")
    before, processes = site.ledger(), [house.pid(gateway) for gateway in GATEWAYS]

    house.stop("consent")
    until(lambda: site.codes(kept) == [503, 503], "consent is away, and yet somebody was shown")
    assert "is restored as of" in site.verb("consent", "restore", backup)
    house.start("consent")
    _stays_closed(site, [early, late, back, kept])

    assert "The ledger was at revision" in site.verb("consent", "replay-journal")
    site.times["open after replay-journal"] = until(lambda: site.codes(kept) == [200, 200], "gateways stay closed")
    assert site.codes(late) == [404, 404]
    until(lambda: site.codes(early) == site.codes(back) == [200, 200], "granted ones did not come back")
    assert site.codes(late) == [404, 404]
    assert site.ledger() == before
    assert "holds" in before
    assert [house.pid(gateway) for gateway in GATEWAYS] == processes, "a gateway had to be started again"
    house.wait_healthy("consent", *GATEWAYS)
    _newcomer_is_known_again(site, tmp_path)


def _four(people: list[Person]) -> list[Person]:
    """Of different indicators, so that nobody is hidden on another's account."""
    found: dict[str, Person] = {}
    for person in people:
        found.setdefault(person.indicator, person)
    assert len(found) >= 4
    return list(found.values())[:4]


def _newcomer(site: Site, folder: Path) -> None:
    """Registered and withdrawn since the backup: the ledger knows a number, the register a name."""
    programme = site.people[0].programme
    register = folder / "register.csv"
    register.write_text(f"gmc,name,programme\n{NEWCOMER},Dr New (synthetic),{programme}\n")
    assert import_file(site.officer, "register", register)["applied"] == 1
    withdrawal(site.officer, NEWCOMER, programme)


def _newcomer_is_known_again(site: Site, folder: Path) -> None:
    """A register is sent again after a restore; the decision is there already."""
    assert import_file(site.officer, "register", folder / "register.csv")["applied"] == 1
    record = site.officer.json("GET", f"/v1/consultants/{NEWCOMER}")
    assert "withdrawn" in str(record), record


def _stays_closed(site: Site, everybody: list[Person]) -> None:
    """Until somebody acts; and consent says what that is."""
    house = site.house
    site.times["start of a closed consent"] = until(lambda: _ready(house, "consent") is not None, "consent is not up")
    reason = _ready(house, "consent") or ""
    assert "replay-journal" in reason, reason
    end = time.monotonic() + 3
    while time.monotonic() < end:
        for person in everybody:
            assert site.codes(person) == [503, 503]
        assert site.fixed() == [200, 200]
    with house.officer() as officer:
        answer = officer.get("/v1/consultants?limit=1")
    assert (answer.status_code, answer.json()["code"]) == (503, "consent_closed")
    assert "replay-journal" in answer.json()["detail"]


def _ready(house: Composed, service: str) -> str | None:
    """Why it is not ready; None while it does not answer, empty where it is."""
    try:
        found: dict[str, Any] = httpx.get(f"{house.url(service)}/health/ready", timeout=5, trust_env=False).json()
    except httpx.TransportError:
        return None
    return str(found.get("reason", ""))


def test_without_its_journal_consent_stays_closed_and_says_so(site: Site) -> None:
    house, kept = site.house, _four(site.people)[3]
    journal = house.site.folder / "volumes" / "consent-journal"
    assert (journal / "ledger.jsonl").is_file()
    house.stop("consent")
    (journal / "ledger.jsonl").rename(journal / "elsewhere")
    house.start("consent")
    until(lambda: "Put the journal back" in (_ready(house, "consent") or ""), "consent does not say what is missing")
    done = house.run("consent", "python", "-m", "services.consent", "replay-journal", code=2)
    assert "There is no journal" in done.stderr
    assert site.codes(kept) == [503, 503]
    (journal / "elsewhere").rename(journal / "ledger.jsonl")
    until(lambda: site.codes(kept) == [200, 200], "the journal is back, and consent stays closed")


def test_ingest_and_ratings_come_back_from_a_lost_machine(site: Site) -> None:
    """Their volumes are emptied: nothing is left but the backups, and the database of another day."""
    house = site.house
    waiting = _acknowledged_and_undecided(house)
    digest = _results_digest(site)
    for service in ("ratings", "ingest"):
        site.verb(service, "backup", str(house.shared / f"{service}-yesterday"))
    house.start("ingest")
    until(lambda: _state(house, waiting) == "checked", "a submission that was waiting is not finished")
    since = _send(house, 2000)
    for service in ("ingest", "ratings"):
        house.stop(service)
        _empty(house.site.folder / "volumes" / f"{service}-data")
        assert "is restored as of" in site.verb(service, "restore", str(house.shared / f"{service}-yesterday"))
    assert site.codes(_four(site.people)[3]) == [200, 200], "gateways need ratings to read what they have"
    for service in ("ingest", "ratings"):
        house.start(service)
    site.times["healthy after restore"] = until(
        lambda: house.healthy("ingest") and house.healthy("ratings"), "ingest or ratings is not healthy"
    )
    until(lambda: _state(house, waiting) == "checked", "a submission that was waiting is not finished")
    assert _state(house, since) == "unknown"
    assert _send(house, 2000) == since
    until(lambda: _state(house, since) == "checked", "what was sent again is not decided")
    assert _results_digest(site) == digest
    site.times["view baked again"] = until(lambda: _view_file(site) == 200, "the view is not baked again")
    house.wait_published(site.release)
    assert site.codes(_four(site.people)[3]) == [200, 200]
    assert site.codes(_four(site.people)[1]) == [404, 404]


def _steward(house: Composed) -> httpx.Client:
    auth = ("steward", house.accounts["steward"])
    return httpx.Client(base_url=house.url("ingest"), auth=auth, timeout=30, trust_env=False)


def _send(house: Composed, number: int) -> str:
    body = small_file([number], state=number == 1000)
    digest = hashlib.sha256(body).hexdigest()
    with _steward(house) as steward:
        answer = steward.put(f"/v1/feeds/{FEED}/submissions/{digest}", content=body)
    assert answer.status_code == 201, answer.text
    return digest


def _state(house: Composed, digest: str) -> str:
    try:
        with _steward(house) as steward:
            answer = steward.get(f"/v1/submissions/{digest}")
    except httpx.TransportError:
        return "silent"
    return str(answer.json()["state"]) if answer.status_code == 200 else "unknown"


def _acknowledged_and_undecided(house: Composed) -> str:
    """A file that ingest has said yes to and not looked at when it died. A job begins within 0.2 s: try again if it was
    faster than we are."""
    for number in range(1000, 1010):
        digest = _send(house, number)
        ingest = house.processes["ingest"]
        ingest.wanted = False
        ingest.kill()
        state = house.postgres.execute(f"SELECT state FROM submission WHERE sha256 = '{digest}'", "ingest")
        if state == [("received",)]:
            return digest
        house.start("ingest")
        house.wait_healthy("ingest")
    raise AssertionError("every submission was decided before ingest could be killed")


def _results_digest(site: Site) -> str:
    ratings = Service("ratings", "analyst", site.house.accounts["analyst"], site.house.url("ratings"))
    return str(ratings.json("GET", f"/v1/releases/{site.release}")["results_digest"])


def _view_file(site: Site) -> int:
    """A gateway that has lost everything could load the view again."""
    site.house.stop("gateway-2")
    _empty(site.house.site.folder / "volumes" / "gateway-2-data")
    site.house.start("gateway-2")
    site.house.wait_healthy("gateway-2")
    return site.ask("gateway-2", "").status_code


def _empty(folder: Path) -> None:
    for inside in folder.iterdir():
        if inside.is_dir() and not inside.is_symlink():
            shutil.rmtree(inside)
        else:
            inside.unlink()


def test_the_embedded_house_comes_back_from_one_folder(tmp_path: Path) -> None:
    """Its data directory is lost but for secrets, accounts and journal, which are kept elsewhere."""
    house = House(tmp_path)
    house.up()
    try:
        release = publish_quickly(house.urls, house.accounts, tmp_path, "2026-09-30")
        house.wait_published(release)
        before = house.reader().get(f"/v1/releases/{release}/results").json()["data"]
        house.run("backup", str(tmp_path / "backup"))
        assert "candour up" in house.run("restore", str(tmp_path / "backup"), code=1).stderr
    finally:
        assert house.down() == 0
    for name in ("ingest", "ratings", "gateway"):
        shutil.rmtree(house.data / name)
    (house.data / "consent" / "consent.sqlite").unlink()
    began = time.monotonic()
    assert "ratings restored in" in house.run("restore", str(tmp_path / "backup")).stdout
    assert "Nothing is missing" in house.run("service", "consent", "replay-journal").stdout
    house.up()
    try:
        house.wait_published(release)
        sys.stdout.write(f"embedded, from nothing to readable: {time.monotonic() - began:.1f} s\n")
        assert house.reader().get(f"/v1/releases/{release}/results").json()["data"] == before
        assert "holds" in house.run("service", "consent", "verify-ledger").stdout
    finally:
        assert house.down() == 0
