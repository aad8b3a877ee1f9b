"""SHMI, seven quarterly releases of the Health and Social Care Information Centre (methods, section 3.2)."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from services.ratings.methods.arrays import BoolArray, FloatArray, IntArray
from services.ratings.methods.dispersion_limits import AS_EXPECTED, HIGHER, LOWER, additive_limits, shmi_band
from services.ratings.methods.funnel import log_ratio_z, positions_against, target_limits
from services.ratings.methods.levels import Limits
from services.ratings.methods.overdispersion import Dispersion, DispersionRows, estimate_dispersion
from services.ratings.methods.rounding import half_away
from services.ratings.proof.agreement import Agreement, Claim, Frames, floats

SOURCE = "nhs-shmi"
WITH_PO_BANDS = "shmi-2011-10"
DECIMALS = 4
SPREAD = {  # trusts, kept, phi, tau squared, bands 1, 2 and 3, as methods 3.2 prints them
    "shmi-2011-10": (147, 119, 7.690594, 0.003672179, 14, 119, 14),
    "shmi-2012-01": (147, 119, 7.740092, 0.003710451, 11, 122, 14),
    "shmi-2012-04": (147, 119, 8.016157, 0.003841824, 9, 124, 14),
    "shmi-2012-07": (143, 115, 7.030438, 0.003307120, 10, 117, 16),
    "shmi-2012-10": (142, 114, 6.643608, 0.003019862, 10, 116, 16),
    "shmi-2013-01": (142, 114, 6.754840, 0.003048493, 11, 115, 16),
    "shmi-2013-04": (142, 114, 6.348900, 0.002896942, 10, 114, 18),
}
ENTRIES = tuple(SPREAD)
TO_4 = "equal at 4 decimals"


def _claim(what: str, tolerance: str) -> Claim:
    return Claim(SOURCE, what, tolerance, ENTRIES, 1010, 1010, named=frozenset())


VALUES = _claim("value: observed / expected", TO_4)
PO_LIMITS = _claim("99.8% limits: exact Poisson around 1", TO_4)
OD_LIMITS = _claim("95% limits with overdispersion: log ratio, truncated deciles, additive", TO_4)
OD_BANDS = _claim("bands by the limits with overdispersion, from unrounded figures", "equal")
PO_BANDS = Claim(
    SOURCE, "bands by the exact Poisson limits (the one release that prints them)", "equal", (WITH_PO_BANDS,),
    147, 147, named=frozenset(),
)  # fmt: skip
DISPERSION = Claim(
    SOURCE, "trusts, rows kept, phi, tau squared and the bands' sizes of each release",
    "equal; phi at 6 decimals, tau squared at 9", ENTRIES, 7, 7, named=frozenset(),
    why="The figures are our own: the releases print no phi and tau squared, only the limits that follow from them.",
)  # fmt: skip
CLAIMS = (VALUES, PO_LIMITS, OD_LIMITS, OD_BANDS, PO_BANDS, DISPERSION)


@dataclass(frozen=True, eq=False)
class Release:
    """One quarterly file with what our methods make of it."""

    entry: str
    frame: pl.DataFrame
    ratio: FloatArray
    exact: Limits
    spread: Dispersion
    dispersed: Limits

    @classmethod
    def of(cls, entry: str, frame: pl.DataFrame) -> "Release":
        observed, expected = frame["observed"].to_numpy(), floats(frame, "expected")
        z = log_ratio_z(observed, expected)
        spread = estimate_dispersion(z.z_value, z.s, DispersionRows.TRUNCATED_DECILES)
        limits = additive_limits(expected, spread.variance_for_limits)
        return cls(entry, frame, observed / expected, target_limits(expected), spread, limits)

    @property
    def keys(self) -> list[str]:
        return [f"{self.entry} {provider}" for provider in self.frame["provider"]]

    def prints(self, column: str, figure: FloatArray) -> BoolArray:
        """Where the release prints this figure at its four decimals."""
        return np.asarray(half_away(figure, DECIMALS) == floats(self.frame, column))

    def prints_both(self, lower: str, upper: str, ends: tuple[FloatArray, FloatArray]) -> BoolArray:
        return self.prints(lower, ends[0]) & self.prints(upper, ends[1])

    @property
    def od_bands(self) -> IntArray:
        """Beyond the 95% limits that allow for overdispersion."""
        return shmi_band(self.ratio, self.dispersed)

    @property
    def po_bands(self) -> IntArray:
        """Beyond the 99.8% exact Poisson limits."""
        position = positions_against(self.ratio, self.exact)
        beyond = [position == "above_control", position == "below_control"]
        return np.select(beyond, [HIGHER, LOWER], default=AS_EXPECTED)

    @property
    def as_stated(self) -> bool:
        """Whether size, dispersion and bands are those of the specification's table."""
        sizes = [int((self.od_bands == band).sum()) for band in (HIGHER, AS_EXPECTED, LOWER)]
        phi, tau2 = self.spread.dispersion_ratio or 0.0, self.spread.variance_for_limits
        found = (self.frame.height, int(self.spread.kept.sum()), round(phi, 6), round(tau2, 9), *sizes)
        return found == SPREAD[self.entry]


def agreements(frames: Frames) -> list[Agreement]:
    """The six lines of SHMI from its seven releases."""
    releases = [Release.of(entry, frames[entry]) for entry in ENTRIES]
    keys = [key for release in releases for key in release.keys]

    def every(verdicts: list[BoolArray]) -> BoolArray:
        return np.concatenate(verdicts)

    exact = [r.prints_both("po_ll", "po_ul", (r.exact.lower_99_8.values, r.exact.upper_99_8.values)) for r in releases]
    wide = [
        r.prints_both("od_ll", "od_ul", (r.dispersed.lower_95.values, r.dispersed.upper_95.values)) for r in releases
    ]
    first = next(release for release in releases if release.entry == WITH_PO_BANDS)
    return [
        VALUES.met_by(keys, every([r.prints("value", r.ratio) for r in releases])),
        PO_LIMITS.met_by(keys, every(exact)),
        OD_LIMITS.met_by(keys, every(wide)),
        OD_BANDS.met_by(keys, every([r.od_bands == floats(r.frame, "od_banding") for r in releases])),
        PO_BANDS.met_by(first.keys, first.po_bands == floats(first.frame, "po_banding")),
        DISPERSION.met_by(list(ENTRIES), np.array([r.as_stated for r in releases], dtype=np.bool_)),
    ]
