"""The order of publication is that in which it happened, whatever the clock says."""

from datetime import UTC, datetime
from pathlib import Path

from tests.unit.test_ratings_rig import load_world, rig_in, small_world
from tests.unit.told_rig import Hands

CARDIAC = ["adult-cardiac-surgery-mortality-30d"]
AT = {"2026-09-28": 10, "2026-09-29": 9, "2026-09-30": 11}  # the clock was set back after the first


def test_a_clock_that_was_set_back_does_not_make_an_older_release_current(tmp_path: Path) -> None:
    clock = Hands()
    with rig_in(tmp_path, clock=clock) as rig:
        load_world(rig, small_world())
        for day, hour in AT.items():
            clock.now = datetime(2026, 10, 2, hour, tzinfo=UTC)
            rig.publish(rig.build(day, CARDIAC)["release"])
        told = {one["release"]: one for one in rig.done("analyst", "GET", "/v1/releases")["releases"]}
        assert sorted(told, key=lambda one: datetime.fromisoformat(told[one]["published"])) == list(AT)
        rig.done("publisher", "POST", "/v1/releases/2026-09-30/takedown", json={"reason": "Built from the wrong file."})
        after = {one["release"]: one["status"] for one in rig.done("analyst", "GET", "/v1/releases")["releases"]}
        assert after == {"2026-09-28": "superseded", "2026-09-29": "published", "2026-09-30": "taken_down"}
