"""PROMs outlier classes of 2018-19 from the published gains (methods, section 3.3)."""

import numpy as np
import polars as pl

from services.ratings.methods.arrays import Figures
from services.ratings.methods.funnel import positions_against
from services.ratings.methods.levels import Limits
from services.ratings.proof.agreement import Agreement, Claim, Frames, floats, keys_of

SOURCE = "nhs-proms"
PUBLISHED, SERIES = "proms-published", "proms-series"
PRIMARY, TOTAL = "Hip Replacement Primary", "Total Hip Replacement"
WARNING_Z, CONTROL_Z = 1.96, 3.09  # the publisher's own digits
WORDS = {
    "above_control": "Positive outlier (99.8%)",
    "above_warning": "Positive outlier (95%)",
    "below_warning": "Negative outlier (95%)",
    "below_control": "Negative outlier (99.8%)",
    "within": "Not an outlier",
}
RULE = "z = (adjusted gain - England) / (England's standard deviation / sqrt records) at 1.96 and 3.09"

HIPS = Claim(
    SOURCE, f"outlier classes, hip replacement primary, three measures: {RULE}", "equal", (PUBLISHED, SERIES),
    695, 695, named=frozenset(),
)  # fmt: skip
EVERY = Claim(
    SOURCE, f"outlier classes, all procedures and measures: {RULE}", "equal", (PUBLISHED, SERIES), 2861, 2858,
    why="The three were published as outliers with z = 1.944, -1.953 and -1.955. A standard deviation of 7.756 to "
    "7.764 would give every Oxford class of total hip replacements; the table prints 7.828. For EQ VAS no single "
    "deviation gives them all, so NT348 was judged by a figure that is not in the table.",
    named=frozenset({f"NT218 {TOTAL} Oxford Hip Score", f"NVC09 {TOTAL} Oxford Hip Score", f"NT348 {TOTAL} EQ VAS"}),
)  # fmt: skip
CLAIMS = (HIPS, EVERY)


def agreements(frames: Frames) -> list[Agreement]:
    """The two lines of outlier classes."""
    rows = judged(frames)
    equal = (rows["found"] == rows["outlier_2018"]).fill_null(False).to_numpy()
    keys = keys_of(rows, "organisation_code", "procedure", "measure")
    primary = (rows["procedure"] == PRIMARY).to_numpy()
    of_hips = [key for key, hip in zip(keys, primary.tolist(), strict=True) if hip]
    return [HIPS.met_by(of_hips, equal[primary]), EVERY.met_by(keys, equal)]


def judged(frames: Frames) -> pl.DataFrame:
    """Providers with an adjusted gain, the class that the series prints and the class that we find."""
    table, key = frames[PUBLISHED], ["procedure", "measure"]
    england = table.filter(pl.col("organisation_type") == "England").select(
        *key, england="adjusted_average_health_gain", deviation="standard_deviation"
    )
    printed = frames[SERIES].select(*key, "outlier_2018", organisation_code="orgcode")
    rows = (
        table.filter((pl.col("organisation_type") == "Provider") & pl.col("adjusted_average_health_gain").is_not_null())
        .join(england, on=key, validate="m:1")
        .join(printed, on=["organisation_code", *key], validate="1:1")
        .sort("organisation_code", *key)
    )
    return rows.with_columns(pl.Series("found", classes(rows), dtype=pl.String))


def classes(rows: pl.DataFrame) -> list[str]:
    """The publisher's words for each row's z, from its `england`, `deviation`, `modelled_records` and gain."""
    england, deviation = floats(rows, "england"), floats(rows, "deviation")
    error = deviation / np.sqrt(floats(rows, "modelled_records"))

    def end(z: float) -> Figures:
        return Figures.all_of(england + z * error)

    limits = Limits(end(-WARNING_Z), end(WARNING_Z), end(-CONTROL_Z), end(CONTROL_Z), "england_deviation")
    return [WORDS[word] for word in positions_against(floats(rows, "adjusted_average_health_gain"), limits).tolist()]
