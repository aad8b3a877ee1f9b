"""The rows that may be shown, rounded here and nowhere else."""

import base64
import hmac
from collections.abc import Mapping
from typing import Final

import polars as pl

from services.ratings.assembly.succession import NO_SUCCESSIONS
from services.ratings.indicators.definition import Definition
from services.ratings.indicators.loading import Loaded
from services.ratings.methods.rounding import rounded
from services.ratings.view.ascertaining import CASE_FLAGS, CasesSent, with_cases_sent
from services.ratings.view.beside import NOTHING, Beside, with_replies
from services.ratings.view.counts import told_to_five
from services.ratings.view.fates import DISCLOSURE_RULE, GONE, NOT_PUBLISHED, NOTHING_HIDDEN, SHOWN, SUPPRESSED, Fates
from services.ratings.view.plain import POLARS_TYPES, described_plain
from services.ratings.view.words import DEPENDS, OF_MISSING_CASES, bands, certainty, depends_on_method, summaries
from shared.contracts.consent import Named
from shared.contracts.views import ROW_COLUMNS, ROW_TYPES, SINCE_SCHEMA_4

NOT_HERE: Final = SINCE_SCHEMA_4 - {"case_ascertainment"}
HIGHEST_POWER: Final = 0.99  # never "certain"
IN_UNIT: Final = (
    "estimate", "interval_lower", "interval_upper", "warning_lower", "warning_upper", "control_lower", "control_upper",
    "benchmark_value", "crude",
)  # fmt: skip
IN_HUNDREDTHS: Final = (
    "expected", "reliability", "power_to_detect_doubling", "min_detectable_ratio", "robustness_share",
)  # fmt: skip
ONLY_PUBLISHED: Final = (
    *IN_UNIT, *IN_HUNDREDTHS, "standardised_ratio", "observed", "denominator", "value_kind", "interval_level",
    "interval_method", "benchmark_scope", "comparison_status", "not_rated_reason", "position", "band", "limits_method",
    "certainty", "case_ascertainment", "word", "risk_model", "robustness_paths", "robustness_agreeing",
    "robustness_differing", "rank_lower", "rank_upper", "ranked_of",
)  # fmt: skip


def shown_rows(
    results: pl.DataFrame, loaded: Loaded, fates: Mapping[str, Fates], named: Mapping[str, Named], fixed_rule: str,
    *, sent: CasesSent | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Rows of one indicator with ROW_COLUMNS, but for `row`, `id` and the names, which need the whole view.

    `fates` by period. A consultant who is hidden has no row; a withheld or suppressed unit has one without figures.
    `fixed_rule`: the disclosure rule by which rows that never change were published. `sent`: how many cases units sent.
    """
    kept = _with_fates(results, loaded, fates, fixed_rule).filter(pl.col("fate") != GONE)
    withheld = pl.col("fate") == NOT_PUBLISHED
    suppressed = (pl.col("fate") == SUPPRESSED) & (pl.col("status") == "published")
    decided = kept.with_columns(
        status=pl.when(withheld | suppressed).then("fate").otherwise("status"),
        reason=pl.when(suppressed).then(pl.lit("small_numbers"))
        .when(withheld).then(pl.lit("not_published"))
        .otherwise(pl.col("reason").replace({"": None})),
    )  # fmt: skip
    if loaded.definition.patient_rule == "counts-1-7":
        decided = told_to_five(decided)
    decided = with_cases_sent(decided, sent, loaded.definition, fates)
    plain = loaded.definition.figure is not None
    told = described_plain(decided, loaded.definition) if plain else _described(decided, loaded, named)
    whole = _rounded(told, loaded.definition)
    published = pl.col("status") == "published"
    return whole.with_columns(pl.when(published).then(pl.col(name)).alias(name) for name in ONLY_PUBLISHED)


def _with_fates(results: pl.DataFrame, loaded: Loaded, fates: Mapping[str, Fates], fixed_rule: str) -> pl.DataFrame:
    """With `fate`, `partition` and the `disclosure_rule` of each row."""
    definition = loaded.definition
    told, fixed = [], []
    columns = ("period_id", "level", "subject", "cases", "observed")
    for period, level, subject, cases, observed in results.select(columns).iter_rows():
        decided = fates.get(period, NOTHING_HIDDEN)
        fate = decided.of(level, subject)
        fixed.append(not definition.revocable or (level == "provider" and subject in decided.fixed))
        small = fate == SHOWN and definition.suppresses(cases, observed, 0)
        told.append(SUPPRESSED if small else fate)
    partition = ["fixed" if one else "revocable" for one in fixed]
    rule = [fixed_rule if one else DISCLOSURE_RULE for one in fixed]
    return results.with_columns(
        pl.Series("fate", told, pl.String), pl.Series("partition", partition, pl.String),
        pl.Series("disclosure_rule", rule, pl.String),
    )  # fmt: skip


def _described(rows: pl.DataFrame, loaded: Loaded, named: Mapping[str, Named]) -> pl.DataFrame:
    definition = loaded.definition
    at_provider = pl.col("level") == "provider"
    basis = "public_task" if definition.revocable else "not_applicable"
    depends = depends_on_method(definition)
    key = (
        pl.when(pl.col("status") != "published").then("status")
        .when(pl.col("not_rated_reason").is_in(list(OF_MISSING_CASES))).then("not_rated_reason")
        .when(pl.col("comparison_status") == "not_rated").then(pl.lit("not_rated"))
        .when(depends).then(pl.lit(DEPENDS))
        .otherwise("position")
    )  # fmt: skip
    model = f"{loaded.model.id}-{loaded.model.version}" if loaded.model else "as-published"
    no_spread = pl.col("reliability").is_null() & (pl.col("status") == "published")
    return rows.with_columns(
        certainty(definition).alias("certainty"),
        key.replace_strict(summaries(definition), default=None).alias("summary"),
        pl.when(depends).then(pl.lit(DEPENDS))
        .otherwise(pl.col("position").replace_strict(bands(definition), default=None)).alias("band"),
        pl.col("position").replace({"": None}),
        pl.col("not_rated_reason").replace({"": None}),
        pl.col("indicator").alias("indicator_id"),
        pl.lit(definition.value).alias("value_kind"),
        pl.lit(None if definition.patient_rule == "counts-1-7" else 0.95, pl.Float64).alias("interval_level"),
        pl.col("cases").alias("denominator"),
        pl.col("ratio").alias("standardised_ratio"),
        pl.when(at_provider).then(pl.col("observed") / pl.col("cases") * 100).alias("crude"),
        pl.lit(definition.benchmark.scope).alias("benchmark_scope"),
        pl.col("benchmark").alias("benchmark_value"),
        pl.concat_str(
            pl.when(no_spread).then(pl.lit("dispersion_not_estimated")).otherwise(pl.lit("")), CASE_FLAGS, separator=" "
        ).str.strip_chars().alias("quality_flags"),
        pl.when(at_provider).then(pl.lit(basis))
        .otherwise(pl.col("subject").replace_strict({who: one.basis.value for who, one in named.items()}, default=None))
        .alias("legal_basis"),
        pl.lit(model).alias("risk_model"),
        (pl.col("robustness_agreeing") / pl.col("robustness_paths")).alias("robustness_share"),
        pl.col("place_lower").alias("rank_lower"),
        pl.col("place_upper").alias("rank_upper"),
        pl.col("places_of").alias("ranked_of"),
        *(pl.lit(None, POLARS_TYPES[ROW_TYPES[name]]).alias(name) for name in sorted(NOT_HERE)),
    )  # fmt: skip


def _rounded(rows: pl.DataFrame, definition: Definition) -> pl.DataFrame:
    decimals = dict.fromkeys(IN_UNIT, definition.decimals)
    decimals |= dict.fromkeys(IN_HUNDREDTHS, 2) | {"standardised_ratio": definition.ratio_decimals}
    columns = []
    for name, places in decimals.items():
        values = rows[name]
        once = pl.Series(name, rounded(values.fill_null(0.0).to_numpy(), places, definition.mode))
        columns.append(once.set(values.is_null(), None))
    return rows.with_columns(columns).with_columns(pl.col("power_to_detect_doubling").clip(upper_bound=HIGHEST_POWER))


def numbered(
    rows: pl.DataFrame, salt: bytes, providers: pl.DataFrame, consultants: pl.DataFrame, beside: Beside = NOTHING,
    *, successions: pl.DataFrame = NO_SUCCESSIONS,
) -> pl.DataFrame:  # fmt: skip
    """All rows of a view with exactly ROW_COLUMNS, plus `subject`, in the order of the contract. `subject` is whom the
    figure was published about; where another took its place, the row is that one's and says so."""
    places = providers.select(
        pl.col("id").alias("provider_id"), pl.col("name").alias("provider_name"), pl.col("kind").alias("provider_kind")
    )
    people = consultants.select(pl.col("gmc").alias("consultant_id"), pl.col("name").alias("consultant_name"))
    key = ["level", "subject", "indicator_id", "period_id"]
    ordered = (
        _under_heirs(with_replies(rows, beside), providers, successions)
        .join(places, on="provider_id", how="left")
        .join(people, on="consultant_id", how="left")
        .sort(key)
    )
    ids = [row_id(salt, *parts) for parts in ordered.select(key).iter_rows()]
    whole = ordered.with_columns(pl.Series("id", ids, pl.String), pl.int_range(pl.len()).alias("row"))
    if whole["id"].is_duplicated().any():
        raise ValueError("two rows of one release drew the same id; build the release again")
    return whole.select(*(pl.col(name).cast(POLARS_TYPES[ROW_TYPES[name]]) for name in ROW_COLUMNS), "subject")


def _under_heirs(rows: pl.DataFrame, providers: pl.DataFrame, successions: pl.DataFrame) -> pl.DataFrame:
    """With `reported_as_id`, `reported_as_name` and the heir as provider, of an organisation's own row that has one.
    A person's row keeps the place where they worked."""
    heirs = dict(successions.filter("heir").select("provider", "successor").iter_rows())
    names = dict(providers.select("id", "name").iter_rows())
    before = pl.when((pl.col("level") == "provider") & pl.col("provider_id").is_in(list(heirs))).then("provider_id")
    return rows.with_columns(before.alias("reported_as_id")).with_columns(
        pl.col("reported_as_id").replace_strict(names, default=None, return_dtype=pl.String).alias("reported_as_name"),
        pl.col("reported_as_id").replace_strict(heirs, default=pl.col("provider_id"), return_dtype=pl.String)
        .alias("provider_id"),
    )  # fmt: skip


def row_id(salt: bytes, level: str, subject: str, indicator: str, period: str) -> str:
    """Opaque and release-scoped: without the salt nobody can tell whether a row would exist."""
    tag = hmac.digest(salt, "\0".join((level, subject, indicator, period)).encode(), "sha256")
    return "r-" + base64.b32encode(tag).decode()[:12].lower()
