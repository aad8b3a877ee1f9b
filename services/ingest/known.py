"""What is known of the texts of a column: those that passed every rule about them, each with the values that it is.

Most columns of most files hold few different texts, over and over. Each of them is held against the rules once; from
then on it need only be found again, which takes a fifth of the time and is as sure: no rule of a column looks at
anything but the text.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import polars as pl

MANY_ROWS: Final = 4_000
"""With fewer rows at a time it is not worth knowing anything."""
MOST_TEXTS: Final = 1 << 14
"""Of one column; where there are more, every row of it is held against the rules."""
MOST_BYTES: Final = 16 << 20
"""Of all columns of a file together, as `size_of` counts them: for those that find no room the same holds."""

BESIDE: Final = 64
NO_TEXTS: Final = pl.Series([], dtype=pl.String())


@dataclass(frozen=True)
class Known:
    """`texts`, shape (n,), each once, as they stand in the file; `values`, of n rows: a column for each canonical one
    behind this of the file. `refused`: texts that did not pass."""

    texts: pl.Series
    values: pl.DataFrame
    refused: pl.Series

    @classmethod
    def nothing(cls) -> Self:
        return cls(NO_TEXTS, pl.DataFrame(), NO_TEXTS)

    def places(self, texts: pl.Series) -> pl.Series:
        """Each of `texts` as the one that it is, an Enum; null where that is not known."""
        return texts.cast(self._dtype, strict=False)

    def unknown(self, texts: pl.Series, places: pl.Series, room: int) -> pl.Series | None:
        """Each different text that nothing is known of, in their order; None where there would be too many to know, or
        they take more than `room` bytes."""
        new = texts.filter(places.is_null()).drop_nulls().unique().sort()
        new = new.filter(~new.is_in(self.refused.implode()))
        many = sum(one.len() for one in (self.texts, self.refused, new)) > MOST_TEXTS
        return None if many or size_of(new) > room else new

    def and_those(self, texts: pl.Series, passed: pl.Series, values: pl.DataFrame) -> Self:
        """With `texts`, whether each passed, shape (n,), and the values, of n rows, of all of them."""
        before = self.values if self.texts.len() else values.clear()
        return type(self)(
            pl.concat([self.texts, texts.filter(passed).alias("")]), pl.concat([before, values.filter(passed)]),
            pl.concat([self.refused, texts.filter(~passed).alias("")]),
        )  # fmt: skip

    def values_at(self, places: pl.Series) -> list[pl.Series]:
        """The values at `places`, shape (n,): texts among them as an Enum of those that there are."""
        found = []
        for values in self._listed:
            same = values.dtype == places.dtype and values.to_physical().equals(self._counted)
            found.append(places.alias(values.name) if same else values.gather(places.to_physical()))
        return found

    @cached_property
    def size(self) -> int:
        """Bytes that it takes."""
        return size_of(self.texts) + size_of(self.refused)

    @cached_property
    def _dtype(self) -> pl.Enum:
        return pl.Enum(self.texts)

    @cached_property
    def _counted(self) -> pl.Series:
        return self.texts.cast(self._dtype).to_physical()

    @cached_property
    def _listed(self) -> list[pl.Series]:
        return [
            values.cast(pl.Enum(values.drop_nulls().unique(maintain_order=True)))
            if values.dtype == pl.String()
            else values
            for values in self.values
        ]


def size_of(texts: pl.Series) -> int:
    """Bytes that it takes to know `texts`: about, and what each takes beside its own."""
    return int(texts.str.len_bytes().sum()) + BESIDE * texts.len()
