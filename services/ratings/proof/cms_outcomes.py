"""Verdicts of Hospital Compare, about 2011, from the limits that it printed (methods, section 3.5)."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from services.ratings.methods.arrays import Figures, FloatArray
from services.ratings.methods.funnel import positions
from services.ratings.proof.agreement import Agreement, Claim, Frames, floats

ENTRY = "cms-outcomes"
VERDICTS = Claim(
    "us-cms-outcomes", "Better, Worse or No Different by the published limits and one national rate per measure",
    "equal", (ENTRY,), 21_544, 21_544, named=frozenset(),
    why="The file prints no national rate: one rate per measure satisfies every row of it.",
)  # fmt: skip
CLAIMS = (VERDICTS,)
WORDS = {"above_warning": "Worse", "below_warning": "Better", "within": "No Different"}
SUFFIX = " than U.S. National Rate"


@dataclass(frozen=True)
class Measure:
    """One of the six measures: its words in the header and the national rate in percent."""

    kind: str
    condition: str
    national_rate: float

    @property
    def base(self) -> str:
        event = "death_mortality" if self.kind == "mortality" else "readmission"
        return f"hospital_30_day_{event}_rates_from_{self.condition}"

    def rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`key`, `lower`, `upper` and `verdict` of the hospitals that have limits."""
        return frame.select(
            pl.concat_str("provider_number", pl.lit(f" {self.kind} {self.condition}")).alias("key"),
            pl.col(f"lower_{self.kind}_estimate_{self.base}").cast(pl.Float64).alias("lower"),
            pl.col(f"upper_{self.kind}_estimate_{self.base}").cast(pl.Float64).alias("upper"),
            pl.col(f"comparison_to_u_s_rate_{self.base}").alias("verdict"),
            pl.lit(self.national_rate).alias("national_rate"),
        ).filter(pl.col("lower").is_not_null() & pl.col("upper").is_not_null())


MEASURES = (
    Measure("mortality", "heart_attack", 15.5),
    Measure("mortality", "heart_failure", 11.6),
    Measure("mortality", "pneumonia", 12.0),
    Measure("readmission", "heart_attack", 19.7),
    Measure("readmission", "heart_failure", 24.7),
    Measure("readmission", "pneumonia", 18.5),
)


def agreements(frames: Frames) -> list[Agreement]:
    """The one line of Hospital Compare: six measures, hospital by hospital."""
    rows = pl.concat([measure.rows(frames[ENTRY]) for measure in MEASURES])
    found = verdicts(floats(rows, "lower"), floats(rows, "upper"), floats(rows, "national_rate"))
    return [VERDICTS.met_by(rows["key"].to_list(), (rows["verdict"] == pl.Series(found)).fill_null(False).to_numpy())]


def verdicts(lower: FloatArray, upper: FloatArray, national_rate: FloatArray) -> list[str]:
    """The publisher's words: limits that touch the national rate are no difference."""
    above, below = Figures.all_of(lower).above(national_rate), Figures.all_of(upper).below(national_rate)
    never = np.zeros(above.shape, dtype=np.bool_)
    return [WORDS[word] + SUFFIX for word in positions(above, never, below, never).tolist()]
