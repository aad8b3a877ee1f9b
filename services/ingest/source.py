"""A source: the layout of one kind of file, read from TOML and refused where it contradicts itself.

Nothing about a source is written in Python; a new kind of file is a new TOML in `sources/`.
"""

import codecs
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePath
from typing import Annotated, Any, Final, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from services.ingest.columns import AnyColumn, Column, Pseudonym, Reason, Sent
from services.ingest.layout import Layout
from services.ingest.spelling import spelled_out
from services.ingest.told import AggregateFlag, Constant, LineNumber, NamedPeriod
from shared.contracts import ingest as contracts
from shared.contracts.base import Slug
from shared.kit.presence import Refused

PACKAGED = Path(__file__).parent / "sources"
NEVER_ABSENT = (LineNumber, NamedPeriod, Constant)
C1: Final = "\\u0080-\\u0084\\u0086-\\u009f"  # without U+0085, which ends a line
COUNTED = (pl.Int8, pl.Int64, pl.Float64)


class SourceRefused(Refused):
    """A TOML that describes no source: the service does not start. Names the file, and what is wrong in it."""


class Aggregate(Layout):
    """Lines whose canonical `column` has this value sum up others: kept and marked, never counted as a provider."""

    column: str
    value: str


class Totals(Layout):
    """Lines whose column of the file says one of `texts` (spaces around it left out) sum up the others in a form of
    their own: they have the fate `aggregate`, and no row."""

    column: str = Field(alias="from")
    texts: list[str] = Field(min_length=1)


class Recognise(Layout):
    """How a file of this kind is known beside its header: by patterns of its name, any of which may match. Of sources
    with one header those apply that name the file; without a name that matches, the file is none of theirs."""

    names: tuple[str, ...] = ()


class Form(Layout):
    """How rows stand in the file.

    `format`: text, a workbook (of which `sheet` is read) or Parquet. `header_lines`: how many make the header; where
    there is none (0), `header` gives the columns our names in their order; where there are two, names are joined by
    " / ", and an empty cell of the upper has the text to its left. `preamble`: lines before the header are a title
    block; the header is the first that equals it. `line_breaks`: quoted cells may hold line ends. `spare`: headings of
    columns behind the last that are to be empty in every line. `formulas`: of a workbook's formula its last computed
    value is taken (`cached`), or its line is set aside (`refused`). `skipped_lines`: lines right behind the header
    whose first cell is one of these texts, such as a rule under it. `marks`: controls that the publisher's program
    writes for marks of its own, such as U+0092 for an apostrophe: they are no reason to set a line aside.
    """

    format: Literal["csv", "workbook", "parquet"] = "csv"
    sheet: str | None = None
    header_lines: Literal[0, 1, 2] = 1
    preamble: bool = False
    line_breaks: bool = False
    spare: tuple[str, ...] = ()
    formulas: Literal["cached", "refused"] = "refused"
    skipped_lines: tuple[str, ...] = ()
    marks: tuple[Annotated[str, Field(pattern=f"^[{C1}]$")], ...] = ()

    @property
    def kept_controls(self) -> frozenset[bytes]:
        """`marks` as UTF-8."""
        return frozenset(mark.encode() for mark in self.marks)


class Footer(Layout):
    """Lines that begin so are the publisher's notes."""

    starts_with: list[str] = Field(min_length=1)


class AtMost(Layout):
    """`column` may not exceed `limit` in any line, such as deaths and cases."""

    column: str
    limit: str


class Days(Layout):
    """The canonical columns whose extremes are a snapshot's first and last day."""

    first: str
    last: str


class Source(Layout):
    """One kind of file. `other_headers` are layouts that the publisher also used; where `header` is not given it is the
    columns' own names in their order. With `empty_rows_are_blank` a line of nothing but commas counts as blank.

    `reasons`: texts that mean "no value" in any column, each with its reason; `null_tokens` mean it without one.
    `content` says what its rows are about, and `ground` why they may be held: where a source of patients' rows has
    none, each feed's must be declared before a file is taken. A source that `extends` another has everything of it that
    it does not say itself.
    """

    id: Slug
    label: str
    kind: contracts.SnapshotKind
    schema_version: int = Field(ge=1)
    synthetic: bool
    encodings: list[str] = Field(min_length=1)
    header: list[str] = Field(min_length=1)
    other_headers: tuple[list[str], ...] = ()
    empty_rows_are_blank: bool = False
    content: contracts.Content = contracts.Content.AGGREGATE
    ground: contracts.Ground | None = None
    recognise: Recognise = Recognise()
    form: Form = Form()
    null_tokens: list[str]
    reasons: Mapping[str, Reason] = Field(default_factory=dict)
    columns: list[AnyColumn] = Field(min_length=1)
    key: list[str] = Field(min_length=1)
    aggregate: Aggregate | None = None
    totals: Totals | None = None
    footer: Footer | None = None
    at_most: tuple[AtMost, ...] = ()
    days: Days | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_full(cls, given: Any) -> Any:
        return spelled_out(given)

    @property
    def headers(self) -> list[list[str]]:
        """Every layout that a file of this source can have."""
        return [self.header, *self.other_headers]

    @property
    def held_on(self) -> contracts.Ground | None:
        """The ground that the source itself states: rows that are about no patient need no declaration."""
        if self.ground is not None or self.content is contracts.Content.PATIENTS:
            return self.ground
        return contracts.Ground(kind=contracts.GroundKind(self.content.value), instrument=self.label)

    @property
    def reads_names(self) -> bool:
        """Whether what is read depends on what the file is called."""
        return any(isinstance(column, NamedPeriod) for column in self.columns)

    @property
    def is_of_named_files(self) -> bool:
        """Whether the ground that it states for patients' rows holds only for files that it knows by their names."""
        return self.content is contracts.Content.PATIENTS and self.ground is not None and bool(self.recognise.names)

    def names(self, name: str | None) -> bool:
        """Whether a file called so is one that it knows by its name."""
        return name is not None and any(fnmatchcase(PurePath(name).name, one) for one in self.recognise.names)

    @property
    def makes_pseudonyms(self) -> bool:
        """Whether it has patients' keys, so that the key of pseudonyms is needed."""
        return any(isinstance(column, Pseudonym) for column in self.columns)

    def of_file(self, name: str | None) -> "Source":
        """This source for a file of that name. Raises ValueError, with what the name should tell, where it does not."""
        columns: list[AnyColumn] = []
        for column in self.columns:
            told = column.of_file(name) if isinstance(column, NamedPeriod) else column
            if told is None:
                assert isinstance(column, NamedPeriod)
                raise ValueError(column.expected)
            columns.append(told)
        return self._with(columns=columns)

    def as_sent(self, header: Sequence[str]) -> "Source":
        """This source in the layout of one file; `header` is one of `headers`."""
        columns = [one.called(header) if isinstance(one, Column) else one for one in self.columns]
        return self._with(header=list(header), columns=columns)

    def _with(self, **changes: Any) -> "Source":
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return Source.model_construct(**(fields | changes))

    @cached_property
    def sent(self) -> list[Sent]:
        """Columns that come from a column of the file, kept or not, in order."""
        return [one for one in self.columns if isinstance(one, Column) and one.source in self.header]

    @cached_property
    def canonical(self) -> dict[str, pl.DataType]:
        """Canonical columns and their types, in the order of the snapshot."""
        found: dict[str, pl.DataType] = {}
        for column in self.columns:
            found |= {column.name: column.dtype} if column.keep else {}
            found |= {column.reason_name: pl.String()} if isinstance(column, Column) and column.keep_reason else {}
        return found

    @cached_property
    def values(self) -> list[str]:
        """Canonical columns outside the key: two lines with one key agree when these do."""
        return [name for name in self.canonical if name not in self.key]

    def named(self, name: str) -> Sent:
        """The column of the file behind a canonical one. Raises ValueError where there is none."""
        for column in self.sent:
            if column.name == name:
                return column
        raise ValueError(f"a header of {self.id} has no column for {name}")

    def shown(self, name: str) -> str:
        """What the sender calls a canonical column."""
        return next((column.source for column in self.sent if name in (column.name, column.reason_name)), name)

    def absent(self, column: Column) -> dict[str, Reason]:
        """Every text that is no value in this column, with its reason, which is `missing` where none is given."""
        return {**dict.fromkeys(self.null_tokens, "missing"), **self.reasons, **column.absent}

    def as_contract(self) -> contracts.Source:
        return contracts.Source(
            id=self.id, label=self.label, kind=self.kind, synthetic=self.synthetic, columns=list(self.canonical),
            key=self.key, content=self.content, form=self.form.format, names=list(self.recognise.names),
        )  # fmt: skip

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        every = {name for column in self.columns if isinstance(column, Column) for name in column.aliases}
        _same("headers", {name for header in self.headers for name in header}, every)
        for header in self.headers:
            self._reads(header)
        _unique("columns", [column.name for column in self.columns])
        _within("key", self.key, self.canonical)
        never_absent = [column.name for column in self.columns if isinstance(column, NEVER_ABSENT)]
        for name in self.key:
            if name not in never_absent and self.named(name).required is not True:
                raise ValueError(f"key column {name} must be required")
        self._unambiguous()
        for encoding in self.encodings:
            codecs.lookup(encoding)
        return self

    def _unambiguous(self) -> None:
        """Raises ValueError where one text would be two things, or one canonical column come from two."""
        names = [column.name for column in self.columns]
        for column in self.columns:
            if not isinstance(column, Column):
                continue
            if column.name in self.key and (column.absent or column.keep_reason):
                raise ValueError(f"key column {column.name} cannot be absent")
            if column.keep_reason and column.reason_name in names:
                raise ValueError(f"columns names {column.reason_name}, which is where reasons are kept")
        if both := sorted(set(self.null_tokens) & set(self.reasons)):
            raise ValueError(f"null_tokens and reasons both have {both}")

    def _reads(self, header: list[str]) -> None:
        """Raises ValueError unless this layout names no column twice and lacks none that needs a value."""
        _unique("header", header)
        for column in self.columns:
            if not isinstance(column, Column):
                continue
            found = [name for name in column.aliases if name in header]
            if len(found) > 1:
                raise ValueError(f"one header has {found}, which are one column")
            if not found and column.required not in (False, "where-sent"):
                raise ValueError(f"{column.name} needs a value, and one header lacks it")

    @model_validator(mode="after")
    def _rules_name_columns(self) -> Self:
        flags = [column.name for column in self.columns if isinstance(column, AggregateFlag)]
        if self.aggregate is None and flags:
            raise ValueError("an aggregate column needs an aggregate rule")
        layouts = [self.as_sent(header) for header in self.headers]
        if self.aggregate is not None:
            for layout in layouts:
                layout.named(self.aggregate.column)
        for rule in self.at_most:
            named = [layout.named(name) for layout in layouts for name in (rule.column, rule.limit)]
            if not all(isinstance(column.dtype, COUNTED) for column in named):
                raise ValueError(f"at_most compares numbers: {rule.column}, {rule.limit}")
        if self.days is not None:
            _within("days", [self.days.first, self.days.last], [n for n, t in self.canonical.items() if t == pl.Date()])
        return self


def load_sources(folder: Path = PACKAGED) -> Mapping[str, Source]:
    """Sources by id. Raises SourceRefused on a TOML that is not one, or whose name is not its id."""
    said, found = {}, {}
    for path in sorted(folder.glob("*.toml")):
        with _refused(path.name):
            said[path.stem] = tomllib.loads(path.read_text(encoding="utf-8"))
    for stem, one in said.items():
        with _refused(f"{stem}.toml"):
            found[stem] = Source.model_validate(_extended(one, said))
            if found[stem].id != stem:
                raise ValueError(f"it describes {found[stem].id}")
    return found


@contextmanager
def _refused(name: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, LookupError) as error:  # of TOML, UTF-8, pydantic and codecs
        raise SourceRefused(f"{name}: {error}") from error


def _extended(given: Mapping[str, Any], every: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """With what it has from the source that it extends. Raises ValueError where that is none, or extends another."""
    if "extends" not in given:
        return given
    base = every.get(given["extends"], {})
    if not base or "extends" in base:
        raise ValueError(
            f"{given.get('id')} extends {given['extends']}, which is no source that says everything itself"
        )
    return {**base, **{name: value for name, value in given.items() if name != "extends"}}


def undeclared_like(source: Source, sources: Iterable[Source]) -> list[str]:
    """Sources of patients' rows that read the same files and state no ground, so that one is declared."""
    return [
        one.id
        for one in sources
        if one.content is contracts.Content.PATIENTS
        and one.ground is None
        and (one.form.format, one.headers) == (source.form.format, source.headers)
    ]


def covered(source: Source, rows: pl.DataFrame) -> tuple[date | None, date | None]:
    """First and last day that `rows` speak of; nothing for registers."""
    if source.days is None:
        return None, None
    first, last = rows.select(
        pl.col(source.days.first).min().alias("a"), pl.col(source.days.last).max().alias("b")
    ).row(0)
    return first, last


def _unique(what: str, names: list[str]) -> None:
    if len(set(names)) != len(names):
        raise ValueError(f"{what} names something twice")


def _same(what: str, left: set[str], right: set[str]) -> None:
    if left != right:
        raise ValueError(f"{what} and columns differ in {sorted(left ^ right)}")


def _within(what: str, names: list[str], allowed: Iterable[str]) -> None:
    if missing := sorted(set(names) - set(allowed)):
        raise ValueError(f"{what} names {missing}, which is no such canonical column")
