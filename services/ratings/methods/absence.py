"""Why a figure is not there. Suppressed and withheld are decided elsewhere, never by a method."""

from enum import StrEnum


class Status(StrEnum):
    RATED = "rated"
    NOT_RATED = "not_rated"


class Reason(StrEnum):
    """`NONE` belongs to rated rows, so that a column of reasons has no null."""

    NONE = ""
    NO_CASES = "no_cases"
    NO_EXPECTED = "no_expected"
    TOO_FEW_CASES = "too_few_cases"
    COUNT_BELOW_10 = "count_below_10"
    TOO_FEW_POINTS = "too_few_points"
    ZERO_WIDTH = "zero_width"
    TOO_FEW_PARTS = "too_few_parts"
    TOO_FEW_VALUES = "too_few_values"
    ABSENT_PART = "absent_part"


class ImpossibleExpected(ValueError):
    """Events where the model saw no risk at all (E = 0, O > 0); `rows` holds their positions."""

    def __init__(self, rows: list[int]) -> None:
        self.rows = rows
        super().__init__(f"expected is 0 where events were observed, at rows {rows}; no release can be built on this")
