"""What all subjects of one comparison set have in common."""

from dataclasses import dataclass

from services.ratings.assembly.schema import Span
from services.ratings.indicators.definition import Definition, Level


@dataclass(frozen=True)
class ComparisonSet:
    """`rate` is the overall rate as a fraction, 1.0 where ratios are published. `seed`: for intervals of places; None
    where there may be none."""

    definition: Definition
    level: Level
    span: Span
    rate: float = 1.0
    merges: str = ""
    seed: int | None = None

    @property
    def scale(self) -> float:
        """From a ratio to the unit of the estimate."""
        return self.rate * 100 if self.definition.unit == "percent" else 1.0

    def allowed(self, variance: float | None) -> float | None:
        """The between-provider variance that this set's limits allow for; None where its rules allow for none."""
        rules = self.definition.dispersion
        return variance if rules.effect == "additive" and self.level in rules.levels else None

    @property
    def cap(self) -> float | None:
        cap = self.definition.cap
        return cap.cap_percent if cap and self.span.end >= cap.for_periods_ending_from else None
