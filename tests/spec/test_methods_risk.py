"""Risk models: medpar against published figures and statsmodels, and everything that must be refused."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ratings.methods.calibration import c_statistic
from services.ratings.methods.design_matrix import Categorical, Numeric, SingularDesign, UnknownLevel, design_matrix
from services.ratings.methods.newton import NotConverged, NoVariation
from services.ratings.methods.pattern_counts import collapse
from services.ratings.methods.risk import FittedModel, expected_by, fit_logistic, predict
from services.ratings.methods.separation import SeparationFound, separating_direction
from services.ratings.methods.sums import total

MEDPAR = Path(__file__).resolve().parents[3] / "shared/data/us-medicare-az/medpar.csv"
TERMS = tuple(Numeric(column) for column in ("los", "type2", "type3", "age80"))
SEX = Categorical("sex", ("female", "male"), reference="female")


@pytest.fixture(scope="module")
def medpar() -> pl.DataFrame:
    if not MEDPAR.exists():
        pytest.skip("reference data is not beside this checkout")
    frame = pl.read_csv(MEDPAR, schema_overrides={"provnum": pl.String})
    return frame.with_columns(cases=pl.lit(1), observed=pl.col("died"))


@pytest.fixture(scope="module")
def fitted(medpar: pl.DataFrame) -> FittedModel:
    return fit_logistic(medpar, TERMS)


def patterns(**columns: Sequence[object]) -> pl.DataFrame:
    return pl.DataFrame(columns)


def test_medpar_published_figures(medpar: pl.DataFrame, fitted: FittedModel) -> None:
    assert (fitted.cases, fitted.observed, fitted.patterns) == (1495, 513, 170)
    assert fitted.names == ("intercept", "los", "type2", "type3", "age80")
    assert fitted.coefficients[:2].tolist() == pytest.approx([-0.5909492823, -0.0374827770], abs=1e-8)
    assert fitted.coefficients[2:].tolist() == pytest.approx([0.4187038, 0.9610284, 0.6564930], abs=5.1e-8)
    assert fitted.standard_errors[0] == pytest.approx(0.0973506, abs=5.1e-8)
    assert fitted.deviance == pytest.approx(1857.838331, abs=5.1e-7)
    found = c_statistic(predict(fitted, medpar), medpar["cases"], medpar["observed"])
    assert found == pytest.approx(0.6372224, abs=5.1e-8)


def test_medpar_statsmodels_agrees_to_1e_8(medpar: pl.DataFrame, fitted: FittedModel) -> None:
    design = design_matrix(medpar, TERMS)
    oracle = sm.GLM(medpar["died"].to_numpy(), design, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=100)
    np.testing.assert_allclose(fitted.coefficients, oracle.params, atol=1e-8, rtol=0)
    np.testing.assert_allclose(fitted.standard_errors, oracle.bse, atol=1e-8, rtol=0)
    assert fitted.deviance == pytest.approx(oracle.deviance, abs=1e-8)
    np.testing.assert_allclose(predict(fitted, medpar), oracle.predict(design), atol=1e-8, rtol=0)


def test_medpar_expected_by_hospital_adds_up(medpar: pl.DataFrame, fitted: FittedModel) -> None:
    hospitals = expected_by(medpar, fitted, "provnum")
    assert hospitals.columns == ["provnum", "cases", "observed", "expected"]
    assert hospitals.height == 54
    assert hospitals["provnum"].is_sorted()
    assert total(hospitals["expected"].to_numpy()) == pytest.approx(513, abs=1e-6)
    one = medpar.filter(pl.col("provnum") == "030017")
    row = hospitals.filter(pl.col("provnum") == "030017")
    assert (row["cases"][0], row["observed"][0]) == (one.height, one["died"].sum())
    assert row["expected"][0] == pytest.approx(predict(fitted, one).sum(), rel=1e-12)


def test_the_order_of_rows_changes_no_bit(medpar: pl.DataFrame, fitted: FittedModel) -> None:
    shuffled = medpar.sample(fraction=1, shuffle=True, seed=11)
    again = fit_logistic(shuffled, TERMS)
    assert again.coefficients.tolist() == fitted.coefficients.tolist()
    assert again.standard_errors.tolist() == fitted.standard_errors.tolist()
    assert again.deviance == fitted.deviance
    assert expected_by(shuffled, again, "provnum").equals(expected_by(medpar, fitted, "provnum"))


COUNTS = st.lists(st.tuples(st.integers(2, 40), st.floats(0.05, 0.95)), min_size=12, max_size=12)


@settings(max_examples=25, deadline=None)
@given(COUNTS)
def test_predictions_add_up_to_outcomes_on_every_fit(counts: list[tuple[int, float]]) -> None:
    cells = [(sex, band, age) for sex in ("female", "male") for band in ("low", "mid", "high") for age in (40, 71)]
    cases = [n for n, _ in counts]
    observed = [min(n - 1, max(1, round(n * p))) for n, p in counts]  # both outcomes in every cell: no separation
    frame = pl.DataFrame(cells, schema=["sex", "band", "age"], orient="row").with_columns(
        cases=pl.Series(cases), observed=pl.Series(observed)
    )
    terms = (SEX, Categorical("band", ("low", "mid", "high"), reference="mid"), Numeric("age"))
    model = fit_logistic(frame, terms)
    assert total(frame["cases"].to_numpy() * predict(model, frame)) == pytest.approx(sum(observed), abs=1e-6)
    turned = fit_logistic(frame.reverse(), terms)
    assert turned.coefficients.tolist() == model.coefficients.tolist()


def test_predictions_add_up_at_national_size() -> None:
    cells = patterns(age=list(range(20, 100)), cases=[50_000] * 80, observed=[500 + 11 * a for a in range(80)])
    model = fit_logistic(cells, [Numeric("age")])
    assert model.cases == 4_000_000
    assert total(cells["cases"].to_numpy() * predict(model, cells)) == pytest.approx(model.observed, abs=1e-6)


def test_reference_and_order_are_those_of_the_model_file() -> None:
    frame = patterns(
        band=["c", "a", "b", "a", "b", "c"],
        sex=["male"] * 3 + ["female"] * 3,
        cases=[100] * 6,
        observed=[10, 20, 30] * 2,
    )
    model = fit_logistic(frame, [Categorical("band", ("b", "c", "a"), reference="b"), SEX])
    assert model.names == ("intercept", "band=c", "band=a", "sex=male")
    by_hand = {"a": 15, "b": 25, "c": 20}  # percent; the sexes are balanced, so each band keeps its own mean
    mean = {b: predict(model, frame.filter(pl.col("band") == b)).mean() * 100 for b in by_hand}
    assert mean == pytest.approx(by_hand, abs=1e-9)


def test_one_column_by_hand() -> None:
    model = fit_logistic(patterns(sex=["male", "female"], cases=[100, 200], observed=[50, 40]), [SEX])
    assert model.coefficients.tolist() == pytest.approx([np.log(0.25), np.log(4)], abs=1e-12)
    assert model.standard_errors.tolist() == pytest.approx(
        [np.sqrt(1 / 40 + 1 / 160), np.sqrt(1 / 40 + 1 / 160 + 1 / 50 + 1 / 50)], abs=1e-12
    )


def test_equal_shares_everywhere_leave_nothing_but_the_intercept() -> None:
    model = fit_logistic(patterns(sex=["male", "female"], cases=[10, 30], observed=[2, 6]), [SEX])
    assert model.coefficients.tolist() == pytest.approx([np.log(0.25), 0.0], abs=1e-12)


def test_a_model_without_terms_is_the_overall_share() -> None:
    model = fit_logistic(patterns(cases=[100, 300], observed=[50, 50]), [])
    assert predict(model, patterns(cases=[1])).tolist() == pytest.approx([0.25])


def test_missing_is_a_level_of_its_own() -> None:
    frame = patterns(sex=["male", "female", None], cases=[100, 100, 50], observed=[10, 20, 25])
    model = fit_logistic(frame, [SEX])
    assert model.names == ("intercept", "sex=male", "sex=missing")
    assert predict(model, frame).tolist() == pytest.approx([0.1, 0.2, 0.5], abs=1e-12)


def test_a_missing_number_takes_the_centre_and_an_indicator() -> None:
    frame = patterns(age=[50, 60, 70, None], cases=[100] * 4, observed=[10, 20, 30, 45])
    model = fit_logistic(frame, [Numeric("age", centre=60.0)])
    assert model.names == ("intercept", "age", "age=missing")
    assert predict(model, frame)[3] == pytest.approx(0.45, abs=1e-12)
    assert design_matrix(frame, model.terms).tolist()[3] == [1, 60, 1]
    with pytest.raises(ValueError, match="centre"):
        fit_logistic(frame, [Numeric("age")])


def test_a_level_that_the_fit_did_not_see_has_no_risk() -> None:
    model = fit_logistic(
        patterns(band=["a", "b"], cases=[10, 10], observed=[2, 3]), [Categorical("band", ("a", "b", "c"), "a")]
    )
    assert model.names == ("intercept", "band=b")
    for unseen in ("c", "d", None):
        with pytest.raises(UnknownLevel) as refused:
            predict(model, pl.DataFrame({"band": [unseen, "a"]}, schema={"band": pl.String}))
        assert refused.value.found == (unseen or "missing",)


def test_a_missing_number_that_the_fit_did_not_see_has_no_risk() -> None:
    model = fit_logistic(patterns(age=[50, 60], cases=[10, 10], observed=[2, 3]), [Numeric("age", centre=55.0)])
    with pytest.raises(UnknownLevel):
        predict(model, patterns(age=[50, None]))


def test_an_undeclared_level_stops_the_fit() -> None:
    with pytest.raises(UnknownLevel) as refused:
        fit_logistic(patterns(sex=["male", "female", "M"], cases=[9, 9, 9], observed=[1, 2, 3]), [SEX])
    assert (refused.value.column, refused.value.found) == ("sex", ("M",))


def test_separation_optimum() -> None:
    level = separating_direction(
        np.array([[1.0, 0, 0], [1, 1, 0], [1, 0, 1]]), np.array([100, 100, 50]), np.array([10, 20, 0])
    )
    line = np.array([[1.0, -2], [1, -1], [1, 1], [1, 2]])
    complete = separating_direction(line, np.array([5, 5, 5, 5]), np.array([0, 0, 5, 5]))
    overlapping = separating_direction(line, np.array([5, 5, 5, 5]), np.array([0, 5, 0, 5]))
    mixed = separating_direction(line, np.array([5, 5, 5, 5]), np.array([1, 1, 1, 1]))
    assert [optimum for optimum, _ in (level, complete, overlapping, mixed)] == pytest.approx([1, 6, 0, 0], abs=1e-9)


def test_an_event_free_level_is_found_before_it_runs_away() -> None:
    frame = patterns(a=[0, 1, 0], b=[0, 0, 1], cases=[100, 100, 50], observed=[10, 20, 0])
    with pytest.raises(SeparationFound) as refused:
        fit_logistic(frame, [Numeric("a"), Numeric("b")])
    assert refused.value.columns == ("b",)


def test_columns_that_determine_one_another_are_refused() -> None:
    frame = patterns(a=[0, 1, 2, 3], b=[1, 3, 5, 7], cases=[10] * 4, observed=[1, 5, 2, 6])
    with pytest.raises(SingularDesign):
        fit_logistic(frame, [Numeric("a"), Numeric("b")])


def test_a_reference_level_without_cases_is_refused() -> None:
    with pytest.raises(SingularDesign):
        fit_logistic(patterns(sex=["male"], cases=[10], observed=[5]), [SEX])


@pytest.mark.parametrize("observed", [[0, 0], [10, 10]])
def test_no_events_or_only_events_is_no_variation(observed: list[object]) -> None:
    with pytest.raises(NoVariation):
        fit_logistic(patterns(sex=["male", "female"], cases=[10, 10], observed=observed), [SEX])


def test_a_fit_that_stops_short_is_refused(medpar: pl.DataFrame) -> None:
    with pytest.raises(NotConverged):
        fit_logistic(medpar, TERMS, max_iter=2)


@pytest.mark.parametrize(
    ("cases", "observed"), [([10, 10], [1, 11]), ([10, -1], [1, 0]), ([10, 10], [1, None]), ([10.0, 10.0], [1.0, 2.0])]
)
def test_counts_that_cannot_be_are_refused(cases: list[object], observed: list[object]) -> None:
    with pytest.raises(ValueError, match=r"cases|observed"):
        fit_logistic(patterns(sex=["male", "female"], cases=cases, observed=observed), [SEX])


def test_rows_of_one_pattern_are_added_up_and_empty_ones_left_out() -> None:
    frame = patterns(sex=["male", "male", None, "x"], cases=[1, 2, 4, 0], observed=[1, 0, 2, 0])
    summed = collapse(frame, ["sex"])
    assert summed.rows() == [("male", 3, 1), (None, 4, 2)]


def test_small_integers_do_not_wrap_round() -> None:
    frame = pl.DataFrame(
        {"sex": ["male"] * 3, "cases": [100] * 3, "observed": [1] * 3}, schema_overrides={"cases": pl.Int8}
    )
    assert collapse(frame, ["sex"]).rows() == [("male", 300, 3)]


@pytest.mark.parametrize(("levels", "reference"), [(("a", "a"), "a"), (("a", "b"), "c"), (("a", "missing"), "missing")])
def test_a_declaration_that_cannot_be_is_refused(levels: tuple[str, ...], reference: str) -> None:
    with pytest.raises(ValueError, match="reference"):
        Categorical("x", levels, reference)


def test_c_statistic_by_hand() -> None:
    # pairs: events at .2 (1) and .4 (2), non-events at .2 (1) and .3 (1): wins 2 + 2, tie .5, losses 0 of 1, of 6
    assert c_statistic([0.2, 0.4, 0.3], [2, 2, 1], [1, 2, 0]) == pytest.approx((2 + 2 + 0.5) / 6)
