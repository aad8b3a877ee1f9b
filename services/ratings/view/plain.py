"""Rows and entries of figures that others have published: their word or figure, and no judgement of ours beside it."""

from typing import Any, Final

import polars as pl

from services.ratings.indicators.definition import Definition
from services.ratings.view.words import ABSENT
from shared.contracts.views import ROW_TYPES

ADJUSTED: Final = "as-published"
INTERVAL_LEVEL: Final = 0.95
WORD: Final = "word"
NONE: Final = "none"
NEVER_HERE: Final = (
    "expected", "standardised_ratio", "crude", "benchmark_scope", "benchmark_value", "comparison_status",
    "not_rated_reason", "position", "band", "limits_method", "warning_lower", "warning_upper", "control_lower",
    "control_upper", "reliability", "power_to_detect_doubling", "min_detectable_ratio", "certainty",
    "case_ascertainment", "robustness_paths", "robustness_agreeing", "robustness_share", "robustness_differing",
    "rank_lower", "rank_upper", "ranked_of",
)  # fmt: skip
POLARS_TYPES: Final = {"int": pl.Int64, "text": pl.String, "float": pl.Float64, "date": pl.Date}


def described_plain(rows: pl.DataFrame, definition: Definition) -> pl.DataFrame:
    """Rows with ROW_COLUMNS, but for those that need the whole view. The sentence is the publisher's word, or verdict,
    where there is one; nothing is compared."""
    assert definition.figure is not None
    has_interval = pl.col("interval_upper").is_not_null()
    told = pl.coalesce(pl.col("status").replace_strict(ABSENT, default=None, return_dtype=pl.String), WORD, "verdict")
    known = rows.with_columns(
        told.alias("summary"),
        pl.col("indicator").alias("indicator_id"),
        pl.lit(WORD if definition.figure.word is not None else definition.kind).alias("value_kind"),
        pl.when(has_interval).then(pl.lit(INTERVAL_LEVEL)).alias("interval_level"),
        pl.col("cases").alias("denominator"),
        pl.lit("").alias("quality_flags"),
        pl.lit("not_applicable").alias("legal_basis"),
        pl.lit(ADJUSTED if definition.figure.adjusted else None, pl.String).alias("risk_model"),
    )
    nothing = [pl.lit(None, POLARS_TYPES[ROW_TYPES[name]]).alias(name) for name in NEVER_HERE]
    return known.with_columns(nothing)


def plain_entry(definition: Definition) -> dict[str, Any]:
    """What the public entry of an indicator says where nothing is compared."""
    figure = definition.figure
    assert figure is not None
    method = "as_published" if figure.lower is not None else NONE
    if figure.numerator:
        method = "wilson" if definition.kind == "proportion" else "exact_below_10_then_byar"
    return {"interval_method": method, "test": NONE, "recipe": "published", "words": figure.words or figure.verdicts}
