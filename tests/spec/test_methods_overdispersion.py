"""Spread between providers: published worked figures, and the properties that keep the limits honest."""

from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ratings.methods.funnel import log_ratio_z
from services.ratings.methods.levels import CONTROL, WARNING, z_of
from services.ratings.methods.overdispersion import (
    Dispersion,
    DispersionRows,
    additive_limits,
    additive_test,
    estimate_dispersion,
    multiplicative_limits,
    winsorised_mean_square,
)

CABG_2003 = Path(__file__).resolve().parents[3] / "shared/data/ny-cardiac/hospital_cabg_2003.csv"
SIX_OBSERVED = [100, 150, 180, 80, 120, 225]
SIX_EXPECTED = [108, 112, 165, 95, 100, 220]
ROWS = st.lists(st.tuples(st.integers(0, 400), st.floats(0.1, 400)), min_size=10, max_size=60)
DISTANCE = {"within": 0, "above_warning": 1, "below_warning": 1, "above_control": 2, "below_control": 2}


def test_six_providers() -> None:
    """Methods 2.4: z, phi and tau squared of the worked example (Spiegelhalter 2005; DerSimonian and Laird 1986)."""
    z = log_ratio_z(SIX_OBSERVED, SIX_EXPECTED)
    found = estimate_dispersion(z.z_value, z.s, DispersionRows.TRUNCATED_DECILES, minimum_providers=6)
    published = [-0.7998026, 3.0916813, 1.1176814, -1.6749891, 1.8232156, 0.3333263]
    assert z.z_value.tolist() == pytest.approx(published, abs=5.1e-8)
    assert found.kept.all()
    assert found.dispersion_ratio == pytest.approx(2.948033175, abs=5.1e-10)
    assert found.between_provider_variance == pytest.approx(0.0194775306, abs=5.1e-11)


@pytest.mark.parametrize(
    ("rescale", "phi", "tau2"),
    [(973 / 973.248, 1.687263636, 0.0288445180), (1.0, 1.688146816, 0.0288725642)],
)
def test_cabg_2003(rescale: float, phi: float, tau2: float) -> None:
    """Methods 2.4 (New York State, CABG 2003): E rescaled so that sum E = sum O, and as it stands."""
    if not CABG_2003.exists():
        pytest.skip("reference data is not beside this checkout")
    frame = pl.read_csv(CABG_2003)
    expected = (frame["EMR"] * frame["Cases"] / 100).to_numpy()
    assert expected.sum() == pytest.approx(973.248, abs=5e-4)
    z = log_ratio_z(frame["Deaths"], expected * rescale)
    found = estimate_dispersion(z.z_value, z.s, DispersionRows.TRUNCATED_DECILES)
    assert found.kept.sum() == 31
    assert found.dispersion_ratio == pytest.approx(phi, abs=5.1e-10)
    assert found.between_provider_variance == pytest.approx(tau2, abs=5.1e-11)


def test_the_consistency_factor() -> None:
    """Methods 2.4: the mean of z^2 after winsorising a normal at 10%."""
    assert winsorised_mean_square() == pytest.approx(0.6786545844, abs=5.1e-11)


def _estimated(z: np.ndarray, rows: DispersionRows) -> Dispersion:
    return estimate_dispersion(z, np.full(len(z), 0.1), rows)


def test_truncated_leaves_rows_out_and_winsorised_pulls_them_in() -> None:
    z = np.array([-9.0, -1, -1, -1, 0, 0, 1, 1, 1, 8, 12])
    truncated = _estimated(z, DispersionRows.TRUNCATED_DECILES)
    winsorised = _estimated(z, DispersionRows.WINSORISED_10)
    consistent = _estimated(z, DispersionRows.WINSORISED_10_CONSISTENT)
    everyone = _estimated(z, DispersionRows.ALL)
    assert np.flatnonzero(~truncated.kept).tolist() == [0, 10]  # rank groups 0 and 9
    assert truncated.dispersion_ratio == pytest.approx((6 + 64) / 9)
    assert winsorised.kept.all()
    assert winsorised.dispersion_ratio == pytest.approx((7 + 64 + 64) / 11)  # -9 pulled in to -1, 12 to 8
    assert consistent.dispersion_ratio == pytest.approx((7 + 64 + 64) / 11 / 0.6786545844)
    assert everyone.dispersion_ratio == pytest.approx((6 + 64 + 81 + 144) / 11)


def test_tau2_by_hand_with_equal_precision() -> None:
    found = _estimated(np.array([-3.0, -2, -2, -1, 0, 0, 1, 2, 2, 3]), DispersionRows.ALL)
    assert found.dispersion_ratio == pytest.approx(3.6)
    assert found.between_provider_variance == pytest.approx((36 - 9) / (1000 - 100))


def test_one_provider_that_outweighs_the_rest_does_not_swallow_them() -> None:
    """Weights 1e20 and ten times 1: sum w - sum w^2 / sum w is 20 to the last digit, though the sums cannot show it."""
    s = np.array([1e-10, *[1.0] * 10])
    found = estimate_dispersion(np.full(11, 2.0), s, DispersionRows.ALL)
    assert found.between_provider_variance == pytest.approx((44 - 10) / 20, rel=1e-14)


def test_no_more_spread_than_chance_gives_no_variance() -> None:
    found = _estimated(np.tile([0.1, -0.1], 10), DispersionRows.ALL)
    assert found.between_provider_variance == 0.0
    assert found.dispersion == "estimated"


@pytest.mark.parametrize("rows", [row for row in DispersionRows if row is not DispersionRows.NONE])
def test_fewer_than_ten_providers_are_not_enough(rows: DispersionRows) -> None:
    nine, ten = _estimated(np.linspace(-3, 3, 9), rows), _estimated(np.linspace(-3, 3, 10), rows)
    assert (nine.dispersion, nine.dispersion_ratio, nine.between_provider_variance) == ("not_estimated", None, None)
    assert nine.variance_for_limits == 0.0
    assert ten.dispersion == "estimated"


def test_none_asks_for_no_estimate() -> None:
    found = _estimated(np.linspace(-3, 3, 20), DispersionRows.NONE)
    assert (found.dispersion, found.dispersion_ratio, found.variance_for_limits) == ("not_requested", None, 0.0)


@given(ROWS, st.sampled_from(DispersionRows), st.randoms())
def test_the_order_of_rows_changes_no_bit(rows: list[tuple[int, float]], rule: DispersionRows, random: Random) -> None:
    def of(pairs: list[tuple[int, float]]) -> Dispersion:
        z = log_ratio_z([o for o, _ in pairs], [e for _, e in pairs])
        return estimate_dispersion(z.z_value, z.s, rule)

    shuffled = list(rows)
    random.shuffle(shuffled)
    one, two = of(rows), of(shuffled)
    assert (one.dispersion_ratio, one.between_provider_variance) == (
        two.dispersion_ratio,
        two.between_provider_variance,
    )
    kept_one = sorted(pair for pair, kept in zip(rows, one.kept, strict=True) if kept)
    kept_two = sorted(pair for pair, kept in zip(shuffled, two.kept, strict=True) if kept)
    assert kept_one == kept_two


@given(st.lists(st.floats(0.1, 5000), min_size=1, max_size=20))
def test_tau2_of_0_gives_the_plain_limits(expected: list[float]) -> None:
    limits, s = additive_limits(expected, 0.0), np.sqrt(1 / np.array(expected))
    assert limits.upper_95.values.tolist() == np.exp(z_of(WARNING) * s).tolist()
    assert limits.lower_95.values.tolist() == np.exp(-z_of(WARNING) * s).tolist()
    assert limits.upper_99_8.values.tolist() == np.exp(z_of(CONTROL) * s).tolist()
    assert limits.lower_99_8.values.tolist() == np.exp(-z_of(CONTROL) * s).tolist()


@given(ROWS, st.floats(0, 2), st.floats(0, 2))
def test_a_larger_tau2_never_moves_a_provider_outwards(rows: list[tuple[int, float]], one: float, other: float) -> None:
    observed, expected = [o for o, _ in rows], [e for _, e in rows]
    narrow = additive_test(observed, expected, min(one, other)).tolist()
    wide = additive_test(observed, expected, max(one, other)).tolist()
    assert all(DISTANCE[w] <= DISTANCE[n] for w, n in zip(wide, narrow, strict=True))


def test_additive_test_finds_both_sides_and_lets_variance_pull_them_in() -> None:
    observed, expected = [100, 130, 180, 75, 40], [100.0, 100.0, 100.0, 100.0, 100.0]
    plain = ["within", "above_warning", "above_control", "below_warning", "below_control"]
    assert additive_test(observed, expected, 0.0).tolist() == plain
    assert additive_test(observed, expected, 1.0).tolist() == ["within"] * 5


def test_multiplicative_limits_are_never_narrower_than_the_plain_ones() -> None:
    plain = additive_limits([5.0, 50.0], 0.0)
    assert multiplicative_limits([5.0, 50.0], 0.5).upper_95.values.tolist() == plain.upper_95.values.tolist()
    wide = multiplicative_limits([5.0, 50.0], 4.0).upper_95.values
    np.testing.assert_allclose(wide, plain.upper_95.values**2)


def test_an_upper_limit_beyond_all_floats_is_absent_not_infinite() -> None:
    limits = additive_limits([1e-7, 10.0], 0.0)
    assert limits.upper_99_8.present.tolist() == [False, True]
    assert np.isfinite(limits.upper_99_8.values).all()


@pytest.mark.parametrize("tau2", [-0.1, float("nan"), float("inf")])
def test_a_variance_that_cannot_be_is_refused(tau2: float) -> None:
    with pytest.raises(ValueError, match="variance"):
        additive_limits([1.0], tau2)


@pytest.mark.parametrize(("z", "s"), [(1e200, 1.0), (1.0, 1e-200), (1e150, 1e150)])
def test_what_cannot_be_squared_is_refused_and_never_infinite(z: float, s: float) -> None:
    with pytest.raises(ValueError, match="beyond what can be squared"):
        estimate_dispersion([-z, z] * 6, [s] * 12, DispersionRows.ALL)


def test_spread_between_m_minus_1_and_m_is_spread() -> None:
    """Methods 2.4 (DerSimonian and Laird 1986): 0 only where m phi < m - 1. Ten z with a sum of squares of 9.5."""
    z = np.array([-1.0, 1.0] * 5) * np.sqrt(0.95)
    found = estimate_dispersion(z, [0.5] * 10, DispersionRows.ALL)
    assert found.dispersion_ratio == pytest.approx(0.95)
    assert found.between_provider_variance == pytest.approx(0.5 / (40 - 4))
    assert estimate_dispersion(z * 0.97, [0.5] * 10, DispersionRows.ALL).between_provider_variance == 0.0
