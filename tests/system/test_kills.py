"""`kill -9`, spread over everything that runs, while files arrive, people decide and releases are built and published:
nothing acknowledged is lost, nobody sees half a release, every job is done once, and no read that began after a
withdrawal shows the person. On the embedded house, and on the composed one with its replicas, PostgreSQL and proxy.

CI takes a few kills; CANDOUR_KILLS and CANDOUR_KILLS_PRODUCTION are how many there are at full size.
"""

import contextlib
import dataclasses
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.calls import Refused
from services.consent.journal import NAME
from tests.disks import open_folder
from tests.system.campaign import Campaign, spread
from tests.system.grounds import Rows, composed, embedded
from tests.system.history import Read

GROUNDS = {"embedded": embedded, "composed": composed}
KILLS = {
    "embedded": int(os.environ.get("CANDOUR_KILLS", "5")),
    "composed": int(os.environ.get("CANDOUR_KILLS_PRODUCTION", "14")),
}
SEED = int(os.environ.get("CANDOUR_SEED", "2013"))


@pytest.mark.parametrize("ground", GROUNDS)
def test_kills_cost_time_and_nothing_else(ground: str) -> None:
    kills = KILLS[ground]
    with open_folder() as folder, GROUNDS[ground](folder) as fought:
        campaign = Campaign(fought, SEED, every=(0.2, 0.5) if kills < 50 else (2.5, 4.0))
        pause = (0.2, 2.0) if kills < 50 else (0.5, 5.0)
        report = campaign.run(spread(fought.victims, kills, SEED), pause)
        if ground == "embedded":
            every_loss_is_noticed(campaign)
    sys.stdout.write("\n" + "\n".join(report.lines()) + "\n")
    assert not report.unknown, f"UNKNOWN: {report.unknown}"


def every_loss_is_noticed(campaign: Campaign) -> None:
    """What the campaign is held to can be broken: each of these makes its check fail."""
    for planted in (lost_bytes, lost_upload, lost_decision, other_decision, second_build, half_release, stale_read):
        with planted(campaign):
            assert is_noticed(campaign), f"{planted.__name__} was not noticed: the campaign cannot fail"
    campaign.check()


def is_noticed(campaign: Campaign) -> bool:
    try:
        campaign.check()
    except (AssertionError, Refused, FileNotFoundError):
        return True
    return False


@contextlib.contextmanager
def lost_bytes(campaign: Campaign) -> Iterator[None]:
    kept = campaign.ground.uploads / next(iter(campaign.done.submissions))
    aside = kept.rename(kept.with_name("aside"))
    yield
    aside.rename(kept)


@contextlib.contextmanager
def lost_upload(campaign: Campaign) -> Iterator[None]:
    digest = "0" * 64
    campaign.done.submissions[digest] = b"never sent\n"
    yield
    del campaign.done.submissions[digest]


@contextlib.contextmanager
def lost_decision(campaign: Campaign) -> Iterator[None]:
    """A journal whose last line is gone."""
    ground = campaign.ground
    journal = ground.journal / NAME
    with tempfile.TemporaryDirectory() as folder:
        lines = journal.read_bytes().splitlines(keepends=True)
        (Path(folder) / journal.name).write_bytes(b"".join(lines[:-1]))
        campaign.ground = dataclasses.replace(ground, journal=Path(folder))
        yield
    campaign.ground = ground


@contextlib.contextmanager
def other_decision(campaign: Campaign) -> Iterator[None]:
    """Another receipt was given than the record has."""
    decision = campaign.done.decisions[0]
    decision["revision"] += 1
    yield
    decision["revision"] -= 1


@contextlib.contextmanager
def second_build(campaign: Campaign) -> Iterator[None]:
    rows = campaign.ground.rows

    def twice(service: str, statement: str) -> Rows:
        found = rows(service, statement)
        return found + [row for row in found if row[0] == "release.built"][:1] if "audit" in statement else found

    campaign.ground = dataclasses.replace(campaign.ground, rows=twice)
    yield
    campaign.ground = dataclasses.replace(campaign.ground, rows=rows)


@contextlib.contextmanager
def half_release(campaign: Campaign) -> Iterator[None]:
    seen = next(iter(campaign.observer.totals.values()))
    seen.add(-1)
    yield
    seen.discard(-1)


@contextlib.contextmanager
def stale_read(campaign: Campaign) -> Iterator[None]:
    gmc, recorded = next(iter(campaign.history.recorded.items()))
    only = frozenset({gmc})
    campaign.history.reads.append(Read(recorded + 0.001, recorded + 0.002, "planted", only, only))
    yield
    campaign.history.reads.pop()
