"""The campaign of kills: everybody works all the time, `kill -9` falls here and there, and then everything is counted
from the outside. A campaign in which too little happened proves nothing, and says UNKNOWN."""

import hashlib
import itertools
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cli import demo, load
from cli.calls import Service
from cli.demonstration.sizes import Sizes
from services.consent.journal import NAME
from services.consent.keys import SubjectKeys
from shared.kit.secretfiles import read_secret
from tests.system.actors import Acknowledged, Actor, Auditor, Observer, Officer, Public, Releasers, Steward
from tests.system.grounds import Ground
from tests.system.history import History, people_of
from tests.system.small_file import FEED, small_file

SMALL: Final = Sizes(hospitals=20, consultants=400, episodes=40_000)
FIRST_HOSPITAL: Final = 1000
HEALED_SECONDS: Final = 90.0
WORK_SECONDS: Final = 60.0  # that the next kill waits for work to be done


@dataclass
class Report:
    """What happened, and what of it speaks against us."""

    ground: str
    kills: Counter[str]
    done: Acknowledged
    history: History
    looks: int
    views: int
    seconds: float = 0.0
    unknown: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        killed = ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items()))
        done, history = self.done, self.history
        said = f"{len(done.submissions)} uploads, {len(done.decisions)} decisions, {len(done.releases)} releases"
        read = f"{self.views} views taken whole, {self.looks} looks at releases, {len(history.reads)} reads of persons"
        return [
            f"{self.ground}: {self.kills.total()} kills in {self.seconds:.0f} s: {killed}",
            f"{said} acknowledged, {done.interrupted} calls cut off or refused meanwhile; nothing acknowledged is lost",
            f"{read}, {history.after()} of them after the withdrawal, {history.refused} refused, 0 stale",
        ]


class Campaign:
    """Prepare a house, kill in it, and hold it to its promises. The officer decides, and a release begins, `every` so
    many seconds at most."""

    def __init__(self, ground: Ground, seed: int, every: tuple[float, float]) -> None:
        self.ground, self.chance = ground, random.Random(seed)
        self.done, self.history, self.kills = Acknowledged(), History(), Counter[str]()
        shown = demo.load_into(ground.urls(), ground.house.accounts, lambda _text: None, sizes=SMALL)
        ground.house.wait_published(shown)
        self._first_file()
        with ground.house.reader() as reader:
            everybody = people_of(reader, shown)
        self.public = Public(ground, shown, everybody, self.history)
        self.observer, self.auditor = Observer(ground, self.done), Auditor(ground, self.done)
        hospitals = itertools.count(FIRST_HOSPITAL + 1)
        self.actors: list[Actor] = [
            Steward(ground, self.done, hospitals), Officer(ground, self.done, self.public, everybody, every[0]),
            Releasers(ground, self.done, every[1]), self.observer, self.auditor,
        ]  # fmt: skip

    def _first_file(self) -> None:
        steward = self._service("ingest", "steward")
        body = small_file([FIRST_HOSPITAL], state=True)
        digest = hashlib.sha256(body).hexdigest()
        steward.ask("PUT", f"/v1/feeds/{FEED}/submissions/{digest}", content=body)
        steward.wait(f"/v1/submissions/{digest}", lambda found: found["state"] == "checked")
        load.freeze(steward, FEED)
        self.done.submissions[digest] = body

    def _service(self, name: str, account: str) -> Service:
        return Service(name, account, self.ground.house.accounts[account], self.ground.house.url(name))

    def run(self, victims: Sequence[str], pause: tuple[float, float]) -> Report:
        """Kill each of `victims` in turn, `pause` seconds apart; then heal, and check everything."""
        began = time.monotonic()
        try:
            self._fight(victims, pause)
        except BaseException:
            for name in self.ground.victims:  # for whoever has to find out why
                sys.stdout.write(f"\n{name}:\n{self.ground.log(name)[-2500:]}\n")
            raise
        report = Report(
            self.ground.name, self.kills, self.done, self.history, self.observer.looks, len(self.auditor.manifests),
            time.monotonic() - began,
        )  # fmt: skip
        assert "holds" in self.ground.verify_ledger()
        self.check()
        report.unknown = self._too_little()
        return report

    def _fight(self, victims: Sequence[str], pause: tuple[float, float]) -> None:
        with self.public:
            for actor in self.actors:
                actor.thread.start()
            for place, victim in enumerate(victims):
                time.sleep(self.chance.uniform(*pause))
                self._heal(victim)  # whoever has not come back from its last death cannot die
                self._worked(place / len(victims), len(victims))
                self.ground.house.kill(victim)
                self.kills[victim] += 1
                self._nobody_failed()
            self._heal(*self.ground.victims)
            time.sleep(1.0)  # reads of a house that is whole again
            for actor in self.actors:
                actor.stopping.set()
            for actor in self.actors:
                actor.stop()

    def _worked(self, share: float, kills: int) -> None:
        """Wait until this share of the work is done: on a slow machine kills that follow each other faster than files
        are decided would only ever hit a house that starts. Where that never happens the campaign is UNKNOWN."""
        until = time.monotonic() + WORK_SECONDS
        while time.monotonic() < until:
            self._nobody_failed()
            if all(found >= share * least for found, least in self._work(kills).values()):
                return
            time.sleep(0.05)

    def _nobody_failed(self) -> None:
        for actor in self.actors:
            if actor.failed is not None:
                actor.stop()
        if self.public.failures:
            raise self.public.failures[0]

    def _heal(self, *names: str) -> None:
        until = time.monotonic() + HEALED_SECONDS
        for name in names:
            while not self.ground.ready(name):
                assert time.monotonic() < until, f"{name} does not come back"
                time.sleep(0.05)

    # The law

    def check(self) -> None:
        """Raises AssertionError, or Refused where a service does not know what it has acknowledged."""
        assert self.history.violations() == []
        self._uploads()
        self._decisions()
        self._releases()
        self._whole()

    def _uploads(self) -> None:
        """Each acknowledged upload has its bytes, its fates, and one decision: whoever was killed while making it."""
        steward = self._service("ingest", "steward")
        for digest, body in self.done.submissions.items():
            found = steward.json("GET", f"/v1/submissions/{digest}", params={"feed": FEED})
            assert found["state"] == "checked", found
            assert sum(found["fates"].values()) == found["lines"] == body.count(b"\n"), found
            assert (self.ground.uploads / digest).read_bytes() == body
        statement = "select sha256, count(*), count(distinct turn) from decision group by feed, sha256"
        made = {str(digest): (count, turns) for digest, count, turns in self.ground.rows("ingest", statement)}
        assert set(made) >= set(self.done.submissions)
        assert set(made.values()) == {(1, 1)}, {key: value for key, value in made.items() if value != (1, 1)}

    def alias(self, number: str) -> str:
        """How the ledger knows a number."""
        return SubjectKeys(read_secret(self.ground.secrets, "consent-subjects")).alias(number)

    def _decisions(self) -> None:
        """Each acknowledged decision is in the record, in the ledger and in the journal, under its own revision."""
        lines = [json.loads(line) for line in (self.ground.journal / NAME).read_bytes().splitlines()[1:]]
        assert [line["revision"] for line in lines] == list(range(1, len(lines) + 1))
        kept = {
            revision: (who, act, told)
            for revision, who, act, told in self.ground.rows(
                "consent", "select revision, subject, act, hash from ledger order by revision"
            )
        }
        assert kept == {line["revision"]: (line["subject"], line["act"], line["hash"]) for line in lines}
        officer = self._service("consent", "officer")
        for decision in self.done.decisions:
            assert kept[decision["revision"]][:2] == (self.alias(decision["gmc"]), decision["act"])
            record = officer.json("GET", f"/v1/consultants/{decision['gmc']}")["history"]
            assert decision["revision"] in [event["revision"] for event in record]
        effective = Counter((who, act) for who, act, _ in kept.values() if act == "withdrawn")
        mine = {(self.alias(one["gmc"]), "withdrawn") for one in self.done.decisions}
        assert {effective[one] for one in mine} == {1}, "a withdrawal that was sent again was recorded twice"
        self._receipts(officer)

    def _receipts(self, officer: Service) -> None:
        """The same withdrawal, sent again under its key, gives the receipt that was given."""
        with_keys = [one for one in self.done.decisions if "key" in one]
        for one in self.chance.sample(with_keys, min(10, len(with_keys))):
            body = {"programme": one["programme"], "purpose": one["purpose"], "channel": "campaign"}
            again = officer.json(
                "POST", f"/v1/consultants/{one['gmc']}/withdrawal", json=body, headers={"Idempotency-Key": one["key"]}
            )
            moving = {"effective"}  # the decision is the same one; how far it has come is not
            first = {name: value for name, value in one.items() if name not in {"gmc", "key"} | moving}
            assert {name: value for name, value in again.items() if name not in moving} == first

    def _releases(self) -> None:
        """Each was reserved, built and published once, and each view of it went live once."""
        listed = self._service("ratings", "analyst").json("GET", "/v1/releases")["releases"]
        known = {one["release"]: one["status"] for one in listed}
        assert set(self.done.releases) <= set(known)
        assert len(known) <= 1 + len(self.done.keys) + 1, "a release was reserved twice"  # the first, and one under way
        audit = self.ground.rows("ratings", "select action, release, detail from audit order by number")
        for action in ("release.reserved", "release.built", "release.publication"):
            count = Counter(release for told, release, _ in audit if told == action)
            assert set(count) >= set(self.done.releases), (action, count)
            assert set(count.values()) == {1}, (action, count)
        assert not [release for told, release, _ in audit if told == "release.build_failed"]
        assert list(known.values()).count("published") == 1
        flips = Counter((release, _json(detail)["view"]) for told, release, detail in audit if told in FLIPS)
        assert set(flips.values()) == {1}, flips
        for release, live in self.ground.rows("ratings", "select release, view from pointer"):
            assert sorted(view for name, view in flips if name == release) == list(range(1, live + 1)), release

    def _whole(self) -> None:
        """Nobody ever saw a part of a release; what is live now is what was taken by its digests."""
        results = {name: draft["results"] for name, draft in self.done.releases.items()}
        for name, totals in self.observer.totals.items():
            assert len(totals) == 1, f"{name} was seen with {sorted(totals)} rows"
            assert name not in results or totals == {results[name]}, f"{name}: {totals}, not {results[name]} rows"
        live = self.ground.rows("ratings", "select release, view, manifest_sha256 from pointer")
        for release, view, manifest in live:
            taken = self.auditor.manifests.get((release, view), f"sha256:{manifest}")
            assert taken.removeprefix("sha256:") == manifest.removeprefix("sha256:")

    def _too_little(self) -> list[str]:
        """Why this proves nothing; empty where enough has happened."""
        kills, done, history = self.kills.total(), self.done, self.history
        wanted = self._work(kills) | {
            "calls that a kill cut off": (done.interrupted, kills // 4),
            "people seen before they withdrew": (history.seen_before(), len(history.recorded) // 4),
            "people who withdrew": (len(history.recorded), kills // 2),
            "reads after a withdrawal": (history.after(), 10 * kills),
            "views taken whole": (len(self.auditor.manifests), 1 + kills // 10),
            "looks at releases": (self.observer.looks, 10 * kills),
        }
        few = [f"{what}: {found}, expected {least}" for what, (found, least) in wanted.items() if found < least]
        missed = [name for name in self.ground.victims if not self.kills[name]]
        return few + [f"{name} was never killed" for name in missed]

    def _work(self, kills: int) -> dict[str, tuple[int, int]]:
        """What is to be acknowledged while there are so many kills: how much is, and how much is wanted."""
        return {
            "uploads acknowledged": (len(self.done.submissions), 3 + kills // 4),
            "decisions acknowledged": (len(self.done.decisions), kills),
            "releases published": (len(self.done.releases), 1 + kills // 20),
        }


FLIPS: Final = frozenset({"release.publication", "release.baked"})


def _json(detail: Any) -> dict[str, Any]:
    """SQLite gives text, PostgreSQL what was in it."""
    found: dict[str, Any] = json.loads(detail) if isinstance(detail, str) else detail
    return found


def spread(victims: Sequence[str], kills: int, seed: int) -> list[str]:
    """Each victim as often as any other, give or take one, in an order by chance."""
    chance = random.Random(seed)
    order: list[str] = []
    while len(order) < kills:
        order += chance.sample(victims, len(victims))
    return order[:kills]
