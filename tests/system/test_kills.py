"""`kill -9`, spread over everything that runs, while files arrive, people decide and releases are built and published:
nothing acknowledged is lost, nobody sees half a release, every job is done once, and no read that began after a
withdrawal shows the person. On the embedded house, and on the composed one with its replicas, PostgreSQL and proxy.

CI takes a few kills; CANDOUR_KILLS and CANDOUR_KILLS_PRODUCTION are how many there are at full size.
"""

import os
import sys

import pytest

from tests.disks import open_folder
from tests.system.campaign import Campaign, spread
from tests.system.grounds import composed, embedded

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
        campaign = Campaign(fought, SEED, people=max(40, 3 * kills), release_every=0.5 if kills < 50 else 4.0)
        report = campaign.run(spread(fought.victims, kills, SEED), pause=(0.2, 2.0))
    sys.stdout.write("\n" + "\n".join(report.lines()) + "\n")
    assert not report.unknown, f"UNKNOWN: {report.unknown}"
