"""The funnel: points and limit curves."""

from typing import Literal

from pydantic import MISSING

from shared.contracts.base import ResultId, Slug, SubjectId
from shared.contracts.public.parts import Finite, Public
from shared.contracts.public.results import Limits


class CurvePart(Public):
    x: Finite
    warning: Limits
    control: Limits | MISSING = MISSING


class FunnelCurve(Public):
    """`verdict`: the limits beyond which a point has a word of its own."""

    method: str
    verdict: Literal["warning", "control"]
    between_provider_variance: Finite | MISSING = MISSING
    curve: list[CurvePart]


class FunnelPoint(Public):
    """`reported_as`: of whom it was published, where that organisation has been merged into the provider since."""

    result: ResultId
    provider: SubjectId | MISSING = MISSING
    reported_as: SubjectId | MISSING = MISSING
    consultant: SubjectId | MISSING = MISSING
    x: Finite
    y: Finite
    comparison: Literal["rated", "not_rated"]
    position: str | MISSING = MISSING


class Axis(Public):
    field: str
    label: str


class Axes(Public):
    x: Axis
    y: Axis


class Funnel(Public):
    indicator: Slug
    period: str
    level: str
    target: Finite
    axes: Axes
    limits: FunnelCurve
    points: list[FunnelPoint]
    summary: dict[str, int]
    absent: dict[str, int] | MISSING = MISSING
    words: str
