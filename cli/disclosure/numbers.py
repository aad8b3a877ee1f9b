"""What a printed number says: an interval. Pure.

A number that was rounded to d decimals may have been anything within half a unit of the last one. Trailing zeros are
not written in JSON, so d is that of the number of its kind that has most.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

EVERYTHING_TO: Final = math.inf


@dataclass(frozen=True)
class Span:
    """From `low` to `high`, both included."""

    low: float
    high: float

    def meet(self, other: "Span") -> "Span":
        """What lies in both; empty where they contradict one another."""
        return Span(max(self.low, other.low), min(self.high, other.high))

    def plus(self, other: "Span") -> "Span":
        return Span(self.low + other.low, self.high + other.high)

    def minus(self, other: "Span") -> "Span":
        return Span(self.low - other.high, self.high - other.low)

    def times(self, sign: int) -> "Span":
        """`sign` is 1 or -1."""
        return self if sign > 0 else Span(-self.high, -self.low)

    def wider(self, by: float) -> "Span":
        return Span(self.low - by, self.high + by)

    def has(self, value: float, slack: float = 1e-6) -> bool:
        return self.low - slack <= value <= self.high + slack

    @property
    def empty(self) -> bool:
        return self.low > self.high + 1e-9

    def whole(self) -> "Span":
        """The whole numbers within."""
        return Span(
            math.ceil(self.low - 1e-9) if math.isfinite(self.low) else self.low,
            math.floor(self.high + 1e-9) if math.isfinite(self.high) else self.high,
        )


ANY: Final = Span(0.0, EVERYTHING_TO)
NONE: Final = Span(0.0, 0.0)


def exactly(value: float) -> Span:
    return Span(value, value)


def decimals_of(text: str) -> int:
    """Digits after the point, as written. An exponent counts."""
    number, _, exponent = text.lower().partition("e")
    fraction = number.partition(".")[2]
    shown = 0 if fraction in ("", "0") else len(fraction)
    return max(0, shown - int(exponent or 0))


def most_decimals(texts: Iterable[str]) -> int:
    return max((decimals_of(text) for text in texts), default=0)


def rounded_to(value: float, decimals: int) -> Span:
    half = 0.5 * 10.0**-decimals
    return Span(value - half, value + half)


def to_step(value: float, step: float) -> Span:
    """A number that was rounded to the nearest multiple of `step`."""
    return Span(value - step / 2, value + step / 2)


def quotient(above: Span, below: Span) -> Span:
    """Of numbers that are not negative; nothing is said where the divisor may be 0."""
    if below.low <= 0:
        return Span(above.low / below.high if below.high > 0 else 0.0, math.inf)
    return Span(max(above.low, 0.0) / below.high, above.high / below.low)


def product(one: Span, other: Span) -> Span:
    """Of numbers that are not negative."""
    return Span(max(one.low, 0.0) * max(other.low, 0.0), one.high * other.high)
