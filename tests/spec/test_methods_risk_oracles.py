"""Fits against statsmodels and glum on random designs, the same fit as pairs, and medpar's Poisson model (3.6)."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from glum import GeneralizedLinearRegressor

from services.ratings.methods import newton
from services.ratings.methods import risk as risk_module
from services.ratings.methods.arrays import FloatArray
from services.ratings.methods.design_matrix import Categorical, Numeric, SingularDesign, Term, design_matrix
from services.ratings.methods.designs import Pairs, Rows
from services.ratings.methods.newton import NotConverged, NoVariation, Poisson, maximise
from services.ratings.methods.risk import FittedModel, expected_by, fit_logistic, fit_poisson, predict
from services.ratings.methods.separation import (
    SeparationFound,
    refuse_separation,
    separating_direction,
    separating_direction_of_pairs,
)
from services.ratings.methods.sums import total

MEDPAR = Path(__file__).resolve().parents[3] / "shared/data/us-medicare-az/medpar.csv"
GLUM_TOLERANCE = 1e-13  # at glum's own 1e-4 coefficients differ in the third decimal
# Until the coefficients rest: by its own rule it stops when the deviance does, with errors of the step before.
STATSMODELS = {"tol": 1e-13, "tol_criterion": "params", "maxiter": 200}


def random_world(seed: int, cases: int = 6000) -> tuple[pl.DataFrame, tuple[Term, ...]]:
    """Cases one by one: two to four columns of words, of which one has missing values, and none to two of numbers."""
    chance = np.random.default_rng(seed)
    columns: dict[str, pl.Series] = {}
    terms: list[Term] = []
    linear = np.full(cases, chance.uniform(-2.5, -0.5))
    for number in range(int(chance.integers(2, 5))):
        levels = tuple("abcdefgh"[: int(chance.integers(2, 9))])
        drawn = chance.choice(len(levels), cases, p=chance.dirichlet(np.full(len(levels), 4.0)))
        linear += chance.normal(0, 0.6, len(levels))[drawn]
        words = pl.Series(np.array(levels)[drawn].tolist())
        gone = pl.Series(chance.random(cases) < 0.08) if number == 0 else pl.Series([False] * cases)
        columns[f"word{number}"] = words.set(gone, None)
        terms.append(Categorical(f"word{number}", levels, str(chance.choice(levels))))
    for number in range(int(chance.integers(0, 3))):
        drawn = chance.integers(0, 12, cases)
        linear += drawn * chance.normal(0, 0.08)
        columns[f"number{number}"] = pl.Series(drawn)
        terms.append(Numeric(f"number{number}"))
    happened = (chance.random(cases) < 1 / (1 + np.exp(-linear))).astype(np.int64)
    return pl.DataFrame(columns).with_columns(cases=pl.lit(1), observed=pl.Series(happened)), tuple(terms)


@pytest.mark.parametrize("seed", range(10))
def test_statsmodels_agrees_on_ten_random_designs(seed: int) -> None:
    """The requirement is 1e-6 for coefficients and standard errors; what is reached is kept here."""
    world, terms = random_world(seed)
    fit = fit_logistic(world, terms)
    design = design_matrix(world, fit.terms)
    oracle = sm.GLM(world["observed"].to_numpy(), design, family=sm.families.Binomial()).fit(**STATSMODELS)
    np.testing.assert_allclose(fit.coefficients, oracle.params, atol=1e-9, rtol=0)
    np.testing.assert_allclose(fit.standard_errors, oracle.bse, atol=1e-9, rtol=0)
    assert fit.deviance == pytest.approx(oracle.deviance, abs=1e-7)


@pytest.mark.parametrize("seed", range(10))
def test_glum_agrees_to_1e_10_at_a_tight_tolerance(seed: int) -> None:
    world, terms = random_world(seed)
    fit = fit_logistic(world, terms)
    design = design_matrix(world, fit.terms)[:, 1:]
    oracle = GeneralizedLinearRegressor(family="binomial", alpha=0, gradient_tol=GLUM_TOLERANCE, max_iter=500)
    oracle.fit(np.ascontiguousarray(design), world["observed"].to_numpy().astype(np.float64))
    np.testing.assert_allclose(fit.coefficients, [oracle.intercept_, *oracle.coef_], atol=1e-10, rtol=0)


@pytest.mark.parametrize("seed", range(10))
def test_held_as_pairs_it_is_the_same_fit(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    world, terms = random_world(seed)
    written = fit_logistic(world, terms)
    monkeypatch.setattr(risk_module, "WRITTEN_OUT", 0)
    paired = fit_logistic(world, terms)
    assert paired.names == written.names
    np.testing.assert_allclose(paired.coefficients, written.coefficients, atol=1e-12, rtol=0)
    np.testing.assert_allclose(paired.standard_errors, written.standard_errors, atol=1e-12, rtol=0)
    again = fit_logistic(world.sample(fraction=1.0, shuffle=True, seed=seed), terms)
    assert again.coefficients.tolist() == paired.coefficients.tolist()


@pytest.mark.parametrize("seed", range(10))
def test_statsmodels_agrees_on_poisson_models_too(seed: int) -> None:
    world, terms = random_world(seed, cases=2000)
    days = world["observed"] * 3 + pl.Series(np.random.default_rng(seed).poisson(2.0, 2000))
    counted = world.with_columns(observed=days, observed_squared=days * days)
    fit = fit_poisson(counted, terms)
    design = design_matrix(counted, fit.terms)
    oracle = sm.GLM(days.to_numpy(), design, family=sm.families.Poisson()).fit(**STATSMODELS)
    np.testing.assert_allclose(fit.coefficients, oracle.params, atol=1e-9, rtol=0)
    np.testing.assert_allclose(fit.standard_errors, oracle.bse, atol=1e-9, rtol=0)
    assert fit.dispersion == pytest.approx(oracle.pearson_chi2 / oracle.df_resid, abs=1e-9)
    assert total(predict(fit, counted)) == pytest.approx(days.sum(), abs=1e-6)


@pytest.fixture(scope="module")
def stays() -> pl.DataFrame:
    if not MEDPAR.exists():
        pytest.skip("reference data is not beside this checkout")
    frame = pl.read_csv(MEDPAR, schema_overrides={"provnum": pl.String})
    return frame.with_columns(cases=pl.lit(1), observed=pl.col("los"), observed_squared=pl.col("los") ** 2)


@pytest.fixture(scope="module")
def days(stays: pl.DataFrame) -> FittedModel:
    return fit_poisson(stays, [Numeric(column) for column in ("hmo", "died", "age80", "type2", "type3")])


def test_medpar_days_in_hospital_of_section_3_6(stays: pl.DataFrame, days: FittedModel) -> None:
    printed = [2.268751, -0.076374, -0.245740, -0.021413, 0.249207, 0.748692]
    assert days.coefficients.tolist() == pytest.approx(printed, abs=5.1e-7)
    assert days.dispersion == pytest.approx(6.240500522, abs=5.1e-10)
    hospitals = expected_by(stays, days, "provnum")
    assert hospitals.height == 54
    assert total(hospitals["expected"].to_numpy()) == pytest.approx(stays["los"].sum(), abs=1e-6)


def test_a_poisson_model_refuses_what_has_no_answer() -> None:
    sex = Categorical("sex", ("female", "male"), "female")
    rows = pl.DataFrame({"sex": ["female", "male"], "cases": [10, 10], "observed": [25, 0]})
    with pytest.raises(SeparationFound) as found:
        fit_poisson(rows, [sex])
    assert found.value.columns == ("sex=male",)
    with pytest.raises(NoVariation):
        fit_poisson(rows.with_columns(observed=pl.lit(0)), [sex])
    fit = fit_poisson(rows.with_columns(observed=pl.Series([25, 50])), [sex])
    assert fit.dispersion is None
    assert np.exp(fit.coefficients).tolist() == pytest.approx([2.5, 2.0])
    single = rows.with_columns(cases=pl.lit(1), observed=pl.lit(1), observed_squared=pl.lit(1))
    with pytest.raises(ArithmeticError, match="too few"):
        fit_poisson(single, [sex])


def test_a_step_too_far_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the overall mean, Newton's first full step on this steep curve lowers the likelihood."""
    x, cases, observed = np.array([3.0, 2, 3, 6]), np.full(4, 10), np.array([255, 4, 13, 11510])
    matrix = np.column_stack([np.ones(4), x])
    found = maximise(Rows(matrix), Poisson(), cases, observed)
    oracle = sm.GLM(observed, matrix, family=sm.families.Poisson(), exposure=cases).fit(**STATSMODELS)
    np.testing.assert_allclose(found.coefficients, oracle.params, atol=1e-9, rtol=0)
    monkeypatch.setattr(newton, "HALVINGS", 1)
    with pytest.raises(NotConverged, match="raises the likelihood"):
        maximise(Rows(matrix), Poisson(), cases, observed)


def test_a_fit_that_may_not_step_far_enough_says_so() -> None:
    world, terms = random_world(1)
    with pytest.raises(NotConverged, match="2 iterations"):
        fit_logistic(world, terms, max_iter=2)


# Separation, for a design held as pairs

PAIRED = Pairs(np.array([[1.0, 0], [1, 1]]), np.array([[0.0], [1]]), np.array([0, 1, 0]), np.array([0, 0, 1]))


def as_pairs(matrix: FloatArray) -> Pairs:
    return Pairs(matrix[:, :1], matrix[:, 1:], np.arange(len(matrix)), np.arange(len(matrix)))


@pytest.mark.parametrize(
    ("x", "observed", "optimum"), [((-2, -1, 1, 2), (0, 0, 5, 5), 6), ((-2, -1, 1, 2), (0, 5, 0, 5), 0)]
)
def test_separation_of_section_2_5_in_pairs(x: tuple[int, ...], observed: tuple[int, ...], optimum: float) -> None:
    matrix = np.column_stack([np.ones(4), x])
    found = separating_direction_of_pairs(as_pairs(matrix), np.full(4, 5), np.array(observed))
    assert found[0] == pytest.approx(optimum, abs=1e-9)


def test_an_event_free_level_in_pairs_is_named() -> None:
    counts = np.array([100, 100, 50]), np.array([10, 20, 0])
    assert separating_direction_of_pairs(PAIRED, *counts)[0] == pytest.approx(1, abs=1e-9)
    with pytest.raises(SeparationFound) as found:
        refuse_separation(PAIRED, *counts, ("intercept", "a", "b"))
    assert found.value.columns == ("b",)


@pytest.mark.parametrize("seed", range(25))
def test_both_searches_find_the_same_optimum(seed: int) -> None:
    chance = np.random.default_rng(seed)
    matrix = np.column_stack([np.ones(8), chance.integers(0, 2, (8, 3)).astype(np.float64)])
    cases = np.full(8, 2)
    observed = chance.choice([0, 1, 2], 8, p=[0.5, 0.2, 0.3])
    if np.linalg.matrix_rank(matrix) < 4:
        with pytest.raises(SingularDesign):
            separating_direction_of_pairs(as_pairs(matrix), cases, observed)
        return
    written, _ = separating_direction(matrix, cases, observed)
    paired, direction = separating_direction_of_pairs(as_pairs(matrix), cases, observed)
    assert paired == pytest.approx(written, abs=1e-7)
    assert np.abs(direction).max(initial=0) <= 1 + 1e-9


def test_columns_that_determine_one_another_are_refused_in_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(risk_module, "WRITTEN_OUT", 0)
    frame = pl.DataFrame({"a": [0, 1, 2, 3], "b": [1, 3, 5, 7], "cases": [10] * 4, "observed": [1, 5, 2, 6]})
    with pytest.raises(SingularDesign):
        fit_logistic(frame, [Numeric("a"), Numeric("b")])
