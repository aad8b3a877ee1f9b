"""Model cards: what they say, that they are the same on every run and in every view, and what nobody gets of them."""

import json
import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import chi2

from services.ratings.assembly.cards import significant
from services.ratings.assembly.coarse import (
    CASES_TO,
    EVENTS_TO,
    FEWEST_BEHIND,
    FEWEST_CASES,
    FEWEST_EVENTS,
    coarse,
    group_of,
)
from services.ratings.assembly.left_out import FOLDS, predicted_when_left_out
from services.ratings.assembly.recipes import Origin, from_patterns
from services.ratings.assembly.schema import Computed
from services.ratings.casemix.counting import count_patterns
from services.ratings.casemix.fitting import fit_counts
from services.ratings.indicators.loading import load_catalogue
from services.ratings.methods.risk import collapse, predict
from shared.contracts.cards import ModelCard
from tests.unit.test_ratings_rig import small_world
from tests.unit.test_ratings_view import Scene, kept, open_scene, scene  # noqa: F401  # fixtures

CATALOGUE = load_catalogue()
SPECIALTIES = ("adult-cardiac-surgery", "vascular-surgery", "colorectal-surgery")
ORIGIN = Origin((f"sha256:{'a' * 64}",), {"models/thirty-day-mortality.toml": f"sha256:{'b' * 64}"})


def counts_of(specialty: str, episodes: pl.DataFrame | None = None) -> pl.DataFrame:
    loaded = CATALOGUE[f"{specialty}-mortality-30d"]
    assert loaded.model is not None
    assert loaded.definition.period is not None
    rows = small_world().episodes if episodes is None else episodes
    found = count_patterns(rows.lazy(), loaded.model, loaded.definition.period)
    return found.filter(pl.col("specialty") == specialty)


def computed(specialty: str, episodes: pl.DataFrame | None = None) -> Computed:
    loaded = CATALOGUE[f"{specialty}-mortality-30d"]
    assert loaded.model is not None
    found = from_patterns(counts_of(specialty, episodes), loaded.definition, loaded.model, ORIGIN)
    assert found is not None
    return found


def card(specialty: str, episodes: pl.DataFrame | None = None) -> ModelCard:
    return ModelCard.model_validate_json(computed(specialty, episodes).models["card"][0])


@pytest.fixture(scope="module", params=SPECIALTIES)
def specialty(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_same_episodes_in_any_order_give_the_same_card(specialty: str) -> None:
    shuffled = small_world().episodes.sample(fraction=1.0, shuffle=True, seed=11)
    assert computed(specialty).models.equals(computed(specialty, shuffled).models)


def test_coefficients_are_those_of_the_fit_and_their_ranges_follow_from_what_is_shown(specialty: str) -> None:
    model = CATALOGUE[f"{specialty}-mortality-30d"].model
    assert model is not None
    fit = fit_counts(counts_of(specialty), model)
    fitted = dict(
        zip(fit.model.names, zip(fit.model.coefficients, fit.model.standard_errors, strict=True), strict=True)
    )
    found = card(specialty).coefficients
    assert [(one.factor, one.level) for one in found[1:]] == [
        (factor.column, level) for factor in model.factor for level in factor.levels
    ]
    estimated = [one for one in found if one.status == "estimated"]
    assert len(estimated) > 4
    for one in estimated:
        estimate, error = fitted[one.factor if one.level is None else f"{one.factor}={one.level}"]
        assert one.estimate == pytest.approx(estimate, abs=5.1e-4)
        assert one.standard_error == pytest.approx(error, rel=0.05)
        assert one.estimate is not None
        assert one.standard_error is not None
        if one.level is not None:
            assert one.odds_ratio == pytest.approx(math.exp(one.estimate), abs=5.1e-3)
            assert one.upper == pytest.approx(math.exp(one.estimate + 1.959964 * one.standard_error), abs=5.1e-3)


def test_a_coefficient_with_few_events_behind_it_or_its_reference_is_not_told() -> None:
    rows: list[dict[str, object]] = []
    for level, cases, events in (("18-49", 300, 30), ("50-59", 400, 12), ("60-69", 300, 9), ("80+", 30, 21)):
        for number in range(cases):
            rows.append(episode(len(rows), level, died=number < events, sex="female" if number % 2 else "male"))
    plain = CATALOGUE["vascular-surgery-mortality-30d"]
    assert plain.model is not None
    model = plain.model.model_copy(update={"minimum_cases": 0, "minimum_events": 0})
    counts = counts_of("vascular-surgery", pl.DataFrame(rows))
    found = from_patterns(counts, plain.definition, model)
    assert found is not None
    told = ModelCard.model_validate_json(found.models["card"][0])
    status = {one.level: one.status for one in told.coefficients if one.factor == "age_band"}
    assert status == {
        "18-49": "reference", "50-59": "estimated", "60-69": "suppressed", "70-79": "no_cases", "80+": "suppressed",
    }  # fmt: skip
    assert FEWEST_BEHIND == 10, "60-69 has nine events, 80+ nine without"
    assert told.coefficients[0].status == "estimated"
    few = [
        row | {"died_30_days": 0} if row["age_band"] == "18-49" and index > 8 else row for index, row in enumerate(rows)
    ]
    again = from_patterns(counts_of("vascular-surgery", pl.DataFrame(few)), plain.definition, model)
    assert again is not None
    others = ModelCard.model_validate_json(again.models["card"][0]).coefficients
    assert {one.status for one in others if one.factor in ("age_band", "intercept")} == {
        "reference", "suppressed", "no_cases",
    }  # fmt: skip


def episode(number: int, age_band: str, died: bool, sex: str, provider: str = "ZZ001") -> dict[str, object]:
    return {
        "episode": f"E{number}", "provider": provider, "consultant": "9900001", "specialty": "vascular-surgery",
        "date": date(2024, 1, 1), "age_band": age_band, "sex": sex, "urgency": "elective", "comorbidity": "0",
        "died_30_days": int(died),
    }  # fmt: skip


def test_on_its_own_data_the_line_is_one_and_nought_and_left_out_it_is_not(specialty: str) -> None:
    found = card(specialty)
    assert (found.own_data.slope, found.own_data.intercept) == (1.0, 0.0)
    assert found.on == "hospitals_left_out"
    assert found.left_out is not None
    assert found.left_out.slope is not None
    assert 0.5 < found.left_out.slope < 1.0, "a model of few events exaggerates"
    assert found.left_out.c_statistic is not None
    assert found.own_data.c_statistic is not None
    assert found.left_out.c_statistic < found.own_data.c_statistic


def test_nobody_is_predicted_by_a_model_that_saw_them() -> None:
    """The predictions of one fifth of the hospitals, made here again without them."""
    counts, model = counts_of("colorectal-surgery"), CATALOGUE["colorectal-surgery-mortality-30d"].model
    assert model is not None
    found = predicted_when_left_out(counts, model)
    assert found is not None
    assert (int(found.cases.sum()), int(found.observed.sum())) == (counts["cases"].sum(), counts["observed"].sum())
    first = sorted(counts["provider"].unique())[::FOLDS]
    held, others = counts.filter(pl.col("provider").is_in(first)), counts.filter(~pl.col("provider").is_in(first))
    fit = fit_counts(others, model)
    patterns = collapse(held, model.columns)
    np.testing.assert_array_equal(found.risk[: patterns.height], predict(fit.model, fit.merged(patterns)))


def test_with_too_few_hospitals_the_models_own_data_stand_alone() -> None:
    """The same patients in four hospitals."""
    four = pl.lit("ZZ00") + (pl.col("provider").str.slice(2).cast(pl.Int64) % 4).cast(pl.String)
    episodes = small_world().episodes.with_columns(provider=four)
    found = card("colorectal-surgery", episodes)
    assert (found.on, found.left_out) == ("own_data", None)
    merged = {(one.factor, level) for one in found.merged for level in (one.level, one.into)}
    whole = [one for one in found.subgroups if one.status == "published" and (one.factor, one.group) not in merged]
    assert len(whole) > 4
    assert {group.ratio for group in whole} == {1.0}, "by construction"


def numbers(body: Any, name: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(body, dict):
        for key, value in body.items():
            yield from numbers(value, key)
    elif isinstance(body, list):
        for value in body:
            yield from numbers(value, name)
    elif isinstance(body, int | float) and not isinstance(body, bool):
        yield name, body


def test_every_count_is_coarse_and_there_are_no_others(specialty: str) -> None:
    found = json.loads(card(specialty).model_dump_json())
    counts = {name: value for name, value in numbers(found) if isinstance(value, int)}
    assert set(counts) <= {
        "cases", "events", "patterns", "folds", "df", "groups", "cases_to", "events_to", "fewest_events",
        "fewest_cases", "fewest_behind_a_coefficient",
    }  # fmt: skip
    for name, value in numbers(found):
        assert name != "cases" or value % CASES_TO == 0
        assert name != "events" or value % EVENTS_TO == 0
        assert name != "patterns" or value % 10 == 0
    assert "observed" not in json.dumps(found["deciles"]) + json.dumps(found["subgroups"])
    assert "percent" not in json.dumps(found["subgroups"])


def test_a_group_is_shown_from_the_stated_numbers_on() -> None:
    def status(cases: int, observed: int) -> str:
        return group_of("g", cases, observed, observed * 1.1).status

    assert status(FEWEST_CASES, FEWEST_EVENTS) == status(FEWEST_CASES, FEWEST_CASES - FEWEST_EVENTS) == "published"
    assert status(FEWEST_CASES - 1, FEWEST_EVENTS) == "suppressed"
    assert status(FEWEST_CASES, FEWEST_EVENTS - 1) == "suppressed"
    assert status(FEWEST_CASES, FEWEST_CASES - FEWEST_EVENTS + 1) == "suppressed"
    hidden = group_of("g", 150, 12, 10.0, factor="sex")
    assert hidden.model_dump(exclude_none=True) == {"factor": "sex", "group": "g", "status": "suppressed"}


@given(st.integers(200, 20_000), st.integers(20, 5_000), st.floats(0.4, 2.5))
def test_a_range_tells_nothing_that_does_not_stand_beside_it(cases: int, observed: int, ratio: float) -> None:
    """Exact limits give a count away. These are a function of the ratio and the events as shown."""
    cases = cases + observed + FEWEST_EVENTS
    found = group_of("g", cases, observed, observed / ratio)
    assert found.events is not None
    assert found.ratio is not None
    lower, upper = chi2.ppf(0.025, 2 * found.events) / 2, chi2.ppf(0.975, 2 * found.events + 2) / 2
    assert found.lower == pytest.approx(found.ratio * lower / found.events, abs=5.1e-3)
    assert found.upper == pytest.approx(found.ratio * upper / found.events, abs=5.1e-3)
    alike = [other for other in range(found.events - 10, found.events + 10) if other >= FEWEST_EVENTS]
    for other in (alike[0], alike[-1]):
        twin = group_of("g", cases, other, other / found.ratio)
        assert (twin.events, twin.lower, twin.upper) == (found.events, found.lower, found.upper)


@given(st.lists(st.integers(FEWEST_EVENTS, 400), min_size=1, max_size=8), st.integers(0, FEWEST_EVENTS - 1))
@example([202, 209], 19)  # leaves 12 to 19
@example([209] * 8, 19)  # leaves 18 and 19, the least that any can
@example([210] * 8, 0)  # leaves 0 to 9
def test_a_group_that_is_kept_back_cannot_be_had_by_subtraction(others: list[int], kept_back: int) -> None:
    """From the total and every other group, all shown, each coarse, and the knowledge of what may be shown: ten values
    are left, unless the number is itself above ten. No small number comes of it."""
    half = EVENTS_TO // 2
    total, shown = coarse(sum(others) + kept_back, EVENTS_TO), [coarse(one, EVENTS_TO) for one in others]
    least = total - half - sum(one + half - 1 for one in shown)
    most = total + half - 1 - sum(max(FEWEST_EVENTS, one - half) for one in shown)
    possible = [one for one in range(FEWEST_EVENTS) if least <= one <= most]
    assert kept_back in possible
    assert len(possible) >= half or min(possible) > half


def test_what_is_left_for_those_who_are_hidden_stays_wide(scene: Scene) -> None:  # noqa: F811
    """The card's total less everything visible, at either level: a whole step, or more than what they had."""
    for indicator in scene.given.present:
        (text,) = scene.given.built.models.filter(pl.col("indicator") == indicator)["card"]
        total = ModelCard.model_validate_json(text).events
        results = scene.given.built.results.filter(pl.col("indicator") == indicator)
        for level in ("provider", "consultant"):
            at_level = (pl.col("level") == level) & (pl.col("indicator_id") == indicator)
            visible = int(scene.rows.filter(at_level & (pl.col("status") == "published"))["observed"].sum())
            truth = int(results.filter(pl.col("level") == level)["observed"].sum()) - visible
            least, most = max(0, total - EVENTS_TO // 2 - visible), total + EVENTS_TO // 2 - 1 - visible
            assert least <= truth <= most
            assert most - least >= min(EVENTS_TO - 1, truth)


def test_the_card_is_the_same_whoever_may_be_named(open_scene: Scene, scene: Scene) -> None:  # noqa: F811
    gone = open_scene.rows["consultant_id"].drop_nulls()[0]
    told = open_scene.parts["models.json"]
    assert open_scene.without(gone).parts["models.json"] == told == scene.parts["models.json"]
    assert len(json.loads(told.data)) == len(SPECIALTIES)
    for entry in json.loads(scene.parts["indicators.json"].data):
        assert entry["risk_model"]["carded"] is True
        assert {"c_statistic", "calibration_slope", "brier"} <= set(entry["risk_model"])


def test_the_outermost_risks_are_not_told(specialty: str) -> None:
    found = card(specialty).deciles
    assert found[0].risk_from is None
    assert found[-1].risk_to is None
    assert [one.risk_to for one in found[:-1]] == [one.risk_from for one in found[1:]]
    inner = [one.risk_to for one in found[:-1]]
    assert None not in inner
    assert inner == sorted(inner, key=lambda one: one or 0.0)


def test_what_was_merged_is_told_with_its_reason() -> None:
    found = card("vascular-surgery")
    model = CATALOGUE["vascular-surgery-mortality-30d"].model
    assert model is not None
    merged = {(one.factor, one.level): one for one in found.merged}
    assert merged, "the small world has rare levels"
    for told in found.coefficients:
        assert (told.status == "merged") == ((told.factor, told.level) in merged)
    for one in found.merged:
        assert one.words.startswith(f"{one.level} was counted with {one.into}: ")
        if one.why == "rare":
            assert f"fewer than {model.minimum_cases} cases" in one.words


def test_the_card_names_what_it_was_made_from() -> None:
    found = card("vascular-surgery")
    assert (found.inputs, found.files) == ([f"sha256:{'a' * 64}"], dict(ORIGIN.files))
    assert (found.model, found.model_version, found.link) == ("thirty-day-mortality", "2026.1", "logit")


@pytest.mark.parametrize(
    ("value", "digits"), [(0.02134, 0.021), (14.26, 14.0), (0.0, 0.0), (0.998, 1.0), (-0.155, -0.16)]
)
def test_significant_digits(value: float, digits: float) -> None:
    assert significant(value, 2) == digits
