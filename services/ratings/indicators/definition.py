"""What an indicator file may say. Fields are spelled as in the methods page, section 5; unknown ones are refused."""

from datetime import date
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from services.ratings.methods.gates import Gates
from services.ratings.methods.intervals import IntervalRule, LowerWhenNegative
from services.ratings.methods.overdispersion import DispersionRows
from services.ratings.methods.paths import TargetTest
from services.ratings.methods.rounding import RoundingMode
from services.ratings.methods.scales import Effect, Scale
from shared.contracts.base import Slug

Level: TypeAlias = Literal["provider", "consultant"]
PatientRule: TypeAlias = Literal["denominator-10", "counts-1-7"]
HIGHEST_SMALL_COUNT: Final = 7


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Part(BaseModel):
    """A table of an indicator file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Review(Part):
    """Roles, not people: who wrote the definition, who checked it, and when it is looked at again."""

    authored_by: str
    checked_by: str
    next_review: date


class Source(Part):
    """The feed with the rows, the slice of it that counts, and the registers that give names to the subjects."""

    feed: Slug
    measure: Slug | None = None
    specialty: Slug | None = None
    registers: list[Slug] = []
    publisher: str
    licence: str = "OGL-UK-3.0"

    @property
    def feeds(self) -> tuple[str, ...]:
        return (self.feed, *self.registers)


class Period(Part):
    """First and last day, both included."""

    start: date
    end: date


class Expected(Part):
    """Either a risk model that is fitted here, or a column of the data that holds the expected percentage."""

    model: Slug | None = None
    model_version: str | None = None
    column: Literal["expected_percent"] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Expected":
        if (self.model is None) == (self.column is None) or (self.model is None) != (self.model_version is None):
            raise ValueError("give a model with its model_version, or a column")
        return self


class LimitRules(Part):
    """How intervals and positions are made. `verdict` is the level at which a position gets a word of its own."""

    interval: IntervalRule
    lower_when_negative: LowerWhenNegative
    test: Literal["interval", "target", "count_tails"]
    verdict: Literal["warning", "control"] = "control"


class DispersionRules(Part):
    """`effect = "reliability_only"`: spread is estimated for reliability, but limits are drawn without it. `levels`:
    whose limits allow for it; a consultant's own cases are tested for chance alone."""

    scale: Literal["log"]
    rows: DispersionRows
    effect: Literal["additive", "reliability_only"]
    levels: list[Level] = Field(default=["provider"])


class Alternatives(Part):
    """Methods as defensible as the indicator's own, beside which a flag must hold. `interval` names rules of the
    interval test; scales are crossed with rows and effects, `count_tails` with rows. `without`: factors of the risk
    model, each left out of a fit of its own."""

    interval: list[IntervalRule] = []
    test: list[TargetTest] = []
    scale: list[Scale] = []
    rows: list[DispersionRows] = []
    effect: list[Effect] = []
    without: list[str] = []

    @model_validator(mode="after")
    def _some_path(self) -> "Alternatives":
        if not (self.interval or self.test or self.scale):
            raise ValueError("alternatives name no test, no interval and no scale: there is no path to walk")
        if self.scale and not (self.rows and self.effect):
            raise ValueError("a scale needs rows and effects to be crossed with")
        if self.effect and not self.scale:
            raise ValueError("effects belong to a scale")
        return self


class GateRules(Part):
    minimum_cases: Annotated[int, Field(ge=1)] | Literal["none"]
    minimum_expected: Annotated[float, Field(gt=0)] | Literal["none"]
    minimum_power: Annotated[float, Field(gt=0, lt=1)] | Literal["none"]

    def as_gates(self) -> Gates:
        return Gates(
            None if self.minimum_cases == "none" else self.minimum_cases,
            None if self.minimum_expected == "none" else self.minimum_expected,
            None if self.minimum_power == "none" else self.minimum_power,
        )


class Benchmark(Part):
    """What 'as expected' is measured against. `aggregate` takes the rate from the published row of the whole set."""

    scope: str
    rate: Literal["aggregate", "as_expected"]


class Rounding(Part):
    standardised_ratio: int
    adjusted_percent: int
    mode: RoundingMode


class Cap(Part):
    """Published upper limits end here, for periods that end on the given day or later."""

    cap_percent: float
    for_periods_ending_from: date


class Words(Part):
    """`case` is the plural noun of the certainty sentence; the rest are the publisher's own words for a position."""

    case: Literal["operations", "procedures"]
    above: str | None = None
    below: str | None = None
    within: str | None = None


class Definition(Part):
    """One indicator as reviewed. `patient_rule`: `denominator-10` suppresses units of few cases; under `counts-1-7`
    counts from 1 to 7 are suppressed, others are told to the nearest 5, and so is all that is worked out from them.
    Figures without a consultant behind them are a reproduced publication, whose publisher has applied its own."""

    id: Slug
    version: str
    status: Literal["official", "reproduced", "illustrative", "synthetic"]
    label: str
    numerator: str
    denominator: str
    why_it_matters: str
    does_not_show: Annotated[list[str], BeforeValidator(_as_list)]
    kind: Literal["ratio", "proportion", "rate", "mean_gain", "level"]
    value: Literal["standardised_ratio", "risk_adjusted_rate"]
    polarity: Literal["lower_is_better", "higher_is_better", "neutral"]
    units: list[Level] = Field(min_length=1)
    review: Review
    source: Source
    period: Period | None = None
    expected: Expected | None = None
    limits: LimitRules
    dispersion: DispersionRules
    gates: GateRules
    alternatives: Alternatives | None = None
    benchmark: Benchmark
    programme: Slug | None = None
    rounding: Rounding
    cap: Cap | None = None
    words: Words
    patient_rule: PatientRule = "denominator-10"

    def suppresses(self, cases: int, observed: int, small: int) -> bool:
        """Whether the patients' rule leaves nothing to show of these counts. `small`: cases below which a unit has no
        figures under the default rule; 0 for a person, whom the minimum of cases concerns."""
        if self.patient_rule == "counts-1-7":
            return any(1 <= count <= HIGHEST_SMALL_COUNT for count in (cases, observed))
        return cases < small

    @property
    def revocable(self) -> bool:
        """Whether a decision of a consultant can change what is shown."""
        return "consultant" in self.units

    @property
    def unit(self) -> str:
        return "percent" if self.value == "risk_adjusted_rate" else "ratio"

    @property
    def decimals(self) -> int:
        return self.rounding.adjusted_percent if self.unit == "percent" else self.rounding.standardised_ratio

    @property
    def minimum_cases(self) -> int:
        return self.gates.as_gates().minimum_cases or 0
