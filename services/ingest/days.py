"""How days and periods are written in files, and what they are: each form is a shape that no other form has."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import polars as pl

DayForm = Literal["iso", "compact", "slashed", "short-month"]
PeriodForm = Literal["years", "month-in-words", "month", "financial-year"]
MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
SHORT: Final = {month[:3]: f"{number:02d}" for number, month in enumerate(MONTHS, 1)}
FULL: Final = {month: f"{number:02d}" for number, month in enumerate(MONTHS, 1)}
YEARS: Final = r"^([0-9]{4})(?:-([0-9]{4}))?$"
MONTH: Final = r"^([0-9]{4})-([0-9]{2})(?:-01)?$"
IN_WORDS: Final = rf"^(?i:({'|'.join(MONTHS)}))[- ]([0-9]{{4}})$"
FINANCIAL: Final = r"^(?:[0-9]{2})?([0-9]{2})-?([0-9]{2})$"
CENTURY: Final = r"^([0-9]{2})[0-9]{2}-[0-9]{2}$"


class Written(NamedTuple):
    """A form of a day: its shape, the places of year, month and day among the shape's groups, and an example."""

    shape: str
    year: int
    month: int
    day: int
    like: str


DAYS: Final[dict[DayForm, Written]] = {
    "iso": Written(r"^([0-9]{4})-([0-9]{2})-([0-9]{2})$", 1, 2, 3, "2025-01-31"),
    "compact": Written(r"^([0-9]{4})([0-9]{2})([0-9]{2})$", 1, 2, 3, "20250131"),
    "slashed": Written(r"^([0-9]{2})/([0-9]{2})/([0-9]{4})$", 3, 2, 1, "31/01/2025"),
    "short-month": Written(rf"^([0-9]{{2}})((?i:{'|'.join(SHORT)}))([0-9]{{4}})$", 3, 2, 1, "31Jan2025"),
}
LIKE: Final[dict[PeriodForm, str]] = {
    "years": "a year like 2012, or years like 2012-2014",
    "month-in-words": "a month like June-2024",
    "month": "a month like 2024-06, or its first day",
    "financial-year": "an English financial year like 0102 or 2001-02",
}


def day(text: pl.Expr, forms: Sequence[DayForm]) -> pl.Expr:
    """The day that `text` is in one of `forms`; null where it is in none, or no day of the calendar."""
    return pl.coalesce(_day(text, form) for form in forms)


def day_like(forms: Sequence[DayForm]) -> str:
    return "a day of the calendar, written like " + " or ".join(DAYS[form].like for form in forms)


def _day(text: pl.Expr, form: DayForm) -> pl.Expr:
    written = DAYS[form]
    if form == "iso":
        return pl.when(text.str.contains(written.shape)).then(text).str.to_date("%Y-%m-%d", strict=False)
    month = text.str.extract(written.shape, written.month)
    if form == "short-month":
        month = month.str.to_lowercase().replace_strict(SHORT, default=None, return_dtype=pl.String)
    parts = (text.str.extract(written.shape, written.year), month, text.str.extract(written.shape, written.day))
    return pl.concat_str(parts, separator="-").str.to_date("%Y-%m-%d", strict=False)


def years_of(text: pl.Expr, form: PeriodForm, first_year: int) -> tuple[pl.Expr, pl.Expr]:
    """The first and the last year that `text` speaks of; null where it is no period of this form.

    Of a financial year's two digits the century is the one that puts it among the hundred years from `first_year`.
    """
    if form == "years":
        first = text.str.extract(YEARS, 1).cast(pl.Int32)
        last = pl.coalesce(text.str.extract(YEARS, 2).cast(pl.Int32), first)
        return pl.when(first <= last).then(first), pl.when(first <= last).then(last)
    if form == "financial-year":
        first = _financial_year(text, first_year)
        return first, first + 1
    shape, group = (IN_WORDS, 2) if form == "month-in-words" else (MONTH, 1)
    year = pl.when(_month(text, form).is_between(1, 12)).then(text.str.extract(shape, group).cast(pl.Int32))
    return year, year


def edges(text: pl.Expr, form: PeriodForm, first_year: int) -> tuple[pl.Expr, pl.Expr]:
    """The first and the last day of the period that `text` is; null where it is none of this form."""
    first, last = (year.clip(1, 9998) for year in years_of(text, form, first_year))
    if form in ("month", "month-in-words"):
        begin = pl.date(first, _month(text, form).clip(1, 12), 1)
        return begin, begin.dt.month_end()
    month = 4 if form == "financial-year" else 1
    begin, end = pl.date(first, month, 1), pl.date(last, 3 if month == 4 else 12, 31)  # April
    return begin, end


def _financial_year(text: pl.Expr, first_year: int) -> pl.Expr:
    begins, ends = (text.str.extract(FINANCIAL, group).cast(pl.Int32) for group in (1, 2))
    century = text.str.extract(CENTURY, 1).cast(pl.Int32)
    near = first_year + (begins - first_year) % 100
    year = pl.when(century.is_not_null()).then(century * 100 + begins).otherwise(near)
    return pl.when(ends == (begins + 1) % 100).then(year)


def _month(text: pl.Expr, form: PeriodForm) -> pl.Expr:
    if form == "month":
        return text.str.extract(MONTH, 2).cast(pl.Int32)
    named = text.str.extract(IN_WORDS, 1).str.to_lowercase()
    return named.replace_strict(FULL, default=None, return_dtype=pl.String).cast(pl.Int32)
