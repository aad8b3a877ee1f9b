"""The values of a column as the bytes that its digest is taken of: each as text behind its length, a null as `-`.

What a cell costs is nearly all in making a text of it and in putting its length before it. But few columns have many
different values, or values of many lengths: those are spelled once, and their bytes put one behind another. Every way
gives the same bytes.
"""

from itertools import product
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

Bytes = bytes | memoryview
Places = npt.NDArray[np.integer[Any]]
MANY: Final = 30_000  # values: of fewer it costs more to find out how many are different than to spell each
NARROW: Final = 1 << 16  # whole numbers, or days, from the lowest to the highest
FEW: Final = 1_000  # different values
SAMPLE: Final = 10_000  # values that are asked first whether few are different
SOUGHT: Final = 5  # different texts
TOGETHER: Final = 1_024  # spellings of several values in a row, made beforehand
LINE: Final = 256  # bytes of such a spelling
NULL: Final = "-"
COUNTED: Final = (
    pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.Date(), pl.Boolean(),
)  # fmt: skip


def framed(values: pl.Series) -> Bytes:
    """Of all `values` in their order, of any type that polars casts to text. Holds a few times what it gives."""
    if not values.len():
        return b""
    many = values.len() >= MANY
    if many and values.dtype in COUNTED and (counted := _narrow(values)) is not None:
        return _gathered(*counted)
    texts = values.cast(pl.String)
    if (alike := _alike(texts)) is not None:
        return alike
    if many and (known := _few(texts)) is not None:
        return _gathered(*known)
    return _interleaved(texts)


def _alike(texts: pl.Series) -> bytes | None:
    """Where all are of one length, what stands before one stands between two. None where they are not."""
    if absent := texts.null_count():
        return NULL.encode() * absent if absent == texts.len() else None
    lengths = texts.str.len_bytes()
    if lengths.min() != lengths.max():
        return None
    return _joined(pl.concat([pl.Series([""]), texts]), f"{lengths[0]}:")


def _interleaved(texts: pl.Series) -> bytes:
    """Of any texts: what stands before each, which its length says, and it, in turn."""
    kinds = (texts.str.len_bytes() + 1).fill_null(0).to_numpy()
    if (most := int(kinds.max())) > NARROW:
        return _joined(_spelled(texts))
    before = pl.Series([NULL, *(f"{length}:" for length in range(most))])
    order = np.empty((texts.len(), 2), np.uint32)
    order[:, 0], order[:, 1] = kinds, np.arange(before.len(), before.len() + texts.len())
    return _joined(pl.concat([before, texts], rechunk=True).gather(order.ravel()))


def _spelled(texts: pl.Series) -> pl.Series:
    text = pl.col("text")
    before = text.str.len_bytes().cast(pl.String) + ":"
    return texts.to_frame("text").select((before + text).fill_null(NULL)).to_series()


def _narrow(values: pl.Series) -> tuple[pl.Series, Places] | None:
    """All from the lowest to the highest as texts, and null, where those are fewer than the values by far; and of each
    of `values` its place among them."""
    numbers = values.to_physical()
    low, high = numbers.min(), numbers.max()
    if not isinstance(low, int) or not isinstance(high, int) or high - low >= min(NARROW, values.len() // 4):
        return None
    every = pl.Series(np.arange(high - low + 1) + low).cast(numbers.dtype).cast(values.dtype).cast(pl.String)
    return _placed(every, numbers.cast(pl.Int64) - low)


def _few(texts: pl.Series) -> tuple[pl.Series, Places] | None:
    """Those of a sample, and those that it lacked, with the place of each among them. None where they may be many."""
    different = texts.gather_every(-(-texts.len() // SAMPLE)).drop_nulls().unique()
    for _ in range(3):
        if not 0 < different.len() <= FEW:
            return None
        if (found := _sought(texts, different)) is not None:
            return found
        known = texts.cast(pl.Enum(different), strict=False)
        if known.null_count() == texts.null_count():
            return _placed(different, known.to_physical())
        others = texts.filter(known.is_null() & texts.is_not_null())
        different = pl.concat([different, others.head(SAMPLE).unique()])
    return None


def _sought(texts: pl.Series, different: pl.Series) -> tuple[pl.Series, Places] | None:
    """By looking for one after another, which costs less than looking each up where they are very few. None where they
    are not, or another is there."""
    if different.len() > SOUGHT:
        return None
    places = np.zeros(texts.len(), np.uint8)
    for place, value in enumerate(different, start=1):
        places += texts.eq_missing(value).to_numpy().view(np.uint8) * np.uint8(place)
    absent = texts.null_count()
    if np.count_nonzero(places) + absent != texts.len():
        return None
    return (pl.concat([pl.Series([None], dtype=pl.String), different]), places) if absent else (different, places - 1)


def _placed(different: pl.Series, places: pl.Series) -> tuple[pl.Series, Places]:
    if not places.null_count():
        return different, places.to_numpy()
    return different.extend_constant(None, 1), places.cast(pl.UInt32).fill_null(different.len()).to_numpy()


def _gathered(different: pl.Series, places: Places) -> Bytes:
    """One spelling after another; where they are of several lengths some in a row are gathered as one."""
    spelled = _spelled(different)
    lengths = spelled.str.len_bytes().to_numpy()
    if (longest := int(lengths.max())) == lengths.min():
        return np.take(np.frombuffer(_joined(spelled), f"V{longest}"), places).view(np.uint8).data
    rows, most = 1, min(TOGETHER, len(places) // 16)
    while spelled.len() ** (rows + 1) <= most and longest * (rows + 1) <= LINE:
        rows += 1
    several = pl.Series(map("".join, product(spelled.to_list(), repeat=rows)))
    whole = len(places) // rows * rows
    return _joined(
        pl.concat([several.gather(_turns(places[:whole], rows, spelled.len())), spelled.gather(places[whole:])])
    )


def _turns(places: Places, rows: int, different: int) -> Places:
    """Of each `rows` places in a row the place of all among the products of what is different."""
    each = places.reshape(-1, rows).astype(np.uint32, copy=False)
    found = each[:, 0].copy()
    for turn in range(1, rows):
        found *= np.uint32(different)
        found += each[:, turn]
    return found


def _joined(spelled: pl.Series, between: str = "") -> bytes:
    joined: bytes = spelled.str.join(between).cast(pl.Binary).item()
    return joined
