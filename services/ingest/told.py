"""Canonical columns with no column of the file behind them: what the source says, or the file's form and name."""

import re
from datetime import date
from typing import Literal

import polars as pl
from pydantic import Field

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
    `periods` says which days that part stands for. A file whose name says nothing known is refused."""

    type: Literal["named-period"]
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    edge: Literal["first-day", "last-day"]
    pattern: str
    periods: dict[str, tuple[date, date]] = Field(min_length=1)
    keep: Literal[True] = True

    @property
    def dtype(self) -> pl.DataType:
        return pl.Date()

    def of_file(self, name: str | None) -> "Constant | None":
        """The day that this file's name tells; None where it tells none that is known."""
        found = re.search(self.pattern, name or "")
        days = self.periods.get(found.group(1)) if found else None
        if days is None:
            return None
        return Constant(type="constant", name=self.name, value=days[0] if self.edge == "first-day" else days[1])


class Constant(Layout):
    """The same text or day in every row: what the publisher says of the file, and the file itself does not."""

    type: Literal["constant"]
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    value: date | str
    keep: Literal[True] = True

    @property
    def dtype(self) -> pl.DataType:
        return pl.Date() if isinstance(self.value, date) else pl.String()
