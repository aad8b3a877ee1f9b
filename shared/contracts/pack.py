"""For peer review: what a subject may see of their cases, of charts over time, and of others, before and after
publication. Private: nothing of it is for the public. What is kept back is absent."""

from datetime import date

from pydantic import Field

from shared.contracts.base import Contract, Count, ReleaseId, ResultId, Slug, SubjectId
from shared.contracts.public.results import Result
from shared.contracts.told import Level, Public
from shared.contracts.views import FunnelCurves


class MixLevel(Contract):
    """`cases` and the shares in whole percent: the subject's own, those of the hospitals where they work, of all cases,
    and of comparable peers."""

    level: str
    cases: Count | None = None
    share: Count | None = None
    unit_share: Count | None = None
    all_share: Count | None = None
    peer_share: Count | None = None


class MixFactor(Contract):
    factor: str
    levels: list[MixLevel]


class CaseMix(Contract):
    """`cases`: exact for a consultant, to the nearest five for a provider. `says`: what was kept back, and why."""

    indicator: Slug
    label: str
    period: str
    cases: Count | None = None
    factors: list[MixFactor]
    says: list[str]


class ReleaseCases(Contract):
    release: ReleaseId
    indicators: list[CaseMix]


class OwnCases(Contract):
    level: Level
    subject: str
    releases: list[ReleaseCases]


class Point(Contract):
    """A point of a funnel. Another's is rounded, and says not whose it is."""

    expected: float
    ratio: float


class Funnel(Contract):
    """`own` as it is or would be published; `others` are those that the public reads now, of the release `others_of`,
    in no order but their own."""

    own: Point | None = None
    others: list[Point]
    others_of: ReleaseId | None = None
    curve: FunnelCurves | None = None


class Chart(Contract):
    """One case after another in the order of their dates. `vlad`: deaths expected less deaths observed so far. `rising`
    and `falling`: evidence that the odds have become `odds_ratio` times as high, or as low; a signal, by the number of
    its case, is a reason to look, and comes by chance once in about `in_control` cases."""

    dates: list[date]
    vlad: list[float]
    rising: list[float]
    falling: list[float]
    rising_signals: list[Count]
    falling_signals: list[Count]
    odds_ratio: float
    threshold: float
    in_control: Count | None = None
    out_of_control: Count | None = None


class Better(Contract):
    """A comparable peer whose published figure is better by more than chance easily gives: the two intervals have
    nothing in common."""

    subject: str
    name: str
    release: ReleaseId
    result: ResultId
    estimate: float
    lower: float
    upper: float
    own_lower: float
    own_upper: float
    says: str


class UnitCases(Contract):
    """How many of a consultant's cases were done at this provider."""

    provider: SubjectId
    cases: Count


class SecondOperator(Contract):
    """In how many cases a consultant had a part for which another answers, or nobody: counted here and nowhere else."""

    cases: Count
    says: str


class PackResult(Contract):
    """One result with what belongs to it. `peers`: with how many comparable published peers it is set beside. `units`:
    where a consultant's cases were done, most first."""

    result: Result
    public: Public
    says: str
    funnel: Funnel
    chart: Chart | None = None
    mix: CaseMix | None = None
    peers: Count
    better: list[Better]
    better_says: str
    units: list[UnitCases] = Field(default_factory=list)
    second: SecondOperator | None = None


class ReleasePack(Contract):
    release: ReleaseId
    results: list[PackResult]


class Pack(Contract):
    level: Level
    subject: str
    words: str
    releases: list[ReleasePack]
