"""The types a column of a sent file can have: each says how its text becomes a value, and what is refused.

Text arrives trimmed of spaces and tabs, but for a tab before a `text`. A value is null where the text is not of the
type; the checks say so by code.
"""

import re
from collections.abc import Sequence
from datetime import date
from functools import partial, reduce
from operator import or_
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

import polars as pl
from pydantic import Field, field_validator, model_validator

from services.ingest import days
from services.ingest.layout import Layout
from services.ingest.personal import Personal
from services.ingest.told import AggregateFlag, Constant, LineNumber, NamedPeriod

__all__ = ["AggregateFlag", "Constant", "Layout", "LineNumber", "NamedPeriod"]  # types of columns, wherever they are
Bound = float | None
Reason = Literal[
    "suppressed",
    "small_numbers",
    "not_available",
    "not_applicable",
    "not_collected",
    "no_procedures",
    "insufficient_records",
    "not_known",
    "missing",
    "withheld",
]
"""Why a value is absent, as its publisher says it. A closed list; tokens are mapped to it, never guessed."""
WHOLE = r"^-?[0-9]+$"
WHOLE_WITH_POINT = r"^-?[0-9]+(\.0+)?$"
DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"
WITH_EXPONENT = r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?$"
RUN = ("=", "@", "\t", "+", "-")
SIGNED = r"^[-+] ?[0-9.,][0-9 .,]*%?$"
BARE: Final = re.compile(r"\^((?:[A-Z]|\[A-Z\](?:\{[0-9]+\})?)*)\[0-9\]\{([0-9]+)\}\$")
"""A pattern of so many capital letters and then so many digits."""
DASHED = r"^- *(,[ 0-9A-Z&,]*)?$"
PLAIN = "text that no spreadsheet would run: no =, @ or tab before it, nor a sign before anything but a number"


class Check(NamedTuple):
    """`failed` is true on the rows to set aside under `code`; `expected` says what would have been accepted. `found`
    is what the sender is told instead of the cell, where that must not be repeated."""

    failed: pl.Expr
    code: str
    expected: str
    found: pl.Expr | None = None


class Column(Layout):
    """One canonical column. With `keep = false` it is checked like the others, and left out of the snapshot.

    `from` names the column of the file, by several names where layouts of the same file differ. A column that some
    layouts lack is null in those: `required = "where-sent"` asks for a value in the others.

    `absent`: texts that mean "no value" in this column, beside those of the source, each with its reason; they stand
    also where a value is required, which asks that the cell be filled in. With `keep_reason` the snapshot has a column
    `<name>_absent` too: the reason where there is no value, and `missing` where none is told. `unit`: what its numbers
    count or measure. `may_hold`: what would be set aside as personal elsewhere, and is not here, such as
    the postcode of an organisation; `why` says why.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    aliases: tuple[str, ...] = Field(alias="from", min_length=1)
    required: bool | Literal["unless-aggregate", "where-sent"] = True
    when_missing: str | None = None
    keep: bool = True
    absent: dict[str, Reason] = Field(default_factory=dict)
    keep_reason: bool = False
    unit: str | None = None
    may_hold: tuple[Personal, ...] = ()
    why: str | None = None

    @field_validator("aliases", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given

    @property
    def source(self) -> str:
        """What the file calls it; of several names the first, until a file's own header has chosen."""
        return self.aliases[0]

    def called(self, header: Sequence[str]) -> Self:
        """This column under the name that `header` has for it; the same where it has none."""
        found = tuple(name for name in self.aliases if name in header)
        return self.model_copy(update={"aliases": found}) if found else self

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.may_hold and not self.why:
            raise ValueError(f"{self.name} may hold {', '.join(self.may_hold)}, and does not say why")
        if self.keep_reason and not self.keep:
            raise ValueError(f"{self.name} is not kept, so no reason can stand beside it")
        return self

    @property
    def reason_name(self) -> str:
        """The canonical column of its reasons, where they are kept."""
        return f"{self.name}_absent"

    @property
    def dtype(self) -> pl.DataType:
        return pl.String()

    def parse(self, text: pl.Expr) -> pl.Expr:
        return text

    def checks(self, text: pl.Expr, value: pl.Expr) -> list[Check]:  # noqa: ARG002  # the base refuses nothing
        return []


class Text(Column):
    """With `leading_dash` texts may begin with a dash that says "none", as in lists of codes: it is no formula."""

    type: Literal["text"]
    most_characters: int = 200
    pattern: str | None = None
    form: str = "text"
    leading_dash: bool = False

    def checks(self, text: pl.Expr, value: pl.Expr) -> list[Check]:  # noqa: ARG002
        allowed = f"at most {self.most_characters} characters"
        runs = partial(_is_run, harmless=self._harmless)
        found = [
            Check(text.map_batches(runs, return_dtype=pl.Boolean(), is_elementwise=True), "formula", PLAIN),
            Check(text.str.len_chars() > self.most_characters, "out-of-range", allowed),
        ]
        if self.pattern is not None:
            found.append(Check(~text.str.contains(self.pattern), "not-of-form", self.form))
        return found

    @property
    def is_bare(self) -> bool:
        """Whether its pattern alone says that a text runs in no spreadsheet, is no longer than it may be, and holds
        nobody: capital letters and then digits, fewer than a day has, or than an NHS number behind a letter."""
        found = BARE.fullmatch(self.pattern or "")
        if found is None:
            return False
        letters = sum(int(times or 1) for times in re.findall(r"\[A-Z\](?:\{([0-9]+)\})?|[A-Z]", found[1]))
        digits = int(found[2])
        return digits < (10 if letters else 8) and letters + digits <= self.most_characters

    @property
    def _harmless(self) -> str:
        return f"{SIGNED}|{DASHED}" if self.leading_dash else SIGNED


class Identifier(Column):
    """Digits (and capital letters, where `letters`) sent by some files without leading zeros; padded to `width`."""

    type: Literal["identifier"]
    width: int = Field(ge=1)
    letters: bool = False

    def parse(self, text: pl.Expr) -> pl.Expr:
        return text.str.zfill(self.width)

    def checks(self, text: pl.Expr, value: pl.Expr) -> list[Check]:  # noqa: ARG002
        if self.letters:
            form = rf"^[0-9A-Z]{{1,{self.width}}}$"
            return [Check(~text.str.contains(form), "not-of-form", f"1 to {self.width} digits and capital letters")]
        form = rf"^[0-9]{{1,{self.width}}}$"
        return [Check(~text.str.contains(form), "not-a-number", f"1 to {self.width} digits")]


class Code(Column):
    type: Literal["code"]
    codes: list[str] = Field(min_length=1)

    def checks(self, text: pl.Expr, value: pl.Expr) -> list[Check]:  # noqa: ARG002
        return [Check(~text.is_in(self.codes), "not-in-list", "one of: " + ", ".join(self.codes))]


class SlugOf(Column):
    """A published name, replaced by the slug that `mapping` gives for it."""

    type: Literal["slug"]
    mapping: dict[str, str] = Field(min_length=1)

    def parse(self, text: pl.Expr) -> pl.Expr:
        return text.replace_strict(self.mapping, default=None, return_dtype=pl.String)

    def checks(self, text: pl.Expr, value: pl.Expr) -> list[Check]:  # noqa: ARG002
        return [Check(value.is_null(), "not-in-list", "one of: " + ", ".join(self.mapping))]


class Flag(Column):
    """A yes or a no, in the words that the file has for them."""

    type: Literal["flag"]
    yes: list[str] = Field(min_length=1)
    no: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _either(self) -> Self:
        if both := sorted(set(self.yes) & set(self.no)):
            raise ValueError(f"{self.name} says both yes and no with {', '.join(both)}")
        return self

    @property
    def dtype(self) -> pl.DataType:
        return pl.Boolean()

    def parse(self, text: pl.Expr) -> pl.Expr:
        return pl.when(text.is_in(self.yes)).then(True).when(text.is_in(self.no)).then(False)

    def checks(self, text: pl.Expr, value: pl.Expr) -> list[Check]:  # noqa: ARG002
        return [Check(value.is_null(), "not-in-list", "one of: " + ", ".join([*self.yes, *self.no]))]


class Pseudonym(Column):
    """A patient's key, replaced by its HMAC-SHA256 (32 hexadecimal digits) under a key that no database holds, as it
    is read: what was sent is in no table. Which patients of two files are one can be told, who they are cannot."""

    type: Literal["pseudonym"]
    most_characters: int = Field(default=64, ge=1)

    def checks(self, text: pl.Expr, value: pl.Expr) -> list[Check]:  # noqa: ARG002
        allowed = f"at most {self.most_characters} characters"
        characters = text.str.len_chars()
        return [
            Check(characters > self.most_characters, "out-of-range", allowed, pl.format("{} characters", characters))
        ]


class Number(Column):
    """With `thousands` commas may group digits by three; each number ends with `suffix`, such as a percent sign, which
    is left out."""

    min: Bound = None
    max: Bound = None
    thousands: bool = False
    suffix: str = ""

    def _form(self, plain: str) -> str:
        """`plain`, whose whole part may be grouped, before the suffix."""
        grouped = plain.replace("[0-9]+", "(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)", 1) if self.thousands else plain
        return grouped.removesuffix("$") + re.escape(self.suffix) + "$"

    def _bare(self, text: pl.Expr) -> pl.Expr:
        bare = text.str.strip_suffix(self.suffix) if self.suffix else text
        return bare.str.replace_all(",", "", literal=True) if self.thousands else bare

    def _noun(self, noun: str) -> str:
        written = f", written with {self.suffix} at its end" if self.suffix else ""
        return f"{noun}{limits(self.min, self.max)}{written}"

    def _outside(self, value: pl.Expr, noun: str) -> Check:
        low = pl.lit(False) if self.min is None else value < self.min
        high = pl.lit(False) if self.max is None else value > self.max
        return Check(low | high | value.is_null(), "out-of-range", f"{noun}{limits(self.min, self.max)}")


class Whole(Number):
    """With `decimal`, whole numbers may be written like 5.0; anything after the point but zeros is refused."""

    type: Literal["int"]
    bits: Literal[8, 64] = 64
    decimal: bool = False

    @property
    def dtype(self) -> pl.DataType:
        return pl.Int8() if self.bits == 8 else pl.Int64()

    @property
    def form(self) -> str:
        return self._form(WHOLE_WITH_POINT if self.decimal else WHOLE)

    def parse(self, text: pl.Expr) -> pl.Expr:
        bare = self._bare(text)
        digits = bare.str.replace(r"\.0+$", "") if self.decimal else bare
        return pl.when(text.str.contains(self.form)).then(digits).cast(self.dtype, strict=False)

    def checks(self, text: pl.Expr, value: pl.Expr) -> list[Check]:
        return [
            Check(~text.str.contains(self.form), "not-a-number", self._noun("a whole number")),
            self._outside(value, "a whole number"),
        ]


class Decimal(Number):
    """With `exponents`, numbers may be written like 7.6e-05, as some programs do unasked."""

    type: Literal["float"]
    exponents: bool = False

    @property
    def dtype(self) -> pl.DataType:
        return pl.Float64()

    @property
    def form(self) -> str:
        return self._form(WITH_EXPONENT if self.exponents else DECIMAL)

    def parse(self, text: pl.Expr) -> pl.Expr:
        """Of -0.0 and the 0.0 that equals it, the latter; too many digits become null, not infinity."""
        value = pl.when(text.str.contains(self.form)).then(self._bare(text)).cast(pl.Float64, strict=False)
        return pl.when(value == 0).then(0.0).when(value.is_finite()).then(value)

    def checks(self, text: pl.Expr, value: pl.Expr) -> list[Check]:
        return [
            Check(~text.str.contains(self.form), "not-a-number", self._noun("a number")),
            self._outside(value, "a number"),
        ]


class Day(Column):
    """A day, written in one of `forms`: `2025-01-31`, `20250131`, `31/01/2025`, `31Jan2025`."""

    type: Literal["date"]
    first: date
    last: date
    forms: tuple[days.DayForm, ...] = Field(default=("iso",), min_length=1)

    @property
    def dtype(self) -> pl.DataType:
        return pl.Date()

    def parse(self, text: pl.Expr) -> pl.Expr:
        return days.day(text, self.forms)

    def checks(self, text: pl.Expr, value: pl.Expr) -> list[Check]:  # noqa: ARG002
        between = f"a day from {self.first} to {self.last}"
        return [
            Check(value.is_null(), "not-a-date", days.day_like(self.forms)),
            Check((value < self.first) | (value > self.last), "out-of-range", between),
        ]


class Period(Column):
    """The first or the last day of a period. `form`: of a year ("2012") or of a run of years ("2012-2014", both
    included); of a month in words ("JUNE-2024") or in figures ("2024-06", "2024-06-01"); of an English financial year,
    April to March ("0102", "2001-02"). `before` is left out where the text begins with it, such as "MSitAE-".
    Its days lie in years from `first_year` to `last_year`; a financial year is in two."""

    type: Literal["period"]
    edge: Literal["first-day", "last-day"]
    form: days.PeriodForm = "years"
    before: str = ""
    first_year: int
    last_year: int

    @property
    def dtype(self) -> pl.DataType:
        return pl.Date()

    @model_validator(mode="after")
    def _one_century(self) -> Self:
        if self.form == "financial-year" and not 0 <= self.last_year - self.first_year < 100:
            raise ValueError(f"{self.name} has two digits for years, and they span more than a century")
        return self

    def parse(self, text: pl.Expr) -> pl.Expr:
        first, last = days.edges(self._bare(text), self.form, self.first_year)
        return first if self.edge == "first-day" else last

    def checks(self, text: pl.Expr, value: pl.Expr) -> list[Check]:
        first, last = days.years_of(self._bare(text), self.form, self.first_year)
        between = f"years from {self.first_year} to {self.last_year}"
        like = days.LIKE[self.form] + (f", behind {self.before}" if self.before else "")
        return [
            Check(value.is_null(), "not-a-date", like),
            Check((first < self.first_year) | (last > self.last_year), "out-of-range", between),
        ]

    def _bare(self, text: pl.Expr) -> pl.Expr:
        return text.str.strip_prefix(self.before) if self.before else text


Sent = Text | Identifier | Code | SlugOf | Flag | Pseudonym | Whole | Decimal | Day | Period
AnyColumn = Annotated[Sent | AggregateFlag | LineNumber | NamedPeriod | Constant, Field(discriminator="type")]


def _is_run(texts: pl.Series, harmless: str) -> pl.Series:
    """Whether a spreadsheet would run each of `texts`, shape (n,). Few begin so: only then more is asked."""
    begins = reduce(or_, (texts.str.starts_with(mark) for mark in RUN))
    return begins & ~texts.str.contains(harmless) if begins.any() else begins


def limits(low: Bound, high: Bound) -> str:
    """` from 0 to 100`, ` of at least 0`, ` of at most 100`, or nothing."""
    if low is not None and high is not None:
        return f" from {low:,.12g} to {high:,.12g}"
    if low is not None:
        return f" of at least {low:,.12g}"
    return "" if high is None else f" of at most {high:,.12g}"
