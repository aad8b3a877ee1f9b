"""Methods 2.4 and 3.6: the square-root scale, the multiplied variance, and what comes of not squaring."""

from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ratings.methods.arrays import Figures, FloatArray, TextArray
from services.ratings.methods.funnel import log_ratio_z, positions_against, square_root_z, target_test
from services.ratings.methods.levels import Limits, z_of
from services.ratings.methods.overdispersion import (
    DispersionRows,
    additive_limits,
    additive_test,
    estimate_dispersion,
    multiplicative_limits,
    multiplicative_test,
    shmi_band,
    square_root_limits,
    square_root_multiplicative_limits,
    square_root_multiplicative_test,
    square_root_test,
)
from services.ratings.methods.rounding import half_away
from services.ratings.methods.scales import Effect, Scale, limits_on, positions_on, spread_on
from services.ratings.methods.sums import sum_by_group

MEDPAR = Path(__file__).resolve().parents[3] / "shared/data/us-medicare-az/medpar.csv"
ROWS = st.lists(st.tuples(st.integers(0, 400), st.floats(0.1, 400)), min_size=10, max_size=60)
NINE = ["030017", "030035", "030037", "030044", "030060", "030067", "030068", "030073", "032003"]
DISTANCE = {"within": 0, "above_warning": 1, "below_warning": 1, "above_control": 2, "below_control": 2}


@pytest.fixture(scope="module")
def hospitals() -> pl.DataFrame:
    """Observed and expected days of stay by hospital: Poisson model of section 3.6, fitted by statsmodels."""
    if not MEDPAR.exists():
        pytest.skip("reference data is not beside this checkout")
    frame = pl.read_csv(MEDPAR, schema_overrides={"provnum": pl.String})
    columns = frame.select("hmo", "died", "age80", "type2", "type3").to_numpy().astype(float)
    design = sm.add_constant(columns)
    fitted = sm.GLM(frame["los"].to_numpy(), design, family=sm.families.Poisson()).fit(tol=1e-14)
    published = [2.268751, -0.076374, -0.245740, -0.021413, 0.249207, 0.748692]
    assert fitted.params.tolist() == pytest.approx(published, abs=5.1e-7)
    assert fitted.pearson_chi2 / fitted.df_resid == pytest.approx(6.240500522, abs=5.1e-10)
    codes, inverse = np.unique(frame["provnum"].to_numpy(), return_inverse=True)
    observed = np.bincount(inverse, weights=frame["los"].to_numpy())
    expected = sum_by_group(inverse.astype(np.int64), len(codes), fitted.predict(design))
    return pl.DataFrame({"provnum": codes.astype(str), "observed": observed, "expected": expected})


def _outside(positions: TextArray) -> tuple[int, int]:
    distance = np.array([DISTANCE[word] for word in positions.tolist()])
    return int((distance >= 1).sum()), int((distance == 2).sum())


@pytest.mark.parametrize(
    ("decimals", "phi", "tau2"), [(2, 8.532851289, 0.02841023227), (None, 8.532055151, 0.02840721479)]
)
def test_nine_hospitals_on_the_log_scale(
    hospitals: pl.DataFrame, decimals: int | None, phi: float, tau2: float
) -> None:
    """Methods 3.6: 54 hospitals, 44 kept; additive limits put 16 outside at 95%, nine at 99.8%."""
    observed, expected = hospitals["observed"].to_numpy(), hospitals["expected"].to_numpy()
    expected = expected if decimals is None else half_away(expected, decimals)
    z = log_ratio_z(observed, expected)
    found = estimate_dispersion(z.z_value, z.s, DispersionRows.TRUNCATED_DECILES)
    assert (hospitals.height, int(found.kept.sum())) == (54, 44)
    assert found.dispersion_ratio == pytest.approx(phi, abs=5.1e-10)
    assert found.between_provider_variance == pytest.approx(tau2, abs=5.1e-12)
    positions = additive_test(observed, expected, found.variance_for_limits)
    assert _outside(positions) == (16, 9)
    beyond = np.array([DISTANCE[word] == 2 for word in positions.tolist()])
    assert hospitals["provnum"].filter(beyond).to_list() == NINE


def test_without_overdispersion_thirty_five_and_twenty_five(hospitals: pl.DataFrame) -> None:
    """Methods 3.6: exact target limits."""
    assert _outside(target_test(hospitals["observed"], hospitals["expected"])) == (35, 25)


def test_the_square_root_scale_squares_its_limits(hospitals: pl.DataFrame) -> None:
    """Methods 3.6: winsorised, E not rounded: 14 and 2 (030073, 032003); 26 and 17 if nobody squares."""
    observed, expected = hospitals["observed"].to_numpy(), hospitals["expected"].to_numpy()
    z = square_root_z(observed, expected)
    found = estimate_dispersion(z.z_value, z.s, DispersionRows.WINSORISED_10)
    assert int(found.kept.sum()) == 54
    assert found.dispersion_ratio == pytest.approx(9.302497107, abs=5.1e-10)
    assert found.between_provider_variance == pytest.approx(0.007863079276, abs=5.1e-13)
    positions = square_root_test(observed, expected, found.variance_for_limits)
    assert _outside(positions) == (14, 2)
    beyond = [DISTANCE[word] == 2 for word in positions.tolist()]
    assert hospitals["provnum"].filter(beyond).to_list() == ["030073", "032003"]
    limits = square_root_limits(expected, found.variance_for_limits)
    assert _outside(positions_against(observed / expected, _not_squared(limits))) == (26, 17)


def _not_squared(limits: Limits) -> Limits:
    """What a forgetful reader would compare with: 1 -/+ h."""
    lower_95, upper_95, lower_99_8, upper_99_8 = (
        Figures.where(figures.present, np.sqrt(figures.values))
        for figures in (limits.lower_95, limits.upper_95, limits.lower_99_8, limits.upper_99_8)
    )
    return Limits(lower_95, upper_95, lower_99_8, upper_99_8, limits.method)


def test_square_root_limits_by_hand() -> None:
    """E = 25: s = .1; tau2 = .03 makes it .2. E = 1: s = .5, so 1 - h is negative and the lower limit is 0."""
    z = z_of(0.95)
    plain, wide = square_root_limits([25.0, 1.0], 0.0), square_root_limits([25.0, 1.0], 0.03)
    assert plain.upper_95.values[0] == pytest.approx((1 + 0.1 * z) ** 2, rel=1e-14)
    assert plain.lower_95.values[0] == pytest.approx((1 - 0.1 * z) ** 2, rel=1e-14)
    assert wide.upper_95.values[0] == pytest.approx((1 + 0.2 * z) ** 2, rel=1e-14)
    assert plain.lower_99_8.values.tolist()[1] == 0.0
    multiplied = square_root_multiplicative_limits([25.0], 4.0)
    assert multiplied.upper_95.values[0] == pytest.approx((1 + 0.2 * z) ** 2, rel=1e-14)
    assert square_root_multiplicative_limits([25.0], 0.2).upper_95.values[0] == plain.upper_95.values[0]


def test_square_root_z_needs_no_correction_at_no_events() -> None:
    """z = 2 (sqrt O - sqrt E)."""
    z = square_root_z([0, 36], [4.0, 25.0])
    assert z.z_value.tolist() == pytest.approx([-4.0, 2.0], rel=1e-14)
    assert z.s.tolist() == [0.25, 0.1]
    assert not z.continuity_applied.any()


@settings(max_examples=60, deadline=None)
@given(ROWS, st.floats(0, 2))
def test_a_position_on_either_scale_is_its_z_against_the_widened_limits(
    rows: list[tuple[int, float]], tau2: float
) -> None:
    """The limits are made on the scale and turned back: comparing there or here is the same question."""
    observed, expected = [o for o, _ in rows], np.array([e for _, e in rows])
    for z, found in (
        (log_ratio_z(observed, expected), additive_test(observed, expected, tau2)),
        (square_root_z(observed, expected), square_root_test(observed, expected, tau2)),
    ):
        assert _words(z.z_value * z.s / np.sqrt(z.s**2 + tau2)) in (found.tolist(), None)
    phi = 1 + tau2
    for z, found in (
        (log_ratio_z(observed, expected), multiplicative_test(observed, expected, phi)),
        (square_root_z(observed, expected), square_root_multiplicative_test(observed, expected, phi)),
    ):
        assert _words(z.z_value / np.sqrt(phi)) in (found.tolist(), None)


def _words(z: FloatArray) -> list[str] | None:
    """Positions by z itself; None where one is too near a limit for two roundings to agree."""
    if min(np.abs(np.abs(z) - z_of(level)).min() for level in (0.95, 0.998)) < 1e-9:
        return None
    side = np.where(z > 0, "above", "below")
    size = np.where(np.abs(z) > z_of(0.998), "_control", "_warning")
    words: list[str] = np.where(np.abs(z) < z_of(0.95), "within", np.char.add(side, size)).tolist()
    return words


@settings(max_examples=60, deadline=None)
@given(ROWS, st.floats(0, 2), st.floats(0, 2))
def test_more_spread_never_moves_a_provider_outwards(rows: list[tuple[int, float]], one: float, other: float) -> None:
    observed, expected = [o for o, _ in rows], [e for _, e in rows]
    for test in (square_root_test, multiplicative_test, square_root_multiplicative_test):
        narrow, wide = (test(observed, expected, spread).tolist() for spread in sorted((one, other)))
        assert all(DISTANCE[w] <= DISTANCE[n] for w, n in zip(wide, narrow, strict=True))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.1, 5000), min_size=1, max_size=20))
def test_no_spread_gives_the_plain_limits_of_each_scale(expected: list[float]) -> None:
    for additive, multiplied in (
        (additive_limits, multiplicative_limits),
        (square_root_limits, square_root_multiplicative_limits),
    ):
        plain, same = additive(expected, 0.0), multiplied(expected, 1.0)
        assert plain.upper_99_8.values.tolist() == same.upper_99_8.values.tolist()
        assert plain.lower_95.values.tolist() == same.lower_95.values.tolist()


@settings(max_examples=60, deadline=None)
@given(ROWS, st.sampled_from(Scale), st.sampled_from(DispersionRows), st.sampled_from(Effect), st.randoms())
def test_the_choice_by_name_is_the_kernel_named_and_the_order_changes_no_bit(
    rows: list[tuple[int, float]], scale: Scale, rule: DispersionRows, effect: Effect, random: Random
) -> None:
    observed, expected = np.array([o for o, _ in rows]), np.array([e for _, e in rows])
    spread = spread_on(observed, expected, scale, rule)
    kernels = {
        (Scale.LOG, Effect.ADDITIVE): (additive_test, spread.found.variance_for_limits),
        (Scale.LOG, Effect.MULTIPLICATIVE): (multiplicative_test, spread.found.ratio_for_limits),
        (Scale.SQUARE_ROOT, Effect.ADDITIVE): (square_root_test, spread.found.variance_for_limits),
        (Scale.SQUARE_ROOT, Effect.MULTIPLICATIVE): (square_root_multiplicative_test, spread.found.ratio_for_limits),
    }
    kernel, value = kernels[scale, effect]
    assert positions_on(observed, expected, spread, effect).tolist() == kernel(observed, expected, value).tolist()
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = spread_on(observed[order], expected[order], scale, rule)
    one, two = limits_on(expected, spread, effect), limits_on(expected[order], shuffled, effect)
    assert one.upper_99_8.values[order].tolist() == two.upper_99_8.values.tolist()


def test_a_band_at_its_limit_is_as_expected() -> None:
    limits = additive_limits([20.0] * 4, 0.0)
    edges = np.array([limits.upper_95.values[0], limits.lower_95.values[0]])
    ratio = [*edges, np.nextafter(edges[0], 9), np.nextafter(edges[1], 0)]
    assert shmi_band(ratio, limits).tolist() == [2, 2, 1, 3]
    with pytest.raises(ValueError, match="lengths"):
        shmi_band([1.0], limits)


@pytest.mark.parametrize("spread", [-0.1, float("nan"), float("inf")])
def test_a_spread_that_cannot_be_is_refused(spread: float) -> None:
    for limits in (square_root_limits, square_root_multiplicative_limits, multiplicative_limits):
        with pytest.raises(ValueError, match=r"variance|dispersion_ratio"):
            limits([1.0], spread)
