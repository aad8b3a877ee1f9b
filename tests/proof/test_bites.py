"""One published figure changed in a copy: the count of agreeing rows falls, and the line is not met any more."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl
import pytest

from services.ratings.proof.agreement import Agreement, Frames
from services.ratings.proof.suite import Recipe


class Change(NamedTuple):
    """In the first row of `entry` where `at` holds, `column` becomes `to`; a number is added to."""

    words: str
    entry: str
    at: Mapping[str, str | int]
    column: str
    to: float | str


NOT, HIGHER = "Rate not different than Statewide Rate", "Rate significantly higher than Statewide Rate"
NATIONAL = "comparison_to_u_s_rate_hospital_30_day_readmission_rates_from_pneumonia"
ALBANY, SURREY, GRADE_6 = {"provider": "0001"}, {"provider": "RA2"}, {"schoolyear": "6"}
HIPS = {"organisation_type": "Provider", "procedure": "Hip Replacement Primary"}
STROKE = {"oshpdid": "106010856", "procedure_condition": "Acute Stroke", "hospital_ratings": "Better"}
STARRED = {"provider_id": "010001"}
BYPASS = {"hospital": "St. Francis"}
GAIN = "adjusted_average_health_gain"


def provider(code: str, measure: str) -> Mapping[str, str | int]:
    return {"organisation_code": code, "measure": measure, **HIPS}


CHANGES = [
    Change("each statewide row", "ny-hospitals", {"provider": "0000"}, "observed", 1),
    Change("verdicts: Byar's", "ny-hospitals", {"published_verdict": NOT}, "published_verdict", HIGHER),
    Change("risk-adjusted rates", "ny-hospitals", ALBANY, "published_rate", 0.5),
    Change("lower limits", "ny-hospitals", ALBANY, "published_lower", 0.5),
    Change("upper limits", "ny-hospitals", ALBANY, "published_upper", 0.5),
    Change("CABG 2011", "ny-cabg-2011", ALBANY, "published_upper", 0.01),
    Change("CABG 2003: adjusted rate = OMR", "ny-cabg-2003", BYPASS, "ramr", 0.03),
    Change("CABG 2003: adjusted rate from deaths", "ny-cabg-2003", BYPASS, "ramr", 0.03),
    Change("value: observed", "shmi-2012-04", SURREY, "value", 0.0001),
    Change("99.8% limits: exact Poisson", "shmi-2012-04", SURREY, "po_ul", 0.0001),
    Change("95% limits with overdispersion", "shmi-2012-04", SURREY, "od_ll", 0.0001),
    Change("bands by the limits with overdispersion", "shmi-2012-04", SURREY, "od_banding", -1),
    Change("bands by the exact Poisson limits", "shmi-2011-10", SURREY, "po_banding", -1),
    Change("phi, tau squared and the bands", "shmi-2011-10", SURREY, "observed", 1),
    Change("with the published record count", "proms-published", provider("NT316", "Oxford Hip Score"), GAIN, 0.01),
    Change("Oxford Hip Score: providers with", "proms-published", provider("NT316", "Oxford Hip Score"), GAIN, 0.003),
    Change("EQ-5D Index", "proms-published", provider("NT348", "EQ-5D Index"), GAIN, 0.001),
    Change("EQ VAS", "proms-published", provider("NT446", "EQ VAS"), GAIN, 0.001),
    Change(
        "outlier classes, hip replacement primary", "proms-series",
        {"procedure": "Hip Replacement Primary", "outlier_2018": "Positive outlier (99.8%)"},
        "outlier_2018", "Positive outlier (95%)",
    ),
    Change(
        "outlier classes, all procedures", "proms-series",
        {"procedure": "Knee Replacement Primary", "outlier_2018": "Negative outlier (95%)"},
        "outlier_2018", "Not an outlier",
    ),
    Change("values of the five groups", "cms-star-output", STARRED, "std_process_score", 1e-8),
    Change("measures counted", "cms-star-output", STARRED, "process_cnt", 1),
    Change("weights shared out", "cms-star-output", STARRED, "weight_process", 1e-9),
    Change("summary value", "cms-star-output", STARRED, "summary_score", 1e-9),
    Change("which hospitals are rated", "cms-star-output", {"report_indicator": 0}, "report_indicator", 1),
    Change("number of groups with three measures", "cms-star-output", STARRED, "cnt_grp", "2) # of groups=4"),
    Change("stars 1 to 5", "cms-star-output", STARRED, "star", 1),
    Change(
        "Better, Worse or No Different", "cms-outcomes", {NATIONAL: "Better than U.S. National Rate"},
        NATIONAL, "Worse than U.S. National Rate",
    ),
    Change("Wilson 95% limits", "prevalence", GRADE_6, "ucl", 2e-13),
    Change("standard error", "prevalence", GRADE_6, "se", 1e-13),
    Change("Poisson model", "medpar", {"line": 2}, "los", 1),
    Change("rows kept, phi, tau squared and hospitals", "medpar", {"line": 2}, "los", 1),
    Change("nine by name", "medpar", {"provnum": "032003"}, "los", 4000),
    Change("two by name", "medpar", {"provnum": "032003"}, "los", 4000),
    Change("risk model", "uk-cardiac", {"surgeon": "1"}, "parsonnet", 1),
    Change("six surgeons", "uk-cardiac", {"surgeon": "5"}, "parsonnet", 1),
    Change("CUSUM", "uk-cardiac", {"date": 1319}, "parsonnet", 30),
    Change("ratings of the rows", "california", STROKE, "hospital_ratings", "As Expected"),
    Change("no row is rated Better", "california", STROKE, "hospital_ratings", "Worse"),
]  # fmt: skip


def changed(frames: Frames, change: Change) -> Frames:
    frame = frames[change.entry]
    here = pl.lit(True)
    for column, value in change.at.items():
        here &= pl.col(column) == value
    first = pl.int_range(pl.len()) == pl.arg_where(here).first()
    new = pl.lit(change.to) if isinstance(change.to, str) else pl.col(change.column) + change.to
    edited = frame.with_columns(pl.when(first).then(new).otherwise(pl.col(change.column)).alias(change.column))
    assert sum(edited[change.column].eq_missing(frame[change.column]).not_().to_list()) == 1
    return {**frames, change.entry: edited}


def line(agreements: list[Agreement], words: str) -> Agreement:
    [found] = [one for one in agreements if words in one.claim.what]
    return found


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.words)
def test_one_figure_changed_is_one_line_not_met(
    frames: Frames, recipes: list[Recipe], agreements: list[Agreement], change: Change
) -> None:
    whole = line(agreements, change.words)
    [recipe] = [one for one in recipes if whole.claim in one.claims]
    found = line(recipe.run(changed(frames, change)), change.words)
    assert whole.ok
    assert not found.ok
    assert found.reached < whole.reached
    assert found.rows == whole.rows


def test_every_line_is_bitten(recipes: list[Recipe]) -> None:
    bitten = {claim for recipe in recipes for claim in recipe.claims for one in CHANGES if one.words in claim.what}
    assert bitten == {claim for recipe in recipes for claim in recipe.claims}
    assert len(CHANGES) == len(bitten)


def test_a_hospital_that_the_input_lacks_is_no_agreement(
    frames: Frames, recipes: list[Recipe], agreements: list[Agreement]
) -> None:
    """It was not rated, and one that is not there is not rated either: nothing beside nothing is no agreement."""
    claim = line(agreements, "which hospitals are rated").claim
    [recipe] = [one for one in recipes if claim in one.claims]
    unrated = frames["cms-star-output"].filter(pl.col("report_indicator") == 0)["provider_id"][0]
    without = frames["cms-star-input"].filter(pl.col("provider_id") != unrated)
    assert without.height == 4535
    assert not any(one.ok for one in recipe.run({**frames, "cms-star-input": without}))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("ny-hospitals", "verdicts"), ("ny-cabg-2003", "OMR"), ("shmi-2013-01", "value: observed"),
        ("cms-star-output", "which hospitals are rated"), ("prevalence", "standard error"),
        ("medpar", "Poisson model"),
        ("uk-cardiac", "six surgeons"),
    ],
)  # fmt: skip
def test_a_row_that_is_gone_is_a_line_not_met(
    frames: Frames, recipes: list[Recipe], agreements: list[Agreement], entry: str, words: str
) -> None:
    claim = line(agreements, words).claim
    [recipe] = [one for one in recipes if claim in one.claims]
    found = line(recipe.run({**frames, entry: frames[entry].slice(0, frames[entry].height - 1)}), words)
    assert not found.ok
    assert found.reached < claim.required
