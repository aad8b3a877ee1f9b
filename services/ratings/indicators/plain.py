"""What the file of a plain indicator may say: where in a feed its rows are, and what others have published in them."""

from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.ratings.methods.rounding import RoundingMode
from shared.contracts.base import Slug

Absence: TypeAlias = Literal["small_numbers", "not_published", "not_submitted", "not_applicable", "not_given"]
Kind: TypeAlias = Literal[
    "hospital", "trust", "gp-practice", "pcn", "area", "social-care", "mental-health", "region", "country", "other"
]
Cell: TypeAlias = str | int | bool
Cells: TypeAlias = Cell | list[Cell]
UNITS: Final = {"percent": 100.0, "per_100000": 100_000.0, "count": 1.0, "points": 1.0, "word": 1.0}


class Table(BaseModel):
    """A table of an indicator file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Columns(Table):
    """Which canonical columns of the feed say of whom and when a row is, and what is counted in it.

    `start` and `end` are the first and the last day of its period, or `year` is the year that is its period; neither is
    read where the indicator has a period of its own. `region` and `aggregate` (whether a row sums up others) count
    where the feed has them.
    """

    provider: str = "provider"
    name: str = "provider_name"
    region: str = "region"
    start: str = "period_start"
    end: str = "period_end"
    year: str | None = None
    aggregate: str = "aggregate"
    cases: str = "cases"
    observed: str = "observed"


class Source(Table):
    """The feed with the rows, the slice of it that counts, and the registers that give names to the subjects.

    `where`: the value, or the values, that canonical columns have in the rows of the slice; `measure` is the same for
    the column of that name. `register_keeper` publishes the registers, where that is not the publisher of the figures.
    Of what kind an organisation is that no register knows: by the first pattern of `provider_kinds` that its whole code
    matches, else `provider_kind`. `expected_counts`: the feed in which somebody else says how many cases each unit had;
    it may still be empty.
    """

    feed: Slug
    measure: Slug | None = None
    specialty: Slug | None = None
    where: dict[str, Cells] = Field(default_factory=dict)
    columns: Columns = Columns()
    registers: list[Slug] = Field(default_factory=list)
    register_keeper: str | None = None
    provider_kind: Kind = "hospital"
    provider_kinds: dict[str, Kind] = Field(default_factory=dict)
    expected_counts: Slug | None = None
    publisher: str
    licence: str = "OGL-UK-3.0"

    @property
    def feeds(self) -> tuple[str, ...]:
        """All that is read of it; registers whose rows have names of their own are read where they have rows."""
        return (self.feed, *self.registers, *self.optional)

    @property
    def optional(self) -> tuple[str, ...]:
        """Those that are read where they have rows."""
        return (self.expected_counts,) if self.expected_counts else ()

    @property
    def slice(self) -> dict[str, Cells]:
        return self.where | ({"measure": self.measure} if self.measure is not None else {})


class PracticeRule(Table):
    """Figures of GP practices: only of one that is known to have so many doctors, by the column `doctors` of `feed`,
    which is among the registers. With one doctor it is a person; one that nobody has counted may be."""

    fewest_doctors: Annotated[int, Field(ge=2)]
    feed: Slug
    doctors: str


class Figure(Table):
    """What a row of the feed says: a `word` out of `words` (in the publisher's order), a `value`, or a
    `numerator` and a `denominator`, each the sum of its columns, the numerator less those of `less`.

    A share gets Wilson's interval, a rate that of its count (exact below 10, then Byar's); a value has the interval
    that was published in `lower` and `upper`, or none. `records`: how many cases a value rests on. `verdict`: the
    column with the publisher's own judgement of it, out of `verdicts`; `absences` are those texts of a word or verdict
    that mean no figure. `reasons`: the column that says why a value is absent. `adjusted`: whether the publisher has
    allowed for the patients treated. `only_where_done`: where there is nobody to count there is no row, rather than one
    that says so; for tables that list organisations of every kind.
    """

    word: str | None = None
    words: list[str] = Field(default_factory=list)
    value: str | None = None
    lower: str | None = None
    upper: str | None = None
    records: str | None = None
    numerator: list[str] = Field(default_factory=list)
    less: list[str] = Field(default_factory=list)
    denominator: list[str] = Field(default_factory=list)
    verdict: str | None = None
    verdicts: list[str] = Field(default_factory=list)
    absences: dict[str, Absence] = Field(default_factory=dict)
    reasons: str | None = None
    unit: Literal["percent", "per_100000", "count", "points", "word"]
    decimals: Annotated[int, Field(ge=0, le=9)] = 0
    mode: RoundingMode = RoundingMode.HALF_AWAY
    only_where_done: bool = False
    adjusted: bool = False

    @property
    def scale(self) -> float:
        """From a fraction to the unit."""
        return UNITS[self.unit]

    @property
    def columns(self) -> list[str]:
        """Every column of the feed that it reads."""
        single = (self.word, self.value, self.lower, self.upper, self.records, self.verdict, self.reasons)
        return [*(one for one in single if one is not None), *self.numerator, *self.less, *self.denominator]

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        counted = bool(self.numerator and self.denominator)
        if sum((self.word is not None, self.value is not None, counted)) != 1:
            raise ValueError("give one of a word, a value, or a numerator with its denominator")
        if bool(self.numerator) != bool(self.denominator) or (self.less and not self.numerator):
            raise ValueError("a numerator needs a denominator, and what is taken off it a numerator")
        if (self.lower is None) != (self.upper is None) or (self.lower is not None and self.value is None):
            raise ValueError("a published interval has two ends, and belongs to a value")
        if (self.word is not None) != bool(self.words) or (self.word is not None) != (self.unit == "word"):
            raise ValueError("a word has its list of words, and the unit word")
        if (self.verdict is not None) != bool(self.verdicts):
            raise ValueError("a verdict has its list of verdicts")
        return self


FORMS: Final[dict[str, tuple[str, ...]]] = {
    "level": ("word",), "proportion": ("numerator", "value"), "rate": ("numerator", "value"), "mean_gain": ("value",),
}  # fmt: skip
SHARES: Final = {"proportion": ("percent",), "rate": ("per_100000", "count"), "mean_gain": ("points", "count")}


def misfit(kind: str, figure: Figure) -> str:
    """Why an indicator of this kind cannot have such a figure; empty where it can."""
    given: dict[str, Any] = {"word": figure.word, "numerator": figure.numerator, "value": figure.value}
    if not any(given[form] for form in FORMS.get(kind, ())):
        return f"there is no published figure of kind {kind} in this form"
    if figure.unit not in SHARES.get(kind, (figure.unit,)):
        return f"{figure.unit} is no unit of a {kind}"
    return ""
