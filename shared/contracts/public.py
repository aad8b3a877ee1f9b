"""The bodies of the public API: what every reader may rely on within `v1`. Optional keys are absent, never null.

The gateway builds these as plain dictionaries, row by row; the classes are the contract that they are tested against
and the source of the OpenAPI document.
"""

from typing import Annotated, Any, Literal

from pydantic import MISSING, BaseModel, ConfigDict, Field

from shared.contracts.base import Count, ReleaseId, ResultId, Slug, SubjectId


class Public(BaseModel):
    """Refuses keys that it does not know: nothing leaves that is not declared here."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Finite = Annotated[float, Field(allow_inf_nan=False)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Instant = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")]
Path = Annotated[str, Field(pattern=r"^/")]


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
    """Of level `provider` with its `kind`, or of level `consultant` with its `provider`."""

    level: str
    id: SubjectId
    name: str
    kind: str | MISSING = MISSING
    provider: ProviderName | MISSING = MISSING


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
    """A figure never comes alone. `crude` is never given for a person."""

    kind: str
    estimate: Finite
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


class Comparison(Public):
    """`rated`, with position and band; or `not_rated`, with reason and explanation."""

    status: Literal["rated", "not_rated"]
    benchmark: Benchmark | MISSING = MISSING
    position: str | MISSING = MISSING
    band: str | MISSING = MISSING
    limits: FunnelLimits | MISSING = MISSING
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


class Reply(Public):
    status: Literal["none"]


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


class SelfLink(Public):
    self: Path


class PageLinks(SelfLink):
    """`next` is missing on the last page."""

    next: Path | MISSING = MISSING


class PageMeta(Public):
    """`view` is there where the answer could depend on a decision; `absent` counts rows without a figure by reason,
    and is not given for consultants."""

    release: ReleaseId
    view: int | MISSING = MISSING
    total: Count
    returned: Count
    limit: Count
    sort: str
    absent: dict[str, int] | MISSING = MISSING
    why_empty: str | MISSING = MISSING


class ResultPage(Public):
    data: list[Result]
    meta: PageMeta
    links: PageLinks


class CurvePart(Public):
    x: Finite
    warning: Limits
    control: Limits | MISSING = MISSING


class FunnelCurve(Public):
    method: str
    between_provider_variance: Finite | MISSING = MISSING
    curve: list[CurvePart]


class FunnelPoint(Public):
    result: ResultId
    provider: SubjectId | MISSING = MISSING
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


class ResourceLinks(SelfLink):
    results: Path


class Register(Public):
    source: str
    as_of: Day


class Provider(Public):
    id: SubjectId
    name: str
    kind: str
    region: str
    active: bool
    source: Register = Field(alias="register")  # a field of that name would hide an attribute of every class
    synthetic: bool
    links: ResourceLinks


class ProviderPage(Public):
    data: list[Provider]
    meta: PageMeta
    links: PageLinks


class ConsultantLine(Public):
    id: SubjectId
    name: str
    specialties: list[Slug]
    providers: list[ProviderName]
    links: ResourceLinks


class Consultant(ConsultantLine):
    unit_results: list[ResultId]
    commentary: Reply


class ConsultantPage(Public):
    data: list[ConsultantLine]
    meta: PageMeta
    links: PageLinks


class IndicatorInterval(Public):
    level: Finite
    method: str


class IndicatorLimits(Public):
    method: str
    warning: Finite
    control: Finite | MISSING = MISSING


class IndicatorRules(Public):
    min_denominator: str
    min_expected: str
    min_power: str


class RiskModel(Public):
    id: str
    variables: list[str]


class IndicatorLinks(ResourceLinks):
    funnel: Path


class Indicator(Public):
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
    links: IndicatorLinks


class CountMeta(Public):
    release: ReleaseId | MISSING = MISSING
    total: Count
    returned: Count


class IndicatorList(Public):
    data: list[Indicator]
    meta: CountMeta
    links: SelfLink


class Service(Public):
    name: str
    contract: str
    licence: str
    release: ReleaseId | MISSING = MISSING
    published: Instant | MISSING = MISSING
    synthetic: bool | MISSING = MISSING
    links: dict[str, Path]


class ReleaseLine(Public):
    release: ReleaseId
    status: Literal["current", "superseded"]
    published: Instant
    synthetic: bool
    links: SelfLink


class ReleaseList(Public):
    data: list[ReleaseLine]
    meta: CountMeta
    links: SelfLink


class Replay(Public):
    code: str
    inputs: list[str]
    command: str


class Manifest(Public):
    release: ReleaseId
    published: Instant
    licence: str
    contract: str
    synthetic: bool
    method_version: str
    results_digest: str
    replay: Replay
    files: list[dict[str, Any]]


class ReleaseEntry(Public):
    release: ReleaseId
    status: Literal["current", "superseded"]
    view: int
    previous: ReleaseId | MISSING = MISSING
    known_issues: list[str]
    corrections: list[str]
    manifest: Manifest
    links: dict[str, Path]


class Code(Public):
    code: str
    label: str
    meaning: str
    mark: str | MISSING = MISSING
    sdmx: str | MISSING = MISSING
    data_absent_reason: str | MISSING = MISSING
    since: str


class CodeListLine(Public):
    name: Slug
    label: str
    kind: Literal["open", "closed"]
    links: SelfLink


class CodeListList(Public):
    data: list[CodeListLine]
    meta: CountMeta
    links: SelfLink


class CodeListEntry(Public):
    name: Slug
    label: str
    kind: Literal["open", "closed"]
    codes: list[Code]
    links: SelfLink


class ProblemPage(Public):
    code: str
    title: str
    status: int
    what_to_do: str
    links: SelfLink


class ChangeEvent(Public):
    """`rows` are opaque ids in random order: never people, and no cause."""

    sequence: int
    at: Instant
    kind: Literal["release.published", "rows.not_published"]
    release: ReleaseId
    view: int | MISSING = MISSING
    rows: list[ResultId] | MISSING = MISSING


class ChangesMeta(Public):
    latest: Count


class ChangeLinks(SelfLink):
    next: Path


class ChangePage(Public):
    data: list[ChangeEvent]
    meta: ChangesMeta
    links: ChangeLinks
