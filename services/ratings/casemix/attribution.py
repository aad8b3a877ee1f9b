"""Whose case it is: episodes in, episodes with the responsible consultant and how it was decided out.

Every case counts once, for the unit where it was done. Who operated is told by four columns of the feed: `consultant`
(the first operator's number), `consultant_grade`, `second_consultant` and `second_role`.
"""

from collections.abc import Collection
from functools import reduce
from typing import Final

import polars as pl

from services.ratings.indicators.attribution_rules import Attribution, Rule

OPERATORS: Final = ("consultant", "consultant_grade", "second_consultant", "second_role")
DECIDED: Final = "attributed_by"
INVOLVED: Final = "involved"
SECOND: Final = "second_consultant"


class NotTold(ValueError):
    """A feed and an indicator do not agree on whether the feed says who operated; the message says what to do."""


def attributed(episodes: pl.LazyFrame, rules: Attribution | None, columns: Collection[str]) -> pl.LazyFrame:
    """The episodes, `consultant` being the one who is responsible, null where it is nobody; `attributed_by` the id of
    the rule that decided, and `involved` the second operator who is not responsible, null where there is none.

    Without `rules` the very frame that came: the feed has said itself whose case it is. `columns` are those of the
    frame. Raises NotTold where the rules need a column that is not there, or nobody says by which rules a feed with
    two operators is read.
    """
    if rules is None:
        if SECOND in columns:
            raise NotTold("the feed names two operators: the indicator must say by which rules (`attribution`)")
        return episodes
    if missing := [name for name in OPERATORS if name not in columns]:
        raise NotTold(f"the rules of who operated need {', '.join(missing)}, which the feed does not have")
    second = pl.when(pl.col(SECOND).ne_missing(pl.col("consultant"))).then(pl.col(SECOND))  # nobody is their own second
    told = episodes.with_columns(second.alias(SECOND))
    responsible = _chosen(rules, {"first": pl.col("consultant"), "second": pl.col(SECOND)})
    decided = _chain(rules, [pl.lit(rule.id) for rule in rules.rule])
    involved = pl.when(pl.col(SECOND).ne_missing(responsible)).then(pl.col(SECOND))
    return told.with_columns(
        responsible.alias("consultant"), decided.alias(DECIDED), involved.alias(INVOLVED)
    )  # fmt: skip


def _chosen(rules: Attribution, operators: dict[str, pl.Expr]) -> pl.Expr:
    nobody = pl.lit(None, pl.String)
    return _chain(rules, [operators.get(rule.responsible, nobody) for rule in rules.rule])


def _chain(rules: Attribution, values: list[pl.Expr]) -> pl.Expr:
    """The value of the first rule that holds; the last rule holds always."""
    pairs = list(zip(rules.rule[:-1], values[:-1], strict=True))
    return reduce(
        lambda rest, pair: pl.when(_holds(pair[0])).then(pair[1]).otherwise(rest), reversed(pairs), values[-1]
    )


def _holds(rule: Rule) -> pl.Expr:
    when = rule.when
    parts = []
    for name, presence in (("consultant", when.first), (SECOND, when.second)):
        if presence is not None:
            parts.append(pl.col(name).is_not_null() if presence == "named" else pl.col(name).is_null())
    for name, allowed in (("consultant_grade", when.grade), ("second_role", when.second_role)):
        if allowed is not None:
            parts.append(pl.col(name).is_in(allowed).fill_null(value=False))
    return pl.all_horizontal(parts)


def how_decided(episodes: pl.LazyFrame, rules: Attribution) -> pl.DataFrame:
    """`rule`, `responsible` (first, second, nobody), `cases`: one row for each rule of the file, of `attributed`
    episodes."""
    counted = episodes.group_by(DECIDED).agg(pl.len().cast(pl.Int64).alias("cases")).collect()
    cases = dict(counted.select(DECIDED, "cases").iter_rows())
    return pl.DataFrame(
        {
            "rule": [one.id for one in rules.rule], "responsible": [one.responsible for one in rules.rule],
            "cases": [cases.get(one.id, 0) for one in rules.rule],
        },
        schema={"rule": pl.String, "responsible": pl.String, "cases": pl.Int64},
    )  # fmt: skip


def moved_cases(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """`was`, `now`, `cases`: of cases in both frames (`episode`, `consultant`) how many have changed hands, by pair; a
    consultant is null where a case was, or is, nobody's."""
    both = before.join(after, on="episode", how="inner", suffix="_now", validate="1:1")
    other = both.filter(pl.col("consultant").ne_missing(pl.col("consultant_now")))
    counted = other.group_by(was="consultant", now="consultant_now").agg(pl.len().cast(pl.Int64).alias("cases"))
    return counted.sort("cases", "was", "now", descending=[True, False, False], nulls_last=True)
