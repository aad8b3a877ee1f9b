"""New York State, cardiac surgery and PCI 2008-2015: figures as the release has them (methods, section 3.1).

Of a release only the places among providers are left out: they are not part of what New York printed.
"""

from collections.abc import Iterable

import numpy as np
import polars as pl

from services.ratings.assembly.comparing import ComparisonSet
from services.ratings.assembly.figures import figures_of
from services.ratings.assembly.schema import Span
from services.ratings.indicators.definition import Definition
from services.ratings.methods.arrays import BoolArray, FloatArray
from services.ratings.proof.agreement import Agreement, Claim, Frames, floats, keys_of

SOURCE = "ny-cardiac"
ENTRY = "ny-hospitals"
HALF_DIGIT = 0.005  # rates, limits and EMR were printed with two decimals
KEY = ("provider", "measure", "period_start", "period_end")
RANGE = "within .005 of the range that EMR -/+ .005 leaves open (EMR is printed with two decimals)"


def _claim(what: str, tolerance: str, why: str = "") -> Claim:
    return Claim(SOURCE, what, tolerance, (ENTRY,), 1578, 1578, why, frozenset())


STATE = Claim(
    SOURCE, "deaths and cases of each statewide row: the sums of its hospital rows", "equal", (ENTRY,), 31, 31,
    named=frozenset(),
)  # fmt: skip
VERDICTS = _claim(
    "verdicts: Byar's 95% limits, interval test", "equal",
    "With exact Poisson limits it would be 1,577: NYU Hospitals Center, CABG 2011.",
)  # fmt: skip
RATES = _claim("risk-adjusted rates: O / E x statewide rate", RANGE)
LOWER = _claim("lower limits: Byar, 95%, 0 without deaths", RANGE)
UPPER = _claim(
    "upper limits: Byar, 95%, capped at 100% for periods that end from 2013 on", RANGE,
    "The cap is dated from the file: 140.57 and 125.27 were printed for 2011 and 2012, 100.00 three times later.",
)  # fmt: skip
CLAIMS = (STATE, VERDICTS, RATES, LOWER, UPPER)


def agreements(frames: Frames, definitions: Iterable[Definition]) -> list[Agreement]:
    """The five lines of New York. `definitions`: the catalogue's indicators; those of this feed are computed."""
    printed = frames[ENTRY]
    own = [one for one in definitions if one.source.feed == SOURCE]
    hospitals = printed.filter(~pl.col("aggregate")).sort(*KEY)
    middle, low, high = (_results(printed, own, hospitals, shift) for shift in (0.0, HALF_DIGIT, -HALF_DIGIT))
    keys = keys_of(hospitals, *KEY)
    verdicts = (middle["words"] == hospitals["published_verdict"]).fill_null(False).to_numpy()
    return [
        _statewide(printed),
        VERDICTS.met_by(keys, verdicts),
        *(
            claim.met_by(keys, _in_range(floats(hospitals, published), floats(low, made), floats(high, made)))
            for claim, published, made in (
                (RATES, "published_rate", "estimate"),
                (LOWER, "published_lower", "interval_lower"),
                (UPPER, "published_upper", "interval_upper"),
            )
        ),
    ]


def _results(
    printed: pl.DataFrame, definitions: list[Definition], hospitals: pl.DataFrame, shift: float
) -> pl.DataFrame:
    """A release's figures of each hospital row, in their order, had EMR been printed this much higher."""
    moved = printed.with_columns(pl.col("expected_percent") + shift)
    rows = pl.concat([_with_words(moved, definition) for definition in definitions])
    return hospitals.select(*KEY).join(rows, on=list(KEY), how="left", validate="1:1", maintain_order="left")


def _with_words(printed: pl.DataFrame, definition: Definition) -> pl.DataFrame:
    """Figures of one measure, period by period, and the publisher's words for each position."""
    said = definition.words
    words = {
        "above_warning": said.above, "above_control": said.above, "within": said.within,
        "below_warning": said.below, "below_control": said.below,
    }  # fmt: skip
    rows = printed.filter(pl.col("measure") == definition.source.measure).sort(*KEY)
    periods = [figures_of(*_comparison(one, definition))[0] for one in rows.partition_by(*KEY[1:], maintain_order=True)]
    return pl.concat(periods).select(
        pl.col("subject").alias("provider"), pl.lit(definition.source.measure).alias("measure"), "period_start",
        "period_end", "estimate", "interval_lower", "interval_upper",
        pl.col("position").replace_strict(words, return_dtype=pl.String).alias("words"),
    )  # fmt: skip


def _comparison(rows: pl.DataFrame, definition: Definition) -> tuple[pl.DataFrame, ComparisonSet]:
    """Hospitals of one measure and period, and the statewide rate that they are measured against."""
    [whole] = rows.filter("aggregate").iter_rows(named=True)
    subjects = rows.filter(~pl.col("aggregate")).select(
        pl.col("provider").alias("subject"), pl.col("provider").alias("provider_id"),
        pl.lit(None, pl.String).alias("consultant_id"), "cases", "observed",
        (pl.col("expected_percent") * pl.col("cases") / 100).alias("expected"),
    )  # fmt: skip
    span = Span(whole["period_start"], whole["period_end"])
    return subjects, ComparisonSet(definition, "provider", span, whole["observed"] / whole["cases"])


def _in_range(published: FloatArray, low: FloatArray, high: FloatArray) -> BoolArray:
    return np.asarray((published >= low - HALF_DIGIT) & (published <= high + HALF_DIGIT))


def _statewide(printed: pl.DataFrame) -> Agreement:
    whole = pl.col("aggregate")
    sums = (
        printed.group_by(*KEY[1:])
        .agg(
            pl.col("observed", "cases").filter(whole).sum().name.prefix("state_"),
            pl.col("observed", "cases").filter(~whole).sum(),
        )
        .sort(*KEY[1:])
    )
    equal = (sums["state_observed"] == sums["observed"]) & (sums["state_cases"] == sums["cases"])
    return STATE.met_by(keys_of(sums, *KEY[1:]), equal.to_numpy())
