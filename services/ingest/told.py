"""Canonical columns with no column of the file behind them: what the source says, or the file's form and name."""

import re
from datetime import date
from typing import Literal, Self

import polars as pl
from pydantic import Field, model_validator

from services.ingest.days import LIKE, PeriodForm, edges
from services.ingest.layout import Layout


class AggregateFlag(Layout):
    """A canonical column that says whether the source's aggregate rule holds; no column of the file is behind it."""

    type: Literal["aggregate"]
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    keep: Literal[True] = True

    @property
    def dtype(self) -> pl.DataType:
        return pl.Boolean()


class LineNumber(Layout):
    """The number of the line in its file: the key of files that have none of their own. Rows keep the file's order, and
    no line is another's duplicate; a second file of such a feed speaks of the same lines."""

    type: Literal["line"]
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    keep: Literal[True] = True

    @property
    def dtype(self) -> pl.DataType:
        return pl.Int64()


class NamedPeriod(Layout):
    """The first or the last day of the period that the file's own name tells: `pattern` finds a part of the name, and
    `periods` says which days that part stands for, or `form` how a period is written there (`columns.Period`). A file
    whose name says nothing known is refused."""

    type: Literal["named-period"]
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    edge: Literal["first-day", "last-day"]
    pattern: str
    periods: dict[str, tuple[date, date]] = Field(default_factory=dict)
    form: PeriodForm | None = None
    first_year: int = 2000
    keep: Literal[True] = True

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.periods) == (self.form is not None):
            raise ValueError(f"{self.name} says which periods there are, or in which form they are written")
        if re.compile(self.pattern).groups < 1:
            raise ValueError(f"{self.name} has a pattern without a group, which would be the period")
        return self

    @property
    def dtype(self) -> pl.DataType:
        return pl.Date()

    @property
    def expected(self) -> str:
        """What a name should tell."""
        return f"a name with {LIKE[self.form]}" if self.form else f"a name with one of {', '.join(self.periods)}"

    def of_file(self, name: str | None) -> "Constant | None":
        """The day that this file's name tells; None where it tells none that is known."""
        found = re.search(self.pattern, name or "")
        first, last = self._days(found.group(1)) if found else (None, None)
        day = first if self.edge == "first-day" else last
        return None if day is None else Constant(type="constant", name=self.name, value=day)

    def _days(self, text: str) -> tuple[date | None, date | None]:
        if self.form is None:
            return self.periods.get(text, (None, None))
        first, last = edges(pl.lit(text), self.form, self.first_year)
        days: tuple[date | None, date | None] = pl.select(first=first, last=last).row(0)
        return days


class Constant(Layout):
    """The same text or day in every row: what the publisher says of the file, and the file itself does not."""

    type: Literal["constant"]
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    value: date | str
    keep: Literal[True] = True

    @property
    def dtype(self) -> pl.DataType:
        return pl.Date() if isinstance(self.value, date) else pl.String()
