"""The disclosure audit on running houses: it finds nothing in ours, and finds what a leaky build gives away.

`make assure GOAL=audit` runs it on the whole demonstration, in three releases.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from cli import demo
from cli.demonstration.sizes import SMALL_SPECIALTIES, Sizes
from tests.system import house as houses
from tests.system.house import ROOT, House

WHOLE: Final = os.environ.get("CANDOUR_AUDIT") == "whole"
RELEASES: Final = 3 if WHOLE else 2
CI: Final = Sizes(hospitals=12, consultants=120, episodes=16_000, specialties=SMALL_SPECIALTIES)
QUICK: Final = () if WHOLE else ("--single", "50")
LEAKY: Final = [sys.executable, "-m", "tests.system.leaky_house"]


def published(house: House, releases: int, sizes: Sizes) -> list[str]:
    """The demonstration, and releases of the same data after it; the oldest first."""
    first = demo.load_into(house.urls, house.accounts, lambda _text: None, sizes=sizes)
    house.wait_published(first)
    return [first, *(house.publish(first.partition(".")[0]) for _ in range(releases - 1))]


def audited(house: House, releases: list[str], folder: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and report of the command, with the rosters of these releases."""
    rosters = []
    for release in releases:
        file = folder / f"roster-{release}.csv"
        file.write_text(house.run("release", "roster", release).stdout)
        rosters += ["--roster", str(file)]
    began = time.monotonic()
    done = subprocess.run(
        [*houses.CANDOUR, "audit-disclosure", house.url(), *rosters, "--json", *QUICK], cwd=ROOT,
        env=house.environment(), capture_output=True, text=True, check=False, timeout=3600,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    body: dict[str, Any] = json.loads(done.stdout)
    judged = body["judged"]
    sys.stdout.write(
        f"\naudit: {len(body['findings'])} findings in {body['facts']:,} facts of {body['requests']:,} requests, "
        f"{len(body['releases'])} releases; {judged['secrets']:,} secrets, {judged['secrets_measures_insiders']:,} "
        f"secrets x measures x insiders, {judged['asked_again_of_highs']} asked again of HiGHS; narrowest "
        f"{body.get('worst', {}).get('width_over_need')}; {time.monotonic() - began:.1f} s\n"
    )
    return done.returncode, body


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, list[str]]]:
    house = House(tmp_path_factory.mktemp("sound"))
    house.up()
    try:
        yield house, published(house, RELEASES, Sizes() if WHOLE else CI)
    finally:
        assert house.down() == 0


def test_nothing_can_be_worked_out_from_ours(sound: tuple[House, list[str]], tmp_path: Path) -> None:
    house, releases = sound
    code, body = audited(house, releases, tmp_path)
    assert body["findings"] == []
    assert code == 0
    assert sorted(body["releases"]) == sorted(releases)
    assert body["judged"]["secrets"] > 0, "an audit without secrets shows nothing"
    assert body["judged"]["asked_again_of_highs"] > 0
    assert body["worst"]["width_over_need"] >= 1
    assert not [note for note in body["notes"] if note.startswith("not read") or "HiGHS" in note], body["notes"]


def test_what_a_leaky_build_gives_away_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only those who may not be named are hidden: every unit's total less their colleagues is theirs."""
    monkeypatch.setattr(houses, "CANDOUR", LEAKY)
    house = House(tmp_path)
    house.up()
    try:
        releases = published(house, 1, CI)
        code, body = audited(house, releases, tmp_path)
    finally:
        assert house.down() == 0
    derivable = [one for one in body["findings"] if one["kind"] == "derivable"]
    assert code == 1
    assert {one["at"]["measure"] for one in derivable} == {"cases", "observed", "expected"}
    assert min(one["width_over_need"] for one in derivable) == 0, "some to the last operation"
    assert [one for one in derivable if "insiders" not in one["at"]], "and even by nobody in particular"
    assert all(one["proof"][0]["url"].startswith("/v1/releases/") for one in derivable if one["width_over_need"] == 0)
