"""Indicator files: what is loaded, and what is refused when it is loaded."""

import re

import pytest

from services.ratings.domain.life_cycle import NEXT, OWNER, STEPS, steps_from
from services.ratings.indicators.loading import FOLDER, FileRefused, NotRiskAdjusted, load_catalogue, parse_indicator
from services.ratings.indicators.risk_model import Factor
from shared.contracts.releases import BuildState, ReleaseStatus

DEMO = "vascular-surgery-mortality-30d"
NEW_YORK = "ny-cabg-mortality"


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.toml").read_text()


def changed(name: str, pattern: str, by: str) -> str:
    text, times = re.subn(pattern, by, text_of(name), flags=re.MULTILINE)
    assert times == 1
    return text


def test_what_is_loaded() -> None:
    catalogue = load_catalogue()
    reproduced = [one for one in catalogue.indicators.values() if one.definition.status == "reproduced"]
    synthetic = [one for one in catalogue.indicators.values() if one.definition.status == "synthetic"]
    plain = [one for one in reproduced if one.definition.recipe == "published"]
    assert (len(reproduced), len(synthetic), len(plain)) == (16, 10, 9)
    assert all(one.definition.units == ["provider"] and not one.definition.revocable for one in reproduced)
    for one in synthetic:
        assert one.definition.programme == f"{one.definition.source.specialty}-consultant-outcomes"
        assert one.definition.id == f"{one.definition.source.specialty}-mortality-30d"
        assert "synthetic" in one.definition.label
    assert catalogue.feeds_of([NEW_YORK, DEMO]) == [
        "candour-demo", "candour-demo-consultants", "candour-demo-providers", "ny-cardiac",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "by"),
    [
        (r'^kind = "ratio"', 'kind = "rate"'),
        (r"^expected = .*\n", ""),
        (r"^expected = .*", 'expected = { column = "expected_percent" }'),
    ],
)
def test_a_crude_figure_of_a_person_is_refused(pattern: str, by: str) -> None:
    with pytest.raises(NotRiskAdjusted):
        parse_indicator(changed(DEMO, pattern, by), DEMO)


@pytest.mark.parametrize(
    ("name", "pattern", "by"),
    [
        (NEW_YORK, r"^version = .*", 'versoin = "2026.1"'),
        (NEW_YORK, r"^gates = .*", "gates = { minimum_cases = 10 }"),
        (NEW_YORK, r'^kind = "ratio"', 'kind = "proportion"'),
        (NEW_YORK, r'^polarity = "lower_is_better"', 'polarity = "lower"'),
        (NEW_YORK, r'rate = "aggregate"', 'rate = "as_expected"'),
        (NEW_YORK, r'interval = "byar"', 'interval = "guess"'),
        (DEMO, r"^programme = .*\n", ""),
        (DEMO, r"^period = .*\n", ""),
        (DEMO, r"^expected = .*", 'expected = { model = "thirty-day-mortality" }'),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused(name: str, pattern: str, by: str) -> None:
    with pytest.raises(FileRefused, match=name):
        parse_indicator(changed(name, pattern, by), name)


def test_the_id_is_the_name_of_the_file() -> None:
    with pytest.raises(FileRefused):
        parse_indicator(text_of(DEMO), "another-name")


def test_a_model_merges_into_levels_it_has() -> None:
    with pytest.raises(ValueError, match="not among its levels"):
        Factor(column="sex", levels=["female", "male"], reference="female", merge_into={"male": "unknown"})
    with pytest.raises(ValueError, match="reference level"):
        Factor(column="sex", levels=["female", "male"], reference="female", merge_into={"female": "male"})


def test_every_status_is_placed() -> None:
    assert set(NEXT) == set(OWNER) == set(ReleaseStatus)
    assert set(STEPS.values()) <= {target for targets in NEXT.values() for target in targets}


def test_a_draft_without_results_goes_nowhere() -> None:
    for build in (BuildState.RUNNING, BuildState.FAILED):
        assert steps_from(ReleaseStatus.DRAFT, build) == []
    assert steps_from(ReleaseStatus.DRAFT, BuildState.DONE) == ["submission"]
    assert steps_from(ReleaseStatus.SUBMITTED, BuildState.DONE) == ["return", "approval"]
    assert steps_from(ReleaseStatus.PUBLISHED, BuildState.DONE) == ["takedown"]
