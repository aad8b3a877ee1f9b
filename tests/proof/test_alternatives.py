"""What would not reproduce: other rules, tried on the same files, miss what was printed (methods, sections 1 and 3).

They show that a rule is part of the method, and that the tolerances can tell it from another.
"""

import numpy as np
import polars as pl
import pytest

from services.ratings.methods.arrays import Figures, FloatArray, IntArray, TextArray
from services.ratings.methods.composites.cms_april_2021 import CMS_APRIL_2021
from services.ratings.methods.dispersion_limits import additive_limits, shmi_band
from services.ratings.methods.funnel import interval_test, log_ratio_z
from services.ratings.methods.intervals import IntervalRule
from services.ratings.methods.levels import Limits, z_of
from services.ratings.methods.overdispersion import (
    DispersionRows,
    between_provider_variance,
    dispersion_ratio,
    estimate_dispersion,
)
from services.ratings.methods.rounding import half_away
from services.ratings.methods.scales import Scale, spread_on
from services.ratings.proof import arizona, california, proms, proms_outliers, shmi
from services.ratings.proof.agreement import Frames, floats

MEASURES = [measure for group in CMS_APRIL_2021.groups for measure in group.measures]


def off(frame: pl.DataFrame, limits: Limits) -> float:
    """How far limits lie from those that the release prints, at most."""
    ends = ((limits.lower_95, "od_ll"), (limits.upper_95, "od_ul"))
    return max(float(np.abs(found.values - floats(frame, printed)).max()) for found, printed in ends)


def test_shmi_with_expected_rounded_first_leaves_1004_of_1010(frames: Frames) -> None:
    equal = 0
    for entry in shmi.ENTRIES:
        frame = frames[entry].with_columns(pl.Series("expected", half_away(floats(frames[entry], "expected"), 2)))
        release = shmi.Release.of(entry, frame)
        ends = release.dispersed.lower_95.values, release.dispersed.upper_95.values
        equal += int(release.prints_both("od_ll", "od_ul", ends).sum())
    assert equal == 1004


def test_shmi_by_quantiles_or_winsorised_is_another_method(frames: Frames) -> None:
    trimmed, winsorised = 0.0, 0.0
    for frame in (frames[entry] for entry in shmi.ENTRIES):
        expected = floats(frame, "expected")
        z = log_ratio_z(frame["observed"].to_numpy(), expected)
        low, high = np.quantile(z.z_value, [0.1, 0.9])
        kept = (z.z_value >= low) & (z.z_value <= high)
        variance = between_provider_variance(dispersion_ratio(z.z_value[kept], DispersionRows.ALL), z.s[kept])
        trimmed = max(trimmed, off(frame, additive_limits(expected, variance)))
        pulled_in = estimate_dispersion(z.z_value, z.s, DispersionRows.WINSORISED_10)
        winsorised = max(winsorised, off(frame, additive_limits(expected, pulled_in.variance_for_limits)))
    assert trimmed == pytest.approx(0.004, abs=0.0005)
    assert winsorised == pytest.approx(0.03, abs=0.005)


def test_one_band_of_shmi_is_right_from_unrounded_figures_only(frames: Frames) -> None:
    apart = []
    for entry in shmi.ENTRIES:
        frame = frames[entry]
        lower, upper = (Figures.all_of(floats(frame, name)) for name in ("od_ll", "od_ul"))
        bands = shmi_band(floats(frame, "value"), Limits(lower, upper, lower, upper, "as printed"))
        apart += [(entry, code) for code in frame["provider"].filter(pl.Series(bands) != frame["od_banding"])]
    assert apart == [("shmi-2013-04", "RM3")]


def test_the_one_release_with_bands_by_exact_limits(frames: Frames) -> None:
    release = shmi.Release.of(shmi.WITH_PO_BANDS, frames[shmi.WITH_PO_BANDS])
    assert np.unique(release.po_bands, return_counts=True)[1].tolist() == [36, 79, 32]


def test_proms_outliers_by_the_providers_own_deviation_are_633_of_695(frames: Frames) -> None:
    rows = proms_outliers.judged(frames).filter(pl.col("procedure") == proms_outliers.PRIMARY)
    own = rows.with_columns(deviation=pl.col("standard_deviation"))
    agree = pl.Series(proms_outliers.classes(own)) == own["outlier_2018"]
    assert (own.height, agree.sum()) == (695, 633)


def test_proms_records_of_england(frames: Frames) -> None:
    """38,029 Oxford records where 38,136 were published; England's gain 22.6782, published 22.6798."""
    gains = proms.adjusted_gains(frames["proms-hip-records"], proms.OXFORD)
    printed = frames["proms-published"].filter(
        (pl.col("organisation_type") == "England")
        & (pl.col("procedure") == proms.PRIMARY)
        & (pl.col("measure") == "Oxford Hip Score")
    )
    whole = int(gains["records"].sum())
    assert (whole, printed["modelled_records"].item()) == (38_029, 38_136)
    assert float((gains["unadjusted"] * gains["records"]).sum()) / whole == pytest.approx(22.6782, abs=5e-5)
    assert printed["health_gain"].item() == 22.6798


def test_proms_gains_where_only_the_number_of_records_agrees_are_off_by_up_to_26_hundredths(frames: Frames) -> None:
    """Methods 3.3: 81 of 100 within .005, worst .26."""
    compared = proms.compared(frames, proms.OXFORD)
    off = np.abs(floats(compared, "gain") - floats(compared, "adjusted_average_health_gain"))
    assert (len(off), int((off <= 0.005).sum())) == (100, 81)
    assert off.max() == pytest.approx(0.26, abs=0.005)


def test_californias_rows_by_kind(frames: Frames) -> None:
    frame = frames["california"]
    no_rate = frame.filter(pl.col(california.RATE).is_null())
    no_deaths = frame.filter(pl.col(california.DEATHS) == 0)
    no_counts = pl.col(california.DEATHS).is_null() & pl.col(california.RATE).is_not_null()
    assert (frame.height, no_rate.height, set(no_rate[california.RATING])) == (5576, 2354, {california.AS_EXPECTED})
    assert frame.filter(no_counts).height == 85
    assert (no_deaths.height, (no_deaths[california.RATING] == california.BETTER).sum()) == (810, 10)


def test_californias_rates_of_the_condition_from_deaths_without_cases_leave_2252(frames: Frames) -> None:
    """As methods 3.8 counts: the deaths of 37 rows that print no cases inflate S, above all pneumonia's."""
    frame = frames["california"]
    assert frame.filter(pl.col(california.DEATHS).is_not_null() & pl.col(california.CASES).is_null()).height == 37
    right, inflated = california.with_expected(frame), california.with_expected(frame.with_columns(
        pl.when(pl.col(california.DEATHS).is_not_null()).then(pl.col(california.CASES).fill_null(0))
    ))  # fmt: skip
    agree = california.ratings(inflated) == inflated[california.RATING].to_numpy().astype(np.str_)
    assert (inflated.height, int(agree.sum())) == (2327, 2252)
    shares = {
        round(100 * rows.filter(pl.col(california.CONDITION) == "Pneumonia")["share"][0], 1)
        for rows in (right, inflated)
    }
    assert shares == {4.9, 6.0}


def test_cms_measures_hospitals_and_stars(frames: Frames) -> None:
    """One measure is reported by 100 hospitals or fewer: OP_2, by 90 of 4,536."""
    reported = {name: frames["cms-star-input"][name.lower()].count() for name in MEASURES}
    assert {name: count for name, count in reported.items() if count <= 100} == {"OP_2": 90}
    published = frames["cms-star-output"].filter(pl.col("report_indicator") == 1)
    assert dict(published["star"].value_counts().iter_rows()) == {1: 204, 2: 690, 3: 1018, 4: 988, 5: 455}
    assert sorted(published["cnt_grp"].value_counts()["count"]) == [337, 553, 2465]


def test_prevalence_with_z_of_two_decimals_misses(frames: Frames) -> None:
    frame = frames["prevalence"]
    x, n = floats(frame, "count"), floats(frame, "measured")

    def upper(z: float) -> FloatArray:
        return np.asarray(100 * (2 * x + z**2 + z * np.sqrt(z**2 + 4 * x * (1 - x / n))) / (2 * (n + z**2)))

    def misses(z: float) -> float:
        return float(np.abs(upper(z) - floats(frame, "ucl")).max())

    assert misses(1.96) == pytest.approx(9e-6, abs=5e-7)
    assert misses(z_of(0.95)) < 6e-14


def test_medpar_without_squaring_flags_26_and_17(frames: Frames) -> None:
    hospitals = arizona.Hospitals.of(frames["medpar"])
    spread = spread_on(hospitals.observed, hospitals.expected, Scale.SQUARE_ROOT, DispersionRows.WINSORISED_10)
    deviation = np.sqrt(1 / (4 * hospitals.expected) + spread.found.variance_for_limits)
    ratio = hospitals.observed / hospitals.expected
    outside = [int((np.abs(ratio - 1) > z_of(level) * deviation).sum()) for level in (0.95, 0.998)]
    assert outside == [26, 17]


def new_york(frames: Frames) -> tuple[pl.DataFrame, FloatArray]:
    """Hospital rows, each with its statewide `rate`, and their expected deaths."""
    period, printed = ["measure", "period_start", "period_end"], frames["ny-hospitals"]
    state = printed.filter("aggregate").select(*period, rate=pl.col("observed") / pl.col("cases"))
    hospitals = printed.filter(~pl.col("aggregate")).join(state, on=period, maintain_order="left")
    return hospitals, floats(hospitals, "expected_percent") * hospitals["cases"].to_numpy() / 100


def test_new_york_with_exact_limits_is_one_verdict_short(frames: Frames) -> None:
    """NYU Hospitals Center, CABG 2011, printed 1.23 to 11.72 and "not different"."""
    hospitals, expected = new_york(frames)
    found = interval_test(hospitals["observed"].to_numpy(), expected, IntervalRule.EXACT)
    differs = hospitals.filter(pl.Series(_verdict(found) != _printed(hospitals)))
    assert differs.select("provider_name", "measure", "published_lower", "published_upper").rows() == [
        ("NYU Hospitals Center", "cabg", 1.23, 11.72)
    ]


def test_new_york_rates_compared_without_the_range_of_emr_leave_1159(frames: Frames) -> None:
    hospitals, expected = new_york(frames)
    rates = half_away(100 * hospitals["observed"].to_numpy() / expected * floats(hospitals, "rate"), 2)
    assert (rates == floats(hospitals, "published_rate")).sum() == 1159


def _verdict(position: TextArray) -> IntArray:
    return np.char.startswith(position, "above").astype(np.int64) - np.char.startswith(position, "below")


def _printed(hospitals: pl.DataFrame) -> IntArray:
    verdict = hospitals["published_verdict"]
    return (verdict.str.contains("higher").cast(pl.Int64) - verdict.str.contains("lower").cast(pl.Int64)).to_numpy()
