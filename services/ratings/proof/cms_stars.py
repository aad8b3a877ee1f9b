"""CMS overall hospital star rating of April 2021, from measures to stars (methods, section 3.4)."""

import numpy as np
import polars as pl

from services.ratings.methods.arrays import BoolArray
from services.ratings.methods.composites.cms_april_2021 import CMS_APRIL_2021
from services.ratings.methods.composites.star_rating import star_rating
from services.ratings.proof.agreement import Agreement, Claim, Frames, floats, near

SOURCE = "us-cms-star-rating"
MEASURES, PUBLISHED = "cms-star-input", "cms-star-output"
HOSPITAL = "provider_id"
GROUP_VALUE, SUMMARY = 5e-9, 6e-10
# our name of a group: its published value, its count of measures, its shared-out weight
COLUMNS = {
    "mortality": ("std_outcomes_mortality_score", "outcomes_mortality_cnt", "weight_outcomes_mortality"),
    "safety": ("std_outcomes_safety_score", "outcomes_safety_cnt", "weight_outcomes_safety"),
    "readmission": ("std_outcomes_readmission_score", "outcomes_readmission_cnt", "weight_outcomes_readmission"),
    "experience": ("std_patientexp_score", "patient_experience_cnt", "weight_patientexperience"),
    "timely": ("std_process_score", "process_cnt", "weight_process"),
}


def _claim(what: str, tolerance: str, why: str = "") -> Claim:
    return Claim(SOURCE, what, tolerance, (MEASURES, PUBLISHED), 4536, 4536, why, frozenset())


VALUES = _claim("values of the five groups: mean of standardised measures, standardised again", "within 5e-9")
COUNTS = _claim("measures counted in each of the five groups", "equal")
WEIGHTS = _claim("weights shared out over the groups present (a group that is absent weighs 0)", "within 6e-10")
SUMMARIES = _claim("summary value", "within 6e-10")
REPORTED = _claim("which hospitals are rated: three groups with three measures, one of mortality or safety", "equal")
STARS = Claim(
    SOURCE, "stars 1 to 5 of the rated hospitals: two-pass k-means within each peer group", "equal",
    (MEASURES, PUBLISHED), 3355, 3355,
    "The published rule is not the grouping with the smallest sum of squares: that one gives 3,256 of these stars, and "
    "our own schemes use it.", frozenset(),
)  # fmt: skip
PEERS = Claim(
    SOURCE, "peer group of the rated hospitals: number of groups with three measures", "equal", (MEASURES, PUBLISHED),
    3355, 3355, named=frozenset(),
)  # fmt: skip
CLAIMS = (VALUES, COUNTS, WEIGHTS, SUMMARIES, REPORTED, PEERS, STARS)


def agreements(frames: Frames) -> list[Agreement]:
    """The seven lines of the star rating."""
    rows = _side_by_side(frames)
    keys = rows[HOSPITAL].to_list()
    reported = (rows["report_indicator"] == 1).fill_null(False)
    rated = rows.filter(reported)
    of_rated = rated[HOSPITAL].to_list()
    return [
        VALUES.met_by(keys, _every(rows, "_value", 0, GROUP_VALUE)),
        COUNTS.met_by(keys, _every(rows, "_measures", 1, 0)),
        WEIGHTS.met_by(keys, _every(rows.with_columns(pl.col("^.*weight.*$").fill_null(0.0)), "_weight", 2, SUMMARY)),
        SUMMARIES.met_by(keys, _same(rows, "summary", "summary_score", SUMMARY)),
        REPORTED.met_by(keys, (rows["star_found"].is_not_null() == reported).to_numpy()),
        PEERS.met_by(of_rated, _same(rated, "peer_group", "cnt_grp_number", 0)),
        STARS.met_by(of_rated, _same(rated, "star_found", "star", 0)),
    ]


def _side_by_side(frames: Frames) -> pl.DataFrame:
    """Every hospital of the output with what the recipe gives for it. Raises ValueError where the files are not about
    the same hospitals: one that the input lacks has no star, and would agree with one that was not rated."""
    measures = frames[MEASURES]
    capitals = {name: name.upper() for name in measures.columns if name != HOSPITAL}
    found = star_rating(measures.rename(capitals), CMS_APRIL_2021, HOSPITAL).rename({"star": "star_found"})
    published = frames[PUBLISHED].with_columns(
        cnt_grp_number=pl.col("cnt_grp").str.extract(r"groups=(\d)$").cast(pl.Int64)
    )
    if set(published[HOSPITAL]) != set(found[HOSPITAL]):
        raise ValueError("input and output are not about the same hospitals")
    return published.join(found, on=HOSPITAL, how="left", validate="1:1").sort(HOSPITAL)


def _every(rows: pl.DataFrame, suffix: str, which: int, most: float) -> BoolArray:
    """Where all five groups agree."""
    each = [_same(rows, f"{group}{suffix}", published[which], most) for group, published in COLUMNS.items()]
    return np.asarray(np.logical_and.reduce(each))


def _same(rows: pl.DataFrame, found: str, published: str, most: float) -> BoolArray:
    """Where two columns agree; two absent figures do."""
    absent = (rows[found].is_null() & rows[published].is_null()).to_numpy()
    return np.asarray(absent | near(floats(rows, found), floats(rows, published), most))
