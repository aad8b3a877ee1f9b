"""A row of results: published with everything that is needed to judge it, or absent with its reason."""

from typing import Annotated, Literal

from pydantic import MISSING, Field

from shared.contracts.base import Count, ReleaseId, ResultId, Slug, SubjectId
from shared.contracts.public.parts import Day, Finite, PageLinks, PageMeta, Path, Public


class IndicatorLabel(Public):
    id: Slug
    label: str
    version: str
    unit: str
    polarity: Literal["lower_is_better", "higher_is_better", "neutral"]
    decimals: Count


class ProviderName(Public):
    id: SubjectId
    name: str


class Subject(Public):
    """Of level `provider` with its `kind`, or of level `consultant` with its `provider`. `reported_as`: of whom the
    figure was published, where that organisation has been merged into this one since."""

    level: str
    id: SubjectId
    name: str
    kind: str | MISSING = MISSING
    provider: ProviderName | MISSING = MISSING
    reported_as: ProviderName | MISSING = MISSING


class Period(Public):
    """First and last day, both included."""

    id: str
    start: Day
    end: Day


class Interval(Public):
    level: Finite
    lower: Finite | MISSING = MISSING
    upper: Finite | MISSING = MISSING
    method: str


class Value(Public):
    """A figure never comes alone: it has an interval, or the publisher's own word. `crude` is never given for a person.
    Of kind `word` it has `word` in place of `estimate`."""

    kind: str
    estimate: Finite | MISSING = MISSING
    word: str | MISSING = MISSING
    interval: Interval | MISSING = MISSING
    observed: Count | MISSING = MISSING
    expected: Finite | MISSING = MISSING
    denominator: Count | MISSING = MISSING
    standardised_ratio: Finite | MISSING = MISSING
    crude: Finite | MISSING = MISSING


class Benchmark(Public):
    scope: str | MISSING = MISSING
    value: Finite | MISSING = MISSING


class Limits(Public):
    lower: Finite | MISSING = MISSING
    upper: Finite | MISSING = MISSING


class FunnelLimits(Public):
    method: str | MISSING = MISSING
    warning: Limits | MISSING = MISSING
    control: Limits | MISSING = MISSING


class Robustness(Public):
    """Of a position beyond the limits that give a word: under how many of the defensible methods it holds, and the
    names of those under which it does not."""

    paths: Count
    agreeing: Count
    share: Finite
    differing: list[str]


class RankInterval(Public):
    """Places, 1 = the lowest figure, between which the true one lies with probability `level`; `of` so many."""

    lower: Count
    upper: Count
    of: Count
    level: Finite


class Comparison(Public):
    """`rated`, with position and band; or `not_rated`, with reason and explanation."""

    status: Literal["rated", "not_rated"]
    benchmark: Benchmark | MISSING = MISSING
    position: str | MISSING = MISSING
    band: str | MISSING = MISSING
    limits: FunnelLimits | MISSING = MISSING
    robustness: Robustness | MISSING = MISSING
    reason: str | MISSING = MISSING
    explanation: str | MISSING = MISSING


class Certainty(Public):
    reliability: Finite | MISSING = MISSING
    power_to_detect_doubling: Finite | MISSING = MISSING
    min_detectable_ratio: Finite | MISSING = MISSING


class Quality(Public):
    flags: list[str]
    case_ascertainment: Finite | MISSING = MISSING


class Words(Public):
    summary: str | MISSING = MISSING
    certainty: str | MISSING = MISSING


class NoReply(Public):
    """Nobody was asked for one."""

    status: Literal["none"]


class ReplyNotReceived(Public):
    """Asked for, and not there by the last day that was given."""

    status: Literal["not_received"]
    invited_until: Day


class ReplyGiven(Public):
    """The subject's own words, moderated for confidentiality and law only. `author` is a role, never a name."""

    status: Literal["given"]
    author: str
    received: Day
    text: str


Reply = Annotated[NoReply | ReplyNotReceived | ReplyGiven, Field(discriminator="status")]


class Basis(Public):
    legal_basis: str


class Method(Public):
    release: ReleaseId
    risk_model: str | MISSING = MISSING
    disclosure_rule: str | MISSING = MISSING


class ResultLinks(Public):
    self: Path
    indicator: Path
    subject: Path


class Absence(Public):
    reason: str
    shorthand: str
    data_absent_reason: str
    explanation: str
    may_change: bool


class PublishedResult(Public):
    """A figure with everything that is needed to judge it. `fields` may cut all keys but `id` and `status`."""

    id: ResultId
    status: Literal["published"]
    partition: Literal["fixed", "revocable"] | MISSING = MISSING
    indicator: IndicatorLabel | MISSING = MISSING
    subject: Subject | MISSING = MISSING
    period: Period | MISSING = MISSING
    value: Value | MISSING = MISSING
    comparison: Comparison | MISSING = MISSING
    certainty: Certainty | MISSING = MISSING
    rank_interval: RankInterval | MISSING = MISSING
    quality: Quality | MISSING = MISSING
    words: Words | MISSING = MISSING
    reply: Reply | MISSING = MISSING
    basis: Basis | MISSING = MISSING
    method: Method | MISSING = MISSING
    links: ResultLinks | MISSING = MISSING


class AbsentResult(Public):
    """No figure, and the reason why."""

    id: ResultId
    status: Literal["suppressed", "not_published", "not_available"]
    partition: Literal["fixed", "revocable"] | MISSING = MISSING
    indicator: IndicatorLabel | MISSING = MISSING
    subject: Subject | MISSING = MISSING
    period: Period | MISSING = MISSING
    absence: Absence | MISSING = MISSING
    basis: Basis | MISSING = MISSING
    method: Method | MISSING = MISSING
    links: ResultLinks | MISSING = MISSING


Result = Annotated[PublishedResult | AbsentResult, Field(discriminator="status")]


class ResultPage(Public):
    data: list[Result]
    meta: PageMeta
    links: PageLinks
