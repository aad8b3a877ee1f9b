"""From text to canonical values: every column of a row is checked, and a row that fails any check is set aside with
the first thing found wrong with it."""

from collections.abc import Sequence
from functools import lru_cache, partial, reduce
from operator import or_
from typing import Final

import polars as pl

from services.ingest.columns import AnyColumn, Check, Column, Day, Identifier, Period, Pseudonym, Sent, Text
from services.ingest.known import MANY_ROWS, MOST_BYTES, Known, size_of
from services.ingest.personal import EVERY, NOBODY, PHRASES, Personal, kinds_in, of_column
from services.ingest.pseudonyms import pseudonyms
from services.ingest.refusals import ASIDE, EXCERPT
from services.ingest.rules import WRONG, RowRules, Rule
from services.ingest.source import Source
from services.ingest.told import AggregateFlag, Constant, LineNumber, NamedPeriod
from shared.contracts.ingest import Fate

LINE: Final = "_line"
AGGREGATE: Final = "_aggregate"
OF_AN_NHS_NUMBER: Final = 10
"""Digits: identifiers of as many could be one."""
NO_TEXT: Final = pl.Series([""])


def row_schema(source: Source) -> pl.Schema:
    return pl.Schema({LINE: pl.Int64(), AGGREGATE: pl.Boolean(), **source.canonical})


def check(
    texts: pl.DataFrame, source: Source, key: bytes | None = None, tidy: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that pass (`row_schema`; of many rows texts may be an Enum), and those that do not (`ASIDE`).

    `texts` holds `_line` and the header's columns as text, not trimmed, but for `tidy` ones, which need not be;
    `source` is in the layout of that header. `key` is that of its pseudonyms. Raises ValueError where there are
    pseudonyms to make and no key.
    """
    return _prepared(_This(source), key).of(texts, tidy)


class _This:
    """A source as the object that it is: what is made of one is made once, however often it is asked for."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __hash__(self) -> int:
        return id(self.source)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and other.source is self.source


@lru_cache(maxsize=8)
def _prepared(this: _This, key: bytes | None) -> "_Checks":
    return _Checks(this.source, key)


class _Checks:
    """What is done with each piece of a file of one layout.

    Values get names of their own while texts are needed too, since a source may use one name for a column of the file
    and for the canonical one. Of many rows those need not be held against the rules whose every text is known to pass;
    of columns that hold too many different texts to know them (`open`), and between columns, all rows are.
    """

    def __init__(self, source: Source, key: bytes | None) -> None:
        self.source = source
        self.values = {column.name: _value(column, source, key).alias(_own(column.name)) for column in source.sent}
        own = [_own(name) for name in self.values]
        of_columns = [rule for column in source.sent for rule in _of_column(column, source)]
        self.of_columns = len(of_columns)
        self.rules = RowRules([LINE, *source.header, *own, AGGREGATE], [*of_columns, *_between(source)])
        secret = [column.source for column in source.sent if isinstance(column, Pseudonym)]
        self.known = {name: Known.nothing() for name in source.header if name not in secret}
        self.open = _Open(source, [])

    def of(self, texts: pl.DataFrame, tidy: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
        return self._by_row(texts, tidy) if texts.height < MANY_ROWS else self._by_text(texts, tidy)

    def _by_row(self, texts: pl.DataFrame, tidy: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
        texts = texts if tidy else _trimmed(texts, self.source, self.source.header)
        passed, failed = self.rules.filter(_marked(texts.with_columns(self.values.values()), self.source))
        return _rows(passed, self.source), _aside(failed, self.rules.rules)

    def _by_text(self, texts: pl.DataFrame, tidy: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Rows with a text that is not known go by row: there it is told what is wrong with them."""
        places, values = self._looked_up(texts)
        by_row = [column for column in self.source.sent if column.source not in places]
        seen = {column.source: None for column in self.source.sent if column in by_row or column.keep_reason}
        shown = texts if tidy or not seen else _trimmed(texts, self.source, list(seen))
        valued = _marked(shown.with_columns(*values, *(self.values[column.name] for column in by_row)), self.source)
        if [name for name in self.source.header if name not in places] != self.open.names:
            self.open = _Open(self.source, [name for name in self.source.header if name not in places])
        doubtful = reduce(or_, (found.is_null() for found in places.values()), self.open.fails(valued))
        if not doubtful.any():
            return _rows(valued, self.source), pl.DataFrame(schema=ASIDE)
        clear = _rows(valued.filter(~doubtful), self.source)
        passed, aside = self._by_row(texts.filter(doubtful), tidy)
        if passed.height:
            return pl.concat([clear.cast(passed.schema), passed]).sort(LINE), aside
        return clear, aside

    def _looked_up(self, texts: pl.DataFrame) -> tuple[dict[str, pl.Series], list[pl.Series]]:
        """Of columns that hold few different texts: where each is among those known, and its values."""
        known = self.known
        places = {name: one.places(texts[name]) for name, one in known.items()}
        room, new = MOST_BYTES - sum(one.size for one in known.values()), dict[str, pl.Series | None]()
        for name in (name for name, found in places.items() if found.null_count()):
            new[name] = some = known[name].unknown(texts[name], places[name], room)
            room -= 0 if some is None else size_of(some)
        known = {name: one for name, one in known.items() if new.get(name, NO_TEXT) is not None}
        learnt = self._learnt({name: some for name, some in new.items() if some is not None and some.len()})
        places = {name: places[name] for name in known}
        more = [name for name, one in learnt.items() if one.texts.len() > known[name].texts.len()]
        places |= {name: learnt[name].places(texts[name]) for name in more}
        self.known = known | learnt
        return places, [value for name, found in places.items() for value in self.known[name].values_at(found)]

    def _learnt(self, new: dict[str, pl.Series]) -> dict[str, Known]:
        """What is known with those of the `new` texts of each column that pass its rules: columns of different texts
        side by side, as if they were rows. Whether a line sums up others is not known here; nothing passes for that."""
        if not new:
            return {}
        height = max(some.len() for some in new.values())
        beside = {name: _at_least(new.get(name, NO_TEXT), height) for name in self.source.header}
        texts = pl.DataFrame({LINE: pl.int_range(height, eager=True), **beside})
        valued = _trimmed(texts, self.source, self.source.header).with_columns(self.values.values())
        broken = self.rules.broken(valued.with_columns(pl.lit(False).alias(AGGREGATE)), LINE)[: self.of_columns]
        learnt = {}
        for name, some in new.items():
            wrong = [one for rule, one in zip(self.rules.rules, broken, strict=False) if rule.header == name]
            lines = texts[LINE].head(some.len())
            passed = ~lines.is_in(pl.concat([lines.clear(), *wrong]).implode())
            own = [_own(column.name) for column in self.source.sent if column.source == name]
            learnt[name] = self.known[name].and_those(some, passed, valued.select(own).head(some.len()))
        return learnt


def _at_least(texts: pl.Series, height: int) -> pl.Series:
    return texts.extend_constant(texts[0], max(0, height - texts.len()))


class _Open:
    """The rules that every row is held against: those of columns (`names`) with too many different texts to know them,
    and those between columns."""

    def __init__(self, source: Source, names: list[str]) -> None:
        columns = [column for column in source.sent if column.source in names]
        self.names = names
        rules = [*(rule for column in columns for rule in _telling(column, source)), *_between(source)]
        self.needs = sorted({name for rule in rules for name in rule.check.failed.meta.root_names()})
        self.rules = RowRules([LINE, *self.needs], rules)

    def fails(self, valued: pl.DataFrame) -> pl.Series:
        """Whether any does in each row, shape (n,)."""
        lines = valued[LINE]
        broken = self.rules.broken_in(valued.select(LINE, *self.needs), LINE) if self.rules.rules else lines.clear()
        return lines.is_in(broken.implode()) if broken.len() else pl.repeat(False, lines.len(), eager=True)


def _trimmed(texts: pl.DataFrame, source: Source, names: Sequence[str]) -> pl.DataFrame:
    """Without the spaces and tabs around texts of the columns `names`; a tab before a `text` stays, for its column to
    refuse. To ask whether there are any costs a quarter of taking them away, and mostly there are none."""
    around = [
        reduce(
            or_, (ask(space) for ask in (pl.col(name).str.starts_with, pl.col(name).str.ends_with) for space in " \t")
        ).any()
        for name in names
    ]
    ragged = [name for name, found in texts.select(around).row(0, named=True).items() if found]
    plain = {column.source for column in source.sent if isinstance(column, Text)}
    return texts.with_columns(
        pl.col(name).str.strip_chars_end(" \t").str.strip_chars_start(" " if name in plain else " \t")
        for name in ragged
    )


def _own(name: str) -> str:
    return f"={name}"


def _is_missing(column: Sent, source: Source) -> pl.Expr:
    return pl.col(column.source).is_in(list(source.absent(column)))


def _reason(column: Column, source: Source) -> pl.Expr:
    """Why there is no value; of a layout without the column nothing more is known than that."""
    if column.source not in source.header:
        return pl.lit("missing")
    reasons = source.absent(column)
    return pl.col(column.source).replace_strict(
        list(reasons), list(reasons.values()), default=None, return_dtype=pl.String
    )


def _value(column: Sent, source: Source, key: bytes | None) -> pl.Expr:
    text = pl.col(column.source)
    parsed = _pseudonym(text, key) if isinstance(column, Pseudonym) else column.parse(text)
    present = pl.when(~_is_missing(column, source)).then(parsed)
    return present if column.when_missing is None else present.otherwise(pl.lit(column.when_missing))


def _pseudonym(text: pl.Expr, key: bytes | None) -> pl.Expr:
    if key is None:
        raise ValueError("this source has pseudonyms, and there is no key to make them with")
    return text.map_batches(partial(pseudonyms, key=key), return_dtype=pl.String(), is_elementwise=True)


def _marked(valued: pl.DataFrame, source: Source) -> pl.DataFrame:
    """With whether each line sums up others."""
    rule = source.aggregate
    if rule is None:
        return valued.with_columns(pl.lit(False).alias(AGGREGATE))
    return valued.with_columns(
        pl.col(_own(rule.column)).cast(pl.String).eq_missing(pl.lit(rule.value)).alias(AGGREGATE)
    )


def _between(source: Source) -> list[Rule]:
    """What is checked of several columns at once."""
    rules = []
    for limit in source.at_most:
        column, most = source.named(limit.column), source.named(limit.limit)
        exceeded = pl.col(_own(column.name)) > pl.col(_own(most.name))
        rules.append(Rule(column.source, Check(exceeded, "impossible", f"at most the {most.source}")))
    return rules


def _of_column(column: Sent, source: Source) -> list[Rule]:
    missing = _is_missing(column, source)
    rules = []
    if column.required:
        unsaid = [text for text in source.absent(column) if text not in column.absent]
        needed = pl.col(column.source).is_in(unsaid)
        needed = needed & ~pl.col(AGGREGATE) if column.required == "unless-aggregate" else needed
        rules.append(Rule(column.source, Check(needed, "missing-value", "a value")))
    text = pl.col(column.source)
    for check in (*_of_persons(column, text), *column.checks(text, pl.col(_own(column.name)))):
        rules.append(Rule(column.source, check._replace(failed=~missing & check.failed), watched(column)))
    return rules


def _telling(column: Sent, source: Source) -> list[Rule]:
    """Those without which a text of this column could be refused: one that is of a bare form is nothing else."""
    rules = _of_column(column, source)
    if isinstance(column, Text) and column.is_bare and of_column(column.source) not in watched(column):
        return [rule for rule in rules if rule.check.code in ("missing-value", "not-of-form")]
    return rules


def _of_persons(column: Sent, text: pl.Expr) -> list[Check]:
    """Whether a text tells who a patient is; asked first, so that nothing else is said of such a cell."""
    if isinstance(column, Text):
        kind = _kind(text, column.source, watched(column))
    elif isinstance(column, Identifier) and column.width >= OF_AN_NHS_NUMBER:
        kind = _kind(text, "", tuple(kind for kind in ("nhs-number",) if kind not in column.may_hold))
    else:
        return []
    return [Check(kind.is_not_null(), "personal", NOBODY, kind.replace_strict(PHRASES, return_dtype=pl.String))]


def watched(column: Column) -> tuple[Personal, ...]:
    """The kinds that a cell of this column must not seem to hold. A column of days holds days."""
    own = ("date-of-birth",) if isinstance(column, Day | Period) else ()
    return tuple(kind for kind in EVERY if kind not in (*column.may_hold, *own))


def _kind(text: pl.Expr, header: str, kinds: Sequence[Personal]) -> pl.Expr:
    found = partial(kinds_in, kinds=kinds, header=header)
    return text.map_batches(found, return_dtype=pl.String(), is_elementwise=True)


def _rows(passed: pl.DataFrame, source: Source) -> pl.DataFrame:
    values = [value for column in source.columns if column.keep for value in _kept(column, source)]
    return passed.select(LINE, AGGREGATE, *values)


def _kept(column: AnyColumn, source: Source) -> list[pl.Expr]:
    """The canonical columns that come of this one."""
    value = _behind(column, source).alias(column.name)
    if isinstance(column, Column) and column.keep_reason:
        return [value, _reason(column, source).alias(column.reason_name)]
    return [value]


def _behind(column: AnyColumn, source: Source) -> pl.Expr:
    if isinstance(column, AggregateFlag | LineNumber):
        return pl.col(AGGREGATE if isinstance(column, AggregateFlag) else LINE)
    if isinstance(column, Constant):
        return pl.lit(column.value, column.dtype)
    if isinstance(column, NamedPeriod):
        raise ValueError(f"{column.name} of {source.id} needs the name of the file")
    return pl.col(_own(column.name)) if column.source in source.header else pl.lit(None, column.dtype)


def _aside(failed: pl.DataFrame, rules: list[Rule]) -> pl.DataFrame:
    """What failed first in each row, in the order of columns."""
    if failed.is_empty():
        return pl.DataFrame(schema=ASIDE)
    return pl.concat(_told(part, rules[int(place)]) for (place,), part in failed.group_by(WRONG)).sort("line")


def _told(failed: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    said = {"fate": Fate.QUARANTINED.value, "code": rule.check.code, "column": rule.header,
            "expected": rule.check.expected}  # fmt: skip
    shown = failed.select(pl.col(LINE).alias("line"), _found(rule).alias("found"))
    told = shown.with_columns(_short("found"), **{name: pl.lit(text) for name, text in said.items()})
    return told.select(ASIDE.names()).match_to_schema(ASIDE)


def _found(rule: Rule) -> pl.Expr:
    """What the sender is told was found: the cell, unless it tells who a patient is."""
    if rule.check.found is not None:
        return rule.check.found
    text = pl.col(rule.header)
    kind = _kind(text, "", rule.watched)
    return pl.coalesce(kind.replace_strict(PHRASES, default=None, return_dtype=pl.String), text)


def _short(name: str) -> pl.Expr:
    text = pl.col(name)
    return pl.when(text.str.len_chars() > EXCERPT).then(text.str.slice(0, EXCERPT - 1) + "…").otherwise(text)
