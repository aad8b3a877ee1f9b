"""The sentences about performance, chosen here once from small tables: no page and no reader composes one."""

from typing import Final

import polars as pl

from services.ratings.indicators.definition import Definition
from services.ratings.methods.robustness import ROBUST_FROM

ABSENT: Final = {
    "suppressed": "Not shown: small numbers",
    "not_published": "Not published. This says nothing about the quality of care",
    "not_available": "No figure can be worked out here",
}
OF_MISSING_CASES: Final = {
    "case_ascertainment_low": "Cannot tell: too many cases are missing",
    "case_ascertainment_not_published": "Cannot tell: how many cases are missing is not published",
}
"""By why a row is not compared."""
AS_EXPECTED: Final = "As expected"
FURTHER: Final = "As expected, though further from the average than most"
WORSE: Final = "Worse than expected: a signal to look closer, not proof of poor care"
BETTER: Final = "Better than expected"
HIGHER: Final = "Higher than expected"
LOWER: Final = "Lower than expected"
DEPENDS: Final = "depends_on_method"  # band of a position beyond the control limits that other methods do not confirm
DEPENDS_WORDS: Final = (
    "Depends on method: beyond the limits by the method of this indicator, but not by others that are as defensible"
)

# polarity -> (band, sentence) of a result above and below the limits that give a word
MEANINGS: Final = {
    "lower_is_better": (("worse_than_expected", WORSE), ("better_than_expected", BETTER)),
    "higher_is_better": (("better_than_expected", BETTER), ("worse_than_expected", WORSE)),
    "neutral": (("higher_than_expected", HIGHER), ("lower_than_expected", LOWER)),
}


def bands(definition: Definition) -> dict[str, str]:
    """position -> band, under the indicator's polarity and the level at which a position gets a word of its own."""
    (above, _), (below, _) = MEANINGS[definition.polarity]
    at_warning = definition.limits.verdict == "warning"
    return {
        "within": "as_expected",
        "above_control": above,
        "below_control": below,
        "above_warning": above if at_warning else "as_expected",
        "below_warning": below if at_warning else "as_expected",
    }


def summaries(definition: Definition) -> dict[str, str]:
    """position, `not_rated` or status of an absent row -> the sentence. A publisher's own words come first."""
    (_, above), (_, below) = MEANINGS[definition.polarity]
    words, at_warning = definition.words, definition.limits.verdict == "warning"
    above, below = words.above or above, words.below or below
    return {
        "within": words.within or AS_EXPECTED,
        "above_control": above,
        "below_control": below,
        "above_warning": above if at_warning else FURTHER,
        "below_warning": below if at_warning else FURTHER,
        "not_rated": f"Cannot tell: too few {words.case}",
        DEPENDS: DEPENDS_WORDS,
        **OF_MISSING_CASES,
        **ABSENT,
    }


def depends_on_method(definition: Definition) -> pl.Expr:
    """Whether a position beyond the control limits holds under too few of the declared methods to be worded as one.
    A reproduced publication keeps its publisher's words: its flags are at the warning limits, and so are its paths."""
    part, whole = ROBUST_FROM
    weak = whole * pl.col("robustness_agreeing") < part * pl.col("robustness_paths")
    return weak.fill_null(value=False) & pl.lit(definition.limits.verdict == "control")


def certainty(definition: Definition) -> pl.Expr:
    """What the number of cases can show, from `power_to_detect_doubling` and `min_detectable_ratio`, to ten percent."""
    case = definition.words.case
    tens = ((pl.col("min_detectable_ratio") - 1) * 10).round().cast(pl.Int64).clip(lower_bound=1) * 10
    enough = pl.format(f"Enough {case} to notice a death rate about {{}} percent above the one expected.", tens)
    too_few = pl.lit(f"Too few {case} to notice even a doubling of the death rate.")
    return pl.when(pl.col("power_to_detect_doubling") >= 0.5).then(enough).otherwise(too_few)
