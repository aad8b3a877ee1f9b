"""Rounding what a reader sees: the decimal that names the float, not the binary behind it."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.ratings.methods.rounding import RoundingMode, half_away, half_even, rounded

BY_DECIMAL = {RoundingMode.HALF_AWAY: ROUND_HALF_UP, RoundingMode.HALF_EVEN: ROUND_HALF_EVEN}


@pytest.mark.parametrize(
    ("value", "decimals", "away", "even"),
    [
        (2.675, 2, 2.68, 2.68),
        (2.665, 2, 2.67, 2.66),
        (0.125, 2, 0.13, 0.12),
        (-0.125, 2, -0.13, -0.12),
        (1.005, 2, 1.01, 1.0),
        (0.5, 0, 1.0, 0.0),
        (1.5, 0, 2.0, 2.0),
        (2.5, 0, 3.0, 2.0),
        (0.285, 2, 0.29, 0.28),
        (1.15, 1, 1.2, 1.2),
        (2.6749999999999994, 2, 2.67, 2.67),
        (9.995, 2, 10.0, 10.0),
        (-0.004, 2, 0.0, 0.0),
    ],
)
def test_ties(value: float, decimals: int, away: float, even: float) -> None:
    assert half_away([value], decimals).tolist() == [away]
    assert half_even([value], decimals).tolist() == [even]


def test_minus_zero_is_never_published() -> None:
    assert str(half_away([-0.001], 2)[0]) == "0.0"


DECIMAL_TIES = st.builds(lambda k, d: (float(f"{k}5e-{d + 1}"), d), st.integers(-(10**9), 10**9), st.integers(0, 5))
ANY_FLOATS = st.tuples(st.floats(-1e8, 1e8), st.integers(0, 5))


@given(st.one_of(DECIMAL_TIES, ANY_FLOATS), st.sampled_from(RoundingMode))
@example((0.49999999999999994, 0), RoundingMode.HALF_AWAY)
@example((5.015, 2), RoundingMode.HALF_EVEN)
def test_same_as_decimal_arithmetic(number: tuple[float, int], mode: RoundingMode) -> None:
    value, decimals = number
    exact = Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), rounding=BY_DECIMAL[mode])
    assert rounded([value], decimals, mode).tolist() == [float(exact)]


def test_whole_columns_at_once() -> None:
    values = np.random.default_rng(7).integers(0, 10**7, 100_000) / 1000
    expected = [float(Decimal(repr(v)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)) for v in values.tolist()]
    assert half_away(values, 2).tolist() == expected


@pytest.mark.parametrize(("value", "decimals"), [(1.0, -1), (1.0, 10), (float("nan"), 2), (1e14, 2)])
def test_what_cannot_be_rounded_is_refused(value: float, decimals: int) -> None:
    with pytest.raises(ValueError, match=r"decimals|finite"):
        half_away([value], decimals)


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="bankers"):
        rounded([1.0], 2, "bankers")  # type: ignore[arg-type] # an indicator file may hold any word
