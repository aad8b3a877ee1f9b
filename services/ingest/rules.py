"""The rules of a source's rows as a dataframely schema, made once for each layout from what its TOML says.

`filter` parts the rows that pass from those that do not, of which it knows every rule that failed.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, cast

import polars as pl

from services.ingest.columns import Check
from services.ingest.personal import Personal

WRONG: Final = "_wrong"
INVALID: Final = "invalid"


class Rule(NamedTuple):
    """A check, the column of the file that it is about, and what that column must not be quoted with."""

    header: str
    check: Check
    watched: tuple[Personal, ...] = ()


class RowRules:
    """`rules` in their order: of those that fail in a row, the first is told. `columns`: of the frame of texts and
    values that they look at."""

    def __init__(self, columns: list[str], rules: list[Rule]) -> None:
        import dataframely as dy  # noqa: PLC0415  # a third of a reader's start, which most refused files never need

        self.rules = rules
        self._names = [f"rule_{place:04d}" for place in range(len(rules))]
        # An alias that is the empty text is none to dataframely: a column without a heading is called by its attribute.
        named = {f"column_{place:04d}" if name else "": dy.Any(alias=name) for place, name in enumerate(columns)}
        checked = {name: dy.rule()(_passes(rule.check.failed)) for name, rule in zip(self._names, rules, strict=True)}
        self._schema = cast("type[dy.Schema]", type("Rows", (dy.Schema,), {**named, **checked}))

    def filter(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Rows that pass, in their order; and the others, with `_wrong`: the place of the first rule that failed."""
        passed, failure = self._schema.filter(frame)
        if not self.rules or not len(failure):
            return passed, frame.clear().with_columns(pl.lit(None, pl.Int32).alias(WRONG))
        first = pl.coalesce(
            pl.when(pl.col(name) == INVALID).then(pl.lit(i, pl.Int32)) for i, name in enumerate(self._names)
        )
        return passed, failure.details().with_columns(first.alias(WRONG)).drop(self._names)

    def broken(self, frame: pl.DataFrame, called: str) -> list[pl.Series]:
        """For each rule, in their order, what `called` is in the rows where it fails."""
        failed = self._schema.filter(frame)[1].details()
        return [failed.filter(pl.col(name) == INVALID)[called] for name in self._names]

    def broken_in(self, frame: pl.DataFrame, called: str) -> pl.Series:
        """What `called` is in the rows where any rule fails."""
        return self._schema.filter(frame)[1].invalid()[called]


def _passes(failed: pl.Expr) -> Callable[[object], pl.Expr]:
    """What dataframely asks for is true of rows that pass."""
    return lambda _schema: ~failed
