"""Methods 3.2: seven releases of the Summary Hospital-level Mortality Indicator (NHS Digital), by the kernels alone."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from services.ratings.methods.arrays import Figures, FloatArray, IntArray
from services.ratings.methods.funnel import log_ratio_z, target_limits
from services.ratings.methods.levels import Limits
from services.ratings.methods.overdispersion import (
    Dispersion,
    DispersionRows,
    additive_limits,
    estimate_dispersion,
    shmi_band,
)
from services.ratings.methods.rounding import half_away

FOLDER = Path(__file__).resolve().parents[3] / "shared/data/nhs-shmi"
RELEASES = [
    ("2011-october", 147, 119, 7.690594, 0.003672179, (14, 119, 14)),
    ("2012-january", 147, 119, 7.740092, 0.003710451, (11, 122, 14)),
    ("2012-april", 147, 119, 8.016157, 0.003841824, (9, 124, 14)),
    ("2012-july", 143, 115, 7.030438, 0.003307120, (10, 117, 16)),
    ("2012-october", 142, 114, 6.643608, 0.003019862, (10, 116, 16)),
    ("2013-january", 142, 114, 6.754840, 0.003048493, (11, 115, 16)),
    ("2013-april", 142, 114, 6.348900, 0.002896942, (10, 114, 18)),
]


@dataclass(frozen=True)
class Release:
    frame: pl.DataFrame

    @classmethod
    def read(cls, name: str) -> "Release":
        file = FOLDER / f"shmi-{name}.csv"
        if not file.exists():
            pytest.skip("reference data is not beside this checkout")
        frame = pl.read_csv(file, encoding="cp1252", infer_schema_length=0)
        return cls(frame.filter(pl.col("OBSERVED").is_not_null()))

    def column(self, name: str) -> FloatArray:
        return self.frame[name].cast(pl.Float64).to_numpy()

    @property
    def ratio(self) -> FloatArray:
        return np.asarray(self.column("OBSERVED") / self.column("EXPECTED"))

    def spread(self, rows: DispersionRows = DispersionRows.TRUNCATED_DECILES) -> Dispersion:
        z = log_ratio_z(self.column("OBSERVED"), self.column("EXPECTED"))
        return estimate_dispersion(z.z_value, z.s, rows)

    def limits(self, rows: DispersionRows = DispersionRows.TRUNCATED_DECILES) -> Limits:
        return additive_limits(self.column("EXPECTED"), self.spread(rows).variance_for_limits)


def test_there_are_1010_rows() -> None:
    assert sum(Release.read(name).frame.height for name, *_ in RELEASES) == 1010


@pytest.mark.parametrize("row", RELEASES, ids=lambda row: row[0])
def test_a_release_is_reproduced(row: tuple[str, int, int, float, float, tuple[int, ...]]) -> None:
    """Ratio, limits around 1 and overdispersed limits at 4 decimals, and every band, in every row."""
    name, trusts, kept, phi, tau2, bands = row
    release = Release.read(name)
    spread, band = release.spread(), shmi_band(release.ratio, release.limits())
    assert (release.frame.height, int(spread.kept.sum())) == (trusts, kept)
    assert spread.dispersion_ratio == pytest.approx(phi, abs=5.1e-7)
    assert spread.between_provider_variance == pytest.approx(tau2, abs=5.1e-10)
    assert np.bincount(band, minlength=4)[1:].tolist() == list(bands)
    assert band.tolist() == release.column("OD_BANDING").tolist()
    poisson, dispersed = target_limits(release.column("EXPECTED")), release.limits()
    pairs = {
        "VALUE": release.ratio,
        "PO_LL": poisson.lower_99_8.values,
        "PO_UL": poisson.upper_99_8.values,
        "OD_LL": dispersed.lower_95.values,
        "OD_UL": dispersed.upper_95.values,
    }
    for column, ours in pairs.items():
        assert half_away(ours, 4).tolist() == half_away(release.column(column), 4).tolist(), column


def test_the_plain_bands_of_the_first_release() -> None:
    """147 of 147, 36 / 79 / 32: exact Poisson limits at 99.8%, read as a band."""
    release = Release.read("2011-october")
    plain = target_limits(release.column("EXPECTED"))
    outer = Limits(plain.lower_99_8, plain.upper_99_8, plain.lower_99_8, plain.upper_99_8, plain.method)
    band = shmi_band(release.ratio, outer)
    assert np.bincount(band, minlength=4)[1:].tolist() == [36, 79, 32]
    assert band.tolist() == release.column("PO_BANDING").tolist()


def test_one_band_needs_the_unrounded_ratio_and_limit() -> None:
    """RM3 in April 2013 (methods, section 1): at four decimals its ratio equals its limit."""
    release = Release.read("2013-april")
    limits = release.limits()
    lower, upper = (Figures.all_of(half_away(f.values, 4)) for f in (limits.lower_95, limits.upper_95))
    at_four = Limits(lower, upper, limits.lower_99_8, limits.upper_99_8, limits.method)
    rounded: IntArray = shmi_band(half_away(release.ratio, 4), at_four)
    differ = np.flatnonzero(rounded != release.column("OD_BANDING"))
    assert release.frame["PROVIDER"].gather(differ).to_list() == ["RM3"]


def _furthest(release: Release, tau2: float) -> float:
    limits = additive_limits(release.column("EXPECTED"), tau2)
    pairs = ((limits.lower_95, "OD_LL"), (limits.upper_95, "OD_UL"))
    return max(float(np.abs(figures.values - release.column(column)).max()) for figures, column in pairs)


def test_the_row_rule_is_part_of_the_method() -> None:
    """Rank groups reproduce; a trim by the .1 and .9 quantiles is off by up to .004 and winsorising by .03."""
    trimmed, winsorised = 0.0, 0.0
    for name, *_ in RELEASES:
        release = Release.read(name)
        z = log_ratio_z(release.column("OBSERVED"), release.column("EXPECTED"))
        low, high = np.quantile(z.z_value, [0.1, 0.9])
        inside = (z.z_value >= low) & (z.z_value <= high)
        by_quantile = estimate_dispersion(z.z_value[inside], z.s[inside], DispersionRows.ALL).variance_for_limits
        trimmed = max(trimmed, _furthest(release, by_quantile))
        pulled_in = release.spread(DispersionRows.WINSORISED_10).variance_for_limits
        winsorised = max(winsorised, _furthest(release, pulled_in))
    assert trimmed == pytest.approx(0.004, abs=5e-4)
    assert winsorised == pytest.approx(0.03, abs=5e-3)


def test_expected_rounded_first_loses_six_rows() -> None:
    """E rounded to 2 decimals leaves the overdispersed limits of 1,004 of 1,010 rows."""
    agree = 0
    for name, *_ in RELEASES:
        release = Release.read(name)
        expected = half_away(release.column("EXPECTED"), 2)
        z = log_ratio_z(release.column("OBSERVED"), expected)
        found = estimate_dispersion(z.z_value, z.s, DispersionRows.TRUNCATED_DECILES)
        limits, same = additive_limits(expected, found.variance_for_limits), np.ones(len(expected), dtype=np.bool_)
        for column, figures in (("OD_LL", limits.lower_95), ("OD_UL", limits.upper_95)):
            same &= half_away(figures.values, 4) == half_away(release.column(column), 4)
        agree += int(same.sum())
    assert agree == 1004
