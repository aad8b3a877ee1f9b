"""The release view: everything a gateway may hold of a release, and nothing else.

A view is a folder of files: `manifest.json` (ViewManifest) and the parts that it names, each with its SHA-256.

`rows.parquet`: one row per result, ordered by (level, subject, indicator, period). Columns are ROW_COLUMNS with the
types of ROW_TYPES; a figure that is absent is null there and has its reason in `reason` or `not_rated_reason`.
Numbers are rounded already, by the indicator's rule. `row` numbers the rows from 0.
`quarantine.parquet`: `key` (SubjectKey), `row`: rows to hide the moment that key is withheld. A row that occurs here
is `revocable`; every other is `fixed`.
`consultants.parquet`: `gmc`, `name`, `specialty` of consultants who own at least one row of the view.
`providers.json`: list[ProviderEntry]. `indicators.json`: list[IndicatorEntry]. `funnels.json`: list[FunnelCurves].
`models.json`: list[ModelCard], one for each indicator whose model is fitted by us.

`commentaries.json`: list[Commentary], what people and units say about all of their results.

A published row has an `estimate` or a `word`: what somebody else said of it, such as a regulator's rating. Where the
publisher spoke of an organisation that has been merged since, the row is its successor's, and `reported_as_id` and
`reported_as_name` say of whom it was published. `case_ascertainment` is the share of its cases that were sent, 0 to 1.

Schema 2 added the columns SINCE_SCHEMA_2 and `models.json`, schema 3 the columns SINCE_SCHEMA_3, `commentaries.json`
and, for indicators with consultants, unit totals that are `fixed`; schema 4 the columns SINCE_SCHEMA_4, places, dates
and succession of providers, and indicators that others have computed. Whoever reads views knows the earlier schemas
too, so that gateways can be upgraded before ratings; ratings bakes every readable release anew that is of an earlier
one.
"""

from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from shared.contracts.base import Contract, Count, Digest, Prose, ReleaseId, Sha256, Slug, SubjectId

VIEW_SCHEMA: Final = 4

ROW_TYPES: Final[dict[str, str]] = {
    "row": "int", "id": "text", "status": "text", "reason": "text", "partition": "text", "level": "text",
    "provider_id": "text", "provider_name": "text", "provider_kind": "text", "consultant_id": "text",
    "consultant_name": "text", "indicator_id": "text", "period_id": "text", "period_start": "date",
    "period_end": "date", "value_kind": "text", "estimate": "float", "interval_level": "float",
    "interval_lower": "float", "interval_upper": "float", "interval_method": "text", "observed": "int",
    "expected": "float", "denominator": "int", "standardised_ratio": "float", "crude": "float",
    "benchmark_scope": "text", "benchmark_value": "float", "comparison_status": "text", "not_rated_reason": "text",
    "position": "text", "band": "text", "limits_method": "text", "warning_lower": "float", "warning_upper": "float",
    "control_lower": "float", "control_upper": "float", "reliability": "float", "power_to_detect_doubling": "float",
    "min_detectable_ratio": "float", "quality_flags": "text", "legal_basis": "text", "risk_model": "text",
    "disclosure_rule": "text", "summary": "text", "certainty": "text", "robustness_paths": "int",
    "robustness_agreeing": "int", "robustness_share": "float", "robustness_differing": "text", "rank_lower": "int",
    "rank_upper": "int", "ranked_of": "int", "reply_status": "text", "reply_author": "text", "reply_received": "date",
    "reply_text": "text", "reply_invited_until": "date", "word": "text", "case_ascertainment": "float",
    "reported_as_id": "text", "reported_as_name": "text",
}  # fmt: skip
ROW_COLUMNS: Final[tuple[str, ...]] = tuple(ROW_TYPES)
SINCE_SCHEMA_2: Final = frozenset({
    "robustness_paths", "robustness_agreeing", "robustness_share", "robustness_differing", "rank_lower", "rank_upper",
    "ranked_of",
})  # fmt: skip
SINCE_SCHEMA_3: Final = frozenset({
    "reply_status", "reply_author", "reply_received", "reply_text", "reply_invited_until",
})  # fmt: skip
SINCE_SCHEMA_4: Final = frozenset({"word", "case_ascertainment", "reported_as_id", "reported_as_name"})
ADDED: Final[dict[int, frozenset[str]]] = {2: SINCE_SCHEMA_2, 3: SINCE_SCHEMA_3, 4: SINCE_SCHEMA_4}
"""By schema, the columns that it was the first to have."""
PARTS_OF: Final[dict[int, tuple[str, ...]]] = {
    1: ("rows.parquet", "quarantine.parquet", "consultants.parquet", "providers.json", "indicators.json",
        "funnels.json"),
    2: ("rows.parquet", "quarantine.parquet", "consultants.parquet", "providers.json", "indicators.json",
        "funnels.json", "models.json"),
    3: ("rows.parquet", "quarantine.parquet", "consultants.parquet", "providers.json", "indicators.json",
        "funnels.json", "models.json", "commentaries.json"),
    4: ("rows.parquet", "quarantine.parquet", "consultants.parquet", "providers.json", "indicators.json",
        "funnels.json", "models.json", "commentaries.json"),
}  # fmt: skip


class ViewFile(Contract):
    name: str
    sha256: Sha256
    bytes: Count
    rows: Count


class Correction(Contract):
    """What a revision sets right, in words for the public, and in which release."""

    supersedes: ReleaseId
    text: Annotated[Prose, Field(max_length=2000)]


class Commentary(Contract):
    """What a subject says about their results, as moderated for confidentiality; or that nothing came in time."""

    level: Literal["provider", "consultant"]
    subject: SubjectId
    status: Literal["not_received", "given"]
    author: str | None = None
    received: date | None = None
    text: str | None = None
    invited_until: date | None = None


class ViewManifest(Contract):
    """`view` counts up within a release; `consent_revision` is the revision whose permissions it was baked from."""

    view_schema: int
    release: ReleaseId
    view: int
    consent_store: str
    consent_revision: Count
    published: datetime
    supersedes: ReleaseId | None = None
    correction: Correction | None = None
    synthetic: bool
    method_version: str
    inputs: list[Digest]
    results_digest: Digest
    code: str
    files: list[ViewFile]


class Succession(Contract):
    """Another organisation that this one came from, or that took its place on the day `since`."""

    relation: Literal["predecessor", "successor"]
    id: SubjectId
    name: str
    since: date | None = None


class ProviderEntry(Contract):
    """`active` is absent where the register does not say it; `parent` is the organisation above this one."""

    id: SubjectId
    name: str
    kind: str
    region: str
    register_source: str
    register_as_of: date
    synthetic: bool
    town: str | None = None
    postcode: str | None = None
    active: bool | None = None
    opened: date | None = None
    closed: date | None = None
    parent: SubjectId | None = None
    succession: list[Succession] = Field(default_factory=list)


class RiskModelEntry(Contract):
    """`carded`: whether `models.json` has its card. The figures are those on hospitals left out of the fit."""

    id: str
    variables: list[str]
    carded: bool = False
    c_statistic: float | None = None
    calibration_slope: float | None = None
    brier: float | None = None


class IndicatorEntry(Contract):
    """The public definition. `revocable`: whether any answer about it may depend on a consent decision. `verdict`: the
    limits at which a position gets a word of its own. `licence`: of the figures it publishes. `ranked`: whether its
    rows have intervals of places; only where no figure of a person stands behind them. `recipe`: whether we compute the
    figures or show what others have published. `words`: what its rows can say where they say a word, in the
    publisher's order. `who_operated`: the rules by which a case is somebody's, where the feed names who operated."""

    id: Slug
    version: str
    status: Literal["official", "reproduced", "illustrative", "synthetic"]
    label: str
    unit: str
    polarity: Literal["lower_is_better", "higher_is_better", "neutral"]
    decimals: int
    rounding: str
    numerator: str
    denominator: str
    why_it_matters: str
    does_not_show: list[str]
    levels: list[str]
    periods: list[str]
    specialty: Slug | None = None
    programme: Slug | None = None
    interval_level: float
    interval_method: str
    limits_method: str
    test: str
    verdict: Literal["warning", "control"] = "control"
    licence: str = "OGL-UK-3.0"
    min_denominator: str
    min_expected: str
    min_power: str
    min_case_ascertainment: str = "none"
    risk_model: RiskModelEntry | None = None
    authored_by: str
    checked_by: str
    next_review: date
    revocable: bool
    synthetic: bool
    source: str
    ranked: bool = False
    recipe: Literal["computed", "published"] = "computed"
    words: list[str] = Field(default_factory=list)
    who_operated: list[str] = Field(default_factory=list)


class CurvePoint(Contract):
    """Limits at one number of expected events, in standardised ratios. Control limits are absent where not drawn."""

    x: float
    warning_lower: float
    warning_upper: float
    control_lower: float | None = None
    control_upper: float | None = None


class FunnelCurves(Contract):
    indicator: Slug
    period: str
    level: Literal["provider", "consultant"]
    target: float
    limits_method: str
    between_provider_variance: float | None = None
    curve: list[CurvePoint]
