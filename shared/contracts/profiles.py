"""What the contents of a submission look like, and what is surprising beside the last one of its feed.

A profile follows from what was read of a file alone: the same reading gives the same bytes. It holds no line. Of files
about patients it names no value that fewer than `FEWEST` lines have, and none at all of texts and pseudonyms.
"""

from datetime import date
from typing import Final, Literal, TypeAlias

from pydantic import Field

from shared.contracts.base import Contract, Count, Sha256, Slug
from shared.contracts.ingest import Content, Fates, SnapshotKind

FEWEST: Final = 10
MOST_FREQUENT: Final = 10
MOST_BINS: Final = 20

Day: TypeAlias = date
Type = Literal["text", "identifier", "code", "flag", "pseudonym", "whole", "number", "day"]


class Bin(Contract):
    """Rows from `low` to `high`, both included where the bin is a single value or the last, else without `high`."""

    low: float
    high: float
    rows: Count


class Numbers(Contract):
    """Of the values present. `exact` is false where there were too many different ones to keep: then quartiles and bins
    are off by less than a hundredth of the rows. `spread`: the standard deviation, absent for a single value."""

    minimum: float
    lower_quartile: float
    median: float
    upper_quartile: float
    maximum: float
    mean: float
    total: float
    spread: float | None = None
    exact: bool = True
    bins: list[Bin] = Field(max_length=MOST_BINS)


class Days(Contract):
    first: Day
    last: Day


class Lengths(Contract):
    """Characters of the texts present."""

    shortest: Count
    longest: Count


class Frequent(Contract):
    value: str
    rows: Count


class ColumnProfile(Contract):
    """One canonical column over the rows that are no totals. `heading`: what the file calls it. `absent`: rows without
    a value by reason, `none-given` where the file says none. `distinct` is exact unless `more`: then there are more.
    `frequent`: most frequent first, of columns that may be shown; `codes`: every value shown of a list of codes."""

    name: str
    heading: str
    type: Type
    unit: str | None = None
    present: Count
    absent: dict[str, Count] = Field(default_factory=dict)
    distinct: Count
    more: bool = False
    numbers: Numbers | None = None
    days: Days | None = None
    lengths: Lengths | None = None
    frequent: list[Frequent] = Field(default_factory=list, max_length=MOST_FREQUENT)
    codes: list[str] | None = None

    @property
    def rows(self) -> int:
        return self.present + sum(self.absent.values())


class Keys(Contract):
    """Rows whose key an earlier row of the file has: `repeated` with the same values, `contradicted` with others."""

    columns: list[str]
    repeated: Count
    contradicted: Count


class Providers(Contract):
    """How many there are, how the rows spread over them, and which they are (absent where there are too many)."""

    number: Count
    fewest_rows: Count
    median_rows: float
    most_rows: Count
    codes: list[str] | None = None


class SetAside(Contract):
    """Lines set aside when read, by what was wrong, and with which column of the file."""

    code: Slug
    column: str | None = None
    lines: Count


class Total(Contract):
    """A line that sums up the others, against the sum of its column's values. `line`: its number in the file."""

    line: int
    column: str
    stated: float
    found: float


class Profile(Contract):
    """`lines`: by fate as the file alone has them: what an empty feed would make of it. `rows`: those in `columns`,
    totals left out; `totals` are absent where no line is a total."""

    schema_version: Literal[1] = 1
    source: Slug
    kind: SnapshotKind
    content: Content
    encoding: str
    lines: Count
    fates: Fates
    rows: Count
    period: Days | None = None
    columns: list[ColumnProfile]
    keys: Keys
    providers: Providers | None = None
    set_aside: list[SetAside] = Field(default_factory=list)
    totals: list[Total] | None = None


class Surprise(Contract):
    """Something to look at before the file is used. `found`, `expected` and `do` are sentences."""

    code: Slug
    column: str | None = None
    found: str
    expected: str
    do: str


class Report(Contract):
    """A profile beside the one before it. `sha256` is the file's; `against` that of the file compared with, absent
    where there is none: then nothing can surprise but what the file says of itself."""

    sha256: Sha256
    name: str | None = None
    against: Sha256 | None = None
    against_name: str | None = None
    profile: Profile
    surprises: list[Surprise]
