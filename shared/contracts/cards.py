"""The model card: what a fitted risk model is, how well it predicts, and for whom; the part `models.json` of a view.

It holds nothing that a decision of a consultant could change, and no exact count: how its numbers are made coarse is
said in `disclosure`, and why in docs/decisions/0010-model-cards.md. A key that is null has no figure; its neighbour
`status` says why.
"""

from datetime import date
from typing import Literal

from shared.contracts.base import Contract, Count, Digest, Slug


class Coefficient(Contract):
    """Of one level of a factor, or of the intercept (no `level`). `estimated`: log odds against the reference level,
    with the odds ratio and its 95% limits. `suppressed`: too few events stand behind it or behind the reference."""

    factor: str
    level: str | None = None
    status: Literal["estimated", "reference", "merged", "no_cases", "suppressed"]
    estimate: float | None = None
    standard_error: float | None = None
    odds_ratio: float | None = None
    lower: float | None = None
    upper: float | None = None
    into: str | None = None


class Merged(Contract):
    """A level whose cases were counted with another's, and why."""

    factor: str
    level: str
    into: str
    why: str
    words: str


class Group(Contract):
    """Observed over expected events in a tenth of the cases by risk, or in a level of a factor, with 95% limits made
    from the coarse count. `risk_from` and `risk_to`: percent, where a tenth begins and ends."""

    factor: str | None = None
    group: str
    status: Literal["published", "suppressed"]
    risk_from: float | None = None
    risk_to: float | None = None
    cases: Count | None = None
    events: Count | None = None
    ratio: float | None = None
    lower: float | None = None
    upper: float | None = None


class HosmerLemeshow(Contract):
    statistic: float
    df: int
    p_value: float
    groups: int


class Performance(Contract):
    """A figure that cannot be estimated is null."""

    c_statistic: float | None = None
    brier: float | None = None
    slope: float | None = None
    intercept: float | None = None
    hosmer_lemeshow: HosmerLemeshow | None = None


class Disclosure(Contract):
    """The rule by which the numbers of a card are made coarse."""

    rule: str
    cases_to: int
    events_to: int
    fewest_events: int
    fewest_cases: int
    fewest_behind_a_coefficient: int
    words: str


class ModelCard(Contract):
    """`on`: whether the groups compare predictions for hospitals that were left out of the fit, or, where that could
    not be done, of the model's own data."""

    indicator: Slug
    period: str
    period_start: date
    period_end: date
    model: Slug
    model_version: str
    outcome: str
    outcome_label: str
    link: str
    method: str
    method_version: str
    inputs: list[Digest]
    files: dict[str, Digest]
    cases: Count
    events: Count
    patterns: Count
    coefficients: list[Coefficient]
    merged: list[Merged]
    on: Literal["hospitals_left_out", "own_data"]
    folds: int
    own_data: Performance
    left_out: Performance | None = None
    deciles: list[Group]
    subgroups: list[Group]
    disclosure: Disclosure
    words: dict[str, str]
