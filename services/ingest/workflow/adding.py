"""What of a feed's state a submission leaves as it is, and what of a submission is taken as it was read: nothing of
either is written again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from services.ingest.domain import Waiting
from services.ingest.fates import SUBMISSION, is_ascending
from services.ingest.store.states import Key, Stretch, are_apart
from services.ingest.workflow.partitions import Held, Rows
from shared.kit.copying import digest_of

SMALL: Final = 10_000
"""Rows of a table, on average, below which those of a state are written into one: many small ones are slow to read."""


@dataclass(frozen=True)
class Around:
    """The stretches of a state: those that a submission may change, and those before and after them."""

    before: Sequence[Stretch]
    touched: Sequence[Stretch]
    after: Sequence[Stretch]


def as_read(rows: Rows, key: Sequence[str], sha256: str) -> list[Stretch] | None:
    """The files of `rows` as stretches, under the names that they would have as tables; None where their keys do not
    ascend from the first row to the last. Only the columns of the key are read."""
    found: list[tuple[int, Key, Key]] = []
    for frame in rows.frames(key):
        if (found and not found[-1][-1] < frame.row(0)) or not is_ascending(frame, list(key)):
            return None
        found.append((frame.height, frame.row(0), frame.row(-1)))
    return [Stretch(digest_of(file), sha256, *one) for file, one in zip(rows.files, found, strict=True)]


def may_take_out(held: Held, waiting: Waiting) -> bool:
    """Whether rows may go whose keys the submission has not: all of the days that it covers, or its own of before."""
    if not held.stretches:
        return False
    return (waiting.supersedes and waiting.whole_period) or any(
        _has(held, one, waiting.sha256) for one in held.stretches
    )


def together(held: Held, new: Sequence[Stretch], small: int = SMALL) -> list[Stretch] | None:
    """Both in order of the key; None where keys of one are among those of the other, or the tables would be small."""
    every = sorted([*held.stretches, *new], key=lambda one: one.first)
    return every if are_apart(every) and not _are_small(every, small) else None


def around(rows: Rows, held: Held, small: int = SMALL) -> Around:
    """By the first column of the key: it tells apart what may be apart from what is. All may be changed where the
    tables would be small."""
    lowest, highest = _reach(rows, held.source.key[0])
    before = [one for one in held.stretches if one.last[0] < lowest]
    after = [one for one in held.stretches if one.first[0] > highest]
    touched = held.stretches[len(before) : len(held.stretches) - len(after)]
    left = [*before, *after]
    if not left or (sum(one.rows for one in held.stretches) + rows.height) // (len(left) + 1) < small:
        return Around((), held.stretches, ())
    return Around(before, touched, after)


def _reach(rows: Rows, name: str) -> tuple[object, object]:
    edges = [frame.select(pl.col(name).min().alias("lowest"), pl.col(name).max().alias("highest")).row(0)
             for frame in rows.frames([name])]  # fmt: skip
    return min(lowest for lowest, _ in edges), max(highest for _, highest in edges)


def _has(held: Held, one: Stretch, sha256: str) -> bool:
    if one.submission is not None:
        return one.submission == sha256
    return bool(held.scan(one).select((pl.col(SUBMISSION) == sha256).any()).collect().item())


def _are_small(stretches: Sequence[Stretch], small: int) -> bool:
    return sum(one.rows for one in stretches) < small * len(stretches)
