"""Urgent suspected-cancer referral from general practice (methods 2.16)."""

import numpy as np
import polars as pl
import pytest

from services.ratings.methods.absence import ImpossibleExpected
from services.ratings.methods.cancer_referral import attributable_to, cancer_referral, gaming_watch
from services.ratings.methods.intervals import byar_interval, exact_interval, wilson_interval

YEARS = [2019, 2020, 2021, 2022, 2023]


def test_four_indicators_of_one_practice() -> None:
    """Methods 2.16; the limits are those of section 2.1."""
    found = cancer_referral([8000], [120], [100.0], [9], [20])
    assert found.referral_ratio.ratio.values.tolist() == [1.2]
    assert found.crude_rate.values.tolist() == [1500.0]
    assert found.conversion.share.values.tolist() == [0.075]
    assert found.detection.share.values.tolist() == [0.45]
    byar = byar_interval([120], 0.95)
    assert found.referral_ratio.limits.lower_95.values.tolist() == pytest.approx((byar.lower.values / 100).tolist())
    assert found.crude_limits.upper_95.values.tolist() == pytest.approx((byar.upper * 12.5).tolist())
    for share, whole in ((found.conversion, 120), (found.detection, 20)):
        wilson = wilson_interval([9], [whole], 0.998)
        assert share.limits.lower_99_8.values.tolist() == wilson.lower.values.tolist()
        assert share.limits.upper_99_8.values.tolist() == wilson.upper.tolist()


def test_below_ten_referrals_the_limits_are_exact() -> None:
    """Methods 2.16: ratio limits by `exact_below_10_then_byar`."""
    found = cancer_referral([1000, 1000], [9, 10], [10.0, 10.0], [0, 0], [0, 0])
    exact, byar = exact_interval([9], 0.95), byar_interval([10], 0.95)
    limits = found.referral_ratio.limits.lower_95.values
    assert limits.tolist() == pytest.approx([exact.lower.values[0] / 10, byar.lower.values[0] / 10])
    assert found.crude_limits.lower_95.values.tolist() == pytest.approx(
        [exact.lower.values[0] * 100, byar.lower.values[0] * 100]
    )


def test_nothing_to_share_is_not_rated_and_a_list_of_0_has_no_figure() -> None:
    """Methods 2, table: list 0. No referral has no conversion, no cancer no detection."""
    found = cancer_referral([1000, 1000, 0], [0, 5, 0], [4.0, 4.0, 0.0], [0, 0, 0], [3, 0, 0])
    assert found.conversion.reason.tolist() == ["no_cases", "", "no_cases"]
    assert found.detection.reason.tolist() == ["", "no_cases", "no_cases"]
    assert found.detection.status.tolist() == ["rated", "not_rated", "not_rated"]
    assert found.conversion.share.present.tolist() == [False, True, False]
    assert found.referral_ratio.reason.tolist() == ["", "", "no_cases"]
    assert found.crude_rate.present.tolist() == [True, True, False]
    assert found.crude_limits.upper_95.present.tolist() == [True, True, False]
    assert found.referral_ratio.ratio.values.tolist() == [0.0, 1.25, 0.0]


def test_nothing_here_is_ever_not_a_number() -> None:
    found = cancer_referral([0, 10, 10], [0, 0, 10], [0.0, 0.0, 10.0], [0, 0, 10], [0, 0, 10])
    for share in (found.conversion, found.detection):
        assert np.isfinite(share.share.values).all()
        assert share.limits.upper_95.values[2] == 1.0
    assert np.isfinite(found.crude_limits.upper_99_8.values).all()
    assert found.referral_ratio.reason.tolist() == ["no_cases", "no_expected", ""]


@pytest.mark.parametrize(
    ("list_size", "referrals", "referred_cancers", "cancers"),
    [(100, 5, 6, 9), (100, 5, 3, 2), (0, 5, 1, 1), (100, -1, 0, 0)],
)
def test_counts_that_cannot_be_are_refused(list_size: int, referrals: int, referred_cancers: int, cancers: int) -> None:
    with pytest.raises(ValueError, match=r"referr|cases|whole"):
        cancer_referral([list_size], [referrals], [0.0 if list_size == 0 else 4.0], [referred_cancers], [cancers])


def test_referrals_where_none_can_be_expected_stop_everything() -> None:
    with pytest.raises(ImpossibleExpected):
        cancer_referral([100], [1], [0.0], [0], [0])


def test_gaming_watch() -> None:
    """Methods 2.16: ratio rising while conversion falls, both by 2.12; one without the other is not watched."""
    more, level = [200, 260, 330, 410, 500], [300] * 5
    referrals = np.column_stack([more, more, level, level])
    fewer = [36, 30, 24, 18, 12]
    cancers = np.column_stack([fewer, [count // 10 for count in more], fewer, [30] * 5])
    found = gaming_watch(YEARS, referrals, np.full((5, 4), 300.0), cancers)
    rising, level_word, falling = "rising", "no_clear_trend", "falling"
    assert found.referral_ratio.direction.tolist() == [rising, rising, level_word, level_word]
    assert found.conversion.direction.tolist() == [falling, level_word, falling, level_word]
    assert found.watched.tolist() == [True, False, False, False]


def test_too_little_data_is_no_suspicion() -> None:
    found = gaming_watch(YEARS[:4], [[1], [5], [25], [125]], np.ones((4, 1)), [[1], [1], [1], [1]])
    assert found.watched.tolist() == [False]
    assert found.conversion.reason.tolist() == ["too_few_points"]


def test_gaming_watch_needs_an_expectation() -> None:
    with pytest.raises(ValueError, match="expected"):
        gaming_watch(YEARS, [[1]] * 5, [[0.0]] * 5, [[0]] * 5)


def test_delay_after_referral_belongs_to_the_hospital() -> None:
    rows = pl.DataFrame({"case": [1, 2, 3], "attributable_to": ["practice", "hospital", "practice"]})
    assert attributable_to(rows, "practice")["case"].to_list() == [1, 3]
    with pytest.raises(ValueError, match="attributable_to"):
        attributable_to(rows.with_columns(attributable_to=pl.lit(None, pl.String)), "practice")


def test_the_scale_of_england() -> None:
    """Methods 2.16, scale for simulation: 8,049 practices, 865,494 referrals, 224,984 cancers, all at once."""
    generator, practices = np.random.default_rng(1), 8049
    lists = generator.integers(1500, 15_000, practices)
    share = lists / lists.sum()
    referrals, cancers = generator.multinomial(865_494, share), generator.multinomial(224_984, share)
    referred = np.minimum(generator.binomial(cancers, 0.5), referrals)
    found = cancer_referral(lists, referrals, 865_494 * share, referred, cancers)
    assert found.referral_ratio.observed.sum() == 865_494
    assert found.conversion.share.present.all()
    assert (found.detection.share.present == (cancers > 0)).all()
    assert found.referral_ratio.ratio.values.mean() == pytest.approx(1.0, abs=0.01)
