"""Definitions of indicators."""

from typing import Literal

from pydantic import MISSING

from shared.contracts.base import Count, Slug
from shared.contracts.public.parts import CountMeta, Day, Finite, Path, Public, ResourceLinks, SelfLink


class IndicatorInterval(Public):
    level: Finite
    method: str


class IndicatorLimits(Public):
    method: str
    warning: Finite
    control: Finite | MISSING = MISSING
    verdict: Literal["warning", "control"]


class IndicatorRules(Public):
    min_denominator: str
    min_expected: str
    min_power: str
    min_case_ascertainment: str | MISSING = MISSING


class RiskModel(Public):
    """The figures are those on hospitals that were left out of the fit; `links.model` has the card, where there is
    one."""

    id: str
    variables: list[str]
    c_statistic: Finite | MISSING = MISSING
    calibration_slope: Finite | MISSING = MISSING
    brier: Finite | MISSING = MISSING


class IndicatorLinks(ResourceLinks):
    funnel: Path | MISSING = MISSING  # where one is drawn
    model: Path | MISSING = MISSING


class Indicator(Public):
    """`ranked`: whether `include=rank_interval` can be asked of its results. `recipe`: whether the figures are computed
    here, or shown as somebody else has published them. `words`: what its results can say where they say a word, in the
    publisher's order. `who_operated`: the rules by which an operation is somebody's, in sentences, where its data name
    who operated."""

    id: Slug
    version: str
    status: Literal["official", "reproduced", "illustrative", "synthetic"]
    label: str
    unit: str
    polarity: Literal["lower_is_better", "higher_is_better", "neutral"]
    decimals: Count
    rounding: str
    numerator: str
    denominator: str
    levels: list[str]
    periods: list[str]
    specialty: Slug | MISSING = MISSING
    programme: Slug | MISSING = MISSING
    interval: IndicatorInterval
    limits: IndicatorLimits
    test: str
    rules: IndicatorRules
    risk_model: RiskModel | MISSING = MISSING
    why_it_matters: str
    does_not_show: list[str]
    authored_by: str
    checked_by: str
    next_review: Day
    revocable: bool
    synthetic: bool
    source: str
    licence: str
    ranked: bool
    recipe: Literal["computed", "published"]
    words: list[str] | MISSING = MISSING
    who_operated: list[str] | MISSING = MISSING
    links: IndicatorLinks


class IndicatorList(Public):
    data: list[Indicator]
    meta: CountMeta
    links: SelfLink
