"""The card of a fitted risk model."""

from typing import Literal

from pydantic import MISSING

from shared.contracts.base import Count, Digest, ReleaseId, Slug
from shared.contracts.public.parts import Finite, Path, Public, SelfLink
from shared.contracts.public.results import Period


class ModelName(Public):
    id: Slug
    version: str


class Outcome(Public):
    column: str
    label: str


class ModelInterval(Public):
    level: Finite
    lower: Finite
    upper: Finite


class ModelCoefficient(Public):
    """Log odds against the factor's reference level, with the odds ratio; the intercept has no `level`. `suppressed`:
    too few events stand behind it or behind the reference level."""

    factor: str
    level: str | MISSING = MISSING
    status: Literal["estimated", "reference", "merged", "no_cases", "suppressed"]
    estimate: Finite | MISSING = MISSING
    standard_error: Finite | MISSING = MISSING
    odds_ratio: Finite | MISSING = MISSING
    interval: ModelInterval | MISSING = MISSING
    into: str | MISSING = MISSING
    reason: str | MISSING = MISSING


class ModelMerge(Public):
    factor: str
    level: str
    into: str
    why: str
    words: str


class RiskRange(Public):
    """Percent. The lowest group has no lower end, the highest no upper one: a single case may lie there."""

    lower: Finite | MISSING = MISSING
    upper: Finite | MISSING = MISSING


class ModelGroup(Public):
    """Observed over expected events; `cases` and `events` are coarse, and the interval is worked out from them."""

    factor: str | MISSING = MISSING
    group: str
    status: Literal["published", "suppressed"]
    reason: str | MISSING = MISSING
    risk_percent: RiskRange | MISSING = MISSING
    cases: Count | MISSING = MISSING
    events: Count | MISSING = MISSING
    ratio: Finite | MISSING = MISSING
    interval: ModelInterval | MISSING = MISSING


class Calibration(Public):
    """`on`: whose predictions the groups compare."""

    on: Literal["hospitals_left_out", "own_data"]
    folds: Count
    words: str
    deciles: list[ModelGroup]
    subgroups: list[ModelGroup]


class GoodnessOfFit(Public):
    statistic: Finite
    df: Count
    p_value: Finite
    groups: Count


class ModelPerformance(Public):
    """A figure that cannot be estimated is absent."""

    c_statistic: Finite | MISSING = MISSING
    brier: Finite | MISSING = MISSING
    slope: Finite | MISSING = MISSING
    intercept: Finite | MISSING = MISSING
    hosmer_lemeshow: GoodnessOfFit | MISSING = MISSING


class Performances(Public):
    """`left_out`: each hospital's cases predicted by a fit on other hospitals; absent where that could not be done."""

    own_data: ModelPerformance
    left_out: ModelPerformance | MISSING = MISSING


class ModelSize(Public):
    cases: Count
    events: Count
    patterns: Count


class ModelDisclosure(Public):
    rule: str
    cases_to: Count
    events_to: Count
    fewest_events: Count
    fewest_cases: Count
    fewest_behind_a_coefficient: Count
    words: str


class ModelLinks(SelfLink):
    indicator: Path


class Model(Public):
    """What was fitted, on what, and how well it predicts. No decision of a person changes it within a release."""

    release: ReleaseId
    indicator: Slug
    period: Period
    model: ModelName
    outcome: Outcome
    link: str
    method: str
    method_version: str
    inputs: list[Digest]
    files: dict[str, Digest]
    size: ModelSize
    coefficients: list[ModelCoefficient]
    merged: list[ModelMerge]
    calibration: Calibration
    performance: Performances
    disclosure: ModelDisclosure
    words: dict[str, str]
    links: ModelLinks
