"""The scale and the effect that an indicator names, as one choice: z values, estimate, limits and positions by name."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods.arrays import FloatArray, TextArray, positive_of
from services.ratings.methods.funnel import ZValues, entered, log_ratio_z, positions_against, rated_rows, square_root_z
from services.ratings.methods.levels import Limits
from services.ratings.methods.overdispersion import (
    Dispersion,
    DispersionRows,
    additive_limits,
    estimate_dispersion,
    multiplicative_limits,
    square_root_limits,
    square_root_multiplicative_limits,
)


class Scale(StrEnum):
    LOG = "log"
    SQUARE_ROOT = "square_root"


class Effect(StrEnum):
    ADDITIVE = "additive"
    MULTIPLICATIVE = "multiplicative"


Draw = Callable[[ArrayLike, float], Limits]
Z_ON: dict[Scale, Callable[[ArrayLike, ArrayLike], ZValues]] = {
    Scale.LOG: log_ratio_z,
    Scale.SQUARE_ROOT: square_root_z,
}
LIMITS_ON: dict[tuple[Scale, Effect], Draw] = {
    (Scale.LOG, Effect.ADDITIVE): additive_limits,
    (Scale.LOG, Effect.MULTIPLICATIVE): multiplicative_limits,
    (Scale.SQUARE_ROOT, Effect.ADDITIVE): square_root_limits,
    (Scale.SQUARE_ROOT, Effect.MULTIPLICATIVE): square_root_multiplicative_limits,
}


@dataclass(frozen=True, eq=False)
class Spread:
    """Spread as estimated on one scale: a variance of the log scale says nothing about the square-root scale."""

    scale: Scale
    found: Dispersion


def spread_on(observed: ArrayLike, expected: ArrayLike, scale: Scale, rows: DispersionRows) -> Spread:
    """Dispersion ratio and between-provider variance on the scale named, from providers of shape (n,).

    Fewer than ten providers: not estimated, and limits are drawn without it. Raises ValueError for E not above 0.
    """
    scale = Scale(scale)
    z = Z_ON[scale](observed, expected)
    return Spread(scale, estimate_dispersion(z.z_value, z.s, rows))


def limits_on(expected: ArrayLike, spread: Spread, effect: Effect) -> Limits:
    """Limits of O/E around 1, shape (n,), on the scale of the estimate; raises ValueError for E not above 0."""
    effect = Effect(effect)
    of_effect = {
        Effect.ADDITIVE: spread.found.variance_for_limits,
        Effect.MULTIPLICATIVE: spread.found.ratio_for_limits,
    }
    return LIMITS_ON[spread.scale, effect](positive_of(expected, "expected"), of_effect[effect])


def positions_on(observed: ArrayLike, expected: ArrayLike, spread: Spread, effect: Effect) -> TextArray:
    """Positions of O/E, shape (n,), by `limits_on`; O = 0 enters the log scale as 0.5. Raises ValueError alike."""
    counts, expects = rated_rows(observed, expected)
    numerator: FloatArray = entered(counts) if spread.scale is Scale.LOG else counts.astype(np.float64)
    return positions_against(numerator / expects, limits_on(expects, spread, effect))
