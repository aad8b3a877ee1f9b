"""A release under review, and short ways to be one of those whom it measures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import polars as pl

from cli.demonstration.world import World
from tests.people import change_person
from tests.stores import Stores
from tests.unit.test_ratings_rig import Rig, load_world, rig_in, small_world

SUBMITTED: Final = datetime(2026, 6, 1, 9, tzinfo=UTC)
LAST_DAY: Final = datetime(2026, 6, 29, 22, 30, tzinfo=UTC)  # half past eleven in London on the window's last day
AFTER: Final = datetime(2026, 6, 29, 23, 1, tzinfo=UTC)  # the next day in London, not yet in Greenwich
RELEASE: Final = "2026-09-30"
DAY: Final = datetime(2026, 9, 30, 8, 30, tzinfo=UTC)
ROLES: Final = {"consultant": "consultant", "provider": "lead"}
Json = dict[str, Any]


@dataclass
class Hands:
    """A clock that the test sets."""

    now: datetime = SUBMITTED

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Told:
    """The services with an invented audit, and accounts that are whoever the test wants them to be."""

    rig: Rig
    clock: Hands = field(default_factory=Hands)

    def be(self, account: str, subject: str | None) -> str:
        """From now on this account is bound to this record."""
        change_person(self.rig.secrets / "people.json", account, subject=subject)
        return account

    def submitted(self, release: str = RELEASE) -> str:
        """Built, announced and handed to review on the day on which the tests begin."""
        self.clock.now = SUBMITTED
        self.rig.announce(release)
        assert self.rig.build(release)["build"] == "done"
        self.rig.step("analyst", release, "submission")
        return release

    def publish(self, release: str = RELEASE) -> None:
        """After the window, on the announced day."""
        self.clock.now = max(self.clock.now, AFTER)
        self.rig.approve_submitted(release)
        self.clock.now = DAY
        self.rig.sign(release, "publisher")
        self.rig.step("publisher", release, "publication")

    def results(self, release: str = RELEASE) -> pl.DataFrame:
        with self.rig.office.store.reading() as tx:
            return self.rig.office.frames.load(tx.release(release).parts["results"])

    def look(self, account: str) -> httpx.Response:
        found = self.rig.ask(account, "GET", "/v1/me/results")
        assert (found.status_code, found.headers["Cache-Control"]) == (200, "no-store"), found.text
        return found

    def own(self, level: str, subject: str, release: str = RELEASE) -> list[Json]:
        """What this subject sees of a release."""
        return self.told(level, subject, release)["results"]  # type: ignore[no-any-return]  # a list in the contract

    def told(self, level: str, subject: str, release: str = RELEASE) -> Json:
        account = self.be(ROLES[level], subject)
        (found,) = (one for one in self.look(account).json()["releases"] if one["release"] == release)
        told: Json = found
        return told

    def say(
        self, account: str, result: str, text: str, *, seen: int | None = None, key: str | None = None
    ) -> httpx.Response:  # fmt: skip
        sent = {"If-Match": f'"{seen}"'} if seen is not None else {}
        sent |= {"Idempotency-Key": key} if key else {}
        return self.rig.ask(account, "PUT", f"/v1/me/replies/{result}", json={"text": text}, headers=sent)

    def moderate(self, number: int, outcome: str = "accepted", who: str = "reviewer", **more: str) -> httpx.Response:
        return self.rig.ask(who, "POST", f"/v1/replies/{number}/moderation", json={"outcome": outcome, **more})


@contextmanager
def told_in(folder: Path, stores: Stores) -> Iterator[Told]:
    clock = Hands()
    with rig_in(folder, stores, clock, "release") as rig:
        load_world(rig, with_outliers())
        yield Told(rig, clock)


def with_outliers() -> World:
    """The small world, in which every eighth patient of one large unit has died."""
    world = small_world()
    there = (pl.col("specialty") == "adult-cardiac-surgery") & (pl.col("provider") == "ZZ002")
    died = pl.when(there & (pl.int_range(pl.len()) % 8 == 0)).then(1).otherwise("died_30_days")
    return replace(world, episodes=world.episodes.with_columns(died.cast(pl.Int64).alias("died_30_days")))
