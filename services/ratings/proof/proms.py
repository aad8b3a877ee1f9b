"""PROMs, hip replacement 2018-19: adjusted health gains from the record file (methods, section 3.3)."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from services.ratings.methods.arrays import FloatArray
from services.ratings.methods.sums import sum_by_group, total
from services.ratings.proof.agreement import Agreement, Claim, Frames, floats, near

SOURCE = "nhs-proms"
RECORDS, PUBLISHED = "proms-hip-records", "proms-published"
PRIMARY = "Hip Replacement Primary"
MISSING = 999
SAME_GAIN = 0.001
CUT = (
    "The record file and the table were cut at different dates (38,029 Oxford records, 38,136 published; England "
    "22.6782, published 22.6798), so only providers with the same records on both sides are compared."
)
OTHER_PREDICTION = " The exceptions have the same records and unadjusted gain, and another prediction behind them: "


@dataclass(frozen=True)
class Measure:
    """One outcome: its name in the table, its three columns in the records, and the claim about it."""

    name: str
    before: str
    after: str
    predicted: str
    most: float
    claim: Claim


def _claim(name: str, most: float, of: int, named: str = "", why: str = "") -> Claim:
    exceptions = frozenset(filter(None, named.split(", ")))
    return Claim(
        SOURCE, f"adjusted health gain, {name}: providers with the published records and unadjusted gain",
        f"within {most:g}", (RECORDS, PUBLISHED), of, of - len(exceptions), CUT + why, exceptions,
    )  # fmt: skip


OXFORD = Measure(
    "Oxford Hip Score", "hip_replacement_pre_op_q_score", "hip_replacement_post_op_q_score",
    "hip_replacement_ohs_post_op_q_predicted", 0.001,
    _claim(
        "Oxford Hip Score", 0.001, 82, "RAP",
        f"{OTHER_PREDICTION}RAP .140 a record, 4.3 points over its 31 records.",
    ),
)  # fmt: skip
EQ_5D = Measure(
    "EQ-5D Index", "pre_op_q_eq5d_index", "post_op_q_eq5d_index", "hip_replacement_eq5d_index_post_op_q_predicted",
    0.00015, _claim("EQ-5D Index", 0.00015, 87),
)  # fmt: skip
EQ_VAS = Measure(
    "EQ VAS", "pre_op_q_eq_vas", "post_op_q_eq_vas", "hip_replacement_eq_vas_post_op_q_predicted", 0.0005,
    _claim(
        "EQ VAS", 0.0005, 91, "NT443, RAE, RBD",
        f"{OTHER_PREDICTION}NT443 .285, RBD .127 and RAE .006 a record.",
    ),
)  # fmt: skip
MEASURES = (OXFORD, EQ_5D, EQ_VAS)
COUNT_ONLY = Claim(
    SOURCE, "adjusted health gain, Oxford Hip Score: all providers with the published record count", "within .005",
    (RECORDS, PUBLISHED), 100, 81,
    why="The same number of records, but for 18 providers not the same records: their unadjusted gains differ, too. "
    "RAP is the exception of the line above. Worst difference .26.",
)  # fmt: skip
CLAIMS = (*(measure.claim for measure in MEASURES), COUNT_ONLY)


def agreements(frames: Frames) -> list[Agreement]:
    """The four lines of adjusted health gains."""
    made = {measure: compared(frames, measure) for measure in MEASURES}
    oxford = made[OXFORD]
    all_counts = near(floats(oxford, "gain"), floats(oxford, "adjusted_average_health_gain"), 0.005)
    return [
        *(_same_records(measure, rows) for measure, rows in made.items()),
        COUNT_ONLY.met_by(oxford["organisation_code"].to_list(), all_counts),
    ]


def _same_records(measure: Measure, rows: pl.DataFrame) -> Agreement:
    same = rows.filter(pl.Series(near(floats(rows, "unadjusted"), floats(rows, "health_gain"), SAME_GAIN)))
    agrees = near(floats(same, "gain"), floats(same, "adjusted_average_health_gain"), measure.most)
    return measure.claim.met_by(same["organisation_code"].to_list(), agrees)


def compared(frames: Frames, measure: Measure) -> pl.DataFrame:
    """Providers of the table that have an adjusted gain and as many records as the file, with our gains beside it."""
    printed = frames[PUBLISHED].filter(
        (pl.col("procedure") == PRIMARY)
        & (pl.col("organisation_type") == "Provider")
        & (pl.col("measure") == measure.name)
        & pl.col("adjusted_average_health_gain").is_not_null()
    )
    own = adjusted_gains(frames[RECORDS], measure)
    both = printed.join(own, left_on="organisation_code", right_on="provider_code", validate="1:1")
    return both.filter(pl.col("records") == pl.col("modelled_records")).sort("organisation_code")


def adjusted_gains(records: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    """`provider_code`, `records`, `unadjusted` and `gain` over the records of primary replacements with all values.

    gain = the provider's mean(post - predicted) - England's + England's mean(post - pre).
    """
    whole = _complete(records, measure)
    before, after, predicted = (floats(whole, name) for name in ("before", "after", "predicted"))
    names = whole["provider_code"].unique().sort()
    group = whole["provider_code"].rank("dense").to_numpy().astype(np.int64) - 1
    sizes = np.bincount(group, minlength=len(names))
    england = (total(after - before) - total(after - predicted)) / whole.height

    def means(values: FloatArray) -> FloatArray:
        return np.asarray(sum_by_group(group, len(names), values) / sizes)

    return pl.DataFrame(
        {
            "provider_code": names,
            "records": pl.Series(sizes, dtype=pl.Int64),
            "unadjusted": means(after - before),
            "gain": means(after - predicted) + england,
        }
    )


def _complete(records: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    columns = {"before": measure.before, "after": measure.after, "predicted": measure.predicted}
    primary = records.filter(pl.col("revision_flag").cast(pl.Int64) == 0)
    values = primary.select("provider_code", *(pl.col(c).cast(pl.Float64).alias(n) for n, c in columns.items()))
    return values.filter(pl.all_horizontal(pl.col(name).is_not_null() & (pl.col(name) != MISSING) for name in columns))
