"""The two levels of every chart, their z and tails, and the four limits that they make (methods, section 1)."""

from dataclasses import dataclass

from scipy.special import ndtri

from services.ratings.methods.arrays import Figures, FloatArray

WARNING = 0.95
CONTROL = 0.998
SMALLEST_TAIL = 1e-9  # the twelve decimals of a tail leave it three digits, and no limit is infinite


def tail_of(confidence: float) -> float:
    """Probability in one tail: .025 for 95%, .001 for 99.8%. Raises ValueError outside (0, 1), or within 2e-9 of 1.

    Rounded to 12 decimals, because (1 - 0.998) / 2 in binary is not the .001 that the tables mean.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie in (0, 1), not {confidence}")
    tail = round((1 - confidence) / 2, 12)
    if tail < SMALLEST_TAIL:
        raise ValueError(f"a confidence of {confidence} leaves a tail too small to draw limits by")
    return tail


def z_of(confidence: float) -> float:
    """Two-sided standard normal quantile: 1.959963984540054 for 95%, 3.090232306167813 for 99.8%."""
    return float(ndtri(1 - tail_of(confidence)))


@dataclass(frozen=True, eq=False)
class Limits:
    """Warning (95%) and control (99.8%) limits, shape (n,) each, in the units of the figure that they belong to."""

    lower_95: Figures
    upper_95: Figures
    lower_99_8: Figures
    upper_99_8: Figures
    method: str

    def times(self, factor: FloatArray | float) -> "Limits":
        """All four limits multiplied by a factor of shape (n,) or by one number."""
        return Limits(
            self.lower_95.times(factor),
            self.upper_95.times(factor),
            self.lower_99_8.times(factor),
            self.upper_99_8.times(factor),
            self.method,
        )
