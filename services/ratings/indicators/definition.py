"""What an indicator file may say. Fields are spelled as in the methods page, section 5; unknown ones are refused."""

from datetime import date
from typing import Annotated, Any, Final, Literal, Self, TypeAlias, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from services.ratings.indicators.plain import Figure, PracticeRule, Source, misfit
from services.ratings.indicators.plain import Table as Part
from services.ratings.methods.gates import Gates
from services.ratings.methods.intervals import IntervalRule, LowerWhenNegative
from services.ratings.methods.overdispersion import DispersionRows
from services.ratings.methods.paths import TargetTest
from services.ratings.methods.rounding import RoundingMode
from services.ratings.methods.scales import Effect, Scale
from shared.contracts.base import Slug

Level: TypeAlias = Literal["provider", "consultant"]
ProviderKind: TypeAlias = Literal[
    "hospital", "trust", "gp-practice", "pcn", "area", "social-care", "mental-health", "region", "country", "other"
]
PatientRule: TypeAlias = Literal["denominator-10", "counts-1-7"]
HIGHEST_SMALL_COUNT: Final = 7


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


T = TypeVar("T")
Recipe: TypeAlias = Literal["observed_expected", "published"]


class Review(Part):
    """Roles, not people: who wrote the definition, who checked it, and when it is looked at again."""

    authored_by: str
    checked_by: str
    next_review: date


class Period(Part):
    """First and last day, both included."""

    start: date
    end: date


class Expected(Part):
    """A risk model that is fitted here, or the column of the feed that holds the expected percentage (`column`) or the
    expected number of events (`number`)."""

    model: Slug | None = None
    model_version: str | None = None
    column: Literal["expected_percent"] | None = None
    number: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Expected":
        named = sum(one is not None for one in (self.model, self.column, self.number))
        if named != 1 or (self.model is None) != (self.model_version is None):
            raise ValueError("give a model with its model_version, or a column, or a number")
        return self


class LimitRules(Part):
    """How intervals and positions are made. `verdict` is the level at which a position gets a word of its own."""

    interval: IntervalRule
    lower_when_negative: LowerWhenNegative
    test: Literal["interval", "target", "count_tails"]
    verdict: Literal["warning", "control"] = "control"


class DispersionRules(Part):
    """`effect = "reliability_only"`: spread is estimated for reliability, but limits are drawn without it. `levels`:
    whose limits allow for it; a consultant's own cases are tested for chance alone. `decimals`: those with which the
    variance between providers is published, and used, so that a reader draws the very same limits."""

    scale: Literal["log"]
    rows: DispersionRows
    effect: Literal["additive", "reliability_only"]
    levels: list[Level] = Field(default=["provider"])
    decimals: Annotated[int, Field(ge=3, le=9)] = 3


class Alternatives(Part):
    """Methods as defensible as the indicator's own, beside which a flag must hold. `interval` names rules of the
    interval test; scales are crossed with rows and effects, `count_tails` with rows. `without`: factors of the risk
    model, each left out of a fit of its own."""

    interval: list[IntervalRule] = Field(default_factory=list)
    test: list[TargetTest] = Field(default_factory=list)
    scale: list[Scale] = Field(default_factory=list)
    rows: list[DispersionRows] = Field(default_factory=list)
    effect: list[Effect] = Field(default_factory=list)
    without: list[str] = Field(default_factory=list)

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
    """`minimum_ascertainment`: the share of its cases that a unit must have sent for it, and whoever works there, to be
    compared."""

    minimum_cases: Annotated[int, Field(ge=1)] | Literal["none"]
    minimum_expected: Annotated[float, Field(gt=0)] | Literal["none"]
    minimum_power: Annotated[float, Field(gt=0, lt=1)] | Literal["none"]
    minimum_ascertainment: Annotated[float, Field(gt=0, le=1)] | Literal["none"] = "none"

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

    case: Literal["operations", "procedures", "admissions"]
    above: str | None = None
    below: str | None = None
    within: str | None = None


NO_GATES: Final = GateRules(minimum_cases="none", minimum_expected="none", minimum_power="none")
OF_COMPARISON: Final = ("value", "expected", "limits", "dispersion", "gates", "benchmark", "rounding", "words")
NEVER_PLAIN: Final = (*OF_COMPARISON, "alternatives", "cap", "programme")


class Definition(Part):
    """One indicator as reviewed.

    `recipe`: a comparison of observed with expected numbers has everything from `value` to `words`; a `published`
    figure has `figure` instead, and is not judged here. `ranked`: whether places may be told, as intervals; some
    publishers say that theirs must not be. `practices`: under which rule GP practices may have rows.

    `patient_rule`: `denominator-10` suppresses units of few cases; under `counts-1-7` counts from 1 to 7 are
    suppressed, others are told to the nearest 5, and so is all that is worked out from them. Figures without a
    consultant behind them are a reproduced publication, whose publisher has applied its own.

    `attribution`: the version of the rules that say whose case it is; without it the feed's `consultant` is taken.
    """

    id: Slug
    version: str
    status: Literal["official", "reproduced", "illustrative", "synthetic"]
    recipe: Recipe = "observed_expected"
    label: str
    numerator: str
    denominator: str
    why_it_matters: str
    does_not_show: Annotated[list[str], BeforeValidator(_as_list)]
    kind: Literal["ratio", "proportion", "rate", "mean_gain", "level"]
    polarity: Literal["lower_is_better", "higher_is_better", "neutral"]
    units: list[Level] = Field(min_length=1)
    review: Review
    source: Source
    period: Period | None = None
    programme: Slug | None = None
    patient_rule: PatientRule = "denominator-10"
    practices: PracticeRule | None = None
    attribution: str | None = None
    figure: Figure | None = None
    value: Literal["standardised_ratio", "risk_adjusted_rate"] | None = None
    expected: Expected | None = None
    gates: GateRules = NO_GATES
    alternatives: Alternatives | None = None
    cap: Cap | None = None
    ranked: bool = True
    limits_of: LimitRules | None = Field(default=None, alias="limits")
    dispersion_of: DispersionRules | None = Field(default=None, alias="dispersion")
    benchmark_of: Benchmark | None = Field(default=None, alias="benchmark")
    rounding_of: Rounding | None = Field(default=None, alias="rounding")
    words_of: Words | None = Field(default=None, alias="words")

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, given: Any) -> Any:
        """Before the types, so that what is missing is said by the names of the file."""
        if not isinstance(given, dict):
            return given
        if given.get("recipe", "observed_expected") == "published":
            if odd := [name for name in NEVER_PLAIN if name in given]:
                raise ValueError(f"a published figure has no {', '.join(odd)}")
        elif lacking := [name for name in OF_COMPARISON if name not in given and name != "expected"]:
            raise ValueError(f"a comparison needs {', '.join(lacking)}")
        return given

    @model_validator(mode="after")
    def _of_one_recipe(self) -> Self:
        if (self.recipe == "published") != (self.figure is not None):
            raise ValueError("a published indicator, and no other, has a figure")
        if self.figure is not None and (why := misfit(self.kind, self.figure)):
            raise ValueError(why)
        if self.practices is not None and self.figure is None:
            raise ValueError(
                "rows of practices are published figures: a comparison would tell of those that are hidden"
            )
        if self.practices is not None and self.practices.feed not in self.source.registers:
            raise ValueError(f"{self.practices.feed} counts doctors, and is not among the registers")
        return self

    @property
    def limits(self) -> LimitRules:
        return _there(self.limits_of)

    @property
    def dispersion(self) -> DispersionRules:
        return _there(self.dispersion_of)

    @property
    def benchmark(self) -> Benchmark:
        return _there(self.benchmark_of)

    @property
    def rounding(self) -> Rounding:
        return _there(self.rounding_of)

    @property
    def words(self) -> Words:
        return _there(self.words_of)

    def suppresses(self, cases: int | None, observed: int | None, small: int) -> bool:
        """Whether the patients' rule leaves nothing to show of these counts. `small`: cases below which a unit has no
        figures under the default rule; 0 for a person, whom the minimum of cases concerns. A figure that came without
        counts has been under its publisher's rule."""
        if cases is None or observed is None:
            return False
        if self.patient_rule == "counts-1-7":
            return any(1 <= count <= HIGHEST_SMALL_COUNT for count in (cases, observed))
        return cases < small

    @property
    def revocable(self) -> bool:
        """Whether a decision of a consultant can change what is shown."""
        return "consultant" in self.units

    @property
    def unit(self) -> str:
        if self.figure is not None:
            return self.figure.unit
        return "percent" if self.value == "risk_adjusted_rate" else "ratio"

    @property
    def decimals(self) -> int:
        if self.figure is not None:
            return self.figure.decimals
        return self.rounding.adjusted_percent if self.unit == "percent" else self.rounding.standardised_ratio

    @property
    def ratio_decimals(self) -> int:
        return self.rounding.standardised_ratio if self.figure is None else 0

    @property
    def mode(self) -> RoundingMode:
        return self.rounding.mode if self.figure is None else self.figure.mode

    @property
    def minimum_cases(self) -> int:
        return self.gates.as_gates().minimum_cases or 0

    @property
    def minimum_ascertainment(self) -> float | None:
        share = self.gates.minimum_ascertainment
        return None if share == "none" else share


def _there(part: T | None) -> T:
    """Of a comparison; a published figure is never asked for it."""
    if part is None:
        raise LookupError("a published figure is not compared here")
    return part
