"""Medicare, Arizona 1991: length of stay in one diagnosis group; nine hospitals of 54 (methods, section 3.6)."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from services.ratings.methods.arrays import BoolArray, FloatArray, IntArray, TextArray
from services.ratings.methods.design_matrix import Numeric
from services.ratings.methods.funnel import target_test
from services.ratings.methods.overdispersion import DispersionRows
from services.ratings.methods.risk import FittedModel, expected_by, fit_poisson
from services.ratings.methods.rounding import half_away
from services.ratings.methods.scales import Effect, Scale, Spread, positions_on, spread_on
from services.ratings.proof.agreement import Agreement, Claim, Frames

SOURCE, ENTRY = "us-medicare-az", "medpar"
COLUMNS = ("hmo", "died", "age80", "type2", "type3")
HOSPITAL = "provnum"
OWN = "The stays are published; the figures are our own, noted once for this recipe, and no publisher printed them."
TO_THE_DIGITS = "equal at the digits noted"

MODEL = Claim(SOURCE, "Poisson model of the length of stay: coefficients and Pearson dispersion", TO_THE_DIGITS,
    (ENTRY,), 8, 8, OWN, frozenset())  # fmt: skip
SPREAD = Claim(SOURCE, "rows kept, phi, tau squared and hospitals outside, by scale and rule", TO_THE_DIGITS,
    (ENTRY,), 14, 14, OWN, frozenset())  # fmt: skip
OUTSIDE = Claim(SOURCE, "hospitals outside the 99.8% limits, log ratio, truncated, additive: nine by name", "equal",
    (ENTRY,), 54, 54, OWN, frozenset())  # fmt: skip
SQUARED = Claim(SOURCE, "hospitals outside the squared 99.8% limits, square root, winsorised, additive: two by name",
    "equal", (ENTRY,), 54, 54, OWN + " Without squaring it would be 17.", frozenset())  # fmt: skip
CLAIMS = (MODEL, SPREAD, OUTSIDE, SQUARED)

COEFFICIENTS = {  # name: (figure, half of its last digit)
    "intercept": (2.268751, 5e-7), "hmo": (-0.076374, 5e-7), "died": (-0.245740, 5e-7), "age80": (-0.021413, 5e-7),
    "type2": (0.249207, 5e-7), "type3": (0.748692, 5e-7), "Pearson dispersion": (6.240500522, 5e-10),
    "hospitals": (54.0, 0.0),
}  # fmt: skip
FIGURES = {
    "log, kept": (44.0, 0.0), "log, phi": (8.532851289, 5e-10), "log, tau squared": (0.02841023227, 5e-12),
    "log, outside 95%": (16.0, 0.0), "log, outside 99.8%": (9.0, 0.0),
    "log, phi, E not rounded": (8.532055151, 5e-10), "log, tau squared, E not rounded": (0.02840721479, 5e-12),
    "exact target, outside 95%": (35.0, 0.0), "exact target, outside 99.8%": (25.0, 0.0),
    "square root, kept": (54.0, 0.0), "square root, phi": (9.302497107, 5e-10),
    "square root, tau squared": (0.007863079276, 5e-13),
    "square root, outside 95%": (14.0, 0.0), "square root, outside 99.8%": (2.0, 0.0),
}  # fmt: skip
NINE = frozenset(["030017", "030035", "030037", "030044", "030060", "030067", "030068", "030073", "032003"])
TWO = frozenset({"030073", "032003"})


@dataclass(frozen=True, eq=False)
class Hospitals:
    """All hospitals in order of their number, shape (n,): days observed and expected, and expected at 2 decimals."""

    names: list[str]
    model: FittedModel
    observed: IntArray
    expected: FloatArray
    rounded: FloatArray

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "Hospitals":
        stays = frame.with_columns(
            cases=pl.lit(1, pl.Int64), observed=pl.col("los"), observed_squared=pl.col("los") ** 2
        )
        model = fit_poisson(stays, [Numeric(column) for column in COLUMNS])
        found = expected_by(stays, model, HOSPITAL)
        expected = found["expected"].to_numpy()
        return cls(found[HOSPITAL].to_list(), model, found["observed"].to_numpy(), expected, half_away(expected, 2))


def agreements(frames: Frames) -> list[Agreement]:
    """The four lines of medpar."""
    hospitals = Hospitals.of(frames[ENTRY])
    observed, expected, rounded = hospitals.observed, hospitals.expected, hospitals.rounded
    log = spread_on(observed, rounded, Scale.LOG, DispersionRows.TRUNCATED_DECILES)
    exact_log = spread_on(observed, expected, Scale.LOG, DispersionRows.TRUNCATED_DECILES)
    root = spread_on(observed, expected, Scale.SQUARE_ROOT, DispersionRows.WINSORISED_10)
    by_log = positions_on(observed, rounded, log, Effect.ADDITIVE)
    by_root = positions_on(observed, expected, root, Effect.ADDITIVE)
    figures = {
        **_figures("log", log), **_outside("log", by_log),
        **{f"{name}, E not rounded": figure for name, figure in _figures("log", exact_log).items()},
        **_outside("exact target", target_test(observed, rounded)),
        **_figures("square root", root), **_outside("square root", by_root),
    }  # fmt: skip
    return [
        MODEL.figures_met_by(_coefficients(hospitals), COEFFICIENTS),
        SPREAD.figures_met_by(figures, FIGURES),
        OUTSIDE.met_by(hospitals.names, _beyond(by_log) == np.isin(hospitals.names, sorted(NINE))),
        SQUARED.met_by(hospitals.names, _beyond(by_root) == np.isin(hospitals.names, sorted(TWO))),
    ]


def _coefficients(hospitals: Hospitals) -> dict[str, float]:
    model = hospitals.model
    by_name = dict(zip(model.names, model.coefficients.tolist(), strict=True))
    return by_name | {"Pearson dispersion": model.dispersion or 0.0, "hospitals": len(hospitals.names)}


def _figures(name: str, spread: Spread) -> dict[str, float]:
    found = spread.found
    return {
        f"{name}, kept": int(found.kept.sum()),
        f"{name}, phi": found.dispersion_ratio or 0.0,
        f"{name}, tau squared": found.variance_for_limits,
    }


def _outside(name: str, position: TextArray) -> dict[str, float]:
    outside = int((position != "within").sum())
    return {f"{name}, outside 95%": outside, f"{name}, outside 99.8%": int(_beyond(position).sum())}


def _beyond(position: TextArray) -> BoolArray:
    return np.isin(position, ("above_control", "below_control"))
