"""What docs/methods.md shows is the recorded run: the same version, the same pictures, the same table."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cli.pictures.simulation import PICTURES, draw
from cli.pictures.table import coverage_of_places, operating_characteristics
from services.ratings.methods import METHOD_VERSION
from services.ratings.simulation.place_coverage import WORLDS
from services.ratings.simulation.rules import dispersion_rules
from services.ratings.simulation.sizes import SIZES
from tests.architecture.imports import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DOCS / "simulation.json").read_text())
    return document


def test_the_recorded_run_is_whole_and_of_this_version(recorded: dict[str, Any]) -> None:
    assert (recorded["size"], recorded["worlds"]) == ("full", SIZES["full"].worlds)
    assert recorded["method_version"] == METHOD_VERSION
    assert recorded["ok"]
    measured = {line["rule"] for line in recorded["lines"] if line["part"] == "dispersion"}
    assert measured == {rule.name for rule in dispersion_rules()}
    assert sum(recorded["verdicts"].values()) == len(recorded["lines"])


def test_the_pictures_are_those_of_the_recorded_run(recorded: dict[str, Any], tmp_path: Path) -> None:
    drawn = {path.name: path.read_bytes() for path in draw(recorded, tmp_path)}
    assert set(drawn) == {f"{name}.svg" for name in PICTURES}
    assert drawn == {name: (DOCS / "pictures" / name).read_bytes() for name in drawn}


def test_every_picture_is_shown_with_words_for_those_who_do_not_see_it() -> None:
    shown = dict(re.findall(r"!\[([^\]]+)\]\(pictures/([a-z-]+)\.svg\)", (DOCS / "methods.md").read_text()))
    assert set(shown.values()) == set(PICTURES)
    assert all(len(words) > 40 for words in shown)


def test_the_table_is_that_of_the_recorded_run(recorded: dict[str, Any]) -> None:
    assert operating_characteristics(recorded) in (DOCS / "methods.md").read_text()


def test_the_coverage_of_places_is_that_of_the_recorded_run(recorded: dict[str, Any]) -> None:
    table = coverage_of_places(recorded)
    assert table in (DOCS / "methods.md").read_text()
    assert len(table.splitlines()) == 2 + len(WORLDS) + sum(world.doubled > 0 for world in WORLDS)
    published = [line for line in recorded["lines"] if line["rule"] == "place_intervals" and line["promised"]]
    assert {line["verdict"] for line in published} <= {"kept", "conservative"}


def test_the_verdicts_are_counted_in_the_page(recorded: dict[str, Any]) -> None:
    said = ", ".join(f"{number} `{verdict}`" for verdict, number in recorded["verdicts"].items())
    assert f"The recorded run: {said}." in (DOCS / "methods.md").read_text()


def test_whatever_is_above_its_level_in_a_rule_of_ours_is_named_in_the_page(recorded: dict[str, Any]) -> None:
    page = (DOCS / "methods.md").read_text()
    said = [line for line in recorded["lines"]
            if line["verdict"] == "above_nominal_within_price" and not line["refused_for_ours"]]  # fmt: skip
    assert said
    assert [line["rule"] for line in said if f"`{line['rule']}`" not in page] == []
