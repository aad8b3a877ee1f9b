"""Whole numbers per covariate pattern: the only thing that a fit ever sees of the cases."""

from collections.abc import Sequence

import polars as pl

from services.ratings.methods.arrays import IntArray, counts_of


def collapse(rows: pl.DataFrame, key: Sequence[str], *, limited: bool = True, also: Sequence[str] = ()) -> pl.DataFrame:
    """Sums of whole-number `cases` and `observed` per key, sorted by the full key, patterns without cases left out.

    `also` names further whole numbers to add up. Raises ValueError for a count that is negative, fractional or missing,
    and, where `limited`, for observed above cases.
    """
    counted = ["cases", "observed", *also]
    summed = rows.select(*key, *counted)
    counts_in(summed, limited=limited, also=also)
    summed = summed.with_columns(pl.col(counted).cast(pl.Int64))  # a 32-bit sum would wrap round
    if key:
        summed = summed.group_by(*key).agg(pl.col(counted).sum())
        return summed.filter(pl.col("cases") > 0).sort(*key, nulls_last=True)
    return summed.sum()


def counts_in(frame: pl.DataFrame, *, limited: bool = True, also: Sequence[str] = ()) -> tuple[IntArray, IntArray]:
    """`cases` and `observed`, shape (m,). Raises ValueError as `collapse`."""
    names = ("cases", "observed", *also)
    if any(not frame.schema[name].is_integer() or frame[name].null_count() for name in names):
        raise ValueError(f"{', '.join(names)} must be whole numbers, none missing")
    cases, observed, *_ = (counts_of(frame[name].to_numpy(), name) for name in names)
    if limited and (observed > cases).any():
        raise ValueError("observed is above cases")
    return cases, observed
